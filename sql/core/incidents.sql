-- One row per incident, with its whole life.
--
-- core.incident_records says what it is, core.incident_events what happened to it
-- by the build's as-of time:
-- - It was acknowledged at its first acknowledgement; where the log has none, when
--   PagerDuty's analytics say.
-- - It was resolved when its record says, else at the last resolution in the log,
--   else, of a resolved record without either, at its last change of status. One
--   that was reopened after that is open, until it is resolved again.
-- An event that is older than its incident, which PagerDuty's may be by a second,
-- counts as its first instant, so that no duration is negative. Times are whole
-- seconds, as those of records are: it does not matter which of the two told them.
--
-- An incident counts in the metrics where a rule takes it (see
-- config.incident_rules: those of its service, else those of all services, by
-- default high urgency). excluded_reason says why one does not:
--     merged            it is part of the one it was merged into, or a duplicate
--     low urgency       no rule takes it, and its urgency is low
--     no rule takes it  the rules ask for something else
--
-- incident_id        source:id, or source/account:id; the same in every build.
-- incident_number    1 for the one triggered first; for joins within one snapshot.
-- source             pagerduty, github_issue or ingested.
-- account            The PagerDuty account's name in the configuration; NULL where it has none.
-- service_id         The service, as in core.services; NULL where it belongs to none.
-- source_service_id  The service's id in the source; of an issue the repository.
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
-- is_in_maintenance  True where it was triggered in a maintenance window of its service.
-- is_qualifying      True where it counts in the metrics.
-- excluded_reason    Why it does not; NULL where it does.
-- rule_position      The rule that takes it, counted from 1; NULL where none does.
-- merged_into_id     The incident_id of the one it is part of; NULL where it stands on its own.
-- source_url         A page that shows it.
-- triggered_day      The calendar day of triggered_at in the warehouse's time zone.
-- acknowledged_day   The calendar day of acknowledged_at there.
-- resolved_day       The calendar day of resolved_at there.
-- triggered_hour     The hour of triggered_at there, 0 to 23.
--
-- key: incident_id
with

own_rules as (
    select distinct service_id
    from config.incident_rules
    where service_id is not null
),

taken as (
    select
        records.incident_id,
        min(rules.position) as rule_position
    from core.incident_records as records
    left join own_rules
        on records.service_id = own_rules.service_id
    join config.incident_rules as rules
        on own_rules.service_id is not distinct from rules.service_id
    where
        coalesce(rules.source = records.source, true)
        and records.source <> 'github_issue'
        and (rules.urgency_pattern is null or regexp_matches(records.urgency, rules.urgency_pattern))
        and (rules.priority_pattern is null or regexp_matches(records.priority, rules.priority_pattern))
        and (rules.title_pattern is null or regexp_matches(records.title, rules.title_pattern))
        and (
            rules.service_pattern is null
            or regexp_matches(records.source_service, rules.service_pattern)
            or regexp_matches(records.source_service_id, rules.service_pattern)
        )
        and coalesce(rules.in_maintenance = records.is_in_maintenance, true)
    group by records.incident_id
),

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

lives as (
    select
        records.* replace (
            coalesce(records.rule_position, taken.rule_position) as rule_position,
            case
                when histories.acknowledged_at is not null
                    then greatest(date_trunc('second', histories.acknowledged_at), records.triggered_at)
                when records.acknowledged_at <= build.as_of then records.acknowledged_at
            end as acknowledged_at,
            case
                when records.resolved_at <= build.as_of
                    and coalesce(histories.reopened_at <= records.resolved_at, true) then records.resolved_at
                when coalesce(histories.reopened_at <= histories.resolved_at, histories.resolved_at is not null)
                    then greatest(date_trunc('second', histories.resolved_at), records.triggered_at)
                when records.resolved_at is null
                    and records.last_resolved_at <= build.as_of
                    and coalesce(histories.reopened_at <= records.last_resolved_at, true) then records.last_resolved_at
            end as resolved_at,
            coalesce(histories.resolved_by, records.resolved_by) as resolved_by,
            coalesce(not histories.is_resolved_by_person, records.is_auto_resolved) as is_auto_resolved
        ),
        coalesce(histories.reopened, 0) as reopened,
        build.time_zone
    from core.incident_records as records
    cross join config.build as build
    left join taken
        on records.incident_id = taken.incident_id
    left join histories
        on records.incident_id = histories.incident_id
),

judged as (
    select
        *,
        case
            when is_merged then 'merged'
            when rule_position is not null then null
            when urgency = 'low' then 'low urgency'
            else 'no rule takes it'
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
    case when resolved_at is not null then is_auto_resolved end as is_auto_resolved,
    reopened,
    is_in_maintenance,
    excluded_reason is null as is_qualifying,
    excluded_reason,
    rule_position,
    merged_into_id,
    source_url,
    cast(timezone(time_zone, timezone('UTC', triggered_at)) as date) as triggered_day,
    cast(timezone(time_zone, timezone('UTC', acknowledged_at)) as date) as acknowledged_day,
    cast(timezone(time_zone, timezone('UTC', resolved_at)) as date) as resolved_day,
    hour(timezone(time_zone, timezone('UTC', triggered_at))) as triggered_hour
from judged
order by incident_number
