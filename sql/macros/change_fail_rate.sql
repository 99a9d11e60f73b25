-- One row per period and group, from the group's first finished production deployment on: change fail rate.
--
-- The rate is the share of the finished production deployments of the range that
-- failed (dora.dev/guides/dora-metrics). A deployment that failed for several
-- reasons, or for several incidents, failed once. What a failure is, is said by
-- core.failure_signals and core.deployment_outcomes. grain is day, week, month,
-- quarter or total; by_dimension is service, team, repository, environment or none; filters are
-- those of metrics.is_selected.
--
-- period_start        The period's first day, in the warehouse's time zone.
-- period_end          The day after its last day.
-- is_complete         False where the range or the as-of time cuts the period short.
-- dimension           The group: a service_id, team, repository or environment, or all.
-- deployments         n: finished production deployments.
-- failed_deployments  Those that failed.
-- fail_ratio          Their share; NULL without deployments.
-- lower_ratio         The lower end of its Wilson 95 % interval.
-- upper_ratio         The upper end.
-- confirmed_ratio     The share of those that failed for sure.
-- possible_ratio      The share of those with any signal that counts, however unsure.
-- failed_status       Deployments whose status says that they failed; one deployment may be in several of these columns.
-- with_incident       Those an incident is attributed to.
-- rolled_back         Those that were rolled back.
-- hotfixed            Those that were followed by a hotfix.
-- reverted            Those of which something was reverted.
--
-- parameters: from_at, to_at, grain := 'total', by_dimension := 'none', filters := map {}
-- example: from metrics.change_fail_rate(timestamp '2026-01-01', timestamp '2026-02-01', grain := 'month', by_dimension := 'service')
-- key: period_start, dimension
with

counted as (
    select
        period_start,
        dimension,
        count(*) as deployments,
        count(*) filter (where is_failed) as failed_deployments,
        count(*) filter (where failure_confidence = 'confirmed') as confirmed,
        count(*) filter (where failure_confidence is not null) as possible,
        count(*) filter (where is_failed_status) as failed_status,
        count(*) filter (where has_incident) as with_incident,
        count(*) filter (where is_rolled_back) as rolled_back,
        count(*) filter (where is_hotfixed) as hotfixed,
        count(*) filter (where is_reverted) as reverted
    from metrics.period_outcomes(from_at, to_at, grain := grain, by_dimension := by_dimension, filters := filters)
    group by period_start, dimension
)

select
    periods.period_start,
    periods.period_end,
    periods.is_complete,
    periods.dimension,
    coalesce(counted.deployments, 0) as deployments,
    coalesce(counted.failed_deployments, 0) as failed_deployments,
    counted.failed_deployments / counted.deployments as fail_ratio,
    metrics.wilson_lower(counted.failed_deployments, counted.deployments) as lower_ratio,
    metrics.wilson_upper(counted.failed_deployments, counted.deployments) as upper_ratio,
    counted.confirmed / counted.deployments as confirmed_ratio,
    counted.possible / counted.deployments as possible_ratio,
    coalesce(counted.failed_status, 0) as failed_status,
    coalesce(counted.with_incident, 0) as with_incident,
    coalesce(counted.rolled_back, 0) as rolled_back,
    coalesce(counted.hotfixed, 0) as hotfixed,
    coalesce(counted.reverted, 0) as reverted
from metrics.outcome_periods(from_at, to_at, grain := grain, by_dimension := by_dimension, filters := filters) as periods
left join counted
    on periods.period_start = counted.period_start
    and periods.dimension = counted.dimension
order by periods.period_start, periods.dimension
