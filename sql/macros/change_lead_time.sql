-- One row per period and group, from the group's first production deployment on: change lead time.
--
-- The lead time of a change is the time from when it was written (definition
-- start) to when the deployment that ships it first finished, over the changes
-- deployed to production in the range (dora.dev/guides/dora-metrics). Percentiles
-- are interpolated. grain is day, week, month, quarter or total; by_dimension is
-- service, team, repository, environment or none; filters are
-- those of metrics.is_selected.
--
-- period_start    The period's first day, in the warehouse's time zone.
-- period_end      The day after its last day.
-- is_complete     False where the range or the as-of time cuts the period short.
-- dimension       The group: a service_id, team, repository or environment, or all.
-- changes         n: changes that were deployed in the period and have a lead time.
-- median_seconds  Their median lead time; NULL without a change.
-- p75_seconds     The lead time that 75 of 100 do not exceed.
-- p90_seconds     The lead time that 90 of 100 do not exceed.
-- p95_seconds     The lead time that 95 of 100 do not exceed.
--
-- parameters: from_at, to_at, grain := 'total', by_dimension := 'none', filters := map {}
-- example: from metrics.change_lead_time(timestamp '2026-01-01', timestamp '2026-02-01', grain := 'week', by_dimension := 'service')
-- key: period_start, dimension
with

days as (
    from metrics.periods(from_at, to_at, grain)
),

successes as (
    select
        metrics.dimension(by_dimension, deployments.service_id, services.team, deployments.repository, deployments.environment) as dimension,
        deployments.deployment_number,
        deployments.finished_at,
        deployments.finished_day
    from core.deployments as deployments
    join core.services as services
        on deployments.service_id = services.service_id
    where
        deployments.is_production
        and deployments.status = 'success'
        and deployments.finished_at >= from_at
        and deployments.finished_at < to_at
        and metrics.is_selected(filters, deployments.service_id, services.team, deployments.repository, deployments.environment)
),

groups as (
    select
        metrics.dimension(by_dimension, groups.service_id, services.team, groups.repository, groups.environment) as dimension,
        min(groups.first_success_day) as first_day
    from core.deployment_groups as groups
    join core.services as services
        on groups.service_id = services.service_id
    where
        groups.first_success_day is not null
        and metrics.is_selected(filters, groups.service_id, services.team, groups.repository, groups.environment)
    group by 1
),

deployed as (
    select
        days.period_start,
        successes.dimension,
        changes.lead_time_seconds
    from days
    join successes
        on days.day = successes.finished_day
        and days.started_at <= successes.finished_at
        and days.ended_at > successes.finished_at
    join core.shipped_changes as changes
        on successes.deployment_number = changes.deployment_number
    where changes.excluded_reason is null
),

sums as (
    select
        period_start,
        dimension,
        count(*) as changes,
        quantile_cont(lead_time_seconds, [0.5, 0.75, 0.9, 0.95]) as seconds
    from deployed
    group by period_start, dimension
),

periods as (
    from metrics.range_periods(from_at, to_at, grain)
)

select
    periods.period_start,
    periods.period_end,
    periods.is_complete,
    groups.dimension,
    coalesce(sums.changes, 0) as changes,
    sums.seconds[1] as median_seconds,
    sums.seconds[2] as p75_seconds,
    sums.seconds[3] as p90_seconds,
    sums.seconds[4] as p95_seconds
from periods
join groups
    on periods.last_day >= groups.first_day
left join sums
    on periods.period_start = sums.period_start
    and groups.dimension = sums.dimension
order by periods.period_start, groups.dimension
