-- One row per deployment and earlier deployment of which it reverts something.
--
-- A deployment that is the first to carry a commit whose message says "This reverts
-- commit SHA", or a merged pull request whose text says "Reverts #12" or that is
-- called Revert "title", reverts the deployment that first carried that commit,
-- that pull request, or the one of that title that was merged last before it, in
-- the same service, environment and repository.
-- What was reverted before it was deployed never reached its users and is not
-- here. A revert of a revert brings a change back; it does not say that the first
-- revert failed, and is not here either. What a first deployment carries is not
-- known. In a repository of several services only what touches the paths of the
-- deployment's service counts.
--
-- deployment_number           The deployment that carries the revert, as in core.deployments.
-- reverted_deployment_number  The deployment that carried what it reverts.
-- reason                      What reverts what.
--
-- key: deployment_number, reverted_deployment_number
with

-- Few commits revert another: they are found before deployments are looked at.
reverting_commits as (
    select
        commit_id,
        repository,
        sha,
        regexp_extract(message, 'This reverts commit ([0-9a-f]{7,40})', 1) as reverted_sha
    from core.commits
    where
        message like '%This reverts commit %'
        and message not like 'Revert "Revert "%'
        and message not like 'Reapply "%'
),

commit_pairs as (
    select
        reverting.commit_id,
        reverted.commit_id as reverted_commit_id,
        'commit ' || left(reverting.sha, 7) || ' reverts commit ' || left(reverted.sha, 7) as reason
    from reverting_commits as reverting
    join core.commits as reverted
        on reverting.repository = reverted.repository
        and left(reverting.reverted_sha, 7) = left(reverted.sha, 7)
    where
        reverting.reverted_sha <> ''
        and starts_with(reverted.sha, reverting.reverted_sha)
),

carried_commits as (
    select
        shipped.deployment_number,
        shipped.commit_id,
        lineage.series_number
    from core.shipped_commits as shipped
    join core.deployment_lineage as lineage
        on shipped.deployment_number = lineage.deployment_number
    anti join core.commits_elsewhere as elsewhere
        on shipped.deployment_number = elsewhere.deployment_number
        and shipped.commit_id = elsewhere.commit_id
    where
        not shipped.is_baseline
        and shipped.commit_id in (
            select commit_id from commit_pairs
            union all
            select reverted_commit_id from commit_pairs
        )
),

reverted_commits as (
    select
        reverting.deployment_number,
        reverted.deployment_number as reverted_deployment_number,
        pairs.reason
    from commit_pairs as pairs
    join carried_commits as reverting
        on pairs.commit_id = reverting.commit_id
    join carried_commits as reverted
        on pairs.reverted_commit_id = reverted.commit_id
        and reverting.series_number = reverted.series_number
        and reverting.deployment_number > reverted.deployment_number
),

reverting_pull_requests as (
    select
        pull_requests.repository,
        pull_requests.number,
        pull_requests.merged_at,
        nullif(regexp_extract(pull_requests.title, '^Revert "(.+)"$', 1), '') as reverted_title,
        try_cast(nullif(regexp_extract(
            replace(bodies.body, 'Reverts ' || pull_requests.repository || '#', 'Reverts #'), '(?m)^Reverts #(\d+)', 1
        ), '') as bigint) as reverted_number
    from core.pull_requests as pull_requests
    join staging.github_pull_requests as bodies
        on pull_requests.pull_request_id = bodies.pull_request_id
    where
        pull_requests.merged_at is not null
        and (pull_requests.title like 'Revert "%"' or bodies.body like '%Reverts %')
        and pull_requests.title not like 'Revert "Revert "%'
        and pull_requests.title not like 'Reapply "%'
),

-- Named by its number, else by its title.
possible_pairs as (
    select
        reverting.repository,
        reverting.number,
        reverted.number as reverted_number,
        reverted.merged_at as reverted_merged_at
    from reverting_pull_requests as reverting
    join core.pull_requests as reverted
        on reverting.repository = reverted.repository
        and reverting.reverted_number = reverted.number
        and reverting.merged_at > reverted.merged_at
    union all
    select
        reverting.repository,
        reverting.number,
        reverted.number as reverted_number,
        reverted.merged_at as reverted_merged_at
    from reverting_pull_requests as reverting
    join core.pull_requests as reverted
        on reverting.repository = reverted.repository
        and reverting.reverted_title = reverted.title
        and reverting.merged_at > reverted.merged_at
    where reverting.reverted_number is null
),

-- The pull request that each of them takes back.
pull_request_pairs as (
    select *
    from possible_pairs
    qualify row_number() over (
        partition by repository, number
        order by reverted_merged_at desc, reverted_number desc
    ) = 1
),

reverted_pull_requests as (
    select
        reverting.deployment_number,
        reverted.deployment_number as reverted_deployment_number,
        'pull request #' || pairs.number || ' reverts #' || pairs.reverted_number as reason
    from pull_request_pairs as pairs
    join core.deployment_pull_requests as reverting
        on pairs.repository = reverting.repository
        and pairs.number = reverting.pull_request_number
    join core.deployment_pull_requests as reverted
        on pairs.repository = reverted.repository
        and pairs.reverted_number = reverted.pull_request_number
        and reverting.series_number = reverted.series_number
        and reverting.deployment_number > reverted.deployment_number
)

select
    deployment_number,
    reverted_deployment_number,
    min(reason) as reason
from (
    select * from reverted_commits
    union all
    select * from reverted_pull_requests
) as reverts
group by deployment_number, reverted_deployment_number
order by deployment_number, reverted_deployment_number
