-- One row per total and publish that reported it first, or anew with another value, before the build's as-of time.
--
-- A build sees nothing that was reported for its own as-of time or later, so that
-- making it again, after it was published, gives the same rows.
--
-- metric            The metric, named as its macro.
-- by_dimension      What it is grouped by: service, team or none.
-- dimension         The group, as in metrics.totals.
-- grain             month or total.
-- period_start      The period's first day.
-- as_of             The as-of time of the publish, UTC.
-- definitions_hash  What the number meant, as in core.snapshot.
-- value             The number reported; NULL where it was not known.
-- n                 How many records it stood on.
-- snapshot          The snapshot's file.
--
-- key: metric, by_dimension, dimension, grain, period_start, as_of, definitions_hash
select
    history.metric,
    history.by_dimension,
    history.dimension,
    history.grain,
    cast(history.period_start as date) as period_start,
    history.as_of,
    history.definitions_hash,
    history.value,
    history.n,
    history.snapshot
from raw.metric_history as history
cross join config.build as build
where history.as_of < build.as_of
