-- One row per GitHub issue that an incident rule makes an incident.
--
-- An issue belongs to the services of its repository. The rules of each are tried
-- (its own, else those of all services); where several services take an issue, as
-- in a repository of many, the first by name has it.
--
-- issue_id         The issue's id.
-- repository       owner/name.
-- service_id       The service, as in core.services.
-- rule_position    The rule that takes it, counted from 1 among those of the service.
-- number           Its number in the repository.
-- title            Its title.
-- is_duplicate     True where it was closed as a duplicate of another.
-- source_url       Its page.
-- triggered_at     When it was opened, UTC.
-- resolved_at      When it was closed, UTC; NULL while it is open.
--
-- key: issue_id
with

own as (
    select distinct service_id
    from config.incident_rules
    where service_id is not null
),

rules as (
    select
        service_repositories.service_id,
        service_repositories.repository,
        rules.position as rule_position,
        rules.title_pattern,
        rules.label_pattern
    from core.service_repositories as service_repositories
    left join own
        on service_repositories.service_id = own.service_id
    join config.incident_rules as rules
        on own.service_id is not distinct from rules.service_id
    where
        rules.source = 'github_issue'
        and coalesce(regexp_matches(service_repositories.repository, rules.service_pattern), true)
),

labels as (
    select
        issue_id,
        unnest(cast(cast(labels as json) as varchar[])) as label
    from staging.github_issues
),

taken as (
    select
        issues.issue_id,
        rules.service_id,
        min(rules.rule_position) as rule_position
    from staging.github_issues as issues
    join rules
        on issues.repository = rules.repository
    where
        coalesce(regexp_matches(issues.title, rules.title_pattern), true)
        and (
            rules.label_pattern is null
            or exists (
                select 1
                from labels
                where
                    labels.issue_id = issues.issue_id
                    and regexp_matches(labels.label, rules.label_pattern)
            )
        )
    group by issues.issue_id, rules.service_id
),

owned as (
    select
        issue_id,
        min(service_id) as service_id,
        arg_min(rule_position, service_id) as rule_position
    from taken
    group by issue_id
)

select
    issues.issue_id,
    issues.repository,
    owned.service_id,
    owned.rule_position,
    issues.number,
    issues.title,
    coalesce(issues.close_reason = 'duplicate', false) as is_duplicate,
    issues.issue_url as source_url,
    issues.created_at as triggered_at,
    issues.closed_at as resolved_at
from owned
join staging.github_issues as issues
    on owned.issue_id = issues.issue_id
order by issues.issue_id
