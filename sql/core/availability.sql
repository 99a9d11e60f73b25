-- One row per service and longest interval in which its state is the same: up, down or maintenance.
--
-- A service is down while any of its qualifying incidents is open, however many
-- there are, and in maintenance, whatever else, while any of its PagerDuty services
-- is. An open incident lasts to the as-of time. Nothing is known of the time before
-- the first incident that the warehouse has of any service, and of services that
-- are not watched: those without an incident and without a PagerDuty service.
--
-- service_id  The service, as in core.services.
-- state       up, down or maintenance.
-- started_at  When the state began, UTC.
-- ended_at    When it ended, at the latest the as-of time, UTC.
--
-- key: service_id, started_at
with

watched as (
    select service_id
    from core.pagerduty_services
    where service_id is not null
    union
    select service_id
    from core.incidents
    where service_id is not null
),

known as (
    select
        (select min(triggered_at) from core.incidents) as started_at,
        as_of as ended_at
    from config.build
),

incidents as (
    select
        incidents.service_id,
        incidents.triggered_at as started_at,
        coalesce(incidents.resolved_at, known.ended_at) as ended_at
    from core.incidents as incidents
    cross join known
    where
        incidents.is_qualifying
        and incidents.service_id is not null
),

windows as (
    select
        windows.service_id,
        greatest(windows.started_at, known.started_at) as started_at,
        least(windows.ended_at, known.ended_at) as ended_at
    from core.maintenance_windows as windows
    cross join known
    where windows.service_id is not null
),

edges as (
    select service_id, started_at as edge_at, 1 as incidents, 0 as windows from incidents where ended_at > started_at
    union all
    select service_id, ended_at, -1, 0 from incidents where ended_at > started_at
    union all
    select service_id, started_at, 0, 1 from windows where ended_at > started_at
    union all
    select service_id, ended_at, 0, -1 from windows where ended_at > started_at
    union all
    select watched.service_id, known.started_at, 0, 0 from watched cross join known where known.started_at is not null
    union all
    select watched.service_id, known.ended_at, 0, 0 from watched cross join known where known.started_at is not null
),

changes as (
    select
        service_id,
        edge_at,
        sum(incidents) as incidents,
        sum(windows) as windows
    from edges
    group by service_id, edge_at
),

counts as (
    select
        service_id,
        edge_at as started_at,
        lead(edge_at) over (partition by service_id order by edge_at) as ended_at,
        sum(incidents) over (partition by service_id order by edge_at) as open_incidents,
        sum(windows) over (partition by service_id order by edge_at) as open_windows
    from changes
),

states as (
    select
        service_id,
        started_at,
        ended_at,
        case
            when open_windows > 0 then 'maintenance'
            when open_incidents > 0 then 'down'
            else 'up'
        end as state
    from counts
    where ended_at is not null
),

marked as (
    select
        service_id,
        started_at,
        ended_at,
        state,
        lag(state) over (partition by service_id order by started_at) is distinct from state as is_change
    from states
),

spans as (
    select
        service_id,
        started_at,
        ended_at,
        state,
        sum(cast(is_change as integer)) over (partition by service_id order by started_at) as span
    from marked
)

select
    service_id,
    any_value(state) as state,
    min(started_at) as started_at,
    max(ended_at) as ended_at
from spans
group by service_id, span
order by service_id, started_at
