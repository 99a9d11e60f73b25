-- One row per metric, group and calendar month, and one for all time: what this snapshot reports.
--
-- After it is published the rows with is_new are appended to the history, from
-- which later snapshots show them in marts.metric_history.
--
-- metric        The metric, named as its macro.
-- by_dimension  What it is grouped by: service, team or none.
-- dimension     The group, as in metrics.totals.
-- grain         month or total.
-- period_start  The period's first day, in the warehouse's time zone.
-- period_end    The day after its last day.
-- is_complete   False where the as-of time cuts the period short, or data begins in it.
-- value         The metric's main number; NULL where it is not known.
-- unit          deployments_per_day, seconds or ratio.
-- n             How many records the value stands on.
-- is_new        True where no earlier publish under the same definitions had reported this value and n.
--
-- key: metric, by_dimension, dimension, grain, period_start
with

totals as (
    select 'service' as by_dimension, 'month' as grain, *
    from metrics.totals(timestamp '-infinity', timestamp 'infinity', grain := 'month', by_dimension := 'service')
    union all
    select 'service', 'total', *
    from metrics.totals(timestamp '-infinity', timestamp 'infinity', grain := 'total', by_dimension := 'service')
    union all
    select 'team', 'month', *
    from metrics.totals(timestamp '-infinity', timestamp 'infinity', grain := 'month', by_dimension := 'team')
    union all
    select 'team', 'total', *
    from metrics.totals(timestamp '-infinity', timestamp 'infinity', grain := 'total', by_dimension := 'team')
    union all
    select 'none', 'month', *
    from metrics.totals(timestamp '-infinity', timestamp 'infinity', grain := 'month', by_dimension := 'none')
    union all
    select 'none', 'total', *
    from metrics.totals(timestamp '-infinity', timestamp 'infinity', grain := 'total', by_dimension := 'none')
)

select
    totals.metric,
    totals.by_dimension,
    totals.dimension,
    totals.grain,
    totals.period_start,
    totals.period_end,
    totals.is_complete,
    totals.value,
    totals.unit,
    totals.n,
    reported.n is null or totals.value is distinct from reported.value or totals.n <> reported.n as is_new
from totals
cross join core.snapshot as snapshot
left join core.reported_totals as reported
    on totals.metric = reported.metric
    and totals.by_dimension = reported.by_dimension
    and totals.dimension = reported.dimension
    and totals.grain = reported.grain
    and totals.period_start = reported.period_start
    and snapshot.definitions_hash = reported.definitions_hash
    and reported.is_last
order by totals.metric, totals.by_dimension, totals.dimension, totals.grain, totals.period_start
