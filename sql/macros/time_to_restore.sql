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
with

days as (
    from metrics.periods(from_at, to_at, grain)
),

incidents as (
    select
        metrics.incident_dimension(
            by_dimension,
            incidents.service_id,
            services.team,
            incidents.urgency,
            incidents.priority,
            incidents.source,
            incidents.triggered_hour
        ) as dimension,
        incidents.triggered_at,
        incidents.triggered_day,
        incidents.acknowledged_at,
        incidents.acknowledged_day,
        incidents.resolved_at,
        incidents.resolved_day
    from core.incidents as incidents
    left join core.services as services
        on incidents.service_id = services.service_id
    where
        incidents.is_qualifying
        and metrics.is_selected(filters, incidents.service_id, services.team, null, null)
),

groups as (
    select
        dimension,
        min(triggered_day) as first_day
    from incidents
    where dimension is not null
    group by dimension
),

ended as (
    select
        days.period_start,
        incidents.dimension,
        date_sub('second', incidents.triggered_at, incidents.resolved_at) as seconds
    from days
    join incidents
        on days.day = incidents.resolved_day
        and days.started_at <= incidents.resolved_at
        and days.ended_at > incidents.resolved_at
),

sums as (
    select
        period_start,
        dimension,
        count(*) as incidents,
        avg(seconds) as mean_seconds,
        quantile_cont(seconds, [0.5, 0.75, 0.9]) as seconds
    from ended
    group by period_start, dimension
),

periods as (
    select
        period_start,
        any_value(period_end) as period_end,
        any_value(is_complete) as is_complete,
        max(day) as last_day,
        max(ended_at) as ended_at
    from days
    group by period_start
),

open as (
    select
        periods.period_start,
        incidents.dimension,
        count(*) as incidents
    from periods
    join incidents
        on periods.ended_at > incidents.triggered_at
        and coalesce(periods.ended_at <= incidents.resolved_at, true)
    group by periods.period_start, incidents.dimension
)

select
    periods.period_start,
    periods.period_end,
    periods.is_complete,
    groups.dimension,
    coalesce(sums.incidents, 0) as incidents,
    sums.seconds[1] as median_seconds,
    sums.mean_seconds,
    sums.seconds[2] as p75_seconds,
    sums.seconds[3] as p90_seconds,
    coalesce(open.incidents, 0) as open_incidents
from periods
join groups
    on periods.last_day >= groups.first_day
left join sums
    on periods.period_start = sums.period_start
    and groups.dimension = sums.dimension
left join open
    on periods.period_start = open.period_start
    and groups.dimension = open.dimension
order by periods.period_start, groups.dimension
