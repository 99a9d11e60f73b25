-- One row per GitHub deployment, with what became of it.
--
-- The statuses of a GitHub deployment are a timeline. It finished at its first
-- success, else at its first failure or error; a later inactive only says that a
-- newer deployment took over. One that went inactive without either never finished
-- and is cancelled.
--
-- source       github_deployment.
-- source_id    GitHub's id.
-- repository   owner/name.
-- environment  As the repository names it, without blanks around it.
-- status       success, failure, cancelled or in_progress.
-- sha          The commit that was deployed.
-- version      The ref that was deployed.
-- source_url   A page that shows it: its log, else the list of the repository's deployments.
-- started_at   When it was first in progress, else asked for, UTC.
-- finished_at  When it finished, UTC; NULL while it has not.
--
-- key: source_id
with

timelines as (
    select
        github_deployment_id,
        min(created_at) filter (where state = 'in_progress') as in_progress_at,
        min(created_at) filter (where state = 'success') as succeeded_at,
        min(created_at) filter (where state in ('failure', 'error')) as failed_at,
        bool_or(state = 'inactive') as is_inactive,
        arg_max(log_url, created_at) as log_url
    from staging.github_deployment_statuses
    group by github_deployment_id
)

select
    'github_deployment' as source,
    cast(deployments.github_deployment_id as varchar) as source_id,
    deployments.repository,
    deployments.environment,
    case
        when timelines.succeeded_at is not null then 'success'
        when timelines.failed_at is not null then 'failure'
        when timelines.is_inactive then 'cancelled'
        else 'in_progress'
    end as status,
    deployments.sha,
    deployments.ref as version,
    coalesce(timelines.log_url, repositories.repository_url || '/deployments') as source_url,
    coalesce(timelines.in_progress_at, deployments.created_at) as started_at,
    coalesce(timelines.succeeded_at, timelines.failed_at) as finished_at
from staging.github_deployments as deployments
left join timelines
    on deployments.github_deployment_id = timelines.github_deployment_id
left join staging.github_repositories as repositories
    on deployments.repository = repositories.repository
