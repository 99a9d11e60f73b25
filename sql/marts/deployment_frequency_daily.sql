-- One row per service and calendar day, from the service's first production deployment to the as-of day.
--
-- service_id   The service, as in core.services.
-- day          The day, in the warehouse's time zone.
-- deployments  Production deployments that succeeded that day; 0 on quiet days.
-- is_over      False for the as-of day, which may bring more.
--
-- key: service_id, day
with

successes as (
    select
        service_id,
        finished_day,
        count(*) as deployments
    from core.deployments
    where
        is_production
        and status = 'success'
    group by service_id, finished_day
),

first_days as (
    select
        service_id,
        min(finished_day) as first_day
    from successes
    group by service_id
)

select
    first_days.service_id,
    days.day,
    coalesce(successes.deployments, 0) as deployments,
    days.is_over
from first_days
join core.days as days
    on first_days.first_day <= days.day
left join successes
    on first_days.service_id = successes.service_id
    and days.day = successes.finished_day
order by first_days.service_id, days.day
