-- One row per published release: a deployment that succeeded when it was published.
--
-- source         release.
-- source_id      GitHub's id.
-- repository     owner/name.
-- status         success.
-- sha            The commit of its tag, as it was when it was published where the tag was moved since; NULL where the tag is gone.
-- version        Its tag.
-- is_prerelease  As its author marked it.
-- source_url     Its page.
-- started_at     When it was published, UTC.
-- finished_at    The same.
--
-- key: source_id
select
    'release' as source,
    cast(releases.release_id as varchar) as source_id,
    releases.repository,
    'success' as status,
    targets.sha,
    releases.tag as version,
    releases.is_prerelease,
    releases.release_url as source_url,
    releases.published_at as started_at,
    releases.published_at as finished_at
from staging.github_releases as releases
left join core.tag_targets as targets
    on releases.repository = targets.repository
    and releases.tag = targets.tag
    and (targets.moved_after is null or targets.moved_after <= releases.published_at)
qualify row_number() over (partition by releases.release_id order by targets.position desc) = 1
