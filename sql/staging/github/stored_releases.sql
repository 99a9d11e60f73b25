-- One row per GitHub release that is stored, drafts and later ones too.
--
-- release_id  GitHub's id, unique over all repositories.
-- repository  owner/name.
--
-- key: release_id
select
    id as release_id,
    repository
from raw.github_releases
