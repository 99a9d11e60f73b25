-- One row per period and group, from the group's first production deployment on: how many deployments there were.
--
-- The numbers of metrics.deployment_frequency that are counts, where what they mean is
-- said. grain is day, week, month, quarter or total; by_dimension is service, team,
-- repository, environment or none; filters are
-- those of metrics.is_selected.
--
-- period_start         The period's first day, in the warehouse's time zone.
-- period_end           The day after its last day.
-- is_complete          False where the range or the as-of time cuts the period short.
-- dimension            The group: a service_id, team, repository or environment, or all.
-- deployments          Deployments in the period; 0 in a quiet one.
-- whole_days           Whole days of the period that lie in the range and are over.
-- deployments_per_day  Deployments on whole days, per whole day; NULL without a whole day.
-- deployment_days      Days with at least one deployment.
--
-- parameters: from_at, to_at, grain := 'total', by_dimension := 'none', filters := map {}
-- example: from metrics.deployment_counts(timestamp '2026-01-01', timestamp '2026-02-01', grain := 'week', by_dimension := 'service')
-- key: period_start, dimension
with

days as (
    from metrics.periods(from_at, to_at, grain)
),

successes as (
    select
        metrics.dimension(by_dimension, deployments.service_id, services.team, deployments.repository, deployments.environment) as dimension,
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

counted as (
    select
        days.period_start,
        days.day,
        days.is_whole,
        successes.dimension,
        count(*) as deployments
    from days
    join successes
        on days.day = successes.finished_day
        and days.started_at <= successes.finished_at
        and days.ended_at > successes.finished_at
    group by days.period_start, days.day, days.is_whole, successes.dimension
),

sums as (
    select
        period_start,
        dimension,
        cast(sum(deployments) as bigint) as deployments,
        cast(sum(deployments) filter (where is_whole) as bigint) as deployments_on_whole_days,
        count(*) as deployment_days
    from counted
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
    coalesce(sums.deployments, 0) as deployments,
    periods.whole_days,
    case when periods.whole_days > 0
        then coalesce(sums.deployments_on_whole_days, 0) / periods.whole_days
    end as deployments_per_day,
    coalesce(sums.deployment_days, 0) as deployment_days
from periods
join groups
    on periods.last_day >= groups.first_day
left join sums
    on periods.period_start = sums.period_start
    and groups.dimension = sums.dimension
order by periods.period_start, groups.dimension
