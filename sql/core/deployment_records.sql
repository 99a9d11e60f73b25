-- One row per record of a source that a rule may take as a deployment.
--
-- Each kind of record is described in its own model; here they come together.
--
-- source         The kind of rule that looks at it.
-- source_id      Its id among the records of its kind.
-- service        The service that the record itself names; NULL where it is found by its repository.
-- repository     owner/name; NULL where the record names only a service.
-- environment    Its environment; NULL where such records have none of their own.
-- status         success, failure, cancelled or in_progress.
-- sha            The commit that was deployed; NULL where it is not known.
-- version        The ref, tag, run or pull request that was deployed.
-- workflow_file  The path of the workflow's file; NULL for other kinds.
-- workflow_name  The workflow's name; NULL for other kinds.
-- branch         The branch that it ran for or was merged into; NULL for other kinds.
-- event          What started the run; NULL for other kinds.
-- conclusion     How the run ended; NULL for other kinds.
-- is_prerelease  True for a release that its author marked as such.
-- source_url     A page that shows it.
-- started_at     When it started, UTC.
-- finished_at    When it finished in success or failure, UTC; NULL where it did neither.
--
-- key: source, source_id
with

records as (
    select * from core.github_deployment_records
    union all by name
    select * from core.workflow_run_records
    union all by name
    select * from core.release_records
    union all by name
    select * from core.tag_records
    union all by name
    select * from core.merged_pull_request_records
    union all by name
    select * from core.ingested_deployment_records
)

select
    source,
    source_id,
    service,
    repository,
    environment,
    status,
    sha,
    version,
    workflow_file,
    workflow_name,
    branch,
    event,
    conclusion,
    coalesce(is_prerelease, false) as is_prerelease,
    source_url,
    started_at,
    finished_at
from records
order by source, repository, started_at, source_id
