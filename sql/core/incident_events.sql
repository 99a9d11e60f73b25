-- One row per incident and thing that happened to it.
--
-- kind is triggered, acknowledged, escalated, reassigned (a person gave it to
-- another), resolved, reopened, notified, annotated or snoozed; whatever else the
-- source reports is other, with the source's own word in source_kind. What happened
-- to incidents that are not known, such as those from before since, is left out.
--
-- incident_event_id  The same in every build.
-- incident_id        The incident, as in core.incidents.
-- kind               What happened.
-- source_kind        What happened, in the word of the source.
-- channel            How it came about, in the word of the source: auto, timeout, website, …
-- actor              The id of who or what did it; NULL where it is not known.
-- is_by_person       True where a person did it, NULL where that is not known.
-- notified_by        By what means somebody was notified: email, sms, phone, …; NULL where it is not known.
-- notified_user      The id of who was notified; NULL for other kinds.
-- happened_at        When, UTC.
--
-- key: incident_event_id
with

pagerduty_events as (
    select
        'pagerduty' || coalesce('/' || nullif(account, ''), '') || ':' as prefix,
        log_entry_id as source_id,
        pagerduty_incident_id as source_incident_id,
        case source_kind
            when 'trigger' then 'triggered'
            when 'acknowledge' then 'acknowledged'
            when 'escalate' then 'escalated'
            when 'delegate' then 'reassigned'
            when 'resolve' then 'resolved'
            when 'reopen' then 'reopened'
            when 'notify' then 'notified'
            when 'annotate' then 'annotated'
            when 'snooze' then 'snoozed'
            else 'other'
        end as kind,
        source_kind,
        channel,
        agent_id as actor,
        agent_kind = 'user' as is_by_person,
        notified_by,
        user_id as notified_user,
        happened_at
    from staging.pagerduty_log_entries as entries
    where pagerduty_incident_id <> ''
),

-- Sources that keep no log: their records say three times.
steps as (
    select
        incidents.incident_id,
        steps.kind,
        case steps.kind
            when 'triggered' then incidents.triggered_at
            when 'acknowledged' then incidents.acknowledged_at
            when 'resolved' then incidents.resolved_at
        end as happened_at
    from core.incident_records as incidents
    cross join (values ('triggered'), ('acknowledged'), ('resolved')) as steps (kind)
    where incidents.source <> 'pagerduty'
),

events as (
    select
        prefix || source_id as incident_event_id,
        prefix || source_incident_id as incident_id,
        kind,
        source_kind,
        channel,
        actor,
        is_by_person,
        notified_by,
        notified_user,
        happened_at
    from pagerduty_events
    union all by name
    select
        incident_id || '/' || kind as incident_event_id,
        incident_id,
        kind,
        kind as source_kind,
        happened_at
    from steps
    where happened_at is not null
)

select
    incident_event_id,
    incident_id,
    kind,
    source_kind,
    channel,
    actor,
    is_by_person,
    notified_by,
    notified_user,
    happened_at
from events
where incident_id in (select records.incident_id from core.incident_records as records)
order by incident_id, happened_at, incident_event_id
