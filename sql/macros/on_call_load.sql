-- One row per period and group, from the group's first incident on: what being on call costs.
--
-- How often people were called, at which hours, is decided in core.interruptions;
-- all incidents count, also those that the other metrics leave out. grain is day,
-- week, month, quarter or total; by_dimension is service, team or none; filters are
-- those of metrics.is_selected.
--
-- period_start            The period's first day, in the warehouse's time zone.
-- period_end              The day after its last day.
-- is_complete             False where the range or the as-of time cuts the period short.
-- dimension               The group: a service_id or team, or all.
-- incidents               n: incidents triggered in the period, qualifying or not.
-- interruptions           How often a person was called.
-- business_interruptions  Of those, in business hours.
-- off_interruptions       Of those, in off hours.
-- sleep_interruptions     Of those, in sleep hours.
-- escalations             How often an incident was escalated.
-- resolved                Qualifying incidents resolved in the period.
-- auto_resolved_ratio     The share of those that no person resolved: noise; NULL without one.
--
-- parameters: from_at, to_at, grain := 'total', by_dimension := 'none', filters := map {}
-- example: from metrics.on_call_load(timestamp '2026-01-01', timestamp '2026-02-01', grain := 'week', by_dimension := 'team')
-- key: period_start, dimension
with

days as (
    from metrics.periods(from_at, to_at, grain)
),

daily as (
    select
        case by_dimension
            when 'service' then daily.service_id
            when 'team' then coalesce(services.team, 'no team')
            when 'none' then 'all'
            else error('by_dimension is service, team or none, not ' || by_dimension)
        end as dimension,
        daily.*
    from marts.incidents_daily as daily
    left join core.services as services
        on daily.service_id = services.service_id
    where metrics.is_selected(filters, daily.service_id, services.team, null, null)
)

select
    days.period_start,
    any_value(days.period_end) as period_end,
    any_value(days.is_complete) as is_complete,
    daily.dimension,
    cast(sum(daily.triggered + daily.not_qualifying) as bigint) as incidents,
    cast(sum(daily.business_interruptions + daily.off_interruptions + daily.sleep_interruptions) as bigint) as interruptions,
    cast(sum(daily.business_interruptions) as bigint) as business_interruptions,
    cast(sum(daily.off_interruptions) as bigint) as off_interruptions,
    cast(sum(daily.sleep_interruptions) as bigint) as sleep_interruptions,
    cast(sum(daily.escalations) as bigint) as escalations,
    cast(sum(daily.resolved) as bigint) as resolved,
    sum(daily.auto_resolved) / nullif(sum(daily.resolved), 0) as auto_resolved_ratio
from days
join daily
    on days.day = daily.day
group by days.period_start, daily.dimension
order by days.period_start, daily.dimension
