-- One row per pull request.
--
-- merge_method is worked out, because GitHub does not say it. A commit with
-- several parents is a merge. A rebase copies each commit with its message and the
-- time it was written, a squash makes a new one: so it is a rebase where the
-- commit on the base branch has the time and the message of one of the pull
-- request's commits, and is not that very commit, and else a squash. The pull
-- request's page is repository_url of core.repositories, /pull/ and number.
--
-- pull_request_id   GitHub's id, unique over all repositories.
-- repository        owner/name.
-- number            Its number in the repository.
-- title             Its title.
-- author            The login of who opened it, NULL where the account is gone.
-- is_bot            True where a bot opened it.
-- labels            A JSON array of the names of its labels.
-- base_branch       The branch it goes to.
-- head_branch       The branch it comes from.
-- merge_method      merge, squash or rebase; NULL until it is merged, or where the merge commit is not stored.
-- merge_commit_sha  The commit that brought it into the base branch; NULL until it is merged.
-- commits           How many commits it lists; NULL until it is merged.
-- first_commit_at   When the earliest of its commits was written, UTC; NULL until it is merged.
-- created_at        When it was opened, UTC.
-- ready_at          When it was ready for review: last marked so before it was merged, else opened, UTC.
-- closed_at         When it was closed, merged or not, UTC; NULL while it is open.
-- merged_at         When it was merged, UTC; NULL where it is not.
--
-- key: pull_request_id
with

numbers as (
    select
        pull_request_id,
        repository,
        number,
        merged_at
    from staging.github_pull_requests
),

merge_commits as (
    select
        merges.pull_request_id,
        commits.commit_id,
        commits.is_merge,
        commits.authored_at
    from core.pull_request_merges as merges
    join core.commits as commits
        on merges.commit_id = commits.commit_id
),

-- Few commits were written at the same instant as a pull request's: only their
-- messages are compared.
copied as (
    select distinct alike.pull_request_id
    from (
        select
            numbers.pull_request_id,
            merge_commits.commit_id,
            originals.message
        from staging.github_pull_request_commits as originals
        join numbers
            on originals.repository = numbers.repository
            and originals.number = numbers.number
        join merge_commits
            on numbers.pull_request_id = merge_commits.pull_request_id
            and originals.authored_at = merge_commits.authored_at
        where not merge_commits.is_merge
    ) as alike
    join core.commits as commits
        on alike.commit_id = commits.commit_id
        and alike.message = commits.message
),

facts as (
    select
        numbers.pull_request_id,
        count(*) as commits,
        min(listed.authored_at) as first_commit_at
    from staging.github_pull_request_commits as listed
    join numbers
        on listed.repository = numbers.repository
        and listed.number = numbers.number
    group by numbers.pull_request_id
    union all by name
    select
        numbers.pull_request_id,
        max(events.created_at) as ready_at
    from staging.github_pull_request_events as events
    join numbers
        on events.repository = numbers.repository
        and events.number = numbers.number
    where
        events.event = 'ready_for_review'
        and coalesce(numbers.merged_at >= events.created_at, true)
    group by numbers.pull_request_id
    union all by name
    select
        pull_request_id,
        is_merge
    from merge_commits
    union all by name
    select
        pull_request_id,
        true as is_copied
    from copied
),

-- One table to look all of it up in takes less memory than one for each.
known as (
    select
        pull_request_id,
        any_value(commits) as commits,
        any_value(first_commit_at) as first_commit_at,
        any_value(ready_at) as ready_at,
        any_value(is_merge) as is_merge,
        any_value(is_copied) as is_copied
    from facts
    group by pull_request_id
)

select
    pull_requests.pull_request_id,
    pull_requests.repository,
    pull_requests.number,
    pull_requests.title,
    pull_requests.author,
    pull_requests.is_bot,
    pull_requests.labels,
    pull_requests.base_branch,
    pull_requests.head_branch,
    case
        when known.is_merge then 'merge'
        when known.is_copied then 'rebase'
        when not known.is_merge then 'squash'
    end as merge_method,
    pull_requests.merge_commit_sha,
    case when pull_requests.merged_at is not null then known.commits end as commits,
    case when pull_requests.merged_at is not null then known.first_commit_at end as first_commit_at,
    pull_requests.created_at,
    coalesce(known.ready_at, pull_requests.created_at) as ready_at,
    pull_requests.closed_at,
    pull_requests.merged_at
from staging.github_pull_requests as pull_requests
left join known
    on pull_requests.pull_request_id = known.pull_request_id
order by pull_requests.repository, pull_requests.number
