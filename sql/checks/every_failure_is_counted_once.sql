-- The daily counts add up to the finished production deployments that are in the rates, and to those of them that failed.
select
    (select sum(deployments) from marts.change_fail_rate_daily) as counted,
    (select sum(failed_deployments) from marts.change_fail_rate_daily) as counted_failed,
    (select sum(recovered_deployments + unrecovered_deployments) from marts.failed_deployment_recovery_time_daily) as counted_recovering,
    count(*) as happened,
    count(*) filter (where is_failed) as failed
from core.deployment_outcomes
where excluded_reason is null
having
    coalesce(counted, 0) <> happened
    or coalesce(counted_failed, 0) <> failed
    or coalesce(counted_recovering, 0) <> failed
