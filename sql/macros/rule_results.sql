-- One row per service and rule: what it takes of the records that started at from_at or later.
--
-- service_id     The service, as in core.services.
-- rule_position  The rule, as in core.deployment_rules.
-- kind           The kind of record that it looks at.
-- is_default     True where the service has no rules of its own.
-- environment    The environments that what it takes goes to, by name.
-- taken          Deployments that it takes.
-- counted        Those of them that count, because the repository's deployments are of this kind.
-- shadowed       Records that it matches and an earlier rule takes.
-- first_at       When the first of those it takes started, UTC; NULL where there is none.
-- last_at        When the last did.
-- examples       The newest of them, at most three: version and environment.
--
-- parameters: from_at
-- example: from metrics.rule_results(timestamp '2026-01-01')
-- key: service_id, rule_position
with

recent as (
    select
        candidates.service_id,
        candidates.rule_position,
        candidates.environment,
        candidates.started_at,
        candidates.excluded_reason is null as is_counted,
        coalesce(candidates.version, candidates.source_id) || ' to ' || candidates.environment as label,
        candidates.source_id
    from core.deployment_candidates as candidates
    where
        candidates.rule_position is not null
        and candidates.started_at >= from_at
),

newest as (
    select
        service_id,
        rule_position,
        label,
        started_at,
        source_id
    from recent
    qualify row_number() over (partition by service_id, rule_position order by started_at desc, source_id desc) <= 3
),

examples as (
    select
        service_id,
        rule_position,
        string_agg(label, ', ' order by started_at desc, source_id desc) as examples
    from newest
    group by service_id, rule_position
),

results as (
    select
        service_id,
        rule_position,
        string_agg(distinct environment, ', ' order by environment) as environment,
        count(*) as taken,
        count(*) filter (where is_counted) as counted,
        min(started_at) as first_at,
        max(started_at) as last_at
    from recent
    group by service_id, rule_position
),

shadows as (
    select
        matches.service_id,
        matches.rule_position,
        count(*) as shadowed
    from core.rule_matches as matches
    join core.deployment_records as records
        on matches.source = records.source
        and matches.source_id = records.source_id
    join (
        select
            service_id,
            source,
            source_id,
            min(rule_position) as first_position
        from core.deployment_matches
        group by service_id, source, source_id
    ) as taken
        on matches.service_id = taken.service_id
        and matches.source = taken.source
        and matches.source_id = taken.source_id
    where
        records.started_at >= from_at
        and taken.first_position < matches.rule_position
    group by matches.service_id, matches.rule_position
)

select
    rules.service_id,
    rules.rule_position,
    rules.kind,
    rules.is_default,
    results.environment,
    coalesce(results.taken, 0) as taken,
    coalesce(results.counted, 0) as counted,
    coalesce(shadows.shadowed, 0) as shadowed,
    results.first_at,
    results.last_at,
    examples.examples
from core.deployment_rules as rules
left join results
    on rules.service_id = results.service_id
    and rules.rule_position = results.rule_position
left join examples
    on rules.service_id = examples.service_id
    and rules.rule_position = examples.rule_position
left join shadows
    on rules.service_id = shadows.service_id
    and rules.rule_position = shadows.rule_position
order by rules.service_id, rules.rule_position
