-- One row per calendar day in the warehouse's time zone, from the first deployment's, incident's or ingested measurement's to the as-of time's.
--
-- day         The day.
-- started_at  Its first instant, UTC.
-- ended_at    The next day's first instant, UTC; a day has 23 or 25 hours where the clocks change.
-- is_over     True where all of it lies before the as-of time.
--
-- key: day
with

bounds as (
    select
        least(
            (select min(finished_day) from core.deployments),
            (select min(triggered_day) from core.incidents),
            (select cast(min(started_at) as date) from staging.ingested_sli)
        ) as first_day,
        cast(timezone(time_zone, timezone('UTC', as_of)) as date) as last_day,
        time_zone,
        as_of
    from config.build
),

days as (
    select
        cast(unnest(generate_series(first_day, last_day, interval 1 day)) as date) as day,
        time_zone,
        as_of
    from bounds
)

select
    day,
    timezone('UTC', timezone(time_zone, cast(day as timestamp))) as started_at,
    timezone('UTC', timezone(time_zone, cast(day + 1 as timestamp))) as ended_at,
    timezone('UTC', timezone(time_zone, cast(day + 1 as timestamp))) <= as_of as is_over
from days
order by day
