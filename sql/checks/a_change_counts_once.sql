-- A change is shipped once by a deployment, and with base = previous once to each service, environment and repository.
with

named_twice as (
    select
        commit_id,
        first_commit_id
    from core.squashed_commits
    where commit_id <> first_commit_id
),

-- The place in which a change counts once: a series or a deployment.
places as (
    select
        deployments.deployment_number,
        deployments.service_id,
        deployments.environment,
        deployments.repository,
        case when base.value = 'previous' then lineage.series_number else -deployments.deployment_number end as place
    from core.deployments as deployments
    join core.deployment_lineage as lineage
        on deployments.deployment_number = lineage.deployment_number
    join core.definitions as base
        on deployments.service_id = base.service_id
        and base.metric = 'change_lead_time'
        and base.option = 'base'
),

shipped as (
    select
        places.place,
        coalesce(named_twice.first_commit_id, changes.commit_id) as first_commit_id,
        count(*) as times,
        min(changes.deployment_number) as deployment_number
    from core.shipped_changes as changes
    join places
        on changes.deployment_number = places.deployment_number
    left join named_twice
        on changes.commit_id = named_twice.commit_id
    group by all
    having count(*) > 1
)

select
    places.service_id,
    places.environment,
    places.repository,
    shipped.first_commit_id,
    shipped.times as shipped
from shipped
join places
    on shipped.deployment_number = places.deployment_number
order by all
