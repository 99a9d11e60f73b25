-- One row per pull request that was opened by the build's as-of time.
--
-- pull_request_id   GitHub's id, unique over all repositories.
-- repository        owner/name.
-- number            Its number in the repository.
-- title             Its title.
-- author            The login of who opened it, NULL where the account is gone.
-- is_bot            True where a bot opened it.
-- labels            A JSON array of the names of its labels.
-- body              Its text, NULL where it has none.
-- base_branch       The branch it goes to.
-- head_branch       The branch it comes from.
-- merge_commit_sha  The commit that brought it into the base branch; NULL until it is merged.
-- pull_request_url  Its page.
-- created_at        When it was opened, UTC.
-- closed_at         When it was closed, merged or not, UTC; NULL while it is open.
-- merged_at         When it was merged, UTC; NULL where it is not.
--
-- key: pull_request_id
select
    id as pull_request_id,
    repository,
    number,
    title,
    author_login as author,
    coalesce(author_type = 'Bot' or author_login like '%[bot]', false) as is_bot,
    labels,
    body,
    base_ref as base_branch,
    head_ref as head_branch,
    case when merged_at <= build.as_of then merge_commit_sha end as merge_commit_sha,
    html_url as pull_request_url,
    created_at,
    case when closed_at <= build.as_of then closed_at end as closed_at,
    case when merged_at <= build.as_of then merged_at end as merged_at
from raw.github_pull_requests
cross join config.build as build
where created_at <= build.as_of
