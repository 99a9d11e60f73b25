-- One row per deployment of which a part lies in the range: what the rates of failures and rework consider.
--
-- A deployment belongs to the range by the time it finished, so one that only
-- began in it is shown and left out.
--
-- service_id          The service, as in core.services.
-- team                The team that owns it; NULL where none is named.
-- repository          owner/name.
-- environment         The environment.
-- deployment_id       The deployment, as in core.deployments.
-- is_failed           True where it failed, as in core.deployment_outcomes, like what follows.
-- failure_confidence  How sure that is.
-- failure_reason      What the best signal is.
-- rework_kind         rollback, revert or hotfix; NULL where it is no rework.
-- recovery_method     How the failure ended; NULL where it did not.
-- recovery_seconds    How long it took; NULL where it is not over.
-- excluded_reason     Why it is in no rate; NULL where it is.
-- source_url          A page that shows it.
-- record_at           When it finished, else started, UTC.
--
-- parameters: from_at, to_at
-- example: from metrics.explained_outcomes(timestamp '2026-01-01', timestamp '2026-02-01')
-- key: deployment_id
with

days as (
    from metrics.periods(from_at, to_at, 'day')
)

select
    deployments.service_id,
    services.team,
    deployments.repository,
    deployments.environment,
    deployments.deployment_id,
    outcomes.is_failed,
    outcomes.failure_confidence,
    outcomes.failure_reason,
    outcomes.rework_kind,
    outcomes.recovery_method,
    outcomes.recovery_seconds,
    case
        when not deployments.is_production then 'not production'
        when deployments.status = 'in_progress' then 'not finished'
        when outcomes.deployment_id is null then coalesce(nullif(deployments.status, 'success'), 'not finished')
        when outcomes.excluded_reason is not null then outcomes.excluded_reason
        when days.day is null then 'outside the range: finished after it'
    end as excluded_reason,
    deployments.source_url,
    coalesce(deployments.finished_at, deployments.started_at) as record_at
from core.deployments as deployments
join core.services as services
    on deployments.service_id = services.service_id
left join core.deployment_outcomes as outcomes
    on deployments.deployment_id = outcomes.deployment_id
left join days
    on deployments.finished_day = days.day
    and days.started_at <= deployments.finished_at
    and days.ended_at > deployments.finished_at
where
    case
        when deployments.finished_at is not null then deployments.finished_at
        when deployments.status = 'in_progress' then to_at
        else deployments.started_at
    end >= from_at
    and coalesce(deployments.started_at, deployments.finished_at) < to_at
order by record_at, deployments.deployment_id
