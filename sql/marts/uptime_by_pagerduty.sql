-- One row per PagerDuty account, service and month of UTC that PagerDuty has analysed: its own uptime beside ours.
--
-- Ours is the time without a qualifying incident of the service, overlaps merged,
-- over the time that PagerDuty counted; an open incident lasts to its end. PagerDuty
-- counts major incidents, by the account's settings of priorities, so that the two
-- are the same only where the same incidents qualify. Maintenance windows are not
-- taken out.
--
-- account                    The account's name in the configuration, '' where it has none.
-- pagerduty_service_id       The service.
-- month                      The month's first day.
-- seconds_counted            How long PagerDuty counted.
-- seconds_down               Of those, seconds with a qualifying incident.
-- up_time_percent            The time without one, in percent.
-- pagerduty_up_time_percent  PagerDuty's own; NULL where it gives none.
-- difference_percent         Ours less PagerDuty's.
--
-- key: account, pagerduty_service_id, month
with

counted as (
    select
        months.account,
        months.pagerduty_service_id,
        months.month,
        greatest(incidents.triggered_at, months.started_at) as started_at,
        least(coalesce(incidents.resolved_at, months.ended_at), months.ended_at) as ended_at
    from core.pagerduty_months as months
    join core.incidents as incidents
        on months.account = coalesce(incidents.account, '')
        and months.pagerduty_service_id = incidents.source_service_id
        and months.ended_at > incidents.triggered_at
        and months.started_at < coalesce(incidents.resolved_at, months.ended_at)
    where
        incidents.source = 'pagerduty'
        and incidents.is_qualifying
),

-- What of each incident no earlier one covers.
apart as (
    select
        account,
        pagerduty_service_id,
        month,
        ended_at,
        greatest(started_at, coalesce(max(ended_at) over (
            partition by account, pagerduty_service_id, month
            order by started_at, ended_at
            rows between unbounded preceding and 1 preceding
        ), started_at)) as started_at
    from counted
),

down as (
    select
        account,
        pagerduty_service_id,
        month,
        sum(greatest(date_diff('millisecond', started_at, ended_at), 0)) / 1000 as seconds_down
    from apart
    group by account, pagerduty_service_id, month
),

compared as (
    select
        months.account,
        months.pagerduty_service_id,
        months.month,
        date_diff('second', months.started_at, months.ended_at) as seconds_counted,
        coalesce(down.seconds_down, 0) as seconds_down,
        months.pagerduty_up_time_percent
    from core.pagerduty_months as months
    left join down
        on months.account = down.account
        and months.pagerduty_service_id = down.pagerduty_service_id
        and months.month = down.month
)

select
    account,
    pagerduty_service_id,
    month,
    seconds_counted,
    seconds_down,
    100 * (1 - seconds_down / nullif(seconds_counted, 0)) as up_time_percent,
    pagerduty_up_time_percent,
    100 * (1 - seconds_down / nullif(seconds_counted, 0)) - pagerduty_up_time_percent as difference_percent
from compared
order by account, pagerduty_service_id, month
