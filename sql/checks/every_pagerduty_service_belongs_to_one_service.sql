-- The pagerduty_services of no two services match the same PagerDuty service; where they do, it belongs to the first.
--
-- severity: warn
select
    services.pagerduty_service,
    count(distinct patterns.service_id) as services,
    min(patterns.service_id) as one_service,
    max(patterns.service_id) as another_service
from core.pagerduty_services as services
join config.pagerduty_services as patterns
    on regexp_matches(services.pagerduty_service, patterns.pattern)
    or regexp_matches(services.pagerduty_service_id, patterns.pattern)
group by services.account, services.pagerduty_service_id, services.pagerduty_service
having count(distinct patterns.service_id) > 1
order by all
