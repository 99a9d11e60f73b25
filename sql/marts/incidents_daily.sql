-- One row per service and calendar day, from the service's first incident to the as-of day.
--
-- Counts can be added up over days and services, but for open_incidents; for
-- times ask metrics.time_to_restore and metrics.time_to_acknowledge.
--
-- service_id               The service, as in core.services; 'no service' for what belongs to none.
-- day                      The day, in the warehouse's time zone.
-- triggered                Qualifying incidents triggered that day; 0 on quiet days.
-- acknowledged             Qualifying incidents first acknowledged that day.
-- resolved                 Qualifying incidents resolved that day.
-- auto_resolved            Of those, the ones that no person resolved.
-- open_incidents           Qualifying incidents open at the day's end, or at the as-of time.
-- not_qualifying           Other incidents triggered that day.
-- business_interruptions   How often a person was called in business hours, about any incident.
-- off_interruptions        The same in off hours.
-- sleep_interruptions      The same in sleep hours.
-- escalations              How often an incident was escalated, whatever incident and by whom.
-- is_over                  False for the as-of day, which may bring more.
--
-- key: service_id, day
with

incidents as (
    select
        incident_id,
        coalesce(service_id, 'no service') as service_id,
        is_qualifying,
        is_auto_resolved,
        triggered_at,
        triggered_day,
        acknowledged_day,
        resolved_at,
        resolved_day
    from core.incidents
),

spine as (
    select
        first_days.service_id,
        days.day,
        days.ended_at,
        days.is_over
    from (
        select
            service_id,
            min(triggered_day) as first_day
        from incidents
        group by service_id
    ) as first_days
    join core.days as days
        on first_days.first_day <= days.day
),

-- An escalation to several people has a log entry for each.
escalations as (
    select
        incidents.service_id,
        cast(timezone(snapshot.time_zone, timezone('UTC', events.happened_at)) as date) as day,
        count(distinct (incidents.incident_id, date_trunc('second', events.happened_at))) as escalations
    from core.incident_events as events
    cross join core.snapshot as snapshot
    join incidents
        on events.incident_id = incidents.incident_id
    where events.kind = 'escalated'
    group by incidents.service_id, day
),

interruptions as (
    select
        coalesce(service_id, 'no service') as service_id,
        day,
        count(*) filter (where hours = 'business') as business,
        count(*) filter (where hours = 'off') as off,
        count(*) filter (where hours = 'sleep') as sleep
    from core.interruptions
    group by coalesce(service_id, 'no service'), day
),

triggered as (
    select
        service_id,
        triggered_day as day,
        count(*) filter (where is_qualifying) as qualifying,
        count(*) filter (where not is_qualifying) as not_qualifying
    from incidents
    group by service_id, triggered_day
),

acknowledged as (
    select
        service_id,
        acknowledged_day as day,
        count(*) as incidents
    from incidents
    where is_qualifying
    group by service_id, acknowledged_day
),

resolved as (
    select
        service_id,
        resolved_day as day,
        count(*) as incidents,
        count(*) filter (where is_auto_resolved) as auto_resolved
    from incidents
    where is_qualifying
    group by service_id, resolved_day
),

totals as (
    select
        spine.service_id,
        spine.day,
        sum(coalesce(triggered.qualifying, 0) - coalesce(resolved.incidents, 0)) over (
            partition by spine.service_id
            order by spine.day
        ) as open_incidents
    from spine
    left join triggered
        on spine.service_id = triggered.service_id
        and spine.day = triggered.day
    left join resolved
        on spine.service_id = resolved.service_id
        and spine.day = resolved.day
)

select
    spine.service_id,
    spine.day,
    coalesce(triggered.qualifying, 0) as triggered,
    coalesce(acknowledged.incidents, 0) as acknowledged,
    coalesce(resolved.incidents, 0) as resolved,
    coalesce(resolved.auto_resolved, 0) as auto_resolved,
    cast(totals.open_incidents as bigint) as open_incidents,
    coalesce(triggered.not_qualifying, 0) as not_qualifying,
    coalesce(interruptions.business, 0) as business_interruptions,
    coalesce(interruptions.off, 0) as off_interruptions,
    coalesce(interruptions.sleep, 0) as sleep_interruptions,
    coalesce(escalations.escalations, 0) as escalations,
    spine.is_over
from spine
join totals
    on spine.service_id = totals.service_id
    and spine.day = totals.day
left join triggered
    on spine.service_id = triggered.service_id
    and spine.day = triggered.day
left join acknowledged
    on spine.service_id = acknowledged.service_id
    and spine.day = acknowledged.day
left join resolved
    on spine.service_id = resolved.service_id
    and spine.day = resolved.day
left join interruptions
    on spine.service_id = interruptions.service_id
    and spine.day = interruptions.day
left join escalations
    on spine.service_id = escalations.service_id
    and spine.day = escalations.day
order by spine.service_id, spine.day
