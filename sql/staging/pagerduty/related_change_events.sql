-- One row per PagerDuty account, incident and change event that PagerDuty relates to it.
--
-- account                The account's name in the configuration, '' where it has none.
-- pagerduty_incident_id  The incident.
-- change_event_id        The change event.
-- correlation_reason     Why PagerDuty relates them: most_recent, related_service or intelligent.
--
-- key: account, pagerduty_incident_id, change_event_id
select
    account,
    incident_id as pagerduty_incident_id,
    change_event_id,
    correlation_reason
from raw.pagerduty_related_change_events
