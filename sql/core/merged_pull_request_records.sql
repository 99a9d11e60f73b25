-- One row per merged pull request: a deployment that succeeded when it was merged.
--
-- It is for who deploys every merge and keeps no other record of it: where no rule is
-- of this kind, there is no row.
--
-- source       merged_pull_request.
-- source_id    GitHub's id.
-- repository   owner/name.
-- status       success.
-- sha          The commit that brought it into the branch.
-- version      Its number: #42.
-- branch       The branch it was merged into.
-- source_url   Its page.
-- started_at   When it was merged, UTC.
-- finished_at  The same.
--
-- key: source_id
select
    'merged_pull_request' as source,
    cast(pull_request_id as varchar) as source_id,
    repository,
    'success' as status,
    merge_commit_sha as sha,
    '#' || number as version,
    base_branch as branch,
    pull_request_url as source_url,
    merged_at as started_at,
    merged_at as finished_at
from staging.github_pull_requests
where
    merged_at is not null
    and exists (select 1 from core.deployment_rules where kind = 'merged_pull_request')
