-- One row per service and calendar day, from the service's first merged pull request to the as-of day: where the time of those merged that day went.
--
-- The stages are those of core.pull_request_stages; the pull requests of bots are
-- left out where the option bots of pull_request_stages says so. Counts can be added
-- up over days; medians cannot: for a longer period ask metrics.pull_request_stages.
--
-- service_id             The service, as in core.services.
-- day                    The day of the merge, in the warehouse's time zone.
-- pull_requests          Pull requests that were merged; 0 on quiet days.
-- reviewed               Those that somebody else had reviewed.
-- deployed               Those that are deployed by now.
-- median_coding_seconds  Median time of coding; NULL on quiet days, like the next five, and where no pull request has it.
-- median_pickup_seconds  Median time until the first review.
-- median_review_seconds  Median time of review.
-- median_merge_seconds   Median time until the merge.
-- median_deploy_seconds  Median time until the deployment.
-- median_total_seconds   Median time from the first commit to the deployment.
-- is_over                False for the as-of day, which may bring more.
--
-- key: service_id, day
with

merged as (
    select stages.*
    from core.pull_request_stages as stages
    join core.definitions as definitions
        on stages.service_id = definitions.service_id
        and definitions.metric = 'pull_request_stages'
        and definitions.option = 'bots'
    where
        definitions.value = 'true'
        or not stages.is_bot
),

-- core.days begins with the first deployment or incident, which may be later.
spine as (
    select
        service_id,
        cast(unnest(generate_series(first_day, last_day, interval 1 day)) as date) as day,
        last_day
    from (
        select
            merged.service_id,
            min(merged.merged_day) as first_day,
            any_value(cast(timezone(snapshot.time_zone, timezone('UTC', snapshot.as_of)) as date)) as last_day
        from merged
        cross join core.snapshot as snapshot
        group by merged.service_id
    ) as bounds
)

select
    spine.service_id,
    spine.day,
    count(merged.number) as pull_requests,
    count(*) filter (where merged.is_reviewed) as reviewed,
    count(merged.deployment_id) as deployed,
    metrics.percentile(merged.coding_seconds, 0.5) as median_coding_seconds,
    metrics.percentile(merged.pickup_seconds, 0.5) as median_pickup_seconds,
    metrics.percentile(merged.review_seconds, 0.5) as median_review_seconds,
    metrics.percentile(merged.merge_seconds, 0.5) as median_merge_seconds,
    metrics.percentile(merged.deploy_seconds, 0.5) as median_deploy_seconds,
    metrics.percentile(merged.total_seconds, 0.5) as median_total_seconds,
    spine.day < spine.last_day as is_over
from spine
left join merged
    on spine.service_id = merged.service_id
    and spine.day = merged.merged_day
group by spine.service_id, spine.day, spine.last_day
order by spine.service_id, spine.day
