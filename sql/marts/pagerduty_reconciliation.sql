-- One row per PagerDuty account, service and month that both have over: how far our numbers are from PagerDuty's own.
--
-- Months are left out that began before the account was read, or that were counted
-- less than two days after they ended: PagerDuty publishes its analytics late.
--
-- account                       The account's name in the configuration, '' where it has none.
-- pagerduty_service_id          The service.
-- pagerduty_service             Its name.
-- service_id                    The service, as in core.services; NULL where it belongs to none.
-- month                         The month's first day; months are UTC's.
-- incidents                     Incidents triggered in the month.
-- incidents_difference          How many more that is than PagerDuty counts.
-- mean_seconds_to_resolve       Their mean time from triggered to resolved.
-- resolve_difference_seconds    How much longer that is than PagerDuty's mean, which is rounded to a second; NULL where either is not known.
-- mean_seconds_to_first_ack     Their mean time from triggered to first acknowledged.
-- first_ack_difference_seconds  The same for them; NULL where either is not known.
--
-- key: account, pagerduty_service_id, month
select
    months.account,
    months.pagerduty_service_id,
    services.pagerduty_service,
    services.service_id,
    months.month,
    months.incidents,
    months.incidents - months.pagerduty_incidents as incidents_difference,
    months.mean_seconds_to_resolve,
    months.mean_seconds_to_resolve - months.pagerduty_mean_seconds_to_resolve as resolve_difference_seconds,
    months.mean_seconds_to_first_ack,
    months.mean_seconds_to_first_ack - months.pagerduty_mean_seconds_to_first_ack as first_ack_difference_seconds
from core.pagerduty_months as months
cross join core.snapshot as snapshot
left join core.pagerduty_services as services
    on months.account = services.account
    and months.pagerduty_service_id = services.pagerduty_service_id
where
    months.started_at = cast(months.month as timestamp)
    and months.ended_at = cast(months.month as timestamp) + interval 1 month
    and months.ended_at + interval 2 day <= snapshot.as_of
order by months.account, months.pagerduty_service_id, months.month
