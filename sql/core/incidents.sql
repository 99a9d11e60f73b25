-- One row per incident.
--
-- Its record says what it is, core.incident_events what happened to it by the
-- build's as-of time:
-- - It was acknowledged at its first acknowledgement; where the log has none, when
--   PagerDuty's analytics say.
-- - It was resolved when its record says, else at the last resolution in the log,
--   else, of a resolved record without either, at its last change of status. One
--   that was reopened after that is open, until it is resolved again.
-- An event that is older than its incident, which PagerDuty's may be by a second,
-- counts as its first instant, so that no duration is negative.
-- excluded_reason says why it is in no metric:
--     merged        it is part of the incident it was merged into
--     low urgency   nobody is called for it
--
-- incident_id        source:id, or source/account:id; the same in every build.
-- incident_number    1 for the one triggered first; for joins within one snapshot.
-- source             pagerduty.
-- account            The account's name in the configuration; NULL where it has none.
-- service_id         The service, as in core.services; NULL where it belongs to none.
-- source_service_id  The service's id in the source.
-- source_service     The service's name in the source.
-- title              Its title.
-- urgency            high or low, or what else the source says; NULL where it is not known.
-- priority           The name of its priority; NULL where it has none.
-- status             triggered, acknowledged or resolved at the as-of time, or what else the source says.
-- triggered_at       When it began, UTC.
-- acknowledged_at    When somebody first took it on, UTC; NULL where nobody did.
-- resolved_at        When it ended, UTC; NULL while it is open.
-- resolved_by        The id of who or what resolved it; NULL where it is not known.
-- is_auto_resolved   True where no person resolved it; NULL while it is open, and where it is not known.
-- reopened           How often it was reopened.
-- is_qualifying      True where it counts in the metrics.
-- excluded_reason    Why it does not; NULL where it does.
-- merged_into_id     The incident_id of the one it is part of; NULL where it stands on its own.
-- source_url         A page that shows it.
-- triggered_day      The calendar day of triggered_at in the warehouse's time zone.
-- triggered_hour     The hour of triggered_at there, 0 to 23.
--
-- key: incident_id
with

histories as (
    select
        incident_id,
        min(events.happened_at) filter (where kind = 'acknowledged') as acknowledged_at,
        max(events.happened_at) filter (where kind = 'resolved') as resolved_at,
        max(events.happened_at) filter (where kind = 'reopened') as reopened_at,
        arg_max(actor, (events.happened_at, events.incident_event_id)) filter (where kind = 'resolved') as resolved_by,
        arg_max(is_by_person, (events.happened_at, events.incident_event_id)) filter (where kind = 'resolved') as is_resolved_by_person,
        count(*) filter (where kind = 'reopened') as reopened
    from core.incident_events as events
    group by incident_id
),

pagerduty_incidents as (
    select
        'pagerduty' || coalesce('/' || nullif(incidents.account, ''), '') || ':' as prefix,
        incidents.*,
        services.service_id,
        incidents.created_at + to_seconds(analytics.seconds_to_first_ack) as analytics_acknowledged_at,
        analytics.is_auto_resolved
    from staging.pagerduty_incidents as incidents
    left join core.pagerduty_services as services
        on incidents.account = services.account
        and incidents.pagerduty_service_id = services.pagerduty_service_id
    left join staging.pagerduty_analytics_incidents as analytics
        on incidents.account = analytics.account
        and incidents.pagerduty_incident_id = analytics.pagerduty_incident_id
),

records as (
    select
        prefix || pagerduty_incident_id as incident_id,
        'pagerduty' as source,
        nullif(account, '') as account,
        service_id,
        pagerduty_service_id as source_service_id,
        pagerduty_service as source_service,
        title,
        urgency,
        priority,
        status,
        created_at as triggered_at,
        analytics_acknowledged_at as acknowledged_at,
        resolved_at,
        case when status = 'resolved' then last_status_change_at end as last_resolved_at,
        is_auto_resolved,
        is_merged,
        prefix || merged_into_id as merged_into_id,
        incident_url as source_url
    from pagerduty_incidents
),

lives as (
    select
        records.* replace (
            case
                when histories.acknowledged_at is not null
                    then greatest(histories.acknowledged_at, records.triggered_at)
                when records.acknowledged_at <= build.as_of then records.acknowledged_at
            end as acknowledged_at,
            case
                when records.resolved_at <= build.as_of
                    and coalesce(histories.reopened_at <= records.resolved_at, true) then records.resolved_at
                when coalesce(histories.reopened_at <= histories.resolved_at, histories.resolved_at is not null)
                    then greatest(histories.resolved_at, records.triggered_at)
                when records.resolved_at is null
                    and records.last_resolved_at <= build.as_of
                    and coalesce(histories.reopened_at <= records.last_resolved_at, true) then records.last_resolved_at
            end as resolved_at
        ),
        histories.resolved_by,
        histories.is_resolved_by_person,
        coalesce(histories.reopened, 0) as reopened,
        build.time_zone
    from records
    cross join config.build as build
    left join histories
        on records.incident_id = histories.incident_id
),

judged as (
    select
        *,
        timezone(time_zone, timezone('UTC', triggered_at)) as triggered_local,
        case
            when is_merged then 'merged'
            when urgency = 'low' then 'low urgency'
        end as excluded_reason
    from lives
)

select
    incident_id,
    row_number() over (order by triggered_at, incident_id) as incident_number,
    source,
    account,
    service_id,
    source_service_id,
    source_service,
    title,
    urgency,
    priority,
    case
        when status not in ('triggered', 'acknowledged', 'resolved') then status
        when resolved_at is not null then 'resolved'
        when acknowledged_at is not null then 'acknowledged'
        else 'triggered'
    end as status,
    triggered_at,
    acknowledged_at,
    resolved_at,
    case when resolved_at is not null then resolved_by end as resolved_by,
    case when resolved_at is not null then coalesce(not is_resolved_by_person, is_auto_resolved) end as is_auto_resolved,
    reopened,
    excluded_reason is null as is_qualifying,
    excluded_reason,
    merged_into_id,
    source_url,
    cast(triggered_local as date) as triggered_day,
    hour(triggered_local) as triggered_hour
from judged
order by incident_number
