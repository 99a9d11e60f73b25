-- One row per service and other service that it depends on.
--
-- They are PagerDuty's, between the services that its own stand for.
--
-- service_id             The service, as in core.services.
-- depends_on_service_id  The service that it needs.
--
-- key: service_id, depends_on_service_id
select distinct
    dependents.service_id,
    supporters.service_id as depends_on_service_id
from staging.pagerduty_service_dependencies as dependencies
join core.pagerduty_services as dependents
    on dependencies.account = dependents.account
    and dependencies.dependent_service_id = dependents.pagerduty_service_id
join core.pagerduty_services as supporters
    on dependencies.account = supporters.account
    and dependencies.supporting_service_id = supporters.pagerduty_service_id
where dependents.service_id <> supporters.service_id
order by dependents.service_id, supporters.service_id
