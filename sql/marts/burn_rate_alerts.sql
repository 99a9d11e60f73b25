-- One row per objective, pair of windows and time in which an alert on the burn rate would have been on: when somebody would have been paged.
--
-- Computed after the fact: at the end of every bad slice, every minute within one
-- whose time is known to the second, and when the short window after it is over, the
-- burn rate (bad / allowed) of both windows is looked at. An alert is on where both
-- reach the pair's threshold, and ends where one of them no longer does; between these
-- instants the rate can only fall, so that it may have ended a little earlier.
--
-- It is never finer than the data: a pair is not looked at where the objective's
-- slices are longer than its short window. A target of 100 % has no burn rate.
--
-- objective_id      The objective, as in core.slos.
-- long_seconds      The pair of windows, as in core.burn_rate_windows.
-- fired_at          When it would have fired, UTC.
-- ended_at          When it was seen to be over, UTC; NULL where it is on at the as-of time.
-- slo               The name of the SLO.
-- service_id        Its service, NULL where it is not known.
-- severity          page or ticket.
-- threshold         The burn rate from which it fires.
-- long_burn_rate    The burn rate of the long window when it fired.
-- short_burn_rate   That of the short one.
-- fired_day         The calendar day of fired_at in the warehouse's time zone.
--
-- key: objective_id, long_seconds, fired_at
with

objectives as (
    select
        slos.objective_number,
        any_value(slos.objective_id) as objective_id,
        any_value(slos.slo) as slo,
        arg_max(slos.service_id, slos.objective_version) as service_id,
        arg_max(slos.measured_by, slos.objective_version) as measured_by,
        arg_max(coalesce(slos.time_slice_seconds, 0), slos.objective_version) as time_slice_seconds
    from core.slos as slos
    group by slos.objective_number
),

lengths as (
    select
        objectives.*,
        case
            when objectives.measured_by = 'incidents' then objectives.time_slice_seconds
            else greatest(objectives.time_slice_seconds, (
                select max(epoch(slices.slice_ended_at - slices.slice_started_at))
                from core.budget_slices as slices
                where slices.objective_number = objectives.objective_number
            ))
        end as slice_seconds
    from objectives
),

pairs as (
    select
        lengths.objective_number,
        windows.severity,
        windows.long_seconds,
        windows.short_seconds,
        windows.budget_ratio
    from lengths
    join core.burn_rate_windows as windows
        on lengths.slice_seconds <= windows.short_seconds
),

-- An alert is on only while a slice in one of its short windows burns as fast as it
-- asks for; the others need not be looked at.
rated as (
    select
        slices.objective_number,
        slices.slice_started_at,
        slices.slice_ended_at,
        slices.bad,
        lengths.measured_by = 'incidents' and lengths.time_slice_seconds = 0 as is_exact,
        slos.target,
        slos.window_seconds,
        max(slices.bad / nullif(slices.allowed, 0)) over (
            partition by slices.objective_number
            order by slices.slice_ended_at
            range between interval 6 hour preceding and current row
        ) as highest_rate
    from core.budget_slices as slices
    join lengths
        on slices.objective_number = lengths.objective_number
    join core.slos as slos
        on slices.objective_number = slos.objective_number
        and slices.objective_version = slos.objective_version
),

bad_slices as (
    select *
    from rated
    where
        bad > 0
        and highest_rate >= 0.1 * window_seconds / 259200 - 1e-9
),

-- While an outage goes on the rates can only grow, and all thresholds are reached by
-- when a tenth of the budget is spent, or never.
instants as (
    select
        objective_number,
        slice_ended_at as instant_at
    from bad_slices
    union
    select
        objective_number,
        unnest(generate_series(
            date_trunc('minute', slice_started_at) + interval 1 minute,
            least(slice_ended_at, slice_started_at + to_seconds(least(0.1 * window_seconds * (1 - target), 259200) + 60)),
            interval 1 minute
        )) as instant_at
    from bad_slices
    where is_exact
    union
    select
        bad_slices.objective_number,
        bad_slices.slice_ended_at + to_seconds(pairs.short_seconds) as instant_at
    from bad_slices
    join pairs
        on bad_slices.objective_number = pairs.objective_number
),

looks as (
    select
        instants.objective_number,
        instants.instant_at,
        slos.window_seconds,
        slos.objective_version
    from instants
    cross join core.snapshot as snapshot
    join core.slos as slos
        on instants.objective_number = slos.objective_number
        and instants.instant_at > slos.judged_from
        and instants.instant_at <= coalesce(slos.effective_until, timestamp '9999-01-01')
    where
        instants.instant_at <= snapshot.as_of
        and slos.target < 1
),

edges as (
    select objective_number, instant_at as edge_at from looks
    union
    select looks.objective_number, looks.instant_at - to_seconds(pairs.long_seconds)
    from looks
    join pairs on looks.objective_number = pairs.objective_number
    union
    select looks.objective_number, looks.instant_at - to_seconds(pairs.short_seconds)
    from looks
    join pairs on looks.objective_number = pairs.objective_number
),

placed as (
    select
        edges.objective_number,
        edges.edge_at,
        slices.bad_before,
        slices.bad,
        slices.allowed_before,
        slices.allowed,
        least(epoch(edges.edge_at - slices.slice_started_at) / epoch(slices.slice_ended_at - slices.slice_started_at), 1) as part
    from edges
    asof left join core.budget_slices as slices
        on edges.objective_number = slices.objective_number
        and edges.edge_at >= slices.slice_started_at
),

until as (
    select
        objective_number,
        edge_at,
        coalesce(bad_before + part * bad, 0) as bad,
        coalesce(allowed_before + part * allowed, 0) as allowed
    from placed
),

-- The sums that the two windows of a look begin and end with. Materialized, so that
-- they are found by one join on equality of instants.
wanted as materialized (
    select
        looks.objective_number,
        looks.instant_at,
        pairs.severity,
        pairs.long_seconds,
        pairs.budget_ratio * looks.window_seconds / pairs.long_seconds as threshold,
        roles.role,
        case roles.role
            when 'end' then looks.instant_at
            when 'long' then looks.instant_at - to_seconds(pairs.long_seconds)
            when 'short' then looks.instant_at - to_seconds(pairs.short_seconds)
        end as edge_at
    from looks
    join pairs
        on looks.objective_number = pairs.objective_number
    cross join (values ('end'), ('long'), ('short')) as roles(role)
),

rates as (
    select
        wanted.objective_number,
        wanted.instant_at,
        wanted.severity,
        wanted.long_seconds,
        wanted.threshold,
        sum(case wanted.role when 'end' then until.bad when 'long' then -until.bad end)
            / nullif(sum(case wanted.role when 'end' then until.allowed when 'long' then -until.allowed end), 0) as long_burn_rate,
        sum(case wanted.role when 'end' then until.bad when 'short' then -until.bad end)
            / nullif(sum(case wanted.role when 'end' then until.allowed when 'short' then -until.allowed end), 0) as short_burn_rate
    from wanted
    join until
        on wanted.objective_number = until.objective_number
        and wanted.edge_at = until.edge_at
    group by
        wanted.objective_number,
        wanted.instant_at,
        wanted.severity,
        wanted.long_seconds,
        wanted.threshold
),

states as (
    select
        *,
        coalesce(long_burn_rate >= threshold - 1e-9 and short_burn_rate >= threshold - 1e-9, false) as is_on
    from rates
),

changes as (
    select *
    from states
    qualify is_on is distinct from lag(is_on) over (partition by objective_number, long_seconds order by instant_at)
),

spans as (
    select
        *,
        lead(instant_at) over (partition by objective_number, long_seconds order by instant_at) as ended_at
    from changes
)

select
    lengths.objective_id,
    spans.long_seconds,
    spans.instant_at as fired_at,
    spans.ended_at,
    lengths.slo,
    lengths.service_id,
    spans.severity,
    spans.threshold,
    spans.long_burn_rate,
    spans.short_burn_rate,
    cast(timezone(snapshot.time_zone, timezone('UTC', spans.instant_at)) as date) as fired_day
from spans
join lengths
    on spans.objective_number = lengths.objective_number
cross join core.snapshot as snapshot
where spans.is_on
order by lengths.objective_id, spans.long_seconds, spans.instant_at
