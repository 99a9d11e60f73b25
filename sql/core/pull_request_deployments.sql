-- One row per service and merged pull request of its repositories that touches its paths: the production deployment that shipped it, or why none did.
--
-- It was shipped by the first successful production deployment that carries the
-- commit it became on its base branch, whether or not its changes have a lead time.
--
-- service_id           The service, as in core.services.
-- pull_request_id      The pull request, as in core.pull_requests.
-- repository           owner/name.
-- number               Its number in the repository.
-- deployment_id        The deployment that shipped it, as in core.deployments; NULL where none did.
-- not_deployed_reason  Why none did; NULL where one did.
-- merged_at            When it was merged, UTC.
-- deployed_at          When that deployment finished, UTC; NULL where there is none.
--
-- key: service_id, pull_request_id
with

production as (
    select *
    from core.deployments
    where
        is_production
        and status = 'success'
),

last_deployments as (
    select
        service_id,
        repository,
        max(finished_at) as last_finished_at
    from production
    group by service_id, repository
),

merged as (
    select
        service_repositories.service_id,
        pull_requests.pull_request_id,
        pull_requests.repository,
        pull_requests.number,
        pull_requests.base_branch,
        pull_requests.merged_at,
        merges.commit_id
    from core.service_repositories as service_repositories
    join core.pull_requests as pull_requests
        on service_repositories.repository = pull_requests.repository
    left join core.pull_request_merges as merges
        on pull_requests.pull_request_id = merges.pull_request_id
    anti join core.pull_requests_elsewhere as elsewhere
        on service_repositories.service_id = elsewhere.service_id
        and pull_requests.repository = elsewhere.repository
        and pull_requests.number = elsewhere.number
    where pull_requests.merged_at is not null
),

shipped as (
    select
        merged.service_id,
        merged.pull_request_id,
        min(production.deployment_number) as deployment_number
    from merged
    join core.shipped_commits as shipped_commits
        on merged.commit_id = shipped_commits.commit_id
    join production
        on shipped_commits.deployment_number = production.deployment_number
        and merged.service_id = production.service_id
    group by merged.service_id, merged.pull_request_id
)

select
    merged.service_id,
    merged.pull_request_id,
    merged.repository,
    merged.number,
    production.deployment_id,
    case
        when production.deployment_id is not null then null
        when last_deployments.last_finished_at is null then 'its repository has no production deployment'
        when merged.commit_id is null then 'its merge commit is not stored'
        when merged.base_branch <> repositories.default_branch then 'it was merged into another branch than the default one'
        when merged.merged_at > last_deployments.last_finished_at then 'no production deployment since it was merged'
        else 'no deployed commit has it in its history'
    end as not_deployed_reason,
    merged.merged_at,
    production.finished_at as deployed_at
from merged
left join shipped
    on merged.service_id = shipped.service_id
    and merged.pull_request_id = shipped.pull_request_id
left join production
    on shipped.deployment_number = production.deployment_number
left join last_deployments
    on merged.service_id = last_deployments.service_id
    and merged.repository = last_deployments.repository
left join staging.github_repositories as repositories
    on merged.repository = repositories.repository
order by merged.service_id, merged.repository, merged.number
