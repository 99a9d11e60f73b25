-- One row per deployment that is a rollback.
--
-- A successful deployment is a rollback where the commit that it deploys
-- -   succeeded before in the same service, environment and repository, and is not
--     that of the deployment it replaces (V1, V1 is a re-deploy), or
-- -   is an ancestor of that of the deployment it replaces, whether it was ever
--     deployed or not.
-- Where it is a descendant of the one it replaces it goes forward: after V1, V2, V1
-- a second V2 is no rollback.
--
-- What it takes back, and so the deployment that failed, is the first after the
-- target of the rollback: after V1, V2, V3, V1 it is V2. One that succeeded comes
-- before one that did not. Where the target was never deployed it is the first
-- that is ahead of it.
--
-- deployment_number              The rollback, as in core.deployments.
-- target_deployment_number       The last time that its commit was deployed; NULL where it never was.
-- rolled_back_deployment_number  The deployment that failed.
-- reason                         Why it is a rollback.
--
-- key: deployment_number
with

series as (
    select
        lineage.series_number,
        lineage.deployment_number,
        lineage.previous_deployment_number,
        lineage.relation,
        lineage.first_ahead_number,
        deployments.sha,
        deployments.status
    from core.deployment_lineage as lineage
    join core.deployments as deployments
        on lineage.deployment_number = deployments.deployment_number
),

candidates as (
    select
        series_number,
        deployment_number,
        previous_deployment_number,
        relation,
        first_ahead_number,
        max(deployment_number) over (
            partition by series_number, sha
            order by deployment_number
            rows between unbounded preceding and 1 preceding
        ) as target_deployment_number
    from series
    where
        status = 'success'
        and sha is not null
),

rollbacks as (
    select *
    from candidates
    where
        relation = 'behind'
        or (
            target_deployment_number is not null
            and relation in ('diverged', 'unknown')
        )
),

-- The first deployment after the target, those that succeeded before the others.
first_after as (
    select
        rollbacks.deployment_number,
        coalesce(
            min(series.deployment_number) filter (where series.status = 'success'),
            min(series.deployment_number)
        ) as deployment_number_after
    from rollbacks
    join series
        on rollbacks.series_number = series.series_number
        and rollbacks.target_deployment_number < series.deployment_number
        and rollbacks.deployment_number > series.deployment_number
    group by rollbacks.deployment_number
)

select
    rollbacks.deployment_number,
    rollbacks.target_deployment_number,
    coalesce(
        first_after.deployment_number_after,
        rollbacks.first_ahead_number,
        rollbacks.previous_deployment_number
    ) as rolled_back_deployment_number,
    case
        when rollbacks.target_deployment_number is not null then 'its commit was deployed before'
        else 'its commit is an ancestor of the one it replaces'
    end as reason
from rollbacks
left join first_after
    on rollbacks.deployment_number = first_after.deployment_number
order by rollbacks.deployment_number
