-- One row per objective and time in which a policy would have frozen releases: while its error budget is overspent.
--
-- The policy looks at the budget at the end of each day: releases are frozen from
-- the end of the first day on which more than the budget is spent, until the end of
-- the first on which it is not. What shipped meanwhile are the successful production
-- deployments of the objective's service.
--
-- objective_id          The objective, as in core.slos.
-- frozen_from           When releases would have been frozen, UTC.
-- frozen_until          When no longer, UTC; NULL where they are at the as-of time.
-- slo                   The name of the SLO.
-- service_id            Its service, NULL where it is not known.
-- days                  How many days the freeze lasts, or has lasted by the as-of time.
-- lowest_ratio          The least remaining_ratio of its days; NULL for a target of 100 %.
-- deployments           Deployments that finished meanwhile; NULL where the service is not known.
-- failed_deployments    Of those, how many failed in production.
--
-- key: objective_id, frozen_from
with

days as (
    select
        objective_id,
        slo,
        service_id,
        window_ended_at,
        is_exhausted,
        remaining_ratio,
        lag(is_exhausted, 1, false) over (partition by objective_id order by day) as was_exhausted
    from marts.error_budget_daily
    where is_over
),

numbered as (
    select
        *,
        sum(cast(is_exhausted <> was_exhausted as integer)) over (partition by objective_id order by window_ended_at) as change
    from days
),

spans as (
    select
        objective_id,
        change,
        any_value(slo) as slo,
        max(service_id) as service_id,
        bool_or(is_exhausted) as is_frozen,
        min(window_ended_at) as started_at,
        count(*) as days,
        min(remaining_ratio) as lowest_ratio
    from numbered
    group by objective_id, change
),

followed as (
    select
        *,
        lead(started_at) over (partition by objective_id order by started_at) as next_at
    from spans
),

freezes as (
    select *
    from followed
    where is_frozen
),

shipped as (
    select
        freezes.objective_id,
        freezes.started_at,
        count(*) filter (where deployments.status = 'success') as deployments,
        count(*) filter (where outcomes.is_failed) as failed_deployments
    from freezes
    join core.deployments as deployments
        on freezes.service_id = deployments.service_id
        and deployments.is_production
        and deployments.finished_at >= freezes.started_at
        and deployments.finished_at < coalesce(freezes.next_at, timestamp '9999-01-01')
    left join core.deployment_outcomes as outcomes
        on deployments.deployment_id = outcomes.deployment_id
    group by freezes.objective_id, freezes.started_at
)

select
    freezes.objective_id,
    freezes.started_at as frozen_from,
    freezes.next_at as frozen_until,
    freezes.slo,
    freezes.service_id,
    freezes.days,
    freezes.lowest_ratio,
    case when freezes.service_id is not null then coalesce(shipped.deployments, 0) end as deployments,
    case when freezes.service_id is not null then coalesce(shipped.failed_deployments, 0) end as failed_deployments
from freezes
left join shipped
    on freezes.objective_id = shipped.objective_id
    and freezes.started_at = shipped.started_at
order by freezes.objective_id, freezes.started_at
