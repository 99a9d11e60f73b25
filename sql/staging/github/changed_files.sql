-- One row per path that a commit touches, against its first parent, where a rule needs paths.
--
-- repository     owner/name.
-- sha            The commit.
-- path           The path after the commit, before it where it was removed.
-- previous_path  Of a file that was moved its path before, NULL elsewhere.
-- status         added, modified, removed, renamed, copied, changed or unchanged.
-- additions      Lines added.
-- deletions      Lines removed.
--
-- key: repository, sha, path
select
    repository,
    sha,
    path,
    previous_path,
    status,
    additions,
    deletions
from raw.github_changed_files
