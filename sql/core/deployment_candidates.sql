-- One row per service and record of its repositories that could be a deployment.
--
-- Which records are production deployments is said by the service's rules (see
-- config.deployment_rules). For each repository the first rule that matches
-- anything decides the kind, and records of other kinds are left out: a deployment
-- that is announced as a GitHub deployment and as a release counts once.
--
-- The statuses of a GitHub deployment are a timeline. It finished at its first
-- success, else at its first failure or error; a later inactive only says that a
-- newer deployment took over. One that went inactive without either never finished
-- and is cancelled. A release is a deployment that succeeded when it was published.
--
-- service_id         The service, as in core.services.
-- source             github_deployment or release.
-- source_id          The record's id in the source.
-- repository         owner/name.
-- environment        The environment; a release goes to production, or to prerelease where no rule takes it.
-- status             success, failure, cancelled or in_progress.
-- sha                The commit that was deployed; NULL where a release's tag is gone.
-- version            The ref or tag that was deployed.
-- rule_position      The rule that takes it as production, counted from 1; NULL where none does.
-- excluded_reason    Why it is not a deployment of the service; NULL where it is one.
-- source_url         A page that shows it.
-- started_at         When it was first in progress, else asked for, UTC.
-- finished_at        When it finished, UTC; NULL while it has not.
--
-- key: service_id, source, source_id
with

timelines as (
    select
        github_deployment_id,
        min(created_at) filter (where state = 'in_progress') as in_progress_at,
        min(created_at) filter (where state = 'success') as succeeded_at,
        min(created_at) filter (where state in ('failure', 'error')) as failed_at,
        bool_or(state = 'inactive') as is_inactive,
        arg_max(log_url, created_at) as log_url
    from staging.github_deployment_statuses
    group by github_deployment_id
),

github_deployments as (
    select
        'github_deployment' as source,
        deployments.github_deployment_id as source_id,
        deployments.repository,
        deployments.environment,
        case
            when timelines.succeeded_at is not null then 'success'
            when timelines.failed_at is not null then 'failure'
            when timelines.is_inactive then 'cancelled'
            else 'in_progress'
        end as status,
        deployments.sha,
        deployments.ref as version,
        false as is_prerelease,
        coalesce(timelines.log_url, repositories.repository_url || '/deployments') as source_url,
        coalesce(timelines.in_progress_at, deployments.created_at) as started_at,
        coalesce(timelines.succeeded_at, timelines.failed_at) as finished_at
    from staging.github_deployments as deployments
    left join timelines
        on deployments.github_deployment_id = timelines.github_deployment_id
    left join staging.github_repositories as repositories
        on deployments.repository = repositories.repository
),

releases as (
    select
        'release' as source,
        releases.release_id as source_id,
        releases.repository,
        'production' as environment,
        'success' as status,
        tags.sha,
        releases.tag as version,
        releases.is_prerelease,
        releases.release_url as source_url,
        releases.published_at as started_at,
        releases.published_at as finished_at
    from staging.github_releases as releases
    left join staging.github_tags as tags
        on releases.repository = tags.repository
        and releases.tag = tags.tag
),

records as (
    select * from github_deployments
    union all by name
    select * from releases
),

rules as (
    select
        services.service_id,
        rules.position,
        rules.kind,
        rules.environment_pattern,
        rules.tag_pattern
    from core.services as services
    join config.deployment_rules as rules
        on services.service_id = rules.service_id
        or (
            rules.service_id is null
            and services.service_id not in (
                select own.service_id from config.deployment_rules as own where own.service_id is not null
            )
        )
),

matched as (
    select
        service_repositories.service_id,
        records.*,
        min(rules.position) as rule_position
    from core.service_repositories as service_repositories
    join records
        on service_repositories.repository = records.repository
    left join rules
        on service_repositories.service_id = rules.service_id
        and records.source = rules.kind
        and case rules.kind
            when 'github_deployment' then regexp_matches(records.environment, rules.environment_pattern)
            when 'release' then coalesce(regexp_matches(records.version, rules.tag_pattern), not records.is_prerelease)
        end
    group by all
),

decided as (
    select
        *,
        first_value(source) over (
            partition by service_id, repository
            order by rule_position nulls last, source, source_id
        ) as decided_source
    from matched
)

select
    service_id,
    source,
    source_id,
    repository,
    case when source = 'release' and rule_position is null then 'prerelease' else environment end as environment,
    status,
    sha,
    version,
    rule_position,
    case
        when source <> decided_source then 'the repository''s deployments are of another kind: ' || decided_source
    end as excluded_reason,
    source_url,
    started_at,
    finished_at
from decided
order by service_id, finished_at, started_at, source, source_id
