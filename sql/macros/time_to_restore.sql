-- One row per period and group, from the group's first incident on: time to restore.
--
-- The time to restore of an incident is the time from when it was triggered to when
-- it was resolved, the last time if it was reopened, over all qualifying incidents
-- that were resolved in the range, whatever caused them (MTTR). One that is open
-- has no such time yet: it is counted apart, and never taken as resolved now.
-- Percentiles are interpolated. grain is day, week, month, quarter or total;
-- by_dimension is service, team, urgency, priority, source, hour (of the day it was
-- triggered) or none; filters are
-- those of metrics.is_selected.
--
-- period_start    The period's first day, in the warehouse's time zone.
-- period_end      The day after its last day.
-- is_complete     False where the range or the as-of time cuts the period short.
-- dimension       The group: a service_id, team, urgency, priority, source or hour, or all.
-- incidents       n: incidents that were resolved in the period.
-- median_seconds  Their median time; NULL without one.
-- mean_seconds    Their mean time, which a few long ones pull up.
-- p75_seconds     The time that 75 of 100 do not exceed.
-- p90_seconds     The time that 90 of 100 do not exceed.
-- open_incidents  Incidents that were triggered by the end of the period and were open then.
--
-- parameters: from_at, to_at, grain := 'total', by_dimension := 'none', filters := map {}
-- example: from metrics.time_to_restore(timestamp '2026-01-01', timestamp '2026-02-01', grain := 'week', by_dimension := 'team')
-- key: period_start, dimension
select
    period_start,
    period_end,
    is_complete,
    dimension,
    incidents,
    median_seconds,
    mean_seconds,
    p75_seconds,
    p90_seconds,
    open_incidents
from metrics.incident_durations('resolved', from_at, to_at, grain := grain, by_dimension := by_dimension, filters := filters)
order by period_start, dimension
