-- One row per metric, period and group: the one number of every metric, with its unit and n.
--
-- What a metric is, and the numbers beside its main one, is said at its own macro.
-- grain is day, week, month, quarter or total; by_dimension is service, team,
-- repository, environment or none.
--
-- metric        The metric, named as its macro.
-- period_start  The period's first day, in the warehouse's time zone.
-- period_end    The day after its last day.
-- is_complete   False where the range or the as-of time cuts the period short.
-- dimension     The group: a service_id, team, repository or environment, or all.
-- value         Its main number; NULL where it is not known.
-- unit          deployments_per_day, seconds or ratio.
-- n             How many records the value stands on.
--
-- parameters: from_at, to_at, grain := 'total', by_dimension := 'none'
-- example: from metrics.totals(timestamp '2026-01-01', timestamp '2026-02-01', grain := 'month', by_dimension := 'service')
-- key: metric, period_start, dimension
select
    'deployment_frequency' as metric,
    period_start,
    period_end,
    is_complete,
    dimension,
    deployments_per_day as value,
    'deployments_per_day' as unit,
    deployments as n
from metrics.deployment_frequency(from_at, to_at, grain := grain, by_dimension := by_dimension)
union all
select
    'change_lead_time' as metric,
    period_start,
    period_end,
    is_complete,
    dimension,
    median_seconds as value,
    'seconds' as unit,
    changes as n
from metrics.change_lead_time(from_at, to_at, grain := grain, by_dimension := by_dimension)
union all
select
    'change_fail_rate' as metric,
    period_start,
    period_end,
    is_complete,
    dimension,
    fail_ratio as value,
    'ratio' as unit,
    deployments as n
from metrics.change_fail_rate(from_at, to_at, grain := grain, by_dimension := by_dimension)
union all
select
    'failed_deployment_recovery_time' as metric,
    period_start,
    period_end,
    is_complete,
    dimension,
    median_seconds as value,
    'seconds' as unit,
    recovered_deployments as n
from metrics.failed_deployment_recovery_time(from_at, to_at, grain := grain, by_dimension := by_dimension)
union all
select
    'deployment_rework_rate' as metric,
    period_start,
    period_end,
    is_complete,
    dimension,
    rework_ratio as value,
    'ratio' as unit,
    deployments as n
from metrics.deployment_rework_rate(from_at, to_at, grain := grain, by_dimension := by_dimension)
order by metric, period_start, dimension
