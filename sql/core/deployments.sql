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
select
    candidates.service_id || '/' || candidates.source || ':' || candidates.source_id as deployment_id,
    row_number() over (
        order by
            candidates.finished_at nulls last,
            candidates.started_at,
            candidates.service_id,
            length(candidates.source_id), -- ids that are numbers, by their size
            candidates.source_id
    ) as deployment_number,
    candidates.service_id,
    candidates.repository,
    candidates.environment,
    candidates.status,
    candidates.sha,
    candidates.version,
    candidates.source,
    candidates.rule_position,
    candidates.source_url,
    candidates.is_production,
    candidates.started_at,
    candidates.finished_at,
    cast(timezone(build.time_zone, timezone('UTC', candidates.finished_at)) as date) as finished_day
from core.deployment_candidates as candidates
cross join config.build as build
where candidates.excluded_reason is null
order by deployment_number
