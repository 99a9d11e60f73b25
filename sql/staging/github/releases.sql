-- One row per GitHub release that was published by the build's as-of time; drafts are not.
--
-- release_id     GitHub's id, unique over all repositories.
-- repository     owner/name.
-- tag            The tag it was made from.
-- is_prerelease  As its author marked it.
-- release_url    Its page.
-- published_at   When it was published, UTC.
--
-- key: release_id
select
    id as release_id,
    repository,
    tag_name as tag,
    prerelease as is_prerelease,
    html_url as release_url,
    published_at
from raw.github_releases
where
    not draft
    and published_at <= (select as_of from config.build)
