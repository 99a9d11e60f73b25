-- One row per service that the configuration, a catalog or a repository gives.
--
-- mapped_by says where it comes from, the best first:
--     configuration  it is under services; then nothing else is a service
--     catalog-info   it is a component in a repository's catalog-info.yaml
--     repository     it is a repository that describes no component
--     ingested       a deployment or an incident that was read from a file names it
--
-- service_id  Its name.
-- mapped_by   Where it comes from.
--
-- key: service_id
with

configured as (
    select service_id
    from config.services
),

components as (
    select distinct component as service_id
    from core.catalog_components
    where
        component is not null
        and not exists (select 1 from configured)
),

repositories as (
    select repositories.repository as service_id
    from staging.github_repositories as repositories
    anti join core.catalog_components as components
        on repositories.repository = components.repository
        and components.component is not null
    where not exists (select 1 from configured)
),

ingested as (
    select service
    from (
        select service from staging.ingested_deployments
        union
        select service from staging.ingested_incidents
    ) as named
    anti join components
        on named.service = components.service_id
    anti join repositories
        on named.service = repositories.service_id
    where
        service is not null
        and not exists (select 1 from configured)
)

select
    service_id,
    'configuration' as mapped_by
from configured
union all
select
    service_id,
    'catalog-info' as mapped_by
from components
union all
select
    service_id,
    'repository' as mapped_by
from repositories
union all
select
    service as service_id,
    'ingested' as mapped_by
from ingested
order by service_id
