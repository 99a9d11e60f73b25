-- One row per incident, person and time that the person was called about it.
--
-- Notifications about one incident that reach one person less than a minute after
-- each other, as a push and a phone call do, are one interruption; e-mail is none,
-- because it disturbs nobody. One whose means is not known counts. Hours are those
-- of the team that owns the service, else of the warehouse: sleep from 22 to 8,
-- business from 8 to 18 on weekdays, off the rest (PagerDuty's own analytics take
-- the same hours in each person's zone).
--
-- interruption_id  The incident_event_id of the first notification.
-- incident_id      The incident, as in core.incidents.
-- service_id       The service, as in core.services; NULL where it belongs to none.
-- person           The id of who was called; NULL where it is not known.
-- notifications    How many notifications it is.
-- hours            business, off or sleep.
-- happened_at      When the first notification went out, UTC.
-- day              Its calendar day in the warehouse's time zone.
--
-- key: interruption_id
with

calls as (
    select
        events.incident_event_id,
        events.incident_id,
        events.notified_user as person,
        events.happened_at,
        coalesce(
            events.happened_at - lag(events.happened_at) over (
                partition by events.incident_id, events.notified_user
                order by events.happened_at, events.incident_event_id
            ) < interval 1 minute,
            false
        ) as is_repeated
    from core.incident_events as events
    where
        events.kind = 'notified'
        and coalesce(events.notified_by not like '%email%', true)
),

numbered as (
    select
        *,
        count(*) filter (where not is_repeated) over (
            partition by incident_id, person
            order by happened_at, incident_event_id
        ) as number
    from calls
),

interruptions as (
    select
        arg_min(incident_event_id, (happened_at, incident_event_id)) as interruption_id,
        incident_id,
        person,
        count(*) as notifications,
        min(happened_at) as happened_at
    from numbered
    group by incident_id, person, number
),

zoned as (
    select
        interruptions.*,
        incidents.service_id,
        timezone(coalesce(teams.time_zone, build.time_zone), timezone('UTC', interruptions.happened_at)) as team_local,
        timezone(build.time_zone, timezone('UTC', interruptions.happened_at)) as warehouse_local
    from interruptions
    cross join config.build as build
    join core.incidents as incidents
        on interruptions.incident_id = incidents.incident_id
    left join core.services as services
        on incidents.service_id = services.service_id
    left join config.teams as teams
        on services.team = teams.team
)

select
    interruption_id,
    incident_id,
    service_id,
    person,
    notifications,
    case
        when hour(team_local) >= 22 or hour(team_local) < 8 then 'sleep'
        when hour(team_local) < 18 and isodow(team_local) <= 5 then 'business'
        else 'off'
    end as hours,
    happened_at,
    cast(warehouse_local as date) as day
from zoned
order by happened_at, interruption_id
