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

rules as (
    select
        service_id,
        '(?i)^(?:' || any_value(nullif(value, '')) filter (where option = 'hotfix_labels') || ')$' as label_pattern,
        '(?i)^(?:' || any_value(nullif(value, '')) filter (where option = 'hotfix_branches') || ')' as branch_pattern,
        '(?i)^(?:' || any_value(nullif(value, '')) filter (where option = 'hotfix_titles') || ')' as title_pattern
    from core.definitions
    where metric = 'failures'
    group by service_id
),

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

labels as (
    select
        repository,
        number,
        unnest(from_json(labels, '["varchar"]')) as label
    from core.pull_requests
    where merged_at is not null
),

-- Every reason to take a deployment as a hotfix, the best first.
found as (
    select
        successes.deployment_number,
        carried.pull_request_number,
        1 as preference,
        'label ' || labels.label as reason
    from successes
    join core.deployment_pull_requests as carried
        on successes.deployment_number = carried.deployment_number
    join labels
        on carried.repository = labels.repository
        and carried.pull_request_number = labels.number
    join rules
        on successes.service_id = rules.service_id
    where regexp_matches(labels.label, rules.label_pattern)
    union all
    select
        successes.deployment_number,
        carried.pull_request_number,
        2 as preference,
        case
            when regexp_matches(pull_requests.head_branch, rules.branch_pattern)
                then 'branch ' || pull_requests.head_branch
            else 'title ' || pull_requests.title
        end as reason
    from successes
    join core.deployment_pull_requests as carried
        on successes.deployment_number = carried.deployment_number
    join core.pull_requests as pull_requests
        on carried.repository = pull_requests.repository
        and carried.pull_request_number = pull_requests.number
    join rules
        on successes.service_id = rules.service_id
    where
        regexp_matches(pull_requests.head_branch, rules.branch_pattern)
        or regexp_matches(pull_requests.title, rules.title_pattern)
    union all
    select
        successes.deployment_number,
        null as pull_request_number,
        3 as preference,
        'deployed ref ' || successes.version as reason
    from successes
    join rules
        on successes.service_id = rules.service_id
    where regexp_matches(successes.version, rules.branch_pattern)
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
