-- One row per period and group: where the time of the pull requests merged in it went.
--
-- The stages are those of core.pull_request_stages; those of bots are left out where
-- the option bots of pull_request_stages says so. A pull request that several
-- services carry counts once for each. Medians of stages do not add up to the median
-- of the whole. A pull request that was merged before the first day of core.days, that
-- of the first deployment, incident or measurement known, is in
-- core.pull_request_stages and not here: of such days nothing else is known.
-- grain is day, week, month, quarter or total; by_dimension is
-- service, team, repository or none; filters are
-- those of metrics.is_selected.
--
-- period_start            The period's first day, in the warehouse's time zone.
-- period_end              The day after its last day.
-- is_complete             False where the range or the as-of time cuts the period short.
-- dimension               The group: a service_id, team or repository, or all.
-- pull_requests           n: pull requests that were merged.
-- reviewed                Those that somebody else had reviewed.
-- deployed                Those that are deployed.
-- median_coding_seconds   Median time of coding.
-- median_pickup_seconds   Median time until the first review.
-- median_review_seconds   Median time of review.
-- median_merge_seconds    Median time until the merge.
-- median_deploy_seconds   Median time until the deployment.
-- median_total_seconds    Median time from the first commit to the deployment.
-- p90_total_seconds       The time that nine of ten do not exceed.
--
-- parameters: from_at, to_at, grain := 'total', by_dimension := 'none', filters := map {}
-- example: from metrics.pull_request_stages(timestamp '2026-01-01', timestamp '2026-02-01', grain := 'month', by_dimension := 'service')
-- key: period_start, dimension
with

days as (
    from metrics.periods(from_at, to_at, grain)
),

periods as (
    from metrics.range_periods(from_at, to_at, grain)
),

merged as (
    select
        days.period_start,
        metrics.dimension(by_dimension, stages.service_id, services.team, stages.repository, 'production') as dimension,
        stages.*
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
    where
        (
            definitions.value = 'true'
            or not stages.is_bot
        )
        and metrics.is_selected(filters, stages.service_id, services.team, stages.repository, null)
)

select
    periods.period_start,
    any_value(periods.period_end) as period_end,
    any_value(periods.is_complete) as is_complete,
    merged.dimension,
    count(*) as pull_requests,
    count(*) filter (where merged.is_reviewed) as reviewed,
    count(merged.deployment_id) as deployed,
    metrics.percentile(merged.coding_seconds, 0.5) as median_coding_seconds,
    metrics.percentile(merged.pickup_seconds, 0.5) as median_pickup_seconds,
    metrics.percentile(merged.review_seconds, 0.5) as median_review_seconds,
    metrics.percentile(merged.merge_seconds, 0.5) as median_merge_seconds,
    metrics.percentile(merged.deploy_seconds, 0.5) as median_deploy_seconds,
    metrics.percentile(merged.total_seconds, 0.5) as median_total_seconds,
    metrics.percentile(merged.total_seconds, 0.9) as p90_total_seconds
from merged
join periods
    on merged.period_start = periods.period_start
group by periods.period_start, merged.dimension
order by periods.period_start, merged.dimension
