-- One row per workflow run and job of it, as it ended in the last attempt that ran it; skipped ones did not run.
--
-- source_id    GitHub's id of the run, the source_id of core.workflow_run_records.
-- job          The job's name; that of a matrix job has the matrix's values in it: deploy (eu).
-- conclusion   How it ended; NULL until it has.
-- status       success, failure, cancelled or in_progress.
-- source_url   Its page.
-- started_at   When it began, UTC.
-- finished_at  When it ended in success or failure, UTC; NULL where it did neither.
--
-- key: source_id, job
with

last_attempts as (
    select *
    from staging.github_workflow_jobs
    where conclusion is distinct from 'skipped'
    qualify row_number() over (partition by workflow_run_id, job order by run_attempt desc, workflow_job_id desc) = 1
)

select
    cast(workflow_run_id as varchar) as source_id,
    job,
    conclusion,
    metrics.run_status(conclusion) as status,
    workflow_job_url as source_url,
    started_at,
    case when metrics.run_status(conclusion) in ('success', 'failure') then finished_at end as finished_at
from last_attempts
