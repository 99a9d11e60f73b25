-- One row per deployment that is a hotfix.
--
-- A successful deployment is a hotfix where a pull request that it is the first to
-- carry has a label that hotfix_labels takes, comes from a branch that
-- hotfix_branches takes, or has a title that hotfix_titles takes, or where the ref
-- that was deployed is such a branch (options of failures). A label is matched as
-- a whole, a branch and a title from the beginning, all in any case. It blames the
-- successful deployment just before it in the same service, environment and
-- repository; the first of all blames none, and is no hotfix.
--
-- deployment_number        The hotfix, as in core.deployments.
-- fixed_deployment_number  The deployment that it blames.
-- pull_request_number      The pull request that says so, the lowest of several; NULL where the deployed ref does.
-- reason                   Which rule took it.
--
-- key: deployment_number
with

successes as (
    select
        deployments.deployment_number,
        deployments.service_id,
        deployments.version,
        lineage.previous_success_number
    from core.deployments as deployments
    join core.deployment_lineage as lineage
        on deployments.deployment_number = lineage.deployment_number
    where deployments.status = 'success'
),

-- Most deployments are of a few refs: each is matched once.
hotfix_refs as (
    select
        versions.version,
        rules.branch_pattern
    from (select distinct version from successes) as versions
    join (select distinct branch_pattern from core.hotfix_rules where branch_pattern <> '') as rules
        on regexp_matches(versions.version, rules.branch_pattern)
),

-- Every reason to take a deployment as a hotfix, the best first.
found as (
    select
        successes.deployment_number,
        carried.pull_request_number,
        hotfix_pull_requests.preference,
        hotfix_pull_requests.reason
    from successes
    join core.deployment_pull_requests as carried
        on successes.deployment_number = carried.deployment_number
    join core.hotfix_rules as rules
        on successes.service_id = rules.service_id
    join core.hotfix_pull_requests as hotfix_pull_requests
        on carried.repository = hotfix_pull_requests.repository
        and carried.pull_request_number = hotfix_pull_requests.pull_request_number
        and rules.label_pattern = hotfix_pull_requests.label_pattern
        and rules.branch_pattern = hotfix_pull_requests.branch_pattern
        and rules.title_pattern = hotfix_pull_requests.title_pattern
    union all
    select
        successes.deployment_number,
        null as pull_request_number,
        3 as preference,
        'deployed ref ' || successes.version as reason
    from successes
    join core.hotfix_rules as rules
        on successes.service_id = rules.service_id
    join hotfix_refs
        on successes.version = hotfix_refs.version
        and rules.branch_pattern = hotfix_refs.branch_pattern
)

select
    successes.deployment_number,
    successes.previous_success_number as fixed_deployment_number,
    found.pull_request_number,
    found.reason
from found
join successes
    on found.deployment_number = successes.deployment_number
where successes.previous_success_number is not null
qualify row_number() over (
    partition by found.deployment_number
    order by found.preference, found.pull_request_number, found.reason
) = 1
order by successes.deployment_number
