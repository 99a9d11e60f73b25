-- One row per collector whose records have a time: how far they reach by the build's as-of time.
--
-- A tag, the files of a commit and a change event's link to an incident have no time
-- of their own; that of the commit or the event stands in. Nothing tells when the
-- records of the other collectors were made: lists of people, teams and the like, and
-- the commits off the default branch, which are among all commits.
--
-- collector         Its name, as dorado collect takes it; with a colon and the account's name where that has one.
-- newest_record_at  When the newest of its records was made, at its source, UTC; NULL without any.
--
-- key: collector
with

records as (
    select
        'github_repositories' as collector,
        '' as account,
        created_at as made_at
    from raw.github_repositories
    union all
    select
        'github_deployments',
        '',
        created_at
    from raw.github_deployments
    union all
    select
        'github_deployments',
        '',
        created_at
    from raw.github_deployment_statuses
    union all
    select
        'github_releases',
        '',
        published_at
    from raw.github_releases
    union all
    select
        'github_pull_requests',
        '',
        created_at
    from raw.github_pull_requests
    union all
    select
        'github_commits',
        '',
        committed_at
    from raw.github_commits
    union all
    select
        'github_environments',
        '',
        created_at
    from raw.github_environments
    union all
    select
        'github_workflow_runs',
        '',
        created_at
    from raw.github_workflow_runs
    union all
    select
        'github_workflow_jobs',
        '',
        created_at
    from raw.github_workflow_jobs
    union all
    select
        'github_reviews',
        '',
        submitted_at
    from raw.github_reviews
    union all
    select
        'github_reviews',
        '',
        created_at
    from raw.github_pull_request_events
    union all
    select
        'github_issues',
        '',
        created_at
    from raw.github_issues
    union all
    select
        'pagerduty_services',
        account,
        created_at
    from raw.pagerduty_services
    union all
    select
        'pagerduty_maintenance_windows',
        account,
        start_at
    from raw.pagerduty_maintenance_windows
    union all
    select
        'pagerduty_incidents',
        account,
        created_at
    from raw.pagerduty_incidents
    union all
    select
        'pagerduty_log_entries',
        account,
        created_at
    from raw.pagerduty_log_entries
    union all
    select
        'pagerduty_notes',
        account,
        created_at
    from raw.pagerduty_notes
    union all
    select
        'pagerduty_change_events',
        account,
        "timestamp"
    from raw.pagerduty_change_events
    union all
    select
        'pagerduty_analytics_incidents',
        account,
        created_at
    from raw.pagerduty_analytics_incidents
    union all
    select
        'pagerduty_analytics_services',
        account,
        end_at
    from raw.pagerduty_analytics_services
    union all
    select
        'github_tags',
        '',
        commits.committed_at
    from raw.github_commits as commits
    join raw.github_tags as tags
        on commits.repository = tags.repository
        and commits.sha = tags.sha
    union all
    select
        'github_changed_files',
        '',
        committed_at
    from raw.github_commits
    where sha in (select sha from raw.github_changed_files)
    union all
    select
        'pagerduty_related_change_events',
        events.account,
        events."timestamp"
    from raw.pagerduty_change_events as events
    join raw.pagerduty_related_change_events as related
        on events.account = related.account
        and events.id = related.change_event_id
    union all
    select
        if(origin = 'folder', 'openslo_folder', 'openslo_repositories'),
        '',
        effective_from
    from raw.openslo_files
)

select
    concat_ws(':', records.collector, nullif(records.account, '')) as collector,
    max(records.made_at) as newest_record_at
from records
cross join config.build as build
where records.made_at <= build.as_of
group by 1
