-- One row per ingested incident that began by the build's as-of time.
--
-- ingested_incident_id    Its id in the file.
-- service                 The service, as the file names it; NULL where it names none.
-- title                   What happened, in a line; NULL where the file does not say.
-- urgency                 high or low; high where the file does not say.
-- priority                Its priority; NULL where it has none.
-- resolved_by             Who resolved it; NULL where the file does not say.
-- merged_into_id          The ingested_incident_id of the one that it is part of; NULL where it stands on its own.
-- ingested_deployment_id  The ingested deployment that the file says caused it; NULL where it names none.
-- incident_url            A page that shows it; NULL where there is none.
-- triggered_at            When it began, UTC.
-- acknowledged_at         When somebody first took it on, UTC; NULL where nobody had.
-- resolved_at             When it ended, UTC; NULL while it is open.
--
-- key: ingested_incident_id
select
    id as ingested_incident_id,
    service,
    title,
    coalesce(urgency, 'high') as urgency,
    priority,
    resolved_by,
    merged_into_id,
    deployment_id as ingested_deployment_id,
    url as incident_url,
    triggered_at,
    case when acknowledged_at <= build.as_of then acknowledged_at end as acknowledged_at,
    case when resolved_at <= build.as_of then resolved_at end as resolved_at
from raw.ingested_incidents
cross join config.build as build
where triggered_at <= build.as_of
