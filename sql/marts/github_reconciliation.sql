-- One row per repository and kind of record that GitHub has counted: how many of them are missing here.
--
-- GitHub counts by GraphQL only, and only what is read whole can be compared: releases
-- and tags. What was deleted there stays stored, so that there may be more here.
--
-- repository       owner/name.
-- kind             releases or tags.
-- source_records   How many GitHub says there are.
-- stored_records   How many are stored.
-- missing_records  How many are not; 0 where there are more here.
--
-- key: repository, kind
select
    repository,
    kind,
    source_records,
    stored_records,
    greatest(source_records - stored_records, 0) as missing_records
from core.github_counts
order by repository, kind
