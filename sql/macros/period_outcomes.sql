-- One row per finished production deployment of a range that is in the rates of failures and rework, with its period and group.
--
-- A range selects by the time a deployment finished. grain is day, week, month,
-- quarter or total; by_dimension is service, team, repository, environment or none; filters are
-- those of metrics.is_selected.
--
-- period_start        The first day of its period, in the warehouse's time zone.
-- dimension           Its group: a service_id, team, repository or environment, or all.
-- deployment_number   The deployment, as in core.deployment_outcomes, like what follows.
-- is_failed           True where it failed.
-- failure_confidence  How sure that is.
-- is_failed_status    True where its status says so.
-- has_incident        True where an incident is attributed to it.
-- is_rolled_back      True where it was rolled back.
-- is_hotfixed         True where the next deployment is a hotfix.
-- is_reverted         True where a later deployment reverts what it shipped.
-- rework_kind         rollback, revert or hotfix; NULL where it is no rework.
-- recovery_method     How the failure ended; NULL where it did not.
-- recovery_seconds    How long it took; NULL where it is not over.
-- detection_seconds   From its end to the incident.
-- repair_seconds      From the incident to the end of the failure.
--
-- parameters: from_at, to_at, grain := 'total', by_dimension := 'none', filters := map {}
-- example: from metrics.period_outcomes(timestamp '2026-01-01', timestamp '2026-02-01', grain := 'week', by_dimension := 'service')
-- key: deployment_number
select
    days.period_start,
    metrics.dimension(by_dimension, outcomes.service_id, services.team, outcomes.repository, outcomes.environment) as dimension,
    outcomes.deployment_number,
    outcomes.is_failed,
    outcomes.failure_confidence,
    outcomes.is_failed_status,
    outcomes.has_incident,
    outcomes.is_rolled_back,
    outcomes.is_hotfixed,
    outcomes.is_reverted,
    outcomes.rework_kind,
    outcomes.recovery_method,
    outcomes.recovery_seconds,
    outcomes.detection_seconds,
    outcomes.repair_seconds
from metrics.periods(from_at, to_at, grain) as days
join core.deployment_outcomes as outcomes
    on days.day = outcomes.finished_day
    and days.started_at <= outcomes.finished_at
    and days.ended_at > outcomes.finished_at
join core.services as services
    on outcomes.service_id = services.service_id
where
    outcomes.excluded_reason is null
    and outcomes.finished_at >= from_at
    and outcomes.finished_at < to_at
    and metrics.is_selected(filters, outcomes.service_id, services.team, outcomes.repository, outcomes.environment)
