-- One row per objective and slice of time in which something is known of it: how much there was, and how much of it was good.
--
-- source says where it comes from:
--     incidents  seconds in which the service was not down, of those outside
--                maintenance (core.availability), cut at midnight and where a target
--                changed
--     response   qualifying incidents of the service, by the minute they began in,
--                that were acknowledged or resolved in time; one that is still
--                within its time is not known yet, and counts later
--     sql        the values of the objective's query (core.sli_query_values)
--     ingested   what was ingested under the SLO's or the objective's name
--
-- Of sql, a value of good or bad is counted as part of the total, a raw ratio as one
-- event, and a value that is compared with a threshold as one event that is good or
-- not. A counter counts what it has grown by, from 0 where it has fallen. Values
-- that make no sense (less than 0, or more than the total) are left out, and
-- core.slo_findings says so.
--
-- A slice of sql or ingested, where the source does not say, is as long as the
-- shortest time between two values of the objective, at most a day, a minute where
-- there is one value: what follows is never finer than the data.
--
-- objective_id      The objective, as in core.slos.
-- objective_number  The objective, for joins within one snapshot.
-- slice_started_at  When the slice began, UTC.
-- slice_ended_at    When it ended, UTC; slices of an objective do not overlap.
-- good              How much was good.
-- total             How much there was: seconds, incidents, events.
-- source            incidents, response, sql or ingested.
--
-- key: objective_id, slice_started_at
with

measured as (
    select *
    from core.slos
    where is_newest
),

uptime_cuts as (
    select
        measured.objective_id,
        days.started_at as cut_at
    from measured
    cross join core.days as days
    where measured.measured_by = 'incidents'
    union
    select
        objective_id,
        effective_from as cut_at
    from core.slos
    where measured_by = 'incidents'
),

uptime_parts as (
    select
        objective_id,
        cut_at as started_at,
        lead(cut_at, 1, timestamp '9999-01-01') over (partition by objective_id order by cut_at) as ended_at
    from uptime_cuts
),

uptime as (
    select
        measured.objective_id,
        measured.objective_number,
        greatest(availability.started_at, parts.started_at) as slice_started_at,
        least(availability.ended_at, parts.ended_at) as slice_ended_at,
        availability.state
    from measured
    join core.availability as availability
        on measured.service_id = availability.service_id
        and availability.state <> 'maintenance'
    join uptime_parts as parts
        on measured.objective_id = parts.objective_id
        and availability.started_at < parts.ended_at
        and availability.ended_at > parts.started_at
    where measured.measured_by = 'incidents'
),

from_incidents as (
    select
        objective_id,
        objective_number,
        slice_started_at,
        slice_ended_at,
        case when state = 'up' then date_diff('millisecond', slice_started_at, slice_ended_at) / 1000 else 0 end as good,
        date_diff('millisecond', slice_started_at, slice_ended_at) / 1000 as total,
        'incidents' as source
    from uptime
),

responses as (
    select
        measured.objective_id,
        measured.objective_number,
        date_trunc('minute', incidents.triggered_at) as slice_started_at,
        case measured.measure
            when 'acknowledged' then coalesce(incidents.acknowledged_at, incidents.resolved_at)
            else incidents.resolved_at
        end as answered_at,
        incidents.triggered_at + to_seconds(measured.within_seconds) as due_at
    from measured
    join core.incidents as incidents
        on measured.service_id = incidents.service_id
        and incidents.is_qualifying
    where measured.measured_by = 'response'
),

from_response as (
    select
        responses.objective_id,
        responses.objective_number,
        responses.slice_started_at,
        responses.slice_started_at + interval 1 minute as slice_ended_at,
        cast(count(*) filter (where responses.answered_at <= responses.due_at) as double) as good,
        cast(count(*) as double) as total,
        'response' as source
    from responses
    cross join config.build as build
    where
        responses.answered_at is not null
        or responses.due_at <= build.as_of
    group by responses.objective_id, responses.objective_number, responses.slice_started_at
),

query_values as (
    select
        measured.objective_id,
        measured.objective_number,
        measured.metric,
        measured.operator,
        measured.threshold,
        query_values.part,
        query_values.happened_at,
        case
            when not measured.is_counter or measured.metric not in ('good', 'bad') then query_values.value
            when query_values.value >= lag(query_values.value) over values_in_order
                then query_values.value - lag(query_values.value) over values_in_order
            when lag(query_values.value) over values_in_order is not null then query_values.value
        end as value
    from measured
    join core.sli_query_values as query_values
        on measured.objective_number = query_values.objective_number
    where query_values.problem is null
    window values_in_order as (
        partition by query_values.objective_number, query_values.part
        order by query_values.value_number
    )
),

events as (
    select
        objective_id,
        objective_number,
        happened_at,
        case
            when part = 'total' then null
            when metric = 'threshold' then cast(
                case operator
                    when 'lt' then value < threshold
                    when 'lte' then value <= threshold
                    when 'gt' then value > threshold
                    when 'gte' then value >= threshold
                end as double)
            when metric in ('raw_failure', 'bad') then null
            else value
        end as good,
        case when metric in ('raw_failure', 'bad') and part = 'value' then value end as bad,
        case
            when part = 'total' then value
            when metric in ('threshold', 'raw_success', 'raw_failure') then 1
        end as total
    from query_values
    where value is not null
),

from_queries as (
    select
        objective_id,
        objective_number,
        happened_at as slice_started_at,
        cast(null as timestamp) as slice_ended_at,
        coalesce(sum(good), sum(total) - coalesce(sum(bad), 0), 0) as good,
        sum(total) as total,
        'sql' as source
    from events
    group by objective_id, objective_number, happened_at
),

ingested_names as (
    select objective_id, objective_number, slo as name from measured where measured_by = 'ingested'
    union all
    select objective_id, objective_number, objective_id as name from measured where measured_by = 'ingested'
),

from_files as (
    select
        names.objective_id,
        names.objective_number,
        ingested.started_at as slice_started_at,
        ingested.ended_at as slice_ended_at,
        ingested.good,
        ingested.total,
        'ingested' as source
    from ingested_names as names
    join staging.ingested_sli as ingested
        on names.name = ingested.slo
),

counted as (
    select *
    from from_queries
    where
        total > 0
        and good >= 0
        and good <= total
    union all
    select *
    from from_files
    where total > 0
    qualify row_number() over (partition by objective_id, slice_started_at order by slice_ended_at nulls last) = 1
),

spaced as (
    select
        *,
        lead(slice_started_at) over (partition by objective_id order by slice_started_at) as next_started_at
    from counted
),

lengths as (
    select
        objective_id,
        least(coalesce(min(next_started_at - slice_started_at), interval 1 minute), interval 1 day) as length
    from spaced
    group by objective_id
),

from_counts as (
    select
        spaced.objective_id,
        spaced.objective_number,
        spaced.slice_started_at,
        least(
            coalesce(spaced.slice_ended_at, spaced.slice_started_at + lengths.length),
            coalesce(spaced.next_started_at, timestamp '9999-01-01')
        ) as slice_ended_at,
        spaced.good,
        spaced.total,
        spaced.source
    from spaced
    join lengths
        on spaced.objective_id = lengths.objective_id
)

select * from from_incidents
union all
select * from from_response
union all
select * from from_counts
order by objective_id, slice_started_at
