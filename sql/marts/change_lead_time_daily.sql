-- One row per service and calendar day on which a production deployment shipped changes with a lead time.
--
-- Medians of days cannot be added up: for a longer period ask
-- metrics.change_lead_time.
--
-- service_id      The service, as in core.services.
-- day             The day of the deployment, in the warehouse's time zone.
-- changes         Changes that were deployed that day and have a lead time.
-- median_seconds  Their median lead time.
-- p90_seconds     The lead time that nine of ten do not exceed, interpolated.
--
-- key: service_id, day
select
    deployments.service_id,
    deployments.finished_day as day,
    count(*) as changes,
    quantile_cont(changes.lead_time_seconds, 0.5) as median_seconds,
    quantile_cont(changes.lead_time_seconds, 0.9) as p90_seconds
from core.shipped_changes as changes
join core.deployments as deployments
    on changes.deployment_number = deployments.deployment_number
where
    deployments.is_production
    and changes.excluded_reason is null
group by deployments.service_id, deployments.finished_day
order by deployments.service_id, deployments.finished_day
