-- One row per incident and text about it.
--
-- incident_id  The incident, as in core.incidents.
-- found_in     title, note or body.
-- content      The text.
--
-- key: incident_id, found_in, content
select distinct
    incident_id,
    found_in,
    content
from (
    select
        incident_id,
        'title' as found_in,
        title as content
    from core.incidents
    union all
    select
        'pagerduty' || coalesce('/' || nullif(account, ''), '') || ':' || pagerduty_incident_id as incident_id,
        'note' as found_in,
        content
    from staging.pagerduty_notes
    union all
    select
        'github_issue:' || issue_id as incident_id,
        'body' as found_in,
        body as content
    from staging.github_issues
    union all
    select
        'ingested:' || ingested_incident_id as incident_id,
        'body' as found_in,
        'deployment: ' || ingested_deployment_id as content
    from staging.ingested_incidents
) as texts
where
    content is not null
    and incident_id in (select known.incident_id from core.incidents as known)
order by incident_id, found_in, content
