-- One row per period and group, from the group's first incident on: how long incidents took to be resolved, or to be acknowledged.
--
-- What metrics.time_to_restore and metrics.time_to_acknowledge share: until_event says
-- what ends the time that began when an incident was triggered, resolved or
-- acknowledged. Only qualifying incidents count, those that ended in the range, by the
-- time they did. The rest is said there.
--
-- period_start       The period's first day, in the warehouse's time zone.
-- period_end         The day after its last day.
-- is_complete        False where the range or the as-of time cuts the period short.
-- dimension          The group: a service_id, team, urgency, priority, source or hour, or all.
-- incidents          n: incidents of which the time ended in the period.
-- median_seconds     Their median time; NULL without one.
-- mean_seconds       Their mean time.
-- p75_seconds        The time that 75 of 100 do not exceed.
-- p90_seconds        The time that 90 of 100 do not exceed.
-- open_incidents     Incidents that were triggered by the end of the period and of which the time had not ended then.
-- endless_incidents  Incidents that were triggered in the period and of which the time has not ended by the as-of time.
--
-- parameters: until_event, from_at, to_at, grain := 'total', by_dimension := 'none', filters := map {}
-- example: from metrics.incident_durations('resolved', timestamp '2026-01-01', timestamp '2026-02-01', grain := 'week', by_dimension := 'team')
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
        case until_event
            when 'resolved' then incidents.resolved_at
            when 'acknowledged' then incidents.acknowledged_at
            else error('until_event is resolved or acknowledged, not ' || until_event)
        end as ended_at,
        case until_event when 'resolved' then incidents.resolved_day else incidents.acknowledged_day end as ended_day
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
        date_sub('second', incidents.triggered_at, incidents.ended_at) as seconds
    from days
    join incidents
        on days.day = incidents.ended_day
        and days.started_at <= incidents.ended_at
        and days.ended_at > incidents.ended_at
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
    from metrics.range_periods(from_at, to_at, grain)
),

open as (
    select
        periods.period_start,
        incidents.dimension,
        count(*) as incidents
    from periods
    join incidents
        on periods.ended_at > incidents.triggered_at
        and coalesce(periods.ended_at <= incidents.ended_at, true)
    group by periods.period_start, incidents.dimension
),

endless as (
    select
        days.period_start,
        incidents.dimension,
        count(*) as incidents
    from days
    join incidents
        on days.day = incidents.triggered_day
        and days.started_at <= incidents.triggered_at
        and days.ended_at > incidents.triggered_at
    where incidents.ended_at is null
    group by days.period_start, incidents.dimension
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
    coalesce(open.incidents, 0) as open_incidents,
    coalesce(endless.incidents, 0) as endless_incidents
from periods
join groups
    on periods.last_day >= groups.first_day
left join sums
    on periods.period_start = sums.period_start
    and groups.dimension = sums.dimension
left join open
    on periods.period_start = open.period_start
    and groups.dimension = open.dimension
left join endless
    on periods.period_start = endless.period_start
    and groups.dimension = endless.dimension
order by periods.period_start, groups.dimension
