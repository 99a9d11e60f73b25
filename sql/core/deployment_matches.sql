-- One row per service, record that a rule takes, and environment that it goes to.
--
-- The first rule of the service that matches a record takes it (see
-- core.rule_matches). Where a rule names jobs of a workflow run, these are the
-- deployment: of each job the first rule decides, jobs that go to one environment
-- are one deployment (a matrix is), and a run may deploy to several environments.
-- It succeeded where all its jobs did, and finished with the last. Whether a run is
-- taken as a whole or by its jobs is decided by the first rule that matches either.
--
-- service_id     The service, as in core.services.
-- source         The kind of record, as in core.deployment_records.
-- source_id      The record's id among those of its kind.
-- environment    The record's environment, else the one that the rule names.
-- rule_position  The first rule that takes it.
-- is_by_jobs     True where it is jobs of a run.
-- status         success, failure, cancelled or in_progress.
-- started_at     When it started, UTC.
-- finished_at    When it finished in success or failure, UTC; NULL where it did neither.
--
-- key: service_id, source, source_id, environment
with

matches as (
    select
        matches.service_id,
        matches.source,
        matches.source_id,
        coalesce(records.environment, rules.environment) as environment,
        matches.rule_position,
        rules.conclusion_pattern,
        rules.job_pattern,
        records.status,
        records.started_at,
        records.finished_at
    from core.rule_matches as matches
    join core.deployment_rules as rules
        on matches.service_id = rules.service_id
        and matches.rule_position = rules.rule_position
    join core.deployment_records as records
        on matches.source = records.source
        and matches.source_id = records.source_id
),

-- Of each job the first rule that names it.
jobs as (
    select
        matches.service_id,
        matches.source,
        matches.source_id,
        matches.environment,
        matches.rule_position,
        jobs.status,
        jobs.started_at,
        jobs.finished_at
    from matches
    join core.workflow_job_records as jobs
        on matches.source_id = jobs.source_id
    where
        matches.source = 'workflow_run'
        and regexp_matches(jobs.job, matches.job_pattern)
        and (matches.conclusion_pattern is null or regexp_matches(jobs.conclusion, matches.conclusion_pattern))
    qualify row_number() over (
        partition by matches.service_id, matches.source_id, jobs.job
        order by matches.rule_position
    ) = 1
),

by_jobs as (
    select
        service_id,
        source,
        source_id,
        environment,
        min(rule_position) as rule_position,
        true as is_by_jobs,
        case
            when bool_or(status = 'in_progress') then 'in_progress'
            when bool_or(status = 'failure') then 'failure'
            when bool_or(status = 'cancelled') then 'cancelled'
            else 'success'
        end as status,
        min(started_at) as started_at,
        max(finished_at) as finished_at
    from jobs
    group by service_id, source, source_id, environment
),

by_records as (
    select
        service_id,
        source,
        source_id,
        environment,
        rule_position,
        false as is_by_jobs,
        status,
        started_at,
        finished_at
    from matches
    where job_pattern is null
    qualify row_number() over (partition by service_id, source, source_id order by rule_position) = 1
),

either as (
    select * from by_records
    union all
    select * from by_jobs
),

decided as (
    select
        *,
        first_value(is_by_jobs) over (
            partition by service_id, source, source_id
            order by rule_position
        ) as is_decided_by_jobs
    from either
)

select
    service_id,
    source,
    source_id,
    environment,
    rule_position,
    is_by_jobs,
    status,
    started_at,
    case when status in ('success', 'failure') then finished_at end as finished_at
from decided
where is_by_jobs = is_decided_by_jobs
order by service_id, source, source_id, environment
