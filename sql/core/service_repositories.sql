-- One row per service and repository that it is built from.
--
-- service_id     The service, as in core.services.
-- repository     owner/name as GitHub writes it.
-- paths_pattern  Regular expression of the paths in it that are the service's; NULL where all are.
--
-- key: service_id, repository
with

configured as (
    select
        service_repositories.service_id,
        repositories.repository,
        service_repositories.paths_pattern
    from config.service_repositories as service_repositories
    join staging.github_repositories as repositories
        on lower(service_repositories.repository) = lower(repositories.repository)
),

own as (
    select
        services.service_id,
        repositories.repository,
        cast(null as varchar) as paths_pattern
    from core.services as services
    join staging.github_repositories as repositories
        on services.service_id = repositories.repository
    where not exists (select 1 from config.services)
)

select * from configured
union all
select * from own
order by service_id, repository
