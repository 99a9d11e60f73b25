-- One row per commit and parent of it that is stored: the commit graph.
--
-- commit_id         The commit, as in core.commits.
-- position          The parent's place: 0 for the branch that was merged into.
-- parent_commit_id  The parent, as in core.commits.
--
-- key: commit_id, position
select
    commits.commit_id,
    parents.position,
    parent_commits.commit_id as parent_commit_id
from staging.github_commit_parents as parents
join core.commits as commits
    on parents.repository = commits.repository
    and parents.sha = commits.sha
join core.commits as parent_commits
    on parents.repository = parent_commits.repository
    and parents.parent_sha = parent_commits.sha
order by commits.commit_id, parents.position
