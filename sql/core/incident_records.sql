-- One row per incident of any source, as its record says.
--
-- incident_id        source:id, or source/account:id; the same in every build.
-- source             pagerduty, github_issue or ingested.
-- account            The PagerDuty account's name in the configuration; NULL where it has none.
-- service_id         The service, as in core.services; NULL where it belongs to none.
-- source_service_id  The service's id in the source; of an issue the repository.
-- source_service     The service's name in the source.
-- title              Its title.
-- urgency            high or low, or what else the source says; NULL where it is not known.
-- priority           The name of its priority; NULL where it has none.
-- status             What the source says; NULL where it has no word for it.
-- rule_position      The rule that made it an incident; NULL but for issues.
-- is_merged          True where it is part of another.
-- merged_into_id     The incident_id of that other, where it is known.
-- is_in_maintenance  True where it was triggered in a maintenance window of its service.
-- is_auto_resolved   True where the source says that no person resolved it; NULL where it says nothing.
-- resolved_by        Who resolved it, where the record says.
-- source_url         A page that shows it.
-- triggered_at       When it began, UTC.
-- acknowledged_at    When somebody first took it on, UTC, where the record or the analytics say.
-- resolved_at        When it ended, UTC, where the record says.
-- last_resolved_at   Of a resolved one, when it came to that status, UTC.
--
-- key: incident_id
with

in_maintenance as (
    select distinct
        incidents.account,
        incidents.pagerduty_incident_id
    from staging.pagerduty_incidents as incidents
    join staging.pagerduty_maintenance_windows as windows
        on incidents.account = windows.account
        and incidents.pagerduty_service_id = windows.pagerduty_service_id
        and incidents.created_at >= windows.started_at
        and incidents.created_at < windows.ended_at
),

pagerduty_incidents as (
    select
        'pagerduty' || coalesce('/' || nullif(incidents.account, ''), '') || ':' as prefix,
        incidents.*,
        services.service_id,
        incidents.created_at + to_seconds(analytics.seconds_to_first_ack) as acknowledged_at,
        analytics.is_auto_resolved,
        in_maintenance.account is not null as is_in_maintenance
    from staging.pagerduty_incidents as incidents
    left join core.pagerduty_services as services
        on incidents.account = services.account
        and incidents.pagerduty_service_id = services.pagerduty_service_id
    left join staging.pagerduty_analytics_incidents as analytics
        on incidents.account = analytics.account
        and incidents.pagerduty_incident_id = analytics.pagerduty_incident_id
    left join in_maintenance
        on incidents.account = in_maintenance.account
        and incidents.pagerduty_incident_id = in_maintenance.pagerduty_incident_id
),

service_names as (
    select
        lower(service_id) as name,
        min(service_id) as service_id
    from core.services
    group by lower(service_id)
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
        is_merged,
        prefix || merged_into_id as merged_into_id,
        is_in_maintenance,
        is_auto_resolved,
        incident_url as source_url,
        created_at as triggered_at,
        acknowledged_at,
        resolved_at,
        case when status = 'resolved' then last_status_change_at end as last_resolved_at
    from pagerduty_incidents
    union all by name
    select
        'github_issue:' || issue_id as incident_id,
        'github_issue' as source,
        service_id,
        repository as source_service_id,
        repository as source_service,
        title,
        rule_position,
        is_duplicate as is_merged,
        source_url,
        triggered_at,
        resolved_at
    from core.github_issue_incidents
    union all by name
    select
        'ingested:' || incidents.ingested_incident_id as incident_id,
        'ingested' as source,
        services.service_id,
        incidents.service as source_service_id,
        incidents.service as source_service,
        incidents.title,
        lower(incidents.urgency) as urgency,
        incidents.priority,
        incidents.merged_into_id is not null as is_merged,
        'ingested:' || incidents.merged_into_id as merged_into_id,
        incidents.resolved_by,
        incidents.incident_url as source_url,
        incidents.triggered_at,
        incidents.acknowledged_at,
        incidents.resolved_at
    from staging.ingested_incidents as incidents
    left join service_names as services
        on lower(trim(incidents.service)) = services.name
)

select
    incident_id,
    source,
    account,
    service_id,
    source_service_id,
    source_service,
    title,
    urgency,
    priority,
    status,
    rule_position,
    is_merged,
    merged_into_id,
    coalesce(is_in_maintenance, false) as is_in_maintenance,
    is_auto_resolved,
    resolved_by,
    source_url,
    triggered_at,
    acknowledged_at,
    resolved_at,
    last_resolved_at
from records
order by incident_id
