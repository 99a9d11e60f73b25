-- One row per review of a merged pull request that was submitted by the build's as-of time.
--
-- review_id     GitHub's id, unique over all repositories.
-- repository    owner/name.
-- number        The pull request's number in the repository.
-- reviewer      The login of who reviewed, NULL where the account is gone.
-- is_bot        True where a bot reviewed.
-- state         approved, changes_requested, commented or dismissed.
-- sha           The commit that was reviewed; NULL where it is gone.
-- review_url    Its page.
-- submitted_at  When it was submitted, UTC.
--
-- key: review_id
select
    id as review_id,
    repository,
    number,
    author_login as reviewer,
    coalesce(author_type = 'Bot' or author_login like '%[bot]', false) as is_bot,
    lower(state) as state,
    commit_id as sha,
    html_url as review_url,
    submitted_at
from raw.github_reviews
where submitted_at <= (select as_of from config.build)
