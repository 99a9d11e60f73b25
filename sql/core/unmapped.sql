-- One row per thing that belongs to no service, or that cannot be read.
--
-- kind     repository, environment, pagerduty_service, ingested_service or catalog.
-- name     Its name; of an environment the repository and the environment.
-- records  How much is lost by it: deployments and incidents; NULL where nothing is counted.
-- reason   Why it is mapped to none.
--
-- key: kind, name
with

environments as (
    select
        coalesce(repository, service_id) || ' ' || environment as name,
        count(*) as records
    from core.deployment_candidates
    where
        rule_position is null
        and source in ('github_deployment', 'ingested')
    group by all
),

ingested as (
    select service from staging.ingested_deployments
    union all
    select service from staging.ingested_incidents
),

unmapped as (
    select
        'repository' as kind,
        repository as name,
        cast(null as bigint) as records,
        'no service is built from it' as reason
    from core.repositories
    where services = 0
    union all
    select
        'environment' as kind,
        name,
        records,
        'no rule takes its deployments: they are not production' as reason
    from environments
    union all
    select
        'pagerduty_service' as kind,
        coalesce(nullif(services.account, '') || '/', '') || services.pagerduty_service || ' (' || services.pagerduty_service_id || ')' as name,
        count(incidents.pagerduty_incident_id) as records,
        'no service has its name or names it under pagerduty_services' as reason
    from core.pagerduty_services as services
    left join staging.pagerduty_incidents as incidents
        on services.account = incidents.account
        and services.pagerduty_service_id = incidents.pagerduty_service_id
    where services.service_id is null
    group by all
    union all
    select
        'ingested_service' as kind,
        ingested.service as name,
        count(*) as records,
        'records that were ingested name it, and there is no such service' as reason
    from ingested
    anti join core.services as services
        on ingested.service = services.service_id
    where ingested.service is not null
    group by ingested.service
    union all
    select
        'catalog' as kind,
        repository || ', entity ' || position as name,
        null as records,
        'catalog-info.yaml: ' || problem as reason
    from core.catalog_components
    where problem is not null
)

select
    kind,
    name,
    records,
    reason
from unmapped
order by kind, name
