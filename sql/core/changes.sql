-- One row per successful deployment and change that it ships.
--
-- A change is a commit. What is shipped, and what counts, is decided in
-- core.shipped_changes; here the commits are shown with it.
-- excluded_reason says why a change is not in change lead time:
--     merge commit      it has several parents, and merge_commits is false
--     bot               a bot wrote it, and bots is false
--     no pull request   it was pushed directly, and start or unit is about pull requests
--     same pull request unit is pull_request, and another change of it that the deployment ships began earlier
--     start not known   the instant at which its clock starts is not known
--     other paths       it touches none of the service's paths (see core.commits_elsewhere)
--     first deployment  what the deployment replaced is not known, so this is all its history
--
-- deployment_id        The deployment, as in core.deployments.
-- deployment_number    The same, for joins.
-- service_id           The service, as in core.services.
-- repository           owner/name.
-- sha                  The commit.
-- pull_request_number  The merged pull request it belongs to, NULL for a direct push.
-- author               Who wrote it.
-- is_bot               True where a bot wrote it.
-- is_merge             True where it has several parents.
-- excluded_reason      Why it has no lead time; NULL where it has one.
-- lead_time_seconds    From the definition's start (when it was written or committed, or its pull request's first
--     commit was written, or it was opened, ready for review or merged) to the deployment's finished_at, as the
--     definition's clock counts it; NULL where it is excluded.
-- authored_at          When it was written, UTC.
-- committed_at         When it was committed, UTC.
--
-- materialized: view
-- key: deployment_id, sha
with

commits as (
    select
        commit_id,
        repository,
        sha,
        author,
        is_bot,
        is_merge,
        authored_at,
        committed_at
    from core.commits
    union all
    select
        commit_id,
        repository,
        sha,
        author,
        is_bot,
        is_merge,
        authored_at,
        committed_at
    from core.squashed_commits
    union all
    select
        commit_id,
        repository,
        sha,
        author,
        is_bot,
        is_merge,
        authored_at,
        committed_at
    from core.ingested_changes
)

select
    deployments.deployment_id,
    deployments.deployment_number,
    deployments.service_id,
    commits.repository,
    commits.sha,
    shipped.pull_request_number,
    commits.author,
    commits.is_bot,
    commits.is_merge,
    shipped.excluded_reason,
    shipped.lead_time_seconds,
    commits.authored_at,
    commits.committed_at
from core.shipped_changes as shipped
join core.deployments as deployments
    on shipped.deployment_number = deployments.deployment_number
join commits
    on shipped.commit_id = commits.commit_id
