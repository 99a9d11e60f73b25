-- One row per service and record of its repositories that is a deployment, or could be taken for one.
--
-- The first rule of the service that matches a record takes it (see
-- core.deployment_rules). For each repository the first rule that matches anything
-- decides the kind of its production deployments, and of its deployments to any
-- other environment; records of other kinds are left out: a deployment that is
-- announced as a GitHub deployment and as a release counts once.
--
-- GitHub deployments and releases that no rule takes are kept, as deployments that
-- are not to production; tags and pull requests that no rule takes are none.
--
-- service_id       The service, as in core.services.
-- source           The kind of record, as in core.deployment_records.
-- source_id        The record's id among those of its kind.
-- repository       owner/name.
-- environment      The record's environment, else the one that the rule names; a release that no rule
--     takes goes to prerelease.
-- is_production    True where the rule says that it is a production deployment.
-- status           success, failure, cancelled or in_progress.
-- sha              The commit that was deployed; NULL where it is not known.
-- version          The ref, tag or pull request that was deployed.
-- rule_position    The rule that takes it, counted from 1; NULL where none does.
-- excluded_reason  Why it is not a deployment of the service; NULL where it is one.
-- source_url       A page that shows it.
-- started_at       When it started, UTC.
-- finished_at      When it finished, UTC; NULL while it has not.
--
-- key: service_id, source, source_id
with

matched as (
    select
        service_repositories.service_id,
        records.source,
        records.source_id,
        min(rules.rule_position) as rule_position
    from core.service_repositories as service_repositories
    join core.deployment_records as records
        on service_repositories.repository = records.repository
    left join core.deployment_rules as rules
        on service_repositories.service_id = rules.service_id
        and records.source = rules.kind
        and (rules.environment_pattern is null or regexp_matches(records.environment, rules.environment_pattern))
        and (rules.tag_pattern is not null or not records.is_prerelease)
        and (rules.tag_pattern is null or regexp_matches(records.version, rules.tag_pattern))
        and (rules.branch_pattern is null or regexp_matches(records.branch, rules.branch_pattern))
    where
        rules.rule_position is not null
        or records.source in ('github_deployment', 'release')
    group by service_repositories.service_id, records.source, records.source_id
),

placed as (
    select
        matched.service_id,
        matched.rule_position,
        records.*,
        coalesce(records.environment, rules.environment, 'prerelease') as goes_to,
        coalesce(rules.is_production, false) as is_production
    from matched
    join core.deployment_records as records
        on matched.source = records.source
        and matched.source_id = records.source_id
    left join core.deployment_rules as rules
        on matched.service_id = rules.service_id
        and matched.rule_position = rules.rule_position
),

-- Regions are separate environments and all of them are production.
targeted as (
    select
        *,
        case when is_production then 'production' else goes_to end as target
    from placed
),

decided as (
    select
        *,
        first_value(source) over (
            partition by service_id, repository, target
            order by rule_position nulls last, source, source_id
        ) as decided_source
    from targeted
)

select
    service_id,
    source,
    source_id,
    repository,
    goes_to as environment,
    is_production,
    status,
    sha,
    version,
    rule_position,
    case
        when source <> decided_source
            then 'the repository''s deployments to ' || target || ' are of another kind: ' || decided_source
    end as excluded_reason,
    source_url,
    started_at,
    finished_at
from decided
order by service_id, finished_at, started_at, source, source_id
