-- One row per repository and kind of record that GitHub has counted: how many it says there are, and how many are stored.
--
-- GitHub counts by GraphQL only, and only what is read whole can be compared: releases
-- and tags. What was deleted there stays stored, so that there may be more here. Both
-- numbers are of the last collection, whatever the as-of time.
--
-- repository      owner/name.
-- kind            releases or tags.
-- source_records  How many GitHub says there are.
-- stored_records  How many are stored.
--
-- key: repository, kind
with

totals as (
    from staging.github_source_totals
),

stored as (
    select
        repository,
        'releases' as kind,
        count(*) as records
    from staging.github_stored_releases
    group by repository
    union all
    select
        repository,
        'tags' as kind,
        count(*) as records
    from staging.github_tags
    group by repository
)

select
    totals.repository,
    totals.kind,
    totals.records as source_records,
    coalesce(stored.records, 0) as stored_records
from totals
left join stored
    on totals.repository = stored.repository
    and totals.kind = stored.kind
order by totals.repository, totals.kind
