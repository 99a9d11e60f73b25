-- One row per finished production deployment: whether it failed, how that was found, and when it was over.
--
-- The signals are those of core.failure_signals. A deployment failed where one that
-- counts is at least as sure as minimum_confidence asks for. Each signal has its
-- column whether it counts or not.
--
-- A failure that incidents are attributed to is over when the last of them is
-- resolved, and is not over while one of them is open. Any other is over when the
-- first deployment that remediates it has finished: the rollback, the hotfix, the
-- revert, or after a failed status the next success.
--
-- A deployment is rework where it is itself a hotfix, a rollback or ships a revert,
-- as far as the options of deployment_rework_rate take these.
--
-- excluded_reason says why it is in no rate of failures or rework:
--     excluded by …  the overrides file says so
--     rollback       it is one, and rollback_deployments is false
--
-- deployment_id                The deployment, as in core.deployments.
-- deployment_number            The same, for joins.
-- service_id                   The service, as in core.services.
-- repository                   owner/name.
-- environment                  The environment.
-- status                       success or failure.
-- finished_at                  When it finished, UTC.
-- finished_day                 The calendar day of that in the warehouse's time zone.
-- excluded_reason              Why it is in no rate; NULL where it is.
-- is_failed_status             True where its status says that it failed.
-- has_incident                 True where an incident is attributed to it.
-- incidents                    How many are.
-- is_rolled_back               True where a later deployment took it back.
-- is_hotfixed                  True where the next deployment is a hotfix.
-- is_reverted                  True where a later deployment reverts what it shipped.
-- is_marked                    True where the overrides file says that it failed.
-- failure_confidence           confirmed, likely or possible: the best of the signals that count; NULL without one.
-- failure_reason               What the best signal is; NULL without one.
-- is_failed                    True where it failed under the definitions of its service.
-- is_rollback                  True where it is itself a rollback.
-- is_hotfix                    True where it is itself a hotfix.
-- is_revert                    True where it ships a revert.
-- is_rework                    True where it is rework under the definitions of its service.
-- rework_kind                  rollback, revert or hotfix, the first that it is; NULL where it is no rework.
-- incident_started_at          When the first of its incidents began, UTC; NULL without one.
-- recovered_at                 When the failure was over, UTC; NULL where it is not, or it did not fail.
-- recovery_method              incident, rolled_back, hotfixed, reverted, failed_status (the next success) or marked; NULL where it is not over.
-- remediated_by_deployment_id  The deployment that ended it, as in core.deployments; NULL where an incident's end did.
-- recovery_seconds             From finished_at to recovered_at.
-- detection_seconds            From finished_at to incident_started_at; NULL where it did not fail, or has no incident.
-- repair_seconds               From incident_started_at to recovered_at; NULL where either is.
--
-- key: deployment_id
with

options as (
    select
        service_id,
        bool_or(value = 'true') filter (where metric = 'change_fail_rate' and option = 'rollback_deployments') as rollback_deployments,
        max(case value when 'confirmed' then 3 when 'likely' then 2 else 1 end) filter (
            where metric = 'change_fail_rate' and option = 'minimum_confidence'
        ) as minimum_certainty,
        bool_or(value = 'true') filter (where metric = 'deployment_rework_rate' and option = 'hotfixes') as hotfixes,
        bool_or(value = 'true') filter (where metric = 'deployment_rework_rate' and option = 'rollbacks') as rollbacks,
        bool_or(value = 'true') filter (where metric = 'deployment_rework_rate' and option = 'reverts') as reverts
    from core.definitions
    group by service_id
),

exclusions as (
    select
        deployment_id,
        arg_max(decided_by || ': ' || reason, position) as reason
    from core.overrides
    where
        action = 'exclude'
        and deployment_id is not null
    group by deployment_id
),

signals as (
    select
        signals.*,
        case signals.confidence when 'confirmed' then 3 when 'likely' then 2 else 1 end as certainty,
        incidents.triggered_at,
        incidents.resolved_at,
        remediations.finished_at as remediated_at
    from core.failure_signals as signals
    left join core.incidents as incidents
        on case when signals.signal = 'incident' then signals.cause end = incidents.incident_id
    left join core.deployments as remediations
        on signals.remediated_by_number = remediations.deployment_number
),

failures as (
    select
        deployment_number,
        bool_or(signal = 'failed_status') as is_failed_status,
        count(*) filter (where signal = 'incident') as incidents,
        bool_or(signal = 'rolled_back') as is_rolled_back,
        bool_or(signal = 'hotfixed') as is_hotfixed,
        bool_or(signal = 'reverted') as is_reverted,
        bool_or(signal = 'marked') as is_marked,
        max(certainty) filter (where is_counted) as certainty,
        arg_max(reason, (certainty, reason)) filter (where is_counted) as failure_reason,
        bool_or(signal = 'incident' and is_counted) as is_incident_counted,
        bool_and(resolved_at is not null) filter (where signal = 'incident' and is_counted) as is_resolved,
        min(triggered_at) filter (where signal = 'incident' and is_counted) as incident_started_at,
        max(resolved_at) filter (where signal = 'incident' and is_counted) as resolved_at,
        min(remediated_by_number) filter (where is_counted) as remediated_by_number,
        arg_min(signal, (remediated_by_number, signal)) filter (where is_counted and remediated_by_number is not null) as remediation_signal,
        min(remediated_at) filter (where is_counted) as remediated_at
    from signals
    group by deployment_number
),

reverting as (
    select distinct deployment_number
    from core.reverts
),

judged as (
    select
        deployments.deployment_id,
        deployments.deployment_number,
        deployments.service_id,
        deployments.repository,
        deployments.environment,
        deployments.status,
        deployments.finished_at,
        deployments.finished_day,
        case
            when exclusions.deployment_id is not null then 'excluded by ' || exclusions.reason
            when rollbacks.deployment_number is not null and not options.rollback_deployments then 'rollback'
        end as excluded_reason,
        coalesce(failures.is_failed_status, false) as is_failed_status,
        coalesce(failures.incidents, 0) as incidents,
        coalesce(failures.is_rolled_back, false) as is_rolled_back,
        coalesce(failures.is_hotfixed, false) as is_hotfixed,
        coalesce(failures.is_reverted, false) as is_reverted,
        coalesce(failures.is_marked, false) as is_marked,
        case failures.certainty when 3 then 'confirmed' when 2 then 'likely' when 1 then 'possible' end as failure_confidence,
        failures.failure_reason,
        coalesce(failures.certainty >= options.minimum_certainty, false) as is_failed,
        rollbacks.deployment_number is not null as is_rollback,
        hotfixes.deployment_number is not null as is_hotfix,
        reverting.deployment_number is not null as is_revert,
        case
            when rollbacks.deployment_number is not null and options.rollbacks then 'rollback'
            when reverting.deployment_number is not null and options.reverts then 'revert'
            when hotfixes.deployment_number is not null and options.hotfixes then 'hotfix'
        end as rework_kind,
        failures.incident_started_at,
        case
            when failures.is_incident_counted and failures.is_resolved then failures.resolved_at
            when not failures.is_incident_counted then failures.remediated_at
        end as recovered_at,
        case
            when failures.is_incident_counted and failures.is_resolved then 'incident'
            when not failures.is_incident_counted then failures.remediation_signal
        end as recovery_method,
        case when not failures.is_incident_counted then failures.remediated_by_number end as remediated_by_number
    from core.deployments as deployments
    join options
        on deployments.service_id = options.service_id
    left join failures
        on deployments.deployment_number = failures.deployment_number
    left join core.rollbacks as rollbacks
        on deployments.deployment_number = rollbacks.deployment_number
    left join core.hotfixes as hotfixes
        on deployments.deployment_number = hotfixes.deployment_number
    left join reverting
        on deployments.deployment_number = reverting.deployment_number
    left join exclusions
        on deployments.deployment_id = exclusions.deployment_id
    where
        deployments.is_production
        and deployments.finished_at is not null
)

select
    judged.deployment_id,
    judged.deployment_number,
    judged.service_id,
    judged.repository,
    judged.environment,
    judged.status,
    judged.finished_at,
    judged.finished_day,
    judged.excluded_reason,
    judged.is_failed_status,
    judged.incidents > 0 as has_incident,
    judged.incidents,
    judged.is_rolled_back,
    judged.is_hotfixed,
    judged.is_reverted,
    judged.is_marked,
    judged.failure_confidence,
    judged.failure_reason,
    judged.is_failed,
    judged.is_rollback,
    judged.is_hotfix,
    judged.is_revert,
    judged.rework_kind is not null as is_rework,
    judged.rework_kind,
    judged.incident_started_at,
    case when judged.is_failed then judged.recovered_at end as recovered_at,
    case when judged.is_failed then judged.recovery_method end as recovery_method,
    case when judged.is_failed then remediations.deployment_id end as remediated_by_deployment_id,
    case when judged.is_failed then date_sub('second', judged.finished_at, judged.recovered_at) end as recovery_seconds,
    case when judged.is_failed then date_sub('second', judged.finished_at, judged.incident_started_at) end as detection_seconds,
    case when judged.is_failed then date_sub('second', judged.incident_started_at, judged.recovered_at) end as repair_seconds
from judged
left join core.deployments as remediations
    on judged.remediated_by_number = remediations.deployment_number
order by judged.deployment_number
