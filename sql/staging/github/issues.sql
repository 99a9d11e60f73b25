-- One row per issue that was opened by the build's as-of time, pull requests aside, where an incident rule needs issues.
--
-- issue_id      GitHub's id, unique over all repositories.
-- repository    owner/name.
-- number        Its number in the repository.
-- title         Its title.
-- body          Its text, NULL where it has none.
-- author        The login of who opened it, NULL where the account is gone.
-- is_bot        True where a bot opened it.
-- labels        A JSON array of the names of its labels.
-- close_reason  Why it was closed: completed, not_planned or duplicate; NULL while it is open.
-- issue_url     Its page.
-- created_at    When it was opened, UTC.
-- closed_at     When it was closed, UTC; NULL while it is open.
--
-- key: issue_id
select
    id as issue_id,
    repository,
    number,
    title,
    body,
    author_login as author,
    coalesce(author_type = 'Bot' or author_login like '%[bot]', false) as is_bot,
    labels,
    case when closed_at <= build.as_of then state_reason end as close_reason,
    html_url as issue_url,
    created_at,
    case when closed_at <= build.as_of then closed_at end as closed_at
from raw.github_issues
cross join config.build as build
where created_at <= build.as_of
