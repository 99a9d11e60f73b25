-- One row per GitHub repository.
--
-- repository_id   GitHub's id, unique over all repositories; it survives a rename.
-- repository      owner/name.
-- default_branch  The branch that pull requests go to.
-- is_archived     True where it can no longer be written to.
-- repository_url  Its page.
-- created_at      When it was made, UTC.
--
-- key: repository_id
select
    id as repository_id,
    full_name as repository,
    default_branch,
    archived as is_archived,
    html_url as repository_url,
    created_at
from raw.github_repositories
