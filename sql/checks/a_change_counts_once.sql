-- With base = previous a change is shipped once to each service, environment and repository.
select
    deployments.service_id,
    deployments.environment,
    changes.repository,
    changes.sha,
    count(*) as shipped
from core.changes as changes
join core.deployments as deployments
    on changes.deployment_id = deployments.deployment_id
join core.definitions as definitions
    on changes.service_id = definitions.service_id
    and definitions.metric = 'change_lead_time'
    and definitions.option = 'base'
where definitions.value = 'previous'
group by deployments.service_id, deployments.environment, changes.repository, changes.sha
having count(*) > 1
order by all
