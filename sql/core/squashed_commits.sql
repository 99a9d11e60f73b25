-- One row per pull request that was squashed and commit that it lists.
--
-- commit_id        A number for joins within one snapshot, after those of core.commits.
-- pull_request_id  The pull request, as in core.pull_requests.
-- repository       owner/name.
-- sha              The commit; several pull requests may list the same.
-- first_commit_id  The same for all of one name in a repository: of the one in core.commits, else of the first here.
-- author           The login of its author, the name where GitHub knows no account.
-- is_bot           True where a bot wrote it.
-- is_merge         True where it has several parents.
-- authored_at      When it was written, UTC.
-- committed_at     When it was committed, UTC.
--
-- key: commit_id
with

sorted as (
    select
        pull_requests.pull_request_id,
        listed.repository,
        listed.sha,
        listed.author,
        listed.is_bot,
        listed.is_merge,
        listed.authored_at,
        listed.committed_at
    from staging.github_pull_request_commits as listed
    join core.pull_requests as pull_requests
        on listed.repository = pull_requests.repository
        and listed.number = pull_requests.number
    where pull_requests.merge_method = 'squash'
    order by pull_requests.pull_request_id, listed.position, listed.sha
),

numbered as (
    select
        (select count(*) from core.commits) + row_number() over () as commit_id,
        *
    from sorted
),

all_names as (
    select
        commit_id,
        repository,
        sha
    from numbered
    union all
    select
        commit_id,
        repository,
        sha
    from core.commits
),

-- Few are named twice. Which may be is found by the hashes of their names, which take
-- a small part of the time and memory that the names take.
suspects as (
    select hash(repository, sha) as name_hash
    from all_names
    group by name_hash
    having count(*) > 1
),

firsts as (
    select
        repository,
        sha,
        min(commit_id) as first_commit_id
    from all_names
    where hash(repository, sha) in (select name_hash from suspects)
    group by repository, sha
)

select
    numbered.commit_id,
    numbered.pull_request_id,
    numbered.repository,
    numbered.sha,
    coalesce(firsts.first_commit_id, numbered.commit_id) as first_commit_id,
    numbered.author,
    numbered.is_bot,
    numbered.is_merge,
    numbered.authored_at,
    numbered.committed_at
from numbered
left join firsts
    on numbered.repository = firsts.repository
    and numbered.sha = firsts.sha
order by numbered.commit_id
