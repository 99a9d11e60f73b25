-- One row per incident that was triggered or acknowledged in the range: what time to acknowledge counts, and what it leaves out.
--
-- The rows with is_counted are those that metrics.time_to_acknowledge counts: as many as
-- its n, and its values are those of their value_seconds. An incident belongs to
-- the range by the time it was acknowledged; one that was only triggered in it is
-- shown and left out.
--
-- service_id       The service, as in core.services; 'no service' where it belongs to none.
-- team             The team that owns it; NULL where none is named.
-- repository       NULL: an incident has none.
-- environment      NULL: an incident has none.
-- deployment_id    NULL: any cause counts.
-- record           The incident, as in core.incidents.
-- is_counted       True where it is part of n.
-- is_numerator     NULL: the value is no ratio.
-- value_seconds    From when it was triggered to when it was acknowledged; NULL where it is left out.
-- rule             What made it count: an incident rule.
-- excluded_reason  Why it is left out; NULL where it is counted.
-- source_url       A page that shows it.
-- record_at        When it was acknowledged, else triggered, UTC.
--
-- parameters: from_at, to_at
-- example: from metrics.explain_time_to_acknowledge(timestamp '2026-01-01', timestamp '2026-02-01')
-- key: record
with

days as (
    from metrics.periods(from_at, to_at, 'day')
),

judged as (
    select
        incidents.*,
        services.team,
        case
            when not incidents.is_qualifying then incidents.excluded_reason
            when incidents.acknowledged_at is null then 'not acknowledged'
            when days.day is null then 'outside the range: acknowledged after it'
        end as left_out_because
    from core.incidents as incidents
    left join core.services as services
        on incidents.service_id = services.service_id
    left join days
        on incidents.acknowledged_day = days.day
        and days.started_at <= incidents.acknowledged_at
        and days.ended_at > incidents.acknowledged_at
    where
        days.day is not null
        or (incidents.triggered_at >= from_at and incidents.triggered_at < to_at)
)

select
    coalesce(service_id, 'no service') as service_id,
    team,
    cast(null as varchar) as repository,
    cast(null as varchar) as environment,
    cast(null as varchar) as deployment_id,
    incident_id as record,
    left_out_because is null as is_counted,
    cast(null as boolean) as is_numerator,
    case when left_out_because is null then date_sub('second', triggered_at, acknowledged_at) end as value_seconds,
    'incident rule ' || rule_position || ' (' || source || ')' as rule,
    left_out_because as excluded_reason,
    source_url,
    coalesce(acknowledged_at, triggered_at) as record_at
from judged
order by record_at, record
