-- One row per service, kind and group of records that started at from_at or later and that no rule takes.
--
-- Records are grouped by what rules tell them apart by: the environment, the
-- workflow's file with the event that started it, the branch that was merged into.
--
-- service_id    The service, as in core.services.
-- source        The kind of record.
-- record_group  What they have in common; '' for kinds without groups.
-- records       How many they are.
-- last_at       When the newest of them started, UTC.
-- example       The newest of them: its version, else its id.
-- reason        Why no rule takes them.
--
-- parameters: from_at
-- example: from metrics.unmatched_records(timestamp '2026-01-01')
-- key: service_id, source, record_group
with

kinds as (
    select distinct
        service_id,
        kind
    from core.deployment_rules
),

unmatched as (
    select
        service_records.service_id,
        records.source,
        coalesce(
            records.environment,
            records.workflow_file || ' on ' || records.event,
            'into ' || records.branch,
            case when records.is_prerelease then 'prereleases' end,
            ''
        ) as record_group,
        records.source_id,
        coalesce(records.version, records.source_id) as label,
        records.started_at,
        matches.rule_position is not null as is_matched,
        kinds.kind is not null as has_rule
    from core.service_records as service_records
    join core.deployment_records as records
        on service_records.source = records.source
        and service_records.source_id = records.source_id
    anti join core.deployment_matches as taken
        on service_records.service_id = taken.service_id
        and service_records.source = taken.source
        and service_records.source_id = taken.source_id
    left join core.rule_matches as matches
        on service_records.service_id = matches.service_id
        and service_records.source = matches.source
        and service_records.source_id = matches.source_id
    left join kinds
        on service_records.service_id = kinds.service_id
        and service_records.source = kinds.kind
    where records.started_at >= from_at
)

select
    service_id,
    source,
    record_group,
    count(distinct source_id) as records,
    max(started_at) as last_at,
    arg_max(label, (started_at, source_id)) as example,
    case
        when bool_or(is_matched) then 'no job of the run is one that the rule names, or its jobs are not stored'
        when bool_or(has_rule) then 'no pattern of a rule of this kind matches'
        else 'no rule of the service looks at this kind'
    end as reason
from unmatched
group by service_id, source, record_group
order by service_id, source, records desc, record_group
