-- One row per service, record and rule that matches it, whether or not an earlier rule takes it.
--
-- All patterns of a rule must match. A merged pull request is matched only where it
-- touches the paths of the rule, else of the service's repository; where its paths
-- are not known it is.
--
-- service_id     The service, as in core.services.
-- source         The kind of record, as in core.deployment_records.
-- source_id      The record's id among those of its kind.
-- rule_position  The rule.
--
-- key: service_id, source, source_id, rule_position
with

-- Merged pull requests that touch paths of other services only.
elsewhere as (
    select
        rules.service_id,
        rules.rule_position,
        records.source,
        records.source_id
    from core.deployment_records as records
    join core.service_repositories as service_repositories
        on records.repository = service_repositories.repository
    join core.deployment_rules as rules
        on service_repositories.service_id = rules.service_id
        and records.source = rules.kind
    join core.pull_request_paths as paths
        on records.source_id = cast(paths.pull_request_id as varchar)
    where
        records.source = 'merged_pull_request'
        and coalesce(rules.paths_pattern, service_repositories.paths_pattern) is not null
    group by rules.service_id, rules.rule_position, records.source, records.source_id
    having not bool_or(regexp_matches(paths.path, coalesce(rules.paths_pattern, service_repositories.paths_pattern)))
),

-- Workflows are few and runs are many: each pattern looks at each workflow once.
workflows as (
    select distinct
        workflow_file,
        workflow_name,
        event
    from core.deployment_records
    where source = 'workflow_run'
),

workflow_patterns as (
    select distinct
        workflow_pattern,
        event_pattern
    from core.deployment_rules
    where kind = 'workflow_run'
),

matched_workflows as (
    select
        workflows.workflow_file,
        workflows.workflow_name,
        workflows.event,
        coalesce(patterns.workflow_pattern, '') as workflow_pattern,
        coalesce(patterns.event_pattern, '') as event_pattern
    from workflows
    cross join workflow_patterns as patterns
    where
        (
            patterns.workflow_pattern is null
            or regexp_matches(workflows.workflow_file, patterns.workflow_pattern)
            or regexp_matches(split_part(workflows.workflow_file, '/', -1), patterns.workflow_pattern)
            or regexp_matches(workflows.workflow_name, patterns.workflow_pattern)
        )
        and (patterns.event_pattern is null or regexp_matches(workflows.event, patterns.event_pattern))
),

-- The same of environments, branches and conclusions.
matched_texts as (
    select
        texts.text,
        patterns.pattern
    from (
        select environment as text from core.deployment_records
        union
        select branch from core.deployment_records
        union
        select conclusion from core.deployment_records
    ) as texts
    join (
        select environment_pattern as pattern from core.deployment_rules
        union
        select branch_pattern from core.deployment_rules
        union
        select conclusion_pattern from core.deployment_rules
    ) as patterns
        on regexp_matches(texts.text, patterns.pattern)
)

select
    service_records.service_id,
    service_records.source,
    service_records.source_id,
    rules.rule_position
from core.service_records as service_records
join core.deployment_rules as rules
    on service_records.service_id = rules.service_id
    and service_records.source = rules.kind
join core.deployment_records as records
    on service_records.source = records.source
    and service_records.source_id = records.source_id
left join matched_workflows
    on records.workflow_file is not distinct from matched_workflows.workflow_file
    and records.workflow_name is not distinct from matched_workflows.workflow_name
    and records.event is not distinct from matched_workflows.event
    and coalesce(rules.workflow_pattern, '') = matched_workflows.workflow_pattern
    and coalesce(rules.event_pattern, '') = matched_workflows.event_pattern
left join matched_texts as matched_environments
    on records.environment = matched_environments.text
    and rules.environment_pattern = matched_environments.pattern
left join matched_texts as matched_branches
    on records.branch = matched_branches.text
    and rules.branch_pattern = matched_branches.pattern
left join matched_texts as matched_conclusions
    on records.conclusion = matched_conclusions.text
    and rules.conclusion_pattern = matched_conclusions.pattern
anti join elsewhere
    on rules.service_id = elsewhere.service_id
    and rules.rule_position = elsewhere.rule_position
    and records.source = elsewhere.source
    and records.source_id = elsewhere.source_id
where
    (rules.environment_pattern is null or matched_environments.text is not null)
    and (rules.tag_pattern is not null or not records.is_prerelease)
    and (rules.tag_pattern is null or regexp_matches(records.version, rules.tag_pattern))
    and (rules.kind <> 'workflow_run' or matched_workflows.workflow_pattern is not null)
    and (rules.branch_pattern is null or matched_branches.text is not null)
    and (
        rules.job_pattern is not null
        or rules.conclusion_pattern is null
        or matched_conclusions.text is not null
    )
order by service_records.service_id, service_records.source, service_records.source_id, rules.rule_position
