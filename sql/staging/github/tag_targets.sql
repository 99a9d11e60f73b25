-- One row per time that a tag was seen to have been put on a commit; a tag with several was moved.
--
-- repository  owner/name.
-- tag         The tag.
-- sha         The commit.
-- is_current  True for where it points now.
-- seen_at     When a run first saw it there, or again after it was elsewhere, UTC: later than it was put there.
--
-- key: repository, tag, sha, seen_at
select
    targets.repository,
    targets.name as tag,
    targets.sha,
    tags.sha is not null as is_current,
    targets.seen_at
from raw.github_tag_targets as targets
left join raw.github_tags as tags
    on targets.repository = tags.repository
    and targets.name = tags.name
    and targets.sha = tags.sha
