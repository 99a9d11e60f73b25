-- One row per period of a range: the days of metrics.periods taken together.
--
-- period_start  The period's first day, in the warehouse's time zone; for total the range's first day.
-- period_end    The day after its last day.
-- is_complete   False where the range or the as-of time cuts the period short.
-- last_day      Its last day that is part of the range.
-- whole_days    Days of which all lies in the range and before the as-of time.
-- ended_at      The instant after the last one that is in the range, UTC.
--
-- parameters: from_at, to_at, grain
-- example: from metrics.range_periods(timestamp '2026-01-01', timestamp '2026-02-01', 'week')
-- key: period_start
select
    period_start,
    any_value(period_end) as period_end,
    any_value(is_complete) as is_complete,
    max(day) as last_day,
    count(*) filter (where is_whole) as whole_days,
    max(ended_at) as ended_at
from metrics.periods(from_at, to_at, grain)
group by period_start
order by period_start
