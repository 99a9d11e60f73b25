-- One row per status of a GitHub deployment that was set by the build's as-of time.
--
-- status_id             GitHub's node id, unique over all repositories.
-- github_deployment_id  The deployment.
-- state                 queued, pending, in_progress, success, failure, error or inactive.
-- log_url               The deployment's output, NULL where none was given.
-- created_at            When it was set, UTC.
--
-- key: status_id
select
    node_id as status_id,
    deployment_id as github_deployment_id,
    state,
    log_url,
    created_at
from raw.github_deployment_statuses
where created_at <= (select as_of from config.build)
