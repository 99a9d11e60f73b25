-- One row per kind of coverage, subject and reason: recent records that are not covered.
--
-- kind       What is not covered, as in core.coverage_counts.
-- subject    The service, as in core.services; of incidents the source and its account.
-- reason     Why they are not.
-- records    How many records.
-- gap_ratio  Their share of all records of the kind.
--
-- key: kind, subject, reason
select
    counts.kind,
    counts.subject,
    counts.gap as reason,
    counts.records,
    counts.records / coverage.records as gap_ratio
from core.coverage_counts as counts
join marts.coverage as coverage
    on counts.kind = coverage.kind
    and counts.subject = coverage.subject
where counts.gap <> 'none'
order by counts.kind, counts.subject, counts.records desc, counts.gap
