-- One row per total and earlier publish that reported it first, or anew: what was reported then beside what is known now.
--
-- metric               The metric, named as its macro.
-- by_dimension         What it is grouped by: service, team or none.
-- dimension            The group, as in metrics.totals.
-- grain                month or total.
-- period_start         The period's first day.
-- as_of                The as-of time of the publish, UTC.
-- definitions_hash     What the number meant then, as in core.snapshot.
-- value                The number reported then; NULL where it was not known.
-- n                    How many records it stood on then.
-- known_value          The number of this snapshot; NULL where it is not known.
-- known_n              How many records that stands on; NULL where this snapshot has no such total.
-- is_same_definitions  True where both mean the same.
-- snapshot             The file of the snapshot that reported it, which may be gone.
--
-- key: metric, by_dimension, dimension, grain, period_start, as_of, definitions_hash
select
    reported.metric,
    reported.by_dimension,
    reported.dimension,
    reported.grain,
    reported.period_start,
    reported.as_of,
    reported.definitions_hash,
    reported.value,
    reported.n,
    totals.value as known_value,
    totals.n as known_n,
    reported.definitions_hash = snapshot.definitions_hash as is_same_definitions,
    reported.snapshot
from core.reported_totals as reported
cross join core.snapshot as snapshot
left join marts.metric_totals as totals
    on reported.metric = totals.metric
    and reported.by_dimension = totals.by_dimension
    and reported.dimension = totals.dimension
    and reported.grain = totals.grain
    and reported.period_start = totals.period_start
order by reported.metric, reported.by_dimension, reported.dimension, reported.grain, reported.period_start, reported.as_of, reported.definitions_hash
