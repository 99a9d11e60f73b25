-- One row per group and span of time: how the change lead times of a range are spread.
--
-- The lead times are those that metrics.change_lead_time takes percentiles of; a
-- span begins with its lower bound and ends before its upper one. by_dimension is
-- service, team, repository, environment or none; filters are those of
-- metrics.is_selected.
--
-- dimension      The group: a service_id, team, repository or environment, or all.
-- lower_seconds  The least lead time of the span.
-- upper_seconds  Where the next span begins; NULL for the last.
-- changes        Changes of the group with such a lead time; 0 where there is none.
-- change_ratio   Their share of the group's changes.
--
-- parameters: from_at, to_at, by_dimension := 'none', filters := map {}
-- example: from metrics.change_lead_time_distribution(timestamp '2026-01-01', timestamp '2026-02-01', by_dimension := 'team')
-- key: dimension, lower_seconds
with

spans as (
    select
        lower_seconds,
        upper_seconds
    from (
        values
            (0, 3600),
            (3600, 14400),
            (14400, 86400),
            (86400, 172800),
            (172800, 604800),
            (604800, 1209600),
            (1209600, 2592000),
            (2592000, null)
    ) as bounds(lower_seconds, upper_seconds)
),

deployed as (
    select
        metrics.dimension(by_dimension, deployments.service_id, services.team, deployments.repository, deployments.environment) as dimension,
        changes.lead_time_seconds
    from core.deployments as deployments
    join core.services as services
        on deployments.service_id = services.service_id
    join core.shipped_changes as changes
        on deployments.deployment_number = changes.deployment_number
    where
        deployments.is_production
        and deployments.status = 'success'
        and deployments.finished_at >= from_at
        and deployments.finished_at < to_at
        and metrics.is_selected(filters, deployments.service_id, services.team, deployments.repository, deployments.environment)
        and changes.excluded_reason is null
),

groups as (
    select
        dimension,
        count(*) as changes
    from deployed
    group by dimension
),

-- Spans begin with whole hours, of which there are few.
hours as (
    select
        dimension,
        lead_time_seconds // 3600 as hour,
        count(*) as changes
    from deployed
    where lead_time_seconds >= 0
    group by dimension, hour
),

counts as (
    select
        hours.dimension,
        spans.lower_seconds,
        cast(sum(hours.changes) as bigint) as changes
    from hours
    join spans
        on hours.hour * 3600 >= spans.lower_seconds
        and hours.hour * 3600 < coalesce(spans.upper_seconds, 'infinity'::double)
    group by hours.dimension, spans.lower_seconds
)

select
    groups.dimension,
    spans.lower_seconds,
    spans.upper_seconds,
    coalesce(counts.changes, 0) as changes,
    coalesce(counts.changes, 0) / groups.changes as change_ratio
from groups
cross join spans
left join counts
    on groups.dimension = counts.dimension
    and spans.lower_seconds = counts.lower_seconds
order by groups.dimension, spans.lower_seconds
