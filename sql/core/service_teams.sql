-- One row per service whose team is known from the configuration, a catalog, CODEOWNERS or GitHub's teams.
--
-- mapped_by says where it comes from, the best first:
--     configuration  the service names it
--     catalog-info   the component of the service's name, else the components of its repositories, name it
--     codeowners     CODEOWNERS names it for the service's paths, else for everything
--     github team    it is the team with the most rights on the repository
-- Where one of them names several teams, for the repositories of a service or with
-- the same rights, it does not tell, and the next is asked.
--
-- service_id  The service, as in core.mapped_services.
-- team        The team that owns it.
-- mapped_by   Where that comes from.
--
-- key: service_id
with

components as (
    select
        service_repositories.service_id,
        catalog.owner as team,
        lower(catalog.component) = lower(service_repositories.service_id) as is_own
    from core.service_repositories as service_repositories
    join core.catalog_components as catalog
        on service_repositories.repository = catalog.repository
        or lower(service_repositories.service_id) = lower(catalog.component)
    where catalog.owner is not null
),

catalogs as (
    select
        service_id,
        team
    from components
    qualify is_own or not bool_or(is_own) over (partition by service_id)
),

-- Of each repository's CODEOWNERS the line that decides.
deciding_lines as (
    select
        service_repositories.service_id,
        owners.team
    from core.service_repositories as service_repositories
    join core.code_owners as owners
        on service_repositories.repository = owners.repository
        and (owners.path = '/' or regexp_matches(owners.path, service_repositories.paths_pattern))
    qualify row_number() over (
        partition by service_repositories.service_id, service_repositories.repository
        order by owners.path = '/', length(owners.path), owners.line desc
    ) = 1
),

-- Of each repository the teams with the most rights.
strongest as (
    select
        service_repositories.service_id,
        team_repositories.team
    from core.service_repositories as service_repositories
    join staging.github_team_repositories as team_repositories
        on service_repositories.repository = team_repositories.repository
    where team_repositories.role in ('admin', 'maintain', 'push')
    qualify rank() over (
        partition by service_repositories.service_id, service_repositories.repository
        order by case team_repositories.role when 'admin' then 1 when 'maintain' then 2 else 3 end
    ) = 1
),

named as (
    select
        service_id,
        team,
        1 as place,
        'configuration' as mapped_by
    from config.services
    union all
    select
        service_id,
        team,
        2 as place,
        'catalog-info' as mapped_by
    from catalogs
    union all
    select
        service_id,
        team,
        3 as place,
        'codeowners' as mapped_by
    from deciding_lines
    union all
    select
        service_id,
        team,
        4 as place,
        'github team' as mapped_by
    from strongest
),

unambiguous as (
    select
        service_id,
        min(team) as team,
        place,
        mapped_by
    from named
    where team is not null
    group by service_id, place, mapped_by
    having count(distinct team) = 1
)

select
    service_id,
    team,
    mapped_by
from unambiguous
qualify row_number() over (partition by service_id order by place) = 1
order by service_id
