-- One row per deployment that was read from a file.
--
-- source       ingested.
-- source_id    Its id in the file.
-- service      The service that the file names; NULL where it names a repository only.
-- repository   owner/name as GitHub writes it, else as the file does; NULL where the file names none.
-- environment  As the file names it.
-- status       success, failure, cancelled or in_progress.
-- sha          The commit that was deployed; NULL where it is not known.
-- version      What people call it; NULL where it has no name.
-- source_url   A page that shows it; NULL where there is none.
-- started_at   When it started, UTC.
-- finished_at  When it finished in success or failure, UTC; NULL where it did neither.
--
-- key: source_id
select
    'ingested' as source,
    deployments.ingested_deployment_id as source_id,
    deployments.service,
    coalesce(repositories.repository, deployments.repository) as repository,
    deployments.environment,
    deployments.status,
    deployments.sha,
    deployments.version,
    deployments.deployment_url as source_url,
    deployments.started_at,
    case when deployments.status in ('success', 'failure') then deployments.finished_at end as finished_at
from staging.ingested_deployments as deployments
left join staging.github_repositories as repositories
    on lower(deployments.repository) = lower(repositories.repository)
