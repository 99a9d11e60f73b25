-- PagerDuty counts as many incidents of each service and month as we do, and its means are within a second and a hundredth of ours.
--
-- severity: warn
select
    account,
    pagerduty_service,
    month,
    incidents,
    incidents_difference,
    resolve_difference_seconds,
    first_ack_difference_seconds
from marts.pagerduty_reconciliation
where
    incidents_difference <> 0
    or abs(resolve_difference_seconds) > 1 + 0.01 * mean_seconds_to_resolve
    or abs(first_ack_difference_seconds) > 1 + 0.01 * mean_seconds_to_first_ack
order by account, pagerduty_service_id, month
