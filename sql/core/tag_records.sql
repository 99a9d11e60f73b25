-- One row per commit that a tag was put on: a deployment that succeeded when the commit was committed.
--
-- A tag has no time of its own in GitHub's list. A tag that was moved is another
-- deployment, and leaves the ones before as they were: it succeeded when the new
-- commit was committed, or if that is older, when the tag was last known to be
-- elsewhere. A tag whose commit is not stored has no time at all and is left out;
-- one whose time is after the as-of time was not there yet.
--
-- source       tag.
-- source_id    repository@tag, for the second commit that it was put on repository@tag (2), and so on.
-- repository   owner/name.
-- status       success.
-- sha          The commit it was put on.
-- version      The tag.
-- source_url   The page of the commit.
-- started_at   When it was deployed, UTC.
-- finished_at  The same.
--
-- key: source_id
select
    'tag' as source,
    targets.repository || '@' || targets.tag || if(targets.position > 1, ' (' || targets.position || ')', '') as source_id,
    targets.repository,
    'success' as status,
    targets.sha,
    targets.tag as version,
    pages.repository_url || '/commit/' || targets.sha as source_url,
    greatest(commits.committed_at, targets.moved_after) as started_at,
    greatest(commits.committed_at, targets.moved_after) as finished_at
from core.tag_targets as targets
join core.commits as commits
    on targets.repository = commits.repository
    and targets.sha = commits.sha
left join (
    select
        repository,
        max(repository_url) as repository_url
    from staging.github_repositories
    group by repository
) as pages
    on targets.repository = pages.repository
cross join config.build as build
where greatest(commits.committed_at, targets.moved_after) <= build.as_of
