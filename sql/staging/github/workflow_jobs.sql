-- One row per job of an attempt of a workflow run, where a deployment rule needs jobs.
--
-- workflow_job_id   GitHub's id, unique over all repositories.
-- workflow_run_id   The run.
-- run_attempt       The attempt of the run that it belongs to.
-- repository        owner/name.
-- job               Its name; that of a matrix job has the matrix's values in it: deploy (eu).
-- status            completed, or how far it is, in lower case.
-- conclusion        success, failure, skipped, ..., in lower case; NULL until it is completed.
-- workflow_job_url  Its page.
-- started_at        When it began, UTC.
-- finished_at       When it ended, UTC; NULL until it is completed.
--
-- key: workflow_job_id
select
    id as workflow_job_id,
    run_id as workflow_run_id,
    run_attempt,
    repository,
    name as job,
    case
        when lower(status) <> 'completed' then lower(status)
        when completed_at <= build.as_of then 'completed'
        else 'in_progress'
    end as status,
    case when completed_at <= build.as_of then nullif(lower(conclusion), '') end as conclusion,
    html_url as workflow_job_url,
    started_at,
    case when completed_at <= build.as_of then completed_at end as finished_at
from raw.github_workflow_jobs
cross join config.build as build
where coalesce(started_at, created_at) <= build.as_of
