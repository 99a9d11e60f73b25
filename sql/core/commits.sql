-- One row per repository and commit.
--
-- commit_id     A number for joins within one snapshot; those of a repository have no gap.
-- repository    owner/name.
-- sha           The commit.
-- author        The login of its author, the name where GitHub knows no account.
-- is_bot        True where a bot wrote it.
-- is_merge      True where it has several parents.
-- message       Its message.
-- commit_url    Its page.
-- authored_at   When it was written, UTC.
-- committed_at  When it was committed, UTC.
--
-- key: commit_id
with

merges as (
    select
        repository,
        sha
    from staging.github_commit_parents
    group by repository, sha
    having count(*) > 1
)

select
    row_number() over (order by commits.repository, commits.committed_at, commits.sha) as commit_id,
    commits.repository,
    commits.sha,
    commits.author,
    commits.is_bot,
    merges.sha is not null as is_merge,
    commits.message,
    commits.commit_url,
    commits.authored_at,
    commits.committed_at
from staging.github_commits as commits
left join merges
    on commits.repository = merges.repository
    and commits.sha = merges.sha
order by commit_id
