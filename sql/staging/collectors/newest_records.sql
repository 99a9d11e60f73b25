-- One row per collector whose records have a time: how far they reach by the build's as-of time.
--
-- collector         Its name, as dorado collect takes it.
-- newest_record_at  When the newest of its records was made, at its source, UTC; NULL without any.
--
-- key: collector
select
    records.collector,
    max(records.made_at) as newest_record_at
from (
    select 'github_deployments' as collector, created_at as made_at from raw.github_deployments
    union all
    select 'github_releases', published_at from raw.github_releases
    union all
    select 'github_pull_requests', created_at from raw.github_pull_requests
    union all
    select 'github_commits', committed_at from raw.github_commits
    union all
    select 'github_workflow_runs', created_at from raw.github_workflow_runs
    union all
    select 'github_issues', created_at from raw.github_issues
    union all
    select 'pagerduty_incidents', created_at from raw.pagerduty_incidents
    union all
    select 'pagerduty_log_entries', created_at from raw.pagerduty_log_entries
) as records
cross join config.build as build
where records.made_at <= build.as_of
group by records.collector
