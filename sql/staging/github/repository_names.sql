-- One row per name that a repository has, had before it was renamed, or is asked for by.
--
-- name           owner/name, in lower case.
-- repository_id  GitHub's id of the repository that answers to it.
-- repository     What the repository is called now.
--
-- key: name
select
    names.name,
    names.repository_id,
    repositories.full_name as repository
from raw.github_repository_names as names
join raw.github_repositories as repositories
    on names.repository_id = repositories.id
