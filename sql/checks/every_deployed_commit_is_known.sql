-- The commit of every successful production deployment is stored; where it is not, its changes are unknown.
--
-- severity: warn
select
    deployments.deployment_id,
    deployments.version,
    deployments.sha
from core.deployments as deployments
left join core.deployment_commits as commits
    on deployments.deployment_number = commits.deployment_number
where
    deployments.is_production
    and deployments.status = 'success'
    and commits.commit_id is null
order by all
