-- One row per deployment and merged pull request that it is the first to carry, in its service, environment and repository.
--
-- What a first deployment carries is not known and is left out, as is a pull request
-- of which a file does not say the repository.
--
-- deployment_number    The deployment, as in core.deployments.
-- series_number        Its service, environment and repository, as in core.deployment_lineage.
-- repository           owner/name.
-- pull_request_number  The pull request.
--
-- key: deployment_number, repository, pull_request_number
select
    min(deployments.deployment_number) as deployment_number,
    lineage.series_number,
    changes.repository,
    changes.pull_request_number
from core.changes as changes
join core.deployments as deployments
    on changes.deployment_id = deployments.deployment_id
join core.deployment_lineage as lineage
    on deployments.deployment_number = lineage.deployment_number
where
    changes.pull_request_number is not null
    and changes.repository is not null
    and changes.excluded_reason is distinct from 'first deployment'
group by lineage.series_number, changes.repository, changes.pull_request_number
order by deployment_number, changes.repository, changes.pull_request_number
