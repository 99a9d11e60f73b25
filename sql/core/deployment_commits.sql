-- One row per deployment whose commit is stored.
--
-- deployment_number  The deployment, as in core.deployments.
-- commit_id          The commit, as in core.commits.
--
-- key: deployment_number
select
    deployments.deployment_number,
    commits.commit_id
from core.deployments as deployments
join core.commits as commits
    on deployments.repository = commits.repository
    and deployments.sha = commits.sha
order by deployments.deployment_number
