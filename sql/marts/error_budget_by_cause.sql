-- One row per watched service and ISO week: how much time it was down, because of deployments and otherwise.
--
-- Every second down is one second of the error budget of an objective of uptime. It
-- counts as by deployments where an open qualifying incident is attributed to one
-- (the chosen candidate of core.incident_deployments), however many others are
-- open. Maintenance does not count.
--
-- service_id                       The service, as in core.services.
-- week                             The week's Monday, in the warehouse's time zone.
-- minutes_measured                 Minutes of the week that are known and not maintenance.
-- minutes_down                     Minutes down.
-- minutes_down_by_deployments      Of those, in incidents attributed to deployments.
-- minutes_down_otherwise           The others.
-- deployments                      Successful production deployments that finished in the week.
-- minutes_down_per_deployment      Minutes down by deployments, for each deployment; NULL without one.
--
-- key: service_id, week
with

weeks as (
    select
        service_id,
        cast(date_trunc('week', day) as date) as week,
        sum(seconds_measured) as seconds_measured,
        sum(seconds_down) as seconds_down
    from marts.availability_daily
    group by service_id, cast(date_trunc('week', day) as date)
),

attributed as (
    select distinct
        incidents.service_id,
        incidents.triggered_at as started_at,
        coalesce(incidents.resolved_at, snapshot.as_of) as ended_at
    from core.incidents as incidents
    cross join core.snapshot as snapshot
    join core.incident_deployments as incident_deployments
        on incidents.incident_id = incident_deployments.incident_id
        and incident_deployments.is_chosen
    where
        incidents.is_qualifying
        and incidents.service_id is not null
),

marked as (
    select
        *,
        coalesce(started_at > max(ended_at) over (
            partition by service_id
            order by started_at, ended_at
            rows between unbounded preceding and 1 preceding
        ), true) as is_apart
    from attributed
),

numbered as (
    select
        *,
        sum(cast(is_apart as integer)) over (partition by service_id order by started_at, ended_at) as span
    from marked
),

spans as (
    select
        service_id,
        min(started_at) as started_at,
        max(ended_at) as ended_at
    from numbered
    group by service_id, span
),

caused as (
    select
        availability.service_id,
        cast(date_trunc('week', days.day) as date) as week,
        sum(date_diff(
            'millisecond',
            greatest(availability.started_at, spans.started_at, days.started_at),
            least(availability.ended_at, spans.ended_at, days.ended_at)
        )) / 1000 as seconds_down
    from core.availability as availability
    join spans
        on availability.service_id = spans.service_id
        and availability.started_at < spans.ended_at
        and availability.ended_at > spans.started_at
    join core.days as days
        on greatest(availability.started_at, spans.started_at) < days.ended_at
        and least(availability.ended_at, spans.ended_at) > days.started_at
    where availability.state = 'down'
    group by availability.service_id, cast(date_trunc('week', days.day) as date)
),

shipped as (
    select
        service_id,
        cast(date_trunc('week', finished_day) as date) as week,
        count(*) as deployments
    from core.deployments
    where
        is_production
        and status = 'success'
    group by service_id, cast(date_trunc('week', finished_day) as date)
)

select
    weeks.service_id,
    weeks.week,
    weeks.seconds_measured / 60 as minutes_measured,
    weeks.seconds_down / 60 as minutes_down,
    coalesce(caused.seconds_down, 0) / 60 as minutes_down_by_deployments,
    (weeks.seconds_down - coalesce(caused.seconds_down, 0)) / 60 as minutes_down_otherwise,
    coalesce(shipped.deployments, 0) as deployments,
    coalesce(caused.seconds_down, 0) / 60 / shipped.deployments as minutes_down_per_deployment
from weeks
left join caused
    on weeks.service_id = caused.service_id
    and weeks.week = caused.week
left join shipped
    on weeks.service_id = shipped.service_id
    and weeks.week = shipped.week
order by weeks.service_id, weeks.week
