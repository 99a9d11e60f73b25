-- One row per successful ingested deployment and commit that the file says it shipped.
--
-- A commit counts once for a service and environment: at the first deployment that
-- is said to ship it. Commits that core.shipped_commits finds on the commit graph
-- are left to it in core.changes.
--
-- commit_id            A number for joins within one snapshot, after those of core.squashed_commits.
-- deployment_number    The deployment, as in core.deployments.
-- deployment_id        The same.
-- service_id           The service, as in core.services.
-- environment          The deployment's environment.
-- finished_at          When the deployment finished, UTC.
-- repository           owner/name, else the deployment's; NULL where neither is known.
-- sha                  The commit.
-- pull_request_number  The pull request it belongs to; NULL where the file does not say.
-- author               Who wrote it; NULL where the file does not say.
-- is_bot               True where a bot wrote it.
-- is_merge             True where it has several parents.
-- is_baseline          False: what is listed is what the deployment brought.
-- authored_at          When it was written, UTC.
-- committed_at         When it was committed, UTC.
--
-- key: deployment_number, sha
select
    (select count(*) from core.commits) + (select count(*) from core.squashed_commits)
    + row_number() over (order by deployments.deployment_number, changes.sha, changes.repository) as commit_id,
    deployments.deployment_number,
    deployments.deployment_id,
    deployments.service_id,
    deployments.environment,
    deployments.finished_at,
    coalesce(changes.repository, deployments.repository) as repository,
    changes.sha,
    changes.pull_request_number,
    changes.author,
    changes.is_bot,
    changes.is_merge,
    false as is_baseline,
    changes.authored_at,
    changes.committed_at
from staging.ingested_changes as changes
join core.deployments as deployments
    on deployments.source = 'ingested'
    and deployments.deployment_id = deployments.service_id || '/ingested:' || changes.ingested_deployment_id
where deployments.status = 'success'
qualify row_number() over (
    partition by deployments.service_id, deployments.environment, coalesce(changes.repository, deployments.repository), changes.sha
    order by deployments.deployment_number
) = 1
