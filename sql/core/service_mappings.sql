-- One row per service and thing that is mapped to it, with where the mapping comes from.
--
-- service_id     The service, as in core.services.
-- kind           service, team, repository, environment, pagerduty_service or pagerduty_key: that
--     catalog-info.yaml has pagerduty.com/integration-key, by which its alerts reach PagerDuty.
-- name           Its name.
-- mapped_by      Where the mapping comes from: that of core.services, core.service_repositories or
--     core.pagerduty_services; of an environment the rule that takes its deployments, or no rule.
-- is_production  Of an environment, whether it is production; NULL elsewhere.
--
-- key: service_id, kind, name
with

environments as (
    select
        deployments.service_id,
        deployments.environment,
        min(deployments.rule_position) as rule_position,
        bool_or(deployments.is_production) as is_production
    from core.deployments as deployments
    group by deployments.service_id, deployments.environment
),

mappings as (
    select
        service_id,
        1 as place,
        'service' as kind,
        service_id as name,
        mapped_by,
        cast(null as boolean) as is_production
    from core.services
    union all
    select
        service_id,
        2 as place,
        'team' as kind,
        team as name,
        team_mapped_by as mapped_by,
        null as is_production
    from core.services
    where team is not null
    union all
    select
        service_id,
        3 as place,
        'repository' as kind,
        repository as name,
        mapped_by,
        null as is_production
    from core.service_repositories
    union all
    select
        environments.service_id,
        4 as place,
        'environment' as kind,
        environments.environment as name,
        case
            when rules.rule_position is null then 'no rule'
            when rules.is_default then 'default rule ' || rules.rule_position
            else 'rule ' || rules.rule_position
        end as mapped_by,
        environments.is_production
    from environments
    left join core.deployment_rules as rules
        on environments.service_id = rules.service_id
        and environments.rule_position = rules.rule_position
    union all
    select
        service_id,
        5 as place,
        'pagerduty_service' as kind,
        coalesce(nullif(account, '') || '/', '') || pagerduty_service || ' (' || pagerduty_service_id || ')' as name,
        mapped_by,
        null as is_production
    from core.pagerduty_services
    where service_id is not null
    union all
    -- Of a repository that the configuration gives a service any component counts,
    -- and of others the one that the service is.
    select distinct
        services.service_id,
        6 as place,
        'pagerduty_key' as kind,
        'pagerduty.com/integration-key' as name,
        'catalog-info' as mapped_by,
        cast(null as boolean) as is_production
    from core.services as services
    join core.service_repositories as repositories
        on services.service_id = repositories.service_id
    join core.catalog_components as components
        on repositories.repository in (components.repository, components.project_slug)
    where
        components.has_pagerduty_key
        and (services.mapped_by = 'configuration' or services.service_id = components.component)
)

select
    service_id,
    kind,
    name,
    mapped_by,
    is_production
from mappings
order by service_id, place, name
