-- As many releases and tags of each repository are stored as GitHub says there are.
--
-- severity: warn
select
    repository,
    kind,
    source_records,
    missing_records
from marts.github_reconciliation
where missing_records > 0
order by repository, kind
