-- One row per incident that was triggered, or of which the time ended, in the range: what metrics.incident_durations counts, and what it leaves out.
--
-- What metrics.explain_time_to_restore and metrics.explain_time_to_acknowledge share:
-- until_event says what ends the time, resolved or acknowledged.
--
-- service_id       The service, as in core.services; 'no service' where it belongs to none.
-- team             The team that owns it; NULL where none is named.
-- repository       NULL: an incident has none.
-- environment      NULL: an incident has none.
-- deployment_id    NULL: any cause counts.
-- record           The incident, as in core.incidents.
-- is_counted       True where it is part of n.
-- is_numerator     NULL: the value is no ratio.
-- value_seconds    From when it was triggered to when it ended; NULL where it is left out.
-- rule             What made it count: an incident rule.
-- excluded_reason  Why it is left out; NULL where it is counted.
-- source_url       A page that shows it.
-- record_at        When that was, else when it was triggered, UTC.
--
-- parameters: until_event, from_at, to_at
-- example: from metrics.explained_durations('resolved', timestamp '2026-01-01', timestamp '2026-02-01')
-- key: record
with

days as (
    from metrics.periods(from_at, to_at, 'day')
),

incidents as (
    select
        *,
        case until_event
            when 'resolved' then resolved_at
            when 'acknowledged' then acknowledged_at
            else error('until_event is resolved or acknowledged, not ' || until_event)
        end as ended_at,
        case until_event when 'resolved' then resolved_day else acknowledged_day end as ended_day
    from core.incidents
),

judged as (
    select
        incidents.*,
        services.team,
        case
            when not incidents.is_qualifying then incidents.excluded_reason
            when incidents.ended_at is null then case until_event when 'resolved' then 'open' else 'not acknowledged' end
            when days.day is null then 'outside the range: ' || until_event || ' after it'
        end as left_out_because
    from incidents
    left join core.services as services
        on incidents.service_id = services.service_id
    left join days
        on incidents.ended_day = days.day
        and days.started_at <= incidents.ended_at
        and days.ended_at > incidents.ended_at
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
    case when left_out_because is null then date_sub('second', triggered_at, ended_at) end as value_seconds,
    'incident rule ' || rule_position || ' (' || source || ')' as rule,
    left_out_because as excluded_reason,
    source_url,
    coalesce(ended_at, triggered_at) as record_at
from judged
order by record_at, record
