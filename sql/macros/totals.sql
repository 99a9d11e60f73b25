-- One row per metric, period and group: the one number of every metric, with its unit and n.
--
-- These are the five DORA metrics, of pull requests the time from the first commit
-- to production, and of incidents the times to restore and to acknowledge. What a
-- metric is, and the numbers beside its main one, is said at its own macro.
-- grain is day, week, month, quarter or total; by_dimension is service, team,
-- repository, environment or none; filters are
-- those of metrics.is_selected.
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
-- parameters: from_at, to_at, grain := 'total', by_dimension := 'none', filters := map {}
-- example: from metrics.totals(timestamp '2026-01-01', timestamp '2026-02-01', grain := 'month', by_dimension := 'service')
-- key: metric, period_start, dimension
select
    metric,
    period_start,
    period_end,
    is_complete,
    dimension,
    value,
    unit,
    n
from metrics.five_metrics(from_at, to_at, grain := grain, by_dimension := by_dimension, filters := filters)
union all
select
    'pull_request_stages' as metric,
    period_start,
    period_end,
    is_complete,
    dimension,
    median_total_seconds as value,
    'seconds' as unit,
    deployed as n
from metrics.pull_request_stages(from_at, to_at, grain := grain, by_dimension := by_dimension, filters := filters)
union all
select
    'time_to_restore' as metric,
    period_start,
    period_end,
    is_complete,
    dimension,
    median_seconds as value,
    'seconds' as unit,
    incidents as n
from metrics.time_to_restore(from_at, to_at, grain := grain, by_dimension := by_dimension, filters := filters)
union all
select
    'time_to_acknowledge' as metric,
    period_start,
    period_end,
    is_complete,
    dimension,
    median_seconds as value,
    'seconds' as unit,
    incidents as n
from metrics.time_to_acknowledge(from_at, to_at, grain := grain, by_dimension := by_dimension, filters := filters)
order by metric, period_start, dimension
