-- One row per finished production deployment, and sign that it failed.
--
-- signal is:
--     failed_status  its status is not success
--     incident       an incident is attributed to it (core.incident_deployments)
--     rolled_back    a later deployment takes it back (core.rollbacks)
--     hotfixed       the next deployment is a hotfix (core.hotfixes)
--     reverted       a later deployment reverts what it shipped (core.reverts)
--     marked         the overrides file says so
-- How sure it is: a failed status, a rollback to a commit that was deployed before
-- and an entry of the overrides file are confirmed; a rollback to another commit, a
-- hotfix and a revert are likely; an incident is as sure as its attribution. A
-- signal counts where the options of change_fail_rate take it, and the overrides
-- file does not say that the deployment did not fail.
--
-- deployment_number          The deployment, as in core.deployments.
-- signal                     What speaks against it.
-- cause                      The incident_id, or the deployment_id of what took it back; '' where the signal has none.
-- confidence                 confirmed, likely or possible.
-- is_counted                 True where it counts.
-- reason                     What was found.
-- remediated_by_number       The deployment that ended the failure, as in core.deployments; NULL where none did.
--
-- key: deployment_number, signal, cause
with

options as (
    select
        service_id,
        bool_or(value = 'true') filter (where option = 'failed_status') as failed_status,
        bool_or(value = 'true') filter (where option = 'incidents') as incidents,
        bool_or(value = 'true') filter (where option = 'rollbacks') as rollbacks,
        bool_or(value = 'true') filter (where option = 'hotfixes') as hotfixes,
        bool_or(value = 'true') filter (where option = 'reverts') as reverts
    from core.definitions
    where metric = 'change_fail_rate'
    group by service_id
),

deployments as (
    select
        deployments.deployment_number,
        deployments.deployment_id,
        deployments.service_id,
        deployments.status,
        min(case when deployments.status = 'success' then deployments.deployment_number end) over (
            partition by lineage.series_number
            order by lineage.position
            rows between 1 following and unbounded following
        ) as next_success_number
    from core.deployments as deployments
    join core.deployment_lineage as lineage
        on deployments.deployment_number = lineage.deployment_number
    where deployments.is_production
),

marks as (
    select
        deployment_id,
        arg_max(action, position) as action,
        arg_max(decided_by || ': ' || reason, position) as reason
    from core.overrides
    where
        action in ('failed', 'not_failed')
        and deployment_id is not null
    group by deployment_id
),

signals as (
    select
        deployment_number,
        'failed_status' as signal,
        '' as cause,
        'confirmed' as confidence,
        'its status is ' || status as reason,
        next_success_number as remediated_by_number
    from deployments
    where status <> 'success'
    union all
    select
        deployment_number,
        'incident' as signal,
        incident_id as cause,
        confidence,
        incident_id || ', ' || method || ': ' || reason as reason,
        null as remediated_by_number
    from core.incident_deployments
    where is_chosen
    union all
    select
        rollbacks.rolled_back_deployment_number as deployment_number,
        'rolled_back' as signal,
        deployments.deployment_id as cause,
        case when rollbacks.target_deployment_number is not null then 'confirmed' else 'likely' end as confidence,
        'taken back by ' || deployments.deployment_id || ': ' || rollbacks.reason as reason,
        rollbacks.deployment_number as remediated_by_number
    from core.rollbacks as rollbacks
    join deployments
        on rollbacks.deployment_number = deployments.deployment_number
    union all
    select
        hotfixes.fixed_deployment_number as deployment_number,
        'hotfixed' as signal,
        deployments.deployment_id as cause,
        'likely' as confidence,
        'fixed by ' || deployments.deployment_id || ': ' || hotfixes.reason as reason,
        hotfixes.deployment_number as remediated_by_number
    from core.hotfixes as hotfixes
    join deployments
        on hotfixes.deployment_number = deployments.deployment_number
    union all
    select
        reverts.reverted_deployment_number as deployment_number,
        'reverted' as signal,
        deployments.deployment_id as cause,
        'likely' as confidence,
        'reverted by ' || deployments.deployment_id || ': ' || reverts.reason as reason,
        reverts.deployment_number as remediated_by_number
    from core.reverts as reverts
    join deployments
        on reverts.deployment_number = deployments.deployment_number
    union all
    select
        deployments.deployment_number,
        'marked' as signal,
        '' as cause,
        'confirmed' as confidence,
        'marked by ' || marks.reason as reason,
        deployments.next_success_number as remediated_by_number
    from marks
    join deployments
        on marks.deployment_id = deployments.deployment_id
    where marks.action = 'failed'
)

select
    signals.deployment_number,
    signals.signal,
    signals.cause,
    signals.confidence,
    marks.action is distinct from 'not_failed'
    and case signals.signal
        when 'failed_status' then options.failed_status
        when 'incident' then options.incidents
        when 'rolled_back' then options.rollbacks
        when 'hotfixed' then options.hotfixes
        when 'reverted' then options.reverts
        else true
    end as is_counted,
    signals.reason,
    signals.remediated_by_number
from signals
join deployments
    on signals.deployment_number = deployments.deployment_number
join options
    on deployments.service_id = options.service_id
left join marks
    on deployments.deployment_id = marks.deployment_id
order by signals.deployment_number, signals.signal, signals.cause
