-- One row per commit that a tag pointed to, in the order in which runs saw it move.
--
-- GitHub does not say when a tag was put where it is; a run only sees that it was
-- elsewhere before.
--
-- repository   owner/name.
-- tag          The tag.
-- sha          The commit.
-- position     1 for where it was seen first, 2 for where it was moved from there, and so on.
-- moved_after  When it was seen where it was before, UTC: it was moved later; NULL for the first.
--
-- key: repository, tag, position
with targets as (
    select
        repository,
        tag,
        sha,
        seen_at
    from staging.github_tag_targets

    union all

    -- Tags that were stored before their targets were.
    select
        tags.repository,
        tags.tag,
        tags.sha,
        null as seen_at
    from staging.github_tags as tags
    anti join staging.github_tag_targets as targets
        on tags.repository = targets.repository
        and tags.tag = targets.tag
)

select
    repository,
    tag,
    sha,
    row_number() over (partition by repository, tag order by seen_at, sha) as position,
    lag(seen_at) over (partition by repository, tag order by seen_at, sha) as moved_after
from targets
order by repository, tag, position
