-- One row per service and repository that it is built from.
--
-- mapped_by says where that comes from, as in core.mapped_services. A component of
-- a catalog is built from the repository that github.com/project-slug names, else
-- from the one that the catalog is in.
--
-- service_id     The service, as in core.services.
-- repository     owner/name as GitHub writes it.
-- paths_pattern  Regular expression of the paths in it that are the service's; NULL where all are.
-- mapped_by      configuration, catalog-info or repository.
--
-- key: service_id, repository
with

configured as (
    select
        service_repositories.service_id,
        repositories.repository,
        any_value(service_repositories.paths_pattern) as paths_pattern,
        'configuration' as mapped_by
    from config.service_repositories as service_repositories
    join staging.github_repositories as repositories
        on lower(service_repositories.repository) = lower(repositories.repository)
    group by service_repositories.service_id, repositories.repository
),

components as (
    select distinct
        services.service_id,
        coalesce(named.repository, components.repository) as repository,
        cast(null as varchar) as paths_pattern,
        services.mapped_by
    from core.mapped_services as services
    join core.catalog_components as components
        on services.service_id = components.component
    left join staging.github_repositories as named
        on lower(components.project_slug) = lower(named.repository)
    where services.mapped_by = 'catalog-info'
),

own as (
    select
        service_id,
        service_id as repository,
        cast(null as varchar) as paths_pattern,
        mapped_by
    from core.mapped_services
    where mapped_by = 'repository'
)

select * from configured
union all
select * from components
union all
select * from own
order by service_id, repository
