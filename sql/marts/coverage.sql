-- One row per kind of coverage and subject: how much of the recent data a metric can rest on.
--
-- The kinds, and what is recent, are said at core.coverage_counts; why records are
-- not covered in marts.coverage_gaps.
--
-- kind            What is covered or not.
-- subject         The service, as in core.services; of incidents the source and its account.
-- covered         n: records that are covered.
-- records         Of: all records of the kind.
-- coverage_ratio  The share that is covered.
--
-- key: kind, subject
select
    kind,
    subject,
    cast(coalesce(sum(records) filter (where gap = 'none'), 0) as bigint) as covered,
    cast(sum(records) as bigint) as records,
    coalesce(sum(records) filter (where gap = 'none'), 0) / sum(records) as coverage_ratio
from core.coverage_counts
group by kind, subject
order by kind, subject
