-- One row per service, environment and deployment to it, ordered by the time it finished.
--
-- Which records are deployments, and when they finished, is decided in
-- core.deployment_candidates.
--
-- deployment_id      service/source:id, the same in every build.
-- deployment_number  1 for the deployment that finished first, unfinished ones last; for joins within one snapshot.
-- service_id         The service, as in core.services.
-- repository         owner/name.
-- environment        The environment, as the repository names it.
-- status             success, failure, cancelled or in_progress.
-- sha                The commit that was deployed; NULL where it is not known.
-- version            The ref or tag that was deployed.
-- source             github_deployment or release.
-- source_url         A page that shows it.
-- is_production      True where a rule of the service takes it as production.
-- started_at         When it was first in progress, else asked for, UTC.
-- finished_at        When it first succeeded, else first failed, UTC; NULL while it has done neither.
-- finished_day       The calendar day of finished_at in the warehouse's time zone.
--
-- key: deployment_id
select
    candidates.service_id || '/' || candidates.source || ':' || candidates.source_id as deployment_id,
    row_number() over (
        order by
            candidates.finished_at nulls last,
            candidates.started_at,
            candidates.service_id,
            candidates.source_id
    ) as deployment_number,
    candidates.service_id,
    candidates.repository,
    candidates.environment,
    candidates.status,
    candidates.sha,
    candidates.version,
    candidates.source,
    candidates.source_url,
    candidates.rule_position is not null as is_production,
    candidates.started_at,
    candidates.finished_at,
    cast(timezone(build.time_zone, timezone('UTC', candidates.finished_at)) as date) as finished_day
from core.deployment_candidates as candidates
cross join config.build as build
where candidates.excluded_reason is null
order by deployment_number
