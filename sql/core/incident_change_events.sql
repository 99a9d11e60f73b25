-- One row per incident and finished production deployment that a PagerDuty change event announced on the same service.
--
-- A change event belongs to an incident where PagerDuty relates them, or where it
-- is about the incident's PagerDuty service and happened within the window before
-- it (option window_hours of attribution). It announces the deployment of our
-- service whose SHA or page its summary, links or details name, else the one that
-- finished nearest to it, within 15 minutes.
--
-- incident_number    The incident, as in core.incidents.
-- deployment_number  The deployment, as in core.deployments.
-- reason             Which change event, and why it belongs to the incident.
--
-- key: incident_number, deployment_number
with

incidents as (
    select
        incidents.incident_number,
        coalesce(incidents.account, '') as account,
        split_part(incidents.incident_id, ':', 2) as pagerduty_incident_id,
        incidents.source_service_id,
        incidents.service_id,
        incidents.triggered_at,
        try_cast(definitions.value as bigint) * 3600 as window_seconds
    from core.incidents as incidents
    join core.definitions as definitions
        on incidents.service_id = definitions.service_id
    where
        incidents.source = 'pagerduty'
        and definitions.metric = 'attribution'
        and definitions.option = 'window_hours'
),

event_services as (
    select
        account,
        change_event_id,
        unnest(from_json(service_ids, '["varchar"]')) as pagerduty_service_id,
        happened_at
    from staging.pagerduty_change_events
),

belonging as (
    select
        incidents.incident_number,
        incidents.service_id,
        incidents.account,
        related.change_event_id,
        1 as preference,
        'related by PagerDuty' || coalesce(' (' || related.correlation_reason || ')', '') as why
    from incidents
    join staging.pagerduty_related_change_events as related
        on incidents.account = related.account
        and incidents.pagerduty_incident_id = related.pagerduty_incident_id
    union all
    select
        incidents.incident_number,
        incidents.service_id,
        incidents.account,
        event_services.change_event_id,
        2 as preference,
        'on the same service before it' as why
    from incidents
    join event_services
        on incidents.account = event_services.account
        and incidents.source_service_id = event_services.pagerduty_service_id
        and incidents.triggered_at > event_services.happened_at
    where date_diff('second', event_services.happened_at, incidents.triggered_at) <= incidents.window_seconds
),

deployments as (
    select
        deployment_number,
        service_id,
        sha,
        source_url,
        finished_at
    from core.deployments
    where
        is_production
        and finished_at is not null
),

announced as (
    select
        belonging.incident_number,
        belonging.change_event_id,
        belonging.preference,
        belonging.why,
        events.summary,
        deployments.deployment_number,
        coalesce(
            contains(concat_ws(' ', events.summary, events.links, events.custom_details), left(deployments.sha, 7))
            or contains(concat_ws(' ', events.summary, events.links, events.custom_details), deployments.source_url),
            false
        ) as is_named,
        abs(date_diff('second', events.happened_at, deployments.finished_at)) as seconds_apart
    from belonging
    join staging.pagerduty_change_events as events
        on belonging.account = events.account
        and belonging.change_event_id = events.change_event_id
    join deployments
        on belonging.service_id = deployments.service_id
        and events.happened_at >= deployments.finished_at - interval 1 day
        and events.happened_at <= deployments.finished_at + interval 1 day
),

meant as (
    select
        incident_number,
        deployment_number,
        preference,
        'change event "' || coalesce(summary, change_event_id) || '", ' || why as reason
    from announced
    where
        is_named
        or seconds_apart <= 900
    qualify row_number() over (
        partition by incident_number, change_event_id, preference
        order by is_named desc, seconds_apart, deployment_number desc
    ) = 1
)

select
    incident_number,
    deployment_number,
    arg_min(reason, (preference, reason)) as reason
from meant
group by incident_number, deployment_number
order by incident_number, deployment_number
