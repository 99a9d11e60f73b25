-- One row per service and rule that says which records are its deployments: its own rules, else the default ones.
--
-- Patterns are regular expressions; NULL matches everything.
--
-- service_id           The service, as in core.services.
-- rule_position        The rule's place, counted from 1; the first that matches a record takes it.
-- kind                 The kind of record it looks at, the source of core.deployment_records.
-- environment          The environment that a match goes to; NULL where the record has one of its own.
-- is_production        True where a match is a production deployment.
-- is_default           True where the service says nothing of its own.
-- environment_pattern  Of the record's environment.
-- tag_pattern          Of the tag.
-- workflow_pattern     Of the workflow's file, the last part of its path, or its name.
-- branch_pattern       Of the branch.
-- event_pattern        Of what started the run.
-- conclusion_pattern   Of how the run, or the job where the rule names one, ended.
-- job_pattern          Of the jobs that are the deployment; NULL where the whole run is.
-- paths_pattern        Of the paths that a change touches, instead of that of core.service_repositories.
--
-- key: service_id, rule_position
with

own as (
    select distinct service_id
    from config.deployment_rules
    where service_id is not null
)

select
    services.service_id,
    rules.position as rule_position,
    rules.kind,
    rules.environment,
    rules.is_production,
    own.service_id is null as is_default,
    rules.environment_pattern,
    rules.tag_pattern,
    rules.workflow_pattern,
    rules.branch_pattern,
    rules.event_pattern,
    rules.conclusion_pattern,
    rules.job_pattern,
    rules.paths_pattern
from core.services as services
left join own
    on services.service_id = own.service_id
join config.deployment_rules as rules
    on own.service_id is not distinct from rules.service_id
order by services.service_id, rules.position
