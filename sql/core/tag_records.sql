-- One row per tag: a deployment that succeeded when the commit that it points to was committed.
--
-- A tag has no time of its own in GitHub's list. A tag whose commit is not stored
-- has no time at all and is left out; one whose commit is newer than the as-of time
-- was not there yet.
--
-- source       tag.
-- source_id    repository@tag.
-- repository   owner/name.
-- status       success.
-- sha          The commit it points to.
-- version      The tag.
-- source_url   The page of the commit.
-- started_at   When the commit was committed, UTC.
-- finished_at  The same.
--
-- key: source_id
select
    'tag' as source,
    tags.repository || '@' || tags.tag as source_id,
    tags.repository,
    'success' as status,
    tags.sha,
    tags.tag as version,
    commits.commit_url as source_url,
    commits.committed_at as started_at,
    commits.committed_at as finished_at
from staging.github_tags as tags
join core.commits as commits
    on tags.repository = commits.repository
    and tags.sha = commits.sha
cross join config.build as build
where commits.committed_at <= build.as_of
