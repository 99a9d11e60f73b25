-- One row per repository and commit.
--
-- Its page is repository_url of core.repositories, /commit/ and sha.
--
-- commit_id     A number for joins within one snapshot; those of a repository have no gap.
-- repository    owner/name.
-- sha           The commit.
-- author        The login of its author, the name where GitHub knows no account.
-- is_bot        True where a bot wrote it.
-- is_merge      True where it has several parents.
-- message       Its message.
-- authored_at   When it was written, UTC.
-- committed_at  When it was committed, UTC.
--
-- key: commit_id
with

-- Sorted once, and numbered in that order.
sorted as (
    select
        commits.* exclude (commit_url),
        merges.sha is not null as is_merge
    from staging.github_commits as commits
    left join staging.github_commit_parents as merges
        on commits.repository = merges.repository
        and commits.sha = merges.sha
        and merges.position = 1
    order by commits.repository, commits.committed_at, commits.sha
)

select
    row_number() over () as commit_id,
    repository,
    sha,
    author,
    is_bot,
    is_merge,
    message,
    authored_at,
    committed_at
from sorted
