-- One row per repository and kind of record: how many GitHub said there are, when they were last read.
--
-- repository  owner/name.
-- kind        releases or tags.
-- records     How many it says there are, drafts of releases among them.
--
-- key: repository, kind
select
    repository,
    kind,
    records
from raw.github_source_totals
