-- One row per PagerDuty account and incident that PagerDuty has analysed.
--
-- Its hours are those of each responder's own time zone: business 8–18 on
-- weekdays, off 18–22 and at weekends, sleep 22–8.
--
-- account                      The account's name in the configuration, '' where it has none.
-- pagerduty_incident_id        The incident.
-- seconds_to_first_ack         From triggered to first acknowledged, NULL where it was not.
-- seconds_to_resolve           From triggered to resolved, NULL where it is not.
-- is_auto_resolved             True where no person resolved it.
-- interruptions                How often a person was called.
-- business_hour_interruptions  Of those, in business hours.
-- off_hour_interruptions       Of those, in off hours.
-- sleep_hour_interruptions     Of those, in sleep hours.
-- escalations                  How often it was escalated.
--
-- key: account, pagerduty_incident_id
select
    account,
    id as pagerduty_incident_id,
    seconds_to_first_ack,
    seconds_to_resolve,
    is_auto_resolved,
    interruptions,
    business_hour_interruptions,
    off_hour_interruptions,
    sleep_hour_interruptions,
    escalations
from raw.pagerduty_analytics_incidents
where created_at is null or created_at <= (select as_of from config.build)
