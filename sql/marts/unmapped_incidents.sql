-- One row per service of a source whose incidents belong to no service of ours.
--
-- Where services are configured, name it under a service's pagerduty_services, or
-- leave it out with services under pagerduty.
--
-- source              pagerduty or ingested.
-- account             The PagerDuty account; '' where it has no name, and for other sources.
-- source_service_id   The service's id in the source; '' where the incident names none.
-- source_service      Its name there; NULL where it has none.
-- incidents           How many incidents it had.
-- qualifying          Of those, the ones that count in the metrics.
-- first_triggered_at  When the first was triggered, UTC.
-- last_triggered_at   When the last was triggered, UTC.
--
-- key: source, account, source_service_id
select
    source,
    coalesce(account, '') as account,
    coalesce(source_service_id, '') as source_service_id,
    arg_max(source_service, incident_number) as source_service,
    count(*) as incidents,
    count(*) filter (where is_qualifying) as qualifying,
    min(triggered_at) as first_triggered_at,
    max(triggered_at) as last_triggered_at
from core.incidents
where service_id is null
group by source, coalesce(account, ''), coalesce(source_service_id, '')
order by incidents desc, source, account, source_service_id
