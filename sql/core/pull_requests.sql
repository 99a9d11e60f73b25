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

listed as (
    select
        pull_requests.pull_request_id,
        count(*) as commits,
        min(listed.authored_at) as first_commit_at
    from staging.github_pull_request_commits as listed
    join staging.github_pull_requests as pull_requests
        on listed.repository = pull_requests.repository
        and listed.number = pull_requests.number
    group by pull_requests.pull_request_id
),

readiness as (
    select
        pull_requests.pull_request_id,
        max(events.created_at) as ready_at
    from staging.github_pull_requests as pull_requests
    join staging.github_pull_request_events as events
        on pull_requests.repository = events.repository
        and pull_requests.number = events.number
    where
        events.event = 'ready_for_review'
        and coalesce(pull_requests.merged_at >= events.created_at, true)
    group by pull_requests.pull_request_id
),

merge_commits as (
    select
        merges.pull_request_id,
        commits.is_merge
    from core.pull_request_merges as merges
    join core.commits as commits
        on merges.commit_id = commits.commit_id
),

copied as (
    select distinct merges.pull_request_id
    from core.pull_request_merges as merges
    join core.commits as commits
        on merges.commit_id = commits.commit_id
    join staging.github_pull_requests as pull_requests
        on merges.pull_request_id = pull_requests.pull_request_id
    join staging.github_pull_request_commits as originals
        on pull_requests.repository = originals.repository
        and pull_requests.number = originals.number
        and commits.authored_at = originals.authored_at
        and commits.message = originals.message
    where not commits.is_merge
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
        when merge_commits.is_merge then 'merge'
        when copied.pull_request_id is not null then 'rebase'
        when not merge_commits.is_merge then 'squash'
    end as merge_method,
    pull_requests.merge_commit_sha,
    case when pull_requests.merged_at is not null then listed.commits end as commits,
    case when pull_requests.merged_at is not null then listed.first_commit_at end as first_commit_at,
    pull_requests.created_at,
    coalesce(readiness.ready_at, pull_requests.created_at) as ready_at,
    pull_requests.closed_at,
    pull_requests.merged_at
from staging.github_pull_requests as pull_requests
left join merge_commits
    on pull_requests.pull_request_id = merge_commits.pull_request_id
left join copied
    on pull_requests.pull_request_id = copied.pull_request_id
left join readiness
    on pull_requests.pull_request_id = readiness.pull_request_id
left join listed
    on pull_requests.pull_request_id = listed.pull_request_id
order by pull_requests.repository, pull_requests.number
