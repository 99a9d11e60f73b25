-- One row per PagerDuty account and service, with the service of ours that it watches.
--
-- mapped_by says how that was found, the best first:
--     configuration  a service's pagerduty_services match its name or id; the first service that does counts
--     catalog-info   a component of a catalog names its id
--     name           a service has the same name, in any case, and no pagerduty_services of its own
--     repository     no services are configured, and one repository has this name, with or without its owner
--     itself         no services are configured, so that it is a service of its own
-- Where services are configured and none fits it is NULL: its incidents are kept,
-- and belong to no service. A service that PagerDuty no longer lists is known from
-- its incidents.
--
-- account               The account's name in the configuration, '' where it has none.
-- pagerduty_service_id  Its id, unique in the account.
-- pagerduty_service     Its name.
-- service_id            The service, as in core.services; NULL where none fits.
-- mapped_by             How the service was found; NULL where none was.
-- team                  The one PagerDuty team it belongs to, NULL where there are none or several.
--
-- key: account, pagerduty_service_id
with

named_by_incidents as (
    select
        account,
        pagerduty_service_id,
        arg_max(pagerduty_service, (created_at, pagerduty_incident_id)) as pagerduty_service
    from staging.pagerduty_incidents
    where pagerduty_service_id is not null
    group by account, pagerduty_service_id
),

pagerduty_services as (
    select
        account,
        pagerduty_service_id,
        pagerduty_service,
        team_ids
    from staging.pagerduty_services
    union all
    select
        named.account,
        named.pagerduty_service_id,
        coalesce(named.pagerduty_service, named.pagerduty_service_id) as pagerduty_service,
        '[]' as team_ids
    from named_by_incidents as named
    anti join staging.pagerduty_services as listed
        on named.account = listed.account
        and named.pagerduty_service_id = listed.pagerduty_service_id
),

configured as (
    select
        pagerduty_services.account,
        pagerduty_services.pagerduty_service_id,
        arg_min(patterns.service_id, patterns.position) as service_id
    from pagerduty_services
    join config.pagerduty_services as patterns
        on regexp_matches(pagerduty_services.pagerduty_service, patterns.pattern)
        or regexp_matches(pagerduty_services.pagerduty_service_id, patterns.pattern)
    group by pagerduty_services.account, pagerduty_services.pagerduty_service_id
),

-- The service that a component of a catalog is: the one of its name, else the only
-- one that is built from its repository.
components as (
    select
        catalog.pagerduty_service_id,
        coalesce(named.service_id, sole.service_id) as service_id
    from core.catalog_components as catalog
    left join core.mapped_services as named
        on lower(catalog.component) = lower(named.service_id)
    left join (
        select
            repository,
            min(service_id) as service_id
        from core.service_repositories
        group by repository
        having count(*) = 1
    ) as sole
        on catalog.repository = sole.repository
    where catalog.pagerduty_service_id is not null
),

catalogs as (
    select
        pagerduty_service_id,
        min(service_id) as service_id
    from components
    where service_id is not null
    group by pagerduty_service_id
    having count(distinct service_id) = 1
),

named_services as (
    select
        lower(services.service_id) as name,
        min(services.service_id) as service_id
    from core.mapped_services as services
    anti join config.pagerduty_services as patterns
        on services.service_id = patterns.service_id
    where services.mapped_by <> 'repository'
    group by lower(services.service_id)
),

repository_names as (
    select
        lower(repository) as name,
        service_id
    from core.service_repositories
    union all
    select
        lower(split_part(repository, '/', 2)) as name,
        service_id
    from core.service_repositories
),

-- A name that several repositories share tells nothing, nor one with several services.
named_repositories as (
    select
        name,
        min(service_id) as service_id
    from repository_names
    where not exists (select 1 from config.services)
    group by name
    having count(*) = 1
),

teams as (
    select
        listed.account,
        listed.pagerduty_service_id,
        min(teams.pagerduty_team) as team
    from pagerduty_services as listed
    join staging.pagerduty_teams as teams
        on listed.account = teams.account
        and json_contains(cast(listed.team_ids as json), to_json(teams.pagerduty_team_id))
    group by listed.account, listed.pagerduty_service_id
    having count(*) = 1
)

select
    pagerduty_services.account,
    pagerduty_services.pagerduty_service_id,
    pagerduty_services.pagerduty_service,
    coalesce(
        configured.service_id,
        catalogs.service_id,
        named_services.service_id,
        named_repositories.service_id,
        case when not exists (select 1 from config.services) then pagerduty_services.pagerduty_service end
    ) as service_id,
    case
        when configured.service_id is not null then 'configuration'
        when catalogs.service_id is not null then 'catalog-info'
        when named_services.service_id is not null then 'name'
        when named_repositories.service_id is not null then 'repository'
        when not exists (select 1 from config.services) then 'itself'
    end as mapped_by,
    teams.team
from pagerduty_services
left join configured
    on pagerduty_services.account = configured.account
    and pagerduty_services.pagerduty_service_id = configured.pagerduty_service_id
left join catalogs
    on pagerduty_services.pagerduty_service_id = catalogs.pagerduty_service_id
left join named_services
    on lower(pagerduty_services.pagerduty_service) = named_services.name
left join named_repositories
    on lower(pagerduty_services.pagerduty_service) = named_repositories.name
left join teams
    on pagerduty_services.account = teams.account
    and pagerduty_services.pagerduty_service_id = teams.pagerduty_service_id
order by pagerduty_services.account, pagerduty_services.pagerduty_service_id
