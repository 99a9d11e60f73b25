-- One row per PagerDuty account, service and month of UTC: what PagerDuty itself works out.
--
-- Months that were not over, or just over, when they were read are incomplete.
--
-- account                    The account's name in the configuration, '' where it has none.
-- pagerduty_service_id       The service.
-- pagerduty_service          Its name.
-- month                      The month's first day.
-- started_at                 The first instant that was counted, UTC: the month's, or that of since.
-- ended_at                   The instant after the last one that was counted, UTC.
-- incidents                  Incidents triggered in that time.
-- mean_seconds_to_resolve    Their mean time from triggered to resolved; NULL where none is resolved.
-- mean_seconds_to_first_ack  Their mean time from triggered to first acknowledged; NULL where none was.
-- up_time_percent            Time without a major incident.
--
-- key: account, pagerduty_service_id, month
select
    account,
    service_id as pagerduty_service_id,
    trim(service_name) as pagerduty_service,
    cast(month as date) as month,
    start_at as started_at,
    end_at as ended_at,
    incidents,
    mean_seconds_to_resolve,
    mean_seconds_to_first_ack,
    up_time_percent
from raw.pagerduty_analytics_services
where start_at <= (select as_of from config.build)
