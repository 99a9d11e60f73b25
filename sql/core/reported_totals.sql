-- One row per total and earlier publish that reported it first, or anew with another value.
--
-- What a publish did not report anew was still as the publish before it had said.
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
-- is_last           True where no later publish under the same definitions reported another.
-- snapshot          The snapshot's file.
--
-- key: metric, by_dimension, dimension, grain, period_start, as_of, definitions_hash
select
    metric,
    by_dimension,
    dimension,
    grain,
    period_start,
    as_of,
    definitions_hash,
    value,
    n,
    row_number() over (
        partition by metric, by_dimension, dimension, grain, period_start, definitions_hash
        order by as_of desc
    ) = 1 as is_last,
    snapshot
from staging.published_totals
order by metric, by_dimension, dimension, grain, period_start, as_of, definitions_hash
