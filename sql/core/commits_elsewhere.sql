-- One row per deployment and commit that it ships and that touches none of the service's paths.
--
-- Which paths are a service's is said by the rule that takes the deployment, else
-- by the service's repository. A commit whose paths are not stored, or that touches
-- none, is not among them: what is not known is not left out.
--
-- deployment_number  The deployment, as in core.deployments.
-- commit_id          The commit, as in core.commits.
--
-- key: deployment_number, commit_id
with

patterns as (
    select
        deployments.deployment_number,
        coalesce(rules.paths_pattern, service_repositories.paths_pattern) as paths_pattern
    from core.deployments as deployments
    left join core.deployment_rules as rules
        on deployments.service_id = rules.service_id
        and deployments.rule_position = rules.rule_position
    left join core.service_repositories as service_repositories
        on deployments.service_id = service_repositories.service_id
        and deployments.repository = service_repositories.repository
)

select
    shipped_commits.deployment_number,
    shipped_commits.commit_id
from patterns
join core.shipped_commits as shipped_commits
    on patterns.deployment_number = shipped_commits.deployment_number
join core.commits as commits
    on shipped_commits.commit_id = commits.commit_id
join staging.github_changed_files as files
    on commits.repository = files.repository
    and commits.sha = files.sha
where patterns.paths_pattern is not null
group by shipped_commits.deployment_number, shipped_commits.commit_id
having not bool_or(
    regexp_matches(files.path, patterns.paths_pattern)
    or coalesce(regexp_matches(files.previous_path, patterns.paths_pattern), false)
)
