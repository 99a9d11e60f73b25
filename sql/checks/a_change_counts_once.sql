-- With base = previous a change is shipped once to each service, environment and repository.
select
    deployments.service_id,
    deployments.environment,
    deployments.repository,
    coalesce(squashed.first_commit_id, changes.commit_id) as first_commit_id,
    count(*) as shipped
from core.shipped_changes as changes
join core.deployments as deployments
    on changes.deployment_number = deployments.deployment_number
join core.definitions as definitions
    on deployments.service_id = definitions.service_id
    and definitions.metric = 'change_lead_time'
    and definitions.option = 'base'
left join core.squashed_commits as squashed
    on changes.commit_id = squashed.commit_id
where definitions.value = 'previous'
group by
    deployments.service_id,
    deployments.environment,
    deployments.repository,
    coalesce(squashed.first_commit_id, changes.commit_id)
having count(*) > 1
order by all
