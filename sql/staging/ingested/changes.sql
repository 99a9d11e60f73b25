-- One row per ingested deployment and commit that it shipped.
--
-- ingested_deployment_id  The deployment's id in the file.
-- repository              owner/name; NULL where the file does not say.
-- sha                     The commit.
-- pull_request_number     The pull request it belongs to; NULL where the file does not say.
-- author                  Who wrote it; NULL where the file does not say.
-- is_bot                  True where a bot wrote it.
-- is_merge                True where it has several parents.
-- authored_at             When it was written, UTC.
-- committed_at            When it was committed, UTC.
--
-- key: ingested_deployment_id, sha
select
    deployment_id as ingested_deployment_id,
    repository,
    sha,
    pull_request_number,
    author,
    is_bot,
    is_merge,
    authored_at,
    coalesce(committed_at, authored_at) as committed_at
from raw.ingested_changes
