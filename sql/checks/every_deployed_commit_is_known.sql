-- The commit of every successful production deployment is stored; where it is not, its changes are unknown.
--
-- severity: warn
select
    deployments.deployment_id,
    deployments.version,
    deployments.sha
from core.deployments as deployments
left join core.commits as commits
    on deployments.repository = commits.repository
    and deployments.sha = commits.sha
where
    deployments.is_production
    and deployments.status = 'success'
    and commits.commit_id is null
order by all
