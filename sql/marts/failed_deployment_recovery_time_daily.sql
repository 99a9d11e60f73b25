-- One row per service and calendar day on which a production deployment finished that failed.
--
-- Medians of days cannot be added up: for a longer period ask
-- metrics.failed_deployment_recovery_time.
--
-- service_id               The service, as in core.services.
-- day                      The day the deployment finished, in the warehouse's time zone.
-- recovered_deployments    Deployments that failed that day, and whose failure is over.
-- unrecovered_deployments  Those whose failure is not over.
-- median_seconds           The median time to recover; NULL where none is over.
--
-- key: service_id, day
select
    service_id,
    finished_day as day,
    count(recovery_seconds) as recovered_deployments,
    count(*) - count(recovery_seconds) as unrecovered_deployments,
    metrics.percentile(recovery_seconds, 0.5) as median_seconds
from core.deployment_outcomes
where
    excluded_reason is null
    and is_failed
group by service_id, finished_day
order by service_id, finished_day
