-- One row per repository, commit and parent of it.
--
-- repository  owner/name.
-- sha         The commit.
-- position    The parent's place: 0 for the branch that was merged into.
-- parent_sha  The parent, which need not be stored.
--
-- key: repository, sha, position
select
    repository,
    sha,
    position,
    parent_sha
from raw.github_commit_parents
