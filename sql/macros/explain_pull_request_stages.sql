-- One row per service and pull request that was merged in the range: what the stages stand on, and what is left out.
--
-- The rows with is_counted are those whose whole time is known: their number is the
-- deployed of metrics.pull_request_stages, and the median of their value_seconds its
-- median_total_seconds.
--
-- service_id       The service, as in core.services.
-- team             The team that owns it; NULL where none is named.
-- repository       owner/name.
-- environment      NULL: a pull request has none.
-- deployment_id    The deployment that carries it first; NULL where none is known.
-- record           What is considered: repository#number.
-- is_counted       True where it is part of the whole time's n.
-- is_numerator     NULL: the value is no ratio.
-- value_seconds    From its first commit, or when it was ready, to the end of the deployment; NULL where it is left out.
-- rule             Whether it was reviewed and approved, which says which stages it has.
-- excluded_reason  Why it is left out; NULL where it is counted.
-- source_url       Its page.
-- record_at        When it was merged, UTC.
--
-- parameters: from_at, to_at
-- example: from metrics.explain_pull_request_stages(timestamp '2026-01-01', timestamp '2026-02-01')
-- key: service_id, record
with

days as (
    from metrics.periods(from_at, to_at, 'day')
),

-- A name may have been another repository's before.
pages as (
    select
        repository,
        max(repository_url) as repository_url
    from core.repositories
    group by repository
),

judged as (
    select
        stages.*,
        services.team,
        pages.repository_url || '/pull/' || stages.number as pull_request_url,
        case
            when stages.is_bot and definitions.value = 'false' then 'bot'
            when stages.deployment_id is null then coalesce(deployments.not_deployed_reason, 'not deployed')
        end as excluded_reason
    from days
    join core.pull_request_stages as stages
        on days.day = stages.merged_day
        and days.started_at <= stages.merged_at
        and days.ended_at > stages.merged_at
    join core.services as services
        on stages.service_id = services.service_id
    join core.definitions as definitions
        on stages.service_id = definitions.service_id
        and definitions.metric = 'pull_request_stages'
        and definitions.option = 'bots'
    left join core.pull_requests as pull_requests
        on stages.repository = pull_requests.repository
        and stages.number = pull_requests.number
    left join pages
        on stages.repository = pages.repository
    left join core.pull_request_deployments as deployments
        on stages.service_id = deployments.service_id
        and pull_requests.pull_request_id = deployments.pull_request_id
)

select
    service_id,
    team,
    repository,
    cast(null as varchar) as environment,
    deployment_id,
    repository || '#' || number as record,
    excluded_reason is null as is_counted,
    cast(null as boolean) as is_numerator,
    case when excluded_reason is null then total_seconds end as value_seconds,
    case
        when is_approved then 'approved'
        when is_reviewed then 'reviewed'
        else 'not reviewed'
    end as rule,
    excluded_reason,
    pull_request_url as source_url,
    merged_at as record_at
from judged
order by record_at, service_id, record
