-- One row per period and group, from the group's first production deployment on: deployment frequency.
--
-- The frequency is the successful production deployments per calendar day of the
-- range, counted over whole days only (dora.dev/guides/dora-metrics). grain is
-- day, week, month, quarter or total; by_dimension is service, team, repository,
-- environment or none; filters are
-- those of metrics.is_selected. A range selects by the time a deployment finished.
--
-- period_start                        The period's first day, in the warehouse's time zone.
-- period_end                          The day after its last day.
-- is_complete                         False where the range or the as-of time cuts the period short.
-- dimension                           The group: a service_id, team, repository or environment, or all.
-- deployments                         n: deployments in the period; 0 in a quiet one.
-- whole_days                          Whole days of the period that lie in the range and are over.
-- deployments_per_day                 Deployments on whole days, per whole day; NULL without a whole day.
-- deployment_days                     Days with at least one deployment.
-- deployment_days_per_week            Median over the period's whole ISO weeks of the days with a deployment; NULL without such a week.
-- median_seconds_between_deployments  Median time from one deployment of the group to the next, both in the period; NULL with fewer than two.
--
-- parameters: from_at, to_at, grain := 'total', by_dimension := 'none', filters := map {}
-- example: from metrics.deployment_frequency(timestamp '2026-01-01', timestamp '2026-02-01', grain := 'week', by_dimension := 'service')
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

gaps as (
    select
        days.period_start,
        successes.dimension,
        date_diff(
            'second',
            lag(successes.finished_at) over (
                partition by successes.dimension, days.period_start
                order by successes.finished_at, successes.deployment_number
            ),
            successes.finished_at
        ) as seconds
    from days
    join successes
        on days.day = successes.finished_day
        and days.started_at <= successes.finished_at
        and days.ended_at > successes.finished_at
),

gap_medians as (
    select
        period_start,
        dimension,
        quantile_cont(seconds, 0.5) as median_seconds
    from gaps
    group by period_start, dimension
),

deployment_days as (
    select distinct
        dimension,
        finished_day
    from successes
),

weeks as (
    select
        days.period_start,
        groups.dimension,
        cast(date_trunc('week', days.day) as date) as week,
        count(deployment_days.finished_day) as deployment_days
    from days
    join groups
        on days.day >= groups.first_day
    left join deployment_days
        on days.day = deployment_days.finished_day
        and groups.dimension = deployment_days.dimension
    where days.is_whole
    group by days.period_start, groups.dimension, week
    having count(*) = 7
),

week_medians as (
    select
        period_start,
        dimension,
        quantile_cont(deployment_days, 0.5) as deployment_days_per_week
    from weeks
    group by period_start, dimension
)

select
    counts.period_start,
    counts.period_end,
    counts.is_complete,
    counts.dimension,
    counts.deployments,
    counts.whole_days,
    counts.deployments_per_day,
    counts.deployment_days,
    week_medians.deployment_days_per_week,
    gap_medians.median_seconds as median_seconds_between_deployments
from metrics.deployment_counts(from_at, to_at, grain := grain, by_dimension := by_dimension, filters := filters) as counts
left join gap_medians
    on counts.period_start = gap_medians.period_start
    and counts.dimension = gap_medians.dimension
left join week_medians
    on counts.period_start = week_medians.period_start
    and counts.dimension = week_medians.dimension
order by counts.period_start, counts.dimension
