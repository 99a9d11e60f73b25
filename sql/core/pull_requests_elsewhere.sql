-- One row per service and merged pull request of its repository that touches none of its paths.
--
-- Which paths are a service's is said by its rules, else by its repository: where a
-- rule says nothing and the repository neither, all are. A pull request of which not
-- all paths are stored, or that touches none, is not here: what is not known is not
-- left out.
--
-- service_id  The service, as in core.services.
-- repository  owner/name.
-- number      The pull request.
--
-- key: service_id, repository, number
with

patterns as (
    select distinct
        service_repositories.service_id,
        service_repositories.repository,
        coalesce(rules.paths_pattern, service_repositories.paths_pattern) as paths_pattern
    from core.service_repositories as service_repositories
    left join core.deployment_rules as rules
        on service_repositories.service_id = rules.service_id
)

select
    patterns.service_id,
    patterns.repository,
    pull_requests.number
from patterns
anti join (select * from patterns where paths_pattern is null) as everything
    on patterns.service_id = everything.service_id
    and patterns.repository = everything.repository
join core.pull_requests as pull_requests
    on patterns.repository = pull_requests.repository
join core.pull_request_paths as paths
    on pull_requests.pull_request_id = paths.pull_request_id
group by patterns.service_id, patterns.repository, pull_requests.number
having not bool_or(regexp_matches(paths.path, patterns.paths_pattern))
order by patterns.service_id, patterns.repository, pull_requests.number
