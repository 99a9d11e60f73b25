-- One row per merged pull request and commit of it, as the pull request lists them (250 at most).
--
-- repository    owner/name.
-- number        The pull request's number in the repository.
-- sha           The commit; after a squash or a rebase not the one on the base branch.
-- position      Its place in the list, oldest first.
-- author        The login of its author, the name where GitHub knows no account.
-- is_bot        True where a bot wrote it.
-- is_merge      True where it has several parents.
-- message       Its message.
-- authored_at   When it was written, UTC.
-- committed_at  When it was committed, UTC; a rebase sets it anew.
--
-- key: repository, number, sha
select
    repository,
    number,
    sha,
    position,
    coalesce(author_login, author_name) as author,
    coalesce(author_login like '%[bot]' or author_name like '%[bot]', false) as is_bot,
    parent_count > 1 as is_merge,
    message,
    authored_at,
    committed_at
from raw.github_pull_request_commits
