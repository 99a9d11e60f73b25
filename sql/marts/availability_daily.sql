-- One row per watched service and calendar day, from the first incident known of any service to the as-of time.
--
-- service_id           The service, as in core.services.
-- day                  The day, in the warehouse's time zone; 23 or 25 hours long where the clocks change.
-- seconds_down         Seconds with at least one qualifying incident open, outside maintenance.
-- seconds_maintenance  Seconds in a maintenance window.
-- seconds_measured     Seconds of the day that are known and not maintenance.
-- uptime_ratio         The part of the seconds measured that is not down; NULL where none is measured.
--
-- key: service_id, day
with

spent as (
    select
        availability.service_id,
        days.day,
        availability.state,
        epoch_ms(least(availability.ended_at, days.ended_at)) - epoch_ms(greatest(availability.started_at, days.started_at)) as milliseconds
    from core.availability as availability
    join core.days as days
        on availability.ended_at > days.started_at
        and availability.started_at < days.ended_at
),

sums as (
    select
        service_id,
        day,
        coalesce(sum(milliseconds) filter (where state = 'down'), 0) / 1000 as seconds_down,
        coalesce(sum(milliseconds) filter (where state = 'maintenance'), 0) / 1000 as seconds_maintenance,
        coalesce(sum(milliseconds) filter (where state <> 'maintenance'), 0) / 1000 as seconds_measured
    from spent
    group by service_id, day
)

select
    service_id,
    day,
    seconds_down,
    seconds_maintenance,
    seconds_measured,
    1 - seconds_down / nullif(seconds_measured, 0) as uptime_ratio
from sums
order by service_id, day
