-- One row per workflow run: all its attempts are one deployment, and the last one decides what became of it.
--
-- source           workflow_run.
-- source_id        GitHub's id of the run.
-- repository       owner/name.
-- workflow_file    The path of the workflow's file, such as .github/workflows/deploy.yml.
-- workflow_name    The workflow's name.
-- branch           The branch or tag that it ran for; NULL where GitHub knows none.
-- event            What started it: push, release, workflow_dispatch, ...
-- conclusion       How the last attempt ended; NULL until it has.
-- status           success, failure, cancelled or in_progress.
-- sha              The commit that it ran for.
-- version          Its number in the workflow: #42.
-- source_url       Its page.
-- started_at       When the last attempt began, UTC.
-- finished_at      When it ended in success or failure, UTC; NULL where it did neither.
--
-- key: source_id
select
    'workflow_run' as source,
    cast(workflow_run_id as varchar) as source_id,
    repository,
    workflow_file,
    workflow_name,
    branch,
    event,
    conclusion,
    metrics.run_status(conclusion) as status,
    sha,
    '#' || run_number as version,
    workflow_run_url as source_url,
    started_at,
    case when metrics.run_status(conclusion) in ('success', 'failure') then finished_at end as finished_at
from staging.github_workflow_runs
where is_last_attempt
