-- One row per period and group, from the group's first finished production deployment on: deployment rework rate.
--
-- The rate is the share of the finished production deployments of the range that
-- were not planned, but made because of a failure (dora.dev/guides/dora-metrics):
-- rollbacks, deployments that ship a revert, and hotfixes, as core.rollbacks,
-- core.reverts and core.hotfixes find them. grain is day, week, month, quarter or
-- total; by_dimension is service, team, repository, environment or none; filters are
-- those of metrics.is_selected.
--
-- period_start        The period's first day, in the warehouse's time zone.
-- period_end          The day after its last day.
-- is_complete         False where the range or the as-of time cuts the period short.
-- dimension           The group: a service_id, team, repository or environment, or all.
-- deployments         n: finished production deployments.
-- rework_deployments  Those that are rework.
-- rework_ratio        Their share; NULL without deployments.
-- lower_ratio         The lower end of its Wilson 95 % interval.
-- upper_ratio         The upper end.
-- rollbacks           Rollbacks; each deployment is in one of these columns at most.
-- reverts             Deployments that ship a revert, and are no rollback.
-- hotfixes            Hotfixes that are neither.
--
-- parameters: from_at, to_at, grain := 'total', by_dimension := 'none', filters := map {}
-- example: from metrics.deployment_rework_rate(timestamp '2026-01-01', timestamp '2026-02-01', grain := 'month', by_dimension := 'service')
-- key: period_start, dimension
with

counted as (
    select
        period_start,
        dimension,
        count(*) as deployments,
        count(rework_kind) as rework_deployments,
        count(*) filter (where rework_kind = 'rollback') as rollbacks,
        count(*) filter (where rework_kind = 'revert') as reverts,
        count(*) filter (where rework_kind = 'hotfix') as hotfixes
    from metrics.period_outcomes(from_at, to_at, grain := grain, by_dimension := by_dimension, filters := filters)
    group by period_start, dimension
)

select
    periods.period_start,
    periods.period_end,
    periods.is_complete,
    periods.dimension,
    coalesce(counted.deployments, 0) as deployments,
    coalesce(counted.rework_deployments, 0) as rework_deployments,
    counted.rework_deployments / counted.deployments as rework_ratio,
    metrics.wilson_lower(counted.rework_deployments, counted.deployments) as lower_ratio,
    metrics.wilson_upper(counted.rework_deployments, counted.deployments) as upper_ratio,
    coalesce(counted.rollbacks, 0) as rollbacks,
    coalesce(counted.reverts, 0) as reverts,
    coalesce(counted.hotfixes, 0) as hotfixes
from metrics.outcome_periods(from_at, to_at, grain := grain, by_dimension := by_dimension, filters := filters) as periods
left join counted
    on periods.period_start = counted.period_start
    and periods.dimension = counted.dimension
order by periods.period_start, periods.dimension
