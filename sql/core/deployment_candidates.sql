-- One row per service and record of its repositories that is a deployment, or could be taken for one.
--
-- Which rule takes a record, and when it finished, is decided in
-- core.deployment_matches. For each repository the first rule that matches
-- anything decides the kind of its production deployments, and of its deployments
-- to any other environment; records of other kinds are left out: a deployment that
-- is announced as a GitHub deployment and as a release counts once.
--
-- Records of the kinds that are nothing but deployments, and releases, are kept
-- where no rule takes them, as deployments that are not to production; tags, runs
-- and pull requests that no rule takes are none.
--
-- service_id       The service, as in core.services.
-- source           The kind of record, as in core.deployment_records.
-- source_id        The record's id among those of its kind; for jobs of a workflow run that of the run, with the
--     environment behind it.
-- repository       owner/name; NULL where the record names only a service.
-- environment      The record's environment, else the one that the rule names; a release that no rule
--     takes goes to prerelease.
-- is_production    True where the rule says that it is a production deployment.
-- status           success, failure, cancelled or in_progress.
-- sha              The commit that was deployed; NULL where it is not known.
-- version          The ref, tag, run or pull request that was deployed.
-- rule_position    The rule that takes it, counted from 1; NULL where none does.
-- excluded_reason  Why it is not a deployment of the service; NULL where it is one.
-- source_url       A page that shows it.
-- started_at       When it started, UTC.
-- finished_at      When it finished in success or failure, UTC; NULL where it did neither.
--
-- key: service_id, source, source_id
with

taken as (
    select
        matches.service_id,
        matches.source,
        case when matches.is_by_jobs then matches.source_id || '/' || matches.environment else matches.source_id end as source_id,
        records.repository,
        matches.environment,
        rules.is_production,
        matches.status,
        records.sha,
        records.version,
        matches.rule_position,
        records.source_url,
        matches.started_at,
        matches.finished_at
    from core.deployment_matches as matches
    join core.deployment_records as records
        on matches.source = records.source
        and matches.source_id = records.source_id
    join core.deployment_rules as rules
        on matches.service_id = rules.service_id
        and matches.rule_position = rules.rule_position
),

not_taken as (
    select
        service_records.service_id,
        records.source,
        records.source_id,
        records.repository,
        coalesce(records.environment, 'prerelease') as environment,
        false as is_production,
        records.status,
        records.sha,
        records.version,
        cast(null as bigint) as rule_position,
        records.source_url,
        records.started_at,
        records.finished_at
    from core.service_records as service_records
    join core.deployment_records as records
        on service_records.source = records.source
        and service_records.source_id = records.source_id
    anti join core.deployment_matches as matches
        on service_records.service_id = matches.service_id
        and service_records.source = matches.source
        and service_records.source_id = matches.source_id
    where service_records.source in ('github_deployment', 'release', 'ingested')
),

-- Regions are separate environments and all of them are production.
targeted as (
    select
        *,
        case when is_production then 'production' else environment end as target
    from (
        select * from taken
        union all
        select * from not_taken
    ) as either
),

decided as (
    select
        service_id,
        repository,
        target,
        arg_min(source, (rule_position is null, rule_position, source)) as source
    from targeted
    group by service_id, repository, target
)

select
    targeted.service_id,
    targeted.source,
    targeted.source_id,
    targeted.repository,
    targeted.environment,
    targeted.is_production,
    targeted.status,
    targeted.sha,
    targeted.version,
    targeted.rule_position,
    case
        when targeted.source <> decided.source
            then 'the repository''s deployments to ' || targeted.target || ' are of another kind: ' || decided.source
    end as excluded_reason,
    targeted.source_url,
    targeted.started_at,
    targeted.finished_at
from targeted
join decided
    on targeted.service_id = decided.service_id
    and targeted.repository is not distinct from decided.repository
    and targeted.target is not distinct from decided.target
order by targeted.service_id, targeted.finished_at, targeted.started_at, targeted.source, targeted.source_id
