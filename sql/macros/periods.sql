-- One row per calendar day of a range and the period it belongs to.
--
-- A day is part of the range where any of its instants is. grain is day, week
-- (ISO, from Monday), month, quarter or total, the whole range.
--
-- period_start  The period's first day; for total the range's first day.
-- period_end    The day after its last day.
-- day           The day, in the warehouse's time zone.
-- is_whole      True where all of the day lies in the range and before the as-of time.
-- is_complete   True where every day of the period is whole.
-- started_at    The first instant of the day that is in the range, UTC.
-- ended_at      The instant after the last one that is in the range, UTC.
--
-- parameters: from_at, to_at, grain
-- example: from metrics.periods(timestamp '2026-01-01', timestamp '2026-02-01', 'week')
-- key: day
with

days as (
    select
        case grain
            when 'day' then day
            when 'week' then cast(date_trunc('week', day) as date)
            when 'month' then cast(date_trunc('month', day) as date)
            when 'quarter' then cast(date_trunc('quarter', day) as date)
            when 'total' then min(day) over ()
            else error('grain is day, week, month, quarter or total, not ' || grain)
        end as period_start,
        case grain
            when 'day' then day + 1
            when 'week' then cast(date_trunc('week', day) + interval 7 day as date)
            when 'month' then cast(date_trunc('month', day) + interval 1 month as date)
            when 'quarter' then cast(date_trunc('quarter', day) + interval 3 month as date)
            else max(day) over () + 1
        end as period_end,
        day,
        is_over and started_at >= from_at and ended_at <= to_at as is_whole,
        greatest(started_at, from_at) as started_at,
        least(ended_at, to_at) as ended_at
    from core.days
    where
        ended_at > from_at
        and started_at < to_at
)

select
    period_start,
    period_end,
    day,
    is_whole,
    count(*) filter (where is_whole) over (partition by period_start)
        = date_diff('day', period_start, period_end) as is_complete,
    started_at,
    ended_at
from days
order by day
