-- One row per deployment and merged pull request that it is the first to carry, in its service, environment and repository.
--
-- What a first deployment carries is not known and is left out, as is a pull request
-- of which a file does not say the repository, and one that touches none of the
-- service's paths: it neither mends nor spoils what the service does.
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
    coalesce(ingested.repository, deployments.repository) as repository,
    changes.pull_request_number
from core.shipped_changes as changes
join core.deployments as deployments
    on changes.deployment_number = deployments.deployment_number
join core.deployment_lineage as lineage
    on changes.deployment_number = lineage.deployment_number
left join core.ingested_changes as ingested
    on changes.commit_id = ingested.commit_id
anti join core.pull_requests_elsewhere as elsewhere
    on deployments.service_id = elsewhere.service_id
    and coalesce(ingested.repository, deployments.repository) = elsewhere.repository
    and changes.pull_request_number = elsewhere.number
where
    changes.pull_request_number is not null
    and coalesce(ingested.repository, deployments.repository) is not null
    and changes.excluded_reason is distinct from 'first deployment'
group by lineage.series_number, coalesce(ingested.repository, deployments.repository), changes.pull_request_number
order by deployment_number, repository, changes.pull_request_number
