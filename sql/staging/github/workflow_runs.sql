-- One row per attempt of a workflow run that had begun by the build's as-of time.
--
-- workflow_run_id   GitHub's id of the run, unique over all repositories; all its attempts have it.
-- run_attempt       Which attempt, from 1.
-- is_last_attempt   True for the attempt that decides the run's result.
-- repository        owner/name.
-- workflow_file     The path of the workflow's file, such as .github/workflows/deploy.yml.
-- workflow_name     The workflow's name; its file's path where it has none.
-- title             What the run's page is headed with.
-- run_number        The run's number in its workflow.
-- event             What started it: push, release, workflow_dispatch, ...
-- branch            The branch or tag that it ran for; NULL where GitHub knows none.
-- sha               The commit that it ran for.
-- status            completed, or how far it is, in lower case.
-- conclusion        success, failure, cancelled, ..., in lower case; NULL until it is completed.
-- actor             The login of who caused this attempt.
-- is_bot            True where a bot caused the run.
-- workflow_run_url  Its page.
-- created_at        When the run was made, UTC; the same for all attempts.
-- started_at        When this attempt began, UTC.
-- finished_at       When it ended, UTC; NULL until it is completed.
--
-- key: workflow_run_id, run_attempt
select
    id as workflow_run_id,
    run_attempt,
    run_attempt = max(run_attempt) over (partition by id) as is_last_attempt,
    repository,
    split_part(path, '@', 1) as workflow_file,
    coalesce(nullif(name, ''), split_part(path, '@', 1)) as workflow_name,
    display_title as title,
    run_number,
    event,
    head_branch as branch,
    head_sha as sha,
    case
        when lower(status) <> 'completed' then lower(status)
        when updated_at <= build.as_of then 'completed'
        else 'in_progress'
    end as status,
    case when lower(status) = 'completed' and updated_at <= build.as_of then nullif(lower(conclusion), '') end as conclusion,
    coalesce(triggering_actor_login, actor_login) as actor,
    coalesce(actor_type = 'Bot' or actor_login like '%[bot]', false) as is_bot,
    html_url as workflow_run_url,
    created_at,
    coalesce(run_started_at, created_at) as started_at,
    case when lower(status) = 'completed' and updated_at <= build.as_of then updated_at end as finished_at
from raw.github_workflow_runs
cross join config.build as build
where coalesce(run_started_at, created_at) <= build.as_of
