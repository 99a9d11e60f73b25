-- One row per service and calendar day on which a production deployment finished that is in the rates of failures.
--
-- Shares of days cannot be averaged: for a longer period ask metrics.change_fail_rate.
--
-- service_id          The service, as in core.services.
-- day                 The day, in the warehouse's time zone.
-- deployments         Finished production deployments.
-- failed_deployments  Those that failed.
-- fail_ratio          Their share.
--
-- key: service_id, day
select
    service_id,
    finished_day as day,
    count(*) as deployments,
    count(*) filter (where is_failed) as failed_deployments,
    count(*) filter (where is_failed) / count(*) as fail_ratio
from core.deployment_outcomes
where excluded_reason is null
group by service_id, finished_day
order by service_id, finished_day
