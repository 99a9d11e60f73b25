-- One row per period, group and metric: the main number of each of the five DORA metrics.
--
-- What a metric is, and the numbers beside its main one, is said at its own macro.
-- grain is day, week, month, quarter or total; by_dimension is service, team,
-- repository, environment or none; filters are
-- those of metrics.is_selected.
--
-- period_start  The period's first day, in the warehouse's time zone.
-- period_end    The day after its last day.
-- is_complete   False where the range or the as-of time cuts the period short.
-- dimension     The group: a service_id, team, repository or environment, or all.
-- metric        The metric, named as its macro.
-- position      Its place among the five, from 1.
-- value         Deployments per day, a median time, or a share; NULL where it is not known.
-- unit          deployments_per_day, seconds or ratio.
-- n             How many deployments or changes the value stands on.
-- lower_value   Of a share the lower end of its Wilson 95 % interval; NULL for the others.
-- upper_value   The upper end.
--
-- parameters: from_at, to_at, grain := 'total', by_dimension := 'none', filters := map {}
-- example: from metrics.five_metrics(timestamp '2026-01-01', timestamp '2026-02-01', grain := 'month', by_dimension := 'service')
-- key: period_start, dimension, metric
select
    period_start,
    period_end,
    is_complete,
    dimension,
    'deployment_frequency' as metric,
    1 as position,
    deployments_per_day as value,
    'deployments_per_day' as unit,
    deployments as n,
    null as lower_value,
    null as upper_value
from metrics.deployment_counts(from_at, to_at, grain := grain, by_dimension := by_dimension, filters := filters)
union all
select
    period_start,
    period_end,
    is_complete,
    dimension,
    'change_lead_time' as metric,
    2 as position,
    median_seconds as value,
    'seconds' as unit,
    changes as n,
    null as lower_value,
    null as upper_value
from metrics.change_lead_time(from_at, to_at, grain := grain, by_dimension := by_dimension, filters := filters)
union all
select
    period_start,
    period_end,
    is_complete,
    dimension,
    'change_fail_rate' as metric,
    3 as position,
    fail_ratio as value,
    'ratio' as unit,
    deployments as n,
    lower_ratio as lower_value,
    upper_ratio as upper_value
from metrics.change_fail_rate(from_at, to_at, grain := grain, by_dimension := by_dimension, filters := filters)
union all
select
    period_start,
    period_end,
    is_complete,
    dimension,
    'failed_deployment_recovery_time' as metric,
    4 as position,
    median_seconds as value,
    'seconds' as unit,
    recovered_deployments as n,
    null as lower_value,
    null as upper_value
from metrics.failed_deployment_recovery_time(from_at, to_at, grain := grain, by_dimension := by_dimension, filters := filters)
union all
select
    period_start,
    period_end,
    is_complete,
    dimension,
    'deployment_rework_rate' as metric,
    5 as position,
    rework_ratio as value,
    'ratio' as unit,
    deployments as n,
    lower_ratio as lower_value,
    upper_ratio as upper_value
from metrics.deployment_rework_rate(from_at, to_at, grain := grain, by_dimension := by_dimension, filters := filters)
order by period_start, dimension, position
