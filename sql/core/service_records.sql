-- One row per service and record that could be a deployment of it.
--
-- A record belongs to the services that are built from its repository, or to the
-- one that it names itself: one repository may hold several services, and one
-- service may be built from several repositories.
--
-- service_id  The service, as in core.services.
-- source      The kind of record, as in core.deployment_records.
-- source_id   The record's id among those of its kind.
--
-- key: service_id, source, source_id
select
    service_repositories.service_id,
    records.source,
    records.source_id
from core.service_repositories as service_repositories
join core.deployment_records as records
    on service_repositories.repository = records.repository
where records.service is null
union all
select
    services.service_id,
    records.source,
    records.source_id
from core.services as services
join core.deployment_records as records
    on services.service_id = records.service
