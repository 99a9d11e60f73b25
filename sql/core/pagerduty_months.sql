-- One row per PagerDuty account, service and month of UTC that PagerDuty has analysed: its own numbers beside ours.
--
-- Ours are of all incidents of the service that were triggered in the time that
-- PagerDuty counted, qualifying or not. They may differ where an incident was
-- reopened, or resolved after PagerDuty counted.
--
-- account                              The account's name in the configuration, '' where it has none.
-- pagerduty_service_id                 The service.
-- month                                The month's first day.
-- started_at                           The first instant that PagerDuty counted, UTC.
-- ended_at                             The instant after the last one, UTC.
-- incidents                            How many we count.
-- pagerduty_incidents                  How many PagerDuty counts.
-- mean_seconds_to_resolve              From triggered to resolved, of those that are resolved.
-- pagerduty_mean_seconds_to_resolve    The same by PagerDuty.
-- mean_seconds_to_first_ack            From triggered to first acknowledged, of those that were.
-- pagerduty_mean_seconds_to_first_ack  The same by PagerDuty.
-- pagerduty_up_time_percent            Time without a major incident, by PagerDuty; ours is in marts.uptime_by_pagerduty.
--
-- key: account, pagerduty_service_id, month
select
    analytics.account,
    analytics.pagerduty_service_id,
    analytics.month,
    analytics.started_at,
    analytics.ended_at,
    count(incidents.incident_id) as incidents,
    any_value(analytics.incidents) as pagerduty_incidents,
    avg(date_sub('second', incidents.triggered_at, incidents.resolved_at)) as mean_seconds_to_resolve,
    any_value(analytics.mean_seconds_to_resolve) as pagerduty_mean_seconds_to_resolve,
    avg(date_sub('second', incidents.triggered_at, incidents.acknowledged_at)) as mean_seconds_to_first_ack,
    any_value(analytics.mean_seconds_to_first_ack) as pagerduty_mean_seconds_to_first_ack,
    any_value(analytics.up_time_percent) as pagerduty_up_time_percent
from staging.pagerduty_analytics_services as analytics
left join core.incidents as incidents
    on incidents.source = 'pagerduty'
    and analytics.account = coalesce(incidents.account, '')
    and analytics.pagerduty_service_id = incidents.source_service_id
    and analytics.started_at <= incidents.triggered_at
    and analytics.ended_at > incidents.triggered_at
group by
    analytics.account,
    analytics.pagerduty_service_id,
    analytics.month,
    analytics.started_at,
    analytics.ended_at
order by analytics.account, analytics.pagerduty_service_id, analytics.month
