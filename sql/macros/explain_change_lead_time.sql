-- One row per deployment that finished in the range and change that it ships: the lead times that the median stands on, and what is left out.
--
-- The rows with is_counted are those that metrics.change_lead_time counts; the
-- median of their value_seconds is its value. A deployment whose changes are not
-- known, or that brings nothing new, is a row of its own, left out with the reason.
--
-- service_id       The service, as in core.services.
-- team             The team that owns it; NULL where none is named.
-- repository       owner/name.
-- environment      The environment the change was deployed to.
-- deployment_id    The deployment that ships it, as in core.deployments.
-- record           What is considered: the SHA of the change; the deployment_id where there is none.
-- is_counted       True where it is part of n.
-- is_numerator     NULL: the value is no ratio.
-- value_seconds    Its lead time; NULL where it is left out.
-- rule             What placed it: the definitions that say what the deployment ships and where the clock starts.
-- excluded_reason  Why it is left out; NULL where it is counted.
-- source_url       A page that shows it.
-- record_at        When the deployment finished, UTC.
--
-- parameters: from_at, to_at
-- example: from metrics.explain_change_lead_time(timestamp '2026-01-01', timestamp '2026-02-01')
-- key: deployment_id, record
with

days as (
    from metrics.periods(from_at, to_at, 'day')
),

finished as (
    select
        deployments.*,
        services.team
    from days
    join core.deployments as deployments
        on days.day = deployments.finished_day
        and days.started_at <= deployments.finished_at
        and days.ended_at > deployments.finished_at
    join core.services as services
        on deployments.service_id = services.service_id
),

options as (
    select
        service_id,
        any_value(value) filter (where option = 'base') as base,
        any_value(value) filter (where option = 'start') as start
    from core.definitions
    where metric = 'change_lead_time'
    group by service_id
),

-- A name may have been another repository's before.
pages as (
    select
        repository,
        max(repository_url) as repository_url
    from core.repositories
    group by repository
),

changes as (
    select
        finished.service_id,
        finished.team,
        finished.repository,
        finished.environment,
        finished.deployment_id,
        changes.sha as record,
        changes.lead_time_seconds as value_seconds,
        case options.base
            when 'previous' then 'first deployment to carry it'
            when 'ancestor' then 'not in the nearest deployed ancestor'
        end || '; clock starts at ' || options.start as rule,
        case when finished.is_production then changes.excluded_reason else 'not production' end as excluded_reason,
        pages.repository_url || coalesce('/commit/' || commits.sha, '/pull/' || pull_requests.number) as source_url,
        finished.finished_at
    from finished
    join core.changes as changes
        on finished.deployment_number = changes.deployment_number
    left join options
        on finished.service_id = options.service_id
    left join core.commits as commits
        on changes.repository = commits.repository
        and changes.sha = commits.sha
    left join core.pull_requests as pull_requests
        on changes.repository = pull_requests.repository
        and changes.pull_request_number = pull_requests.number
    left join pages
        on changes.repository = pages.repository
),

without_changes as (
    select
        finished.service_id,
        finished.team,
        finished.repository,
        finished.environment,
        finished.deployment_id,
        finished.deployment_id as record,
        cast(null as bigint) as value_seconds,
        cast(null as varchar) as rule,
        case
            when not finished.is_production then 'not production'
            when finished.status <> 'success' then 'not successful: ' || finished.status
            when finished.sha is null then 'no SHA'
            when commits.sha is null then 'its commit is not stored'
            else 'brings no change that was not deployed before'
        end as excluded_reason,
        finished.source_url,
        finished.finished_at
    from finished
    anti join core.shipped_changes as changes
        on finished.deployment_number = changes.deployment_number
    left join core.commits as commits
        on finished.repository = commits.repository
        and finished.sha = commits.sha
)

select
    service_id,
    team,
    repository,
    environment,
    deployment_id,
    record,
    excluded_reason is null as is_counted,
    cast(null as boolean) as is_numerator,
    case when excluded_reason is null then value_seconds end as value_seconds,
    rule,
    excluded_reason,
    source_url,
    finished_at as record_at
from (
    select * from changes
    union all by name
    select * from without_changes
) as considered
order by record_at, deployment_id, record
