-- One row per repository and commit.
--
-- repository    owner/name.
-- sha           The commit.
-- author        The login of its author, the name where GitHub knows no account.
-- is_bot        True where a bot wrote it.
-- message       Its message.
-- commit_url    Its page.
-- authored_at   When it was written, UTC.
-- committed_at  When it was committed, UTC; a rebase sets it anew.
--
-- key: repository, sha
select
    repository,
    sha,
    coalesce(author_login, author_name) as author,
    coalesce(author_type = 'Bot' or author_login like '%[bot]' or author_name like '%[bot]', false) as is_bot,
    message,
    html_url as commit_url,
    authored_at,
    committed_at
from raw.github_commits
