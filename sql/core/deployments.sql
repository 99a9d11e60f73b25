-- One row per service, environment and deployment to it, ordered by the time it finished.
--
-- Which records are deployments, and when they finished, is decided in
-- core.deployment_candidates.
--
-- deployment_id      service/source:id, the same in every build.
-- deployment_number  1 for the deployment that finished first, unfinished ones last; for joins within one snapshot.
-- service_id         The service, as in core.services.
-- repository         owner/name.
-- environment        The environment, as the repository or the rule names it.
-- status             success, failure, cancelled or in_progress.
-- sha                The commit that was deployed; NULL where it is not known.
-- version            The ref, tag or pull request that was deployed.
-- source             The kind of record it is known from, as in core.deployment_records.
-- rule_position      The rule of core.deployment_rules that takes it; NULL where none does.
-- source_url         A page that shows it.
-- is_production      True where a rule of the service takes it as a production deployment.
-- started_at         When it was first in progress, else asked for, UTC.
-- finished_at        When it first succeeded, else first failed, UTC; NULL while it has done neither.
-- finished_day       The calendar day of finished_at in the warehouse's time zone.
--
-- key: deployment_id
with

-- Asking for the day of an instant is slow. The calendar turns on a quarter of an
-- hour in every zone, so that it is asked once for each.
quarters as (
    select
        quarters.started_at,
        cast(timezone(build.time_zone, timezone('UTC', quarters.started_at)) as date) as day
    from (select distinct time_bucket(interval 15 minutes, finished_at) as started_at from core.deployment_candidates) as quarters
    cross join config.build as build
),

-- Sorted once, and numbered in that order.
sorted as (
    select
        candidates.*,
        quarters.day as finished_day
    from core.deployment_candidates as candidates
    left join quarters
        on time_bucket(interval 15 minutes, candidates.finished_at) = quarters.started_at
    where candidates.excluded_reason is null
    order by
        candidates.finished_at nulls last,
        candidates.started_at,
        candidates.service_id,
        length(candidates.source_id), -- ids that are numbers, by their size
        candidates.source_id
)

select
    service_id || '/' || source || ':' || source_id as deployment_id,
    row_number() over () as deployment_number,
    service_id,
    repository,
    environment,
    status,
    sha,
    version,
    source,
    rule_position,
    source_url,
    is_production,
    started_at,
    finished_at,
    finished_day
from sorted
