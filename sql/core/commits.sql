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

-- Numbers are sorted in less time than names, and give the same order.
repositories as (
    select
        repository,
        row_number() over (order by repository) as repository_number
    from (select distinct repository from staging.github_commits) as names
),

-- Sorted once, and numbered in that order.
sorted as (
    select
        repositories.repository_number,
        commits.* exclude (repository, commit_url),
        merges.sha is not null as is_merge
    from staging.github_commits as commits
    join repositories
        on commits.repository = repositories.repository
    left join staging.github_commit_parents as merges
        on commits.repository = merges.repository
        and commits.sha = merges.sha
        and merges.position = 1
    order by repositories.repository_number, commits.committed_at, commits.sha
),

numbered as (
    select
        row_number() over () as commit_id,
        *
    from sorted
)

select
    numbered.commit_id,
    repositories.repository,
    numbered.sha,
    numbered.author,
    numbered.is_bot,
    numbered.is_merge,
    numbered.message,
    numbered.authored_at,
    numbered.committed_at
from numbered
join repositories
    on numbered.repository_number = repositories.repository_number
