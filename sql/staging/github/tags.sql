-- One row per tag of a repository.
--
-- repository  owner/name.
-- tag         Its name.
-- sha         The commit it points to.
--
-- key: repository, tag
select
    repository,
    name as tag,
    sha
from raw.github_tags
