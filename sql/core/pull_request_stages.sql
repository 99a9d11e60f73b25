-- One row per merged pull request and service of its repository whose paths it touches: where its time went.
--
-- The stages follow each other from the first commit to production:
--     coding  from its first commit to when it was ready for review, as core.pull_requests says
--     pickup  from there to the first review
--     review  from there to the last approval, or where nobody approved to the merge
--     merge   from the last approval to the merge; without a review, from when it was ready
--     deploy  from the merge to the end of the first successful production deployment of the service that carries it
-- A review counts where somebody else than the author, and no bot, submitted it
-- before the merge. One of a draft was there when it became ready, so that nobody
-- waited. A stage is NULL where it did not take place, and where a date cannot be
-- right: a first commit that was written after the pull request was ready, as after
-- an amend or by a wrong clock, gives no time of coding. The option clock of
-- pull_request_stages says whether all time counts or only business hours.
--
-- service_id                     The service, as in core.services.
-- repository                     owner/name.
-- number                         The pull request.
-- author                         The login of who opened it.
-- is_bot                         True where a bot opened it.
-- is_reviewed                    True where a review counts.
-- is_approved                    True where an approval does.
-- deployment_id                  The deployment that carries it first; NULL where none is known.
-- coding_seconds                 See above, like the next four.
-- pickup_seconds                 NULL where it was not reviewed.
-- review_seconds                 NULL where it was not reviewed.
-- merge_seconds                  NULL where it was reviewed and not approved.
-- deploy_seconds                 NULL where it is not deployed.
-- total_seconds                  From its first commit, or where that cannot be right from when it was ready, to the end of the deployment.
-- first_commit_at                When its first commit was written, UTC; NULL where that cannot be right.
-- ready_at                       When it was ready for review, UTC.
-- first_review_at                When it was first reviewed, UTC.
-- approved_at                    When it was last approved, UTC.
-- merged_at                      When it was merged, UTC.
-- merged_day                     The calendar day of that in the warehouse's time zone.
-- deployed_at                    When the deployment finished, UTC.
--
-- key: service_id, repository, number
with

merged as (
    select
        pull_request_id,
        repository,
        number,
        author,
        is_bot,
        first_commit_at,
        ready_at,
        merged_at
    from core.pull_requests
    where merged_at is not null
),

-- See core.deployments.
quarters as (
    select
        quarters.started_at,
        cast(timezone(build.time_zone, timezone('UTC', quarters.started_at)) as date) as day
    from (select distinct time_bucket(interval 15 minutes, merged_at) as started_at from merged) as quarters
    cross join config.build as build
),

reviews as (
    select
        merged.pull_request_id,
        min(reviews.submitted_at) as first_review_at,
        max(reviews.submitted_at) filter (where reviews.state = 'approved') as approved_at
    from merged
    join staging.github_reviews as reviews
        on merged.repository = reviews.repository
        and merged.number = reviews.number
        and merged.merged_at >= reviews.submitted_at
    where
        not reviews.is_bot
        and reviews.reviewer is distinct from merged.author
    group by merged.pull_request_id
),

deployed as (
    select
        deployments.service_id,
        carried.repository,
        carried.pull_request_number as number,
        min(deployments.deployment_number) as deployment_number
    from core.deployment_pull_requests as carried
    join core.deployments as deployments
        on carried.deployment_number = deployments.deployment_number
    where deployments.is_production
    group by deployments.service_id, carried.repository, carried.pull_request_number
),

instants as (
    select
        service_repositories.service_id,
        merged.repository,
        merged.number,
        merged.author,
        merged.is_bot,
        deployments.deployment_id,
        merged.first_commit_at as written_at,
        merged.ready_at,
        reviews.first_review_at as first_reviewed_at,
        reviews.approved_at as last_approved_at,
        merged.merged_at,
        deployments.finished_at as deployed_at,
        quarters.day as merged_day,
        clocks.value as clock,
        build.time_zone
    from merged
    cross join config.build as build
    join quarters
        on time_bucket(interval 15 minutes, merged.merged_at) = quarters.started_at
    join core.service_repositories as service_repositories
        on merged.repository = service_repositories.repository
    anti join core.pull_requests_elsewhere as elsewhere
        on service_repositories.service_id = elsewhere.service_id
        and merged.repository = elsewhere.repository
        and merged.number = elsewhere.number
    left join core.definitions as clocks
        on service_repositories.service_id = clocks.service_id
        and clocks.metric = 'pull_request_stages'
        and clocks.option = 'clock'
    left join reviews
        on merged.pull_request_id = reviews.pull_request_id
    left join deployed
        on service_repositories.service_id = deployed.service_id
        and merged.repository = deployed.repository
        and merged.number = deployed.number
    left join core.deployments as deployments
        on deployed.deployment_number = deployments.deployment_number
),

checked as (
    select
        *,
        case when written_at <= ready_at then written_at end as first_commit_at,
        -- greatest passes NULLs over.
        case when first_reviewed_at is not null then greatest(first_reviewed_at, ready_at) end as first_review_at,
        case when last_approved_at is not null then greatest(last_approved_at, ready_at) end as approved_at
    from instants
)

select
    service_id,
    repository,
    number,
    author,
    is_bot,
    first_review_at is not null as is_reviewed,
    approved_at is not null as is_approved,
    deployment_id,
    metrics.clock_seconds(clock, first_commit_at, ready_at, time_zone) as coding_seconds,
    metrics.clock_seconds(clock, ready_at, first_review_at, time_zone) as pickup_seconds,
    metrics.clock_seconds(clock, first_review_at, coalesce(approved_at, merged_at), time_zone) as review_seconds,
    case
        when approved_at is not null then metrics.clock_seconds(clock, approved_at, merged_at, time_zone)
        when first_review_at is null then metrics.clock_seconds(clock, ready_at, merged_at, time_zone)
    end as merge_seconds,
    case when deployed_at >= merged_at then metrics.clock_seconds(clock, merged_at, deployed_at, time_zone) end as deploy_seconds,
    metrics.clock_seconds(clock, coalesce(first_commit_at, ready_at), deployed_at, time_zone) as total_seconds,
    first_commit_at,
    ready_at,
    first_review_at,
    approved_at,
    merged_at,
    merged_day,
    deployed_at
from checked
order by service_id, repository, number
