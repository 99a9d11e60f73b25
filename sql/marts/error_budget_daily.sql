-- One row per objective and calendar day on which it was in force, from its first measurement to the as-of time: what of its error budget was spent, and what was left at the end of the day.
--
-- The window of a day is the objective's: rolling, the days (or hours) up to the
-- day's end, or the window of the calendar that the day's last instant lies in. The
-- budget of a window is what the targets allow of its slices to be bad; spent is
-- what was bad. remaining_ratio = 1 - spent / budget, which may be negative, and with
-- one target all along is 1 - e / (1 - target), e being the ratio of bad.
--
-- Where time is counted (source incidents) the budget is that of the whole window:
-- the part of it that is not measured yet, or lies before the first measurement,
-- counts with the target of the day. Otherwise ten minutes on the first of a month
-- would spend a month's budget seven times. Where events are counted nobody knows how
-- many will come, and the budget grows with them.
--
-- A target of 100 % has no budget: no ratio, no burn rate, and it is spent with the
-- first bad event.
--
-- objective_id           The objective, as in core.slos.
-- day                    The day, in the warehouse's time zone.
-- service_id             Its service, NULL where it is not known.
-- slo                    The name of its SLO.
-- target                 The ratio that must be good, at the end of the day.
-- good                   How much was good that day: seconds, incidents, events or slices.
-- total                  How much there was that day.
-- allowed                How much of it the targets allow to be bad.
-- bad_ratio              The ratio of bad that day; NULL where there was nothing.
-- burn_rate              How many times faster than allowed the budget was spent that day; NULL where there was nothing.
-- window_started_at      When the window began, UTC.
-- window_ended_at        The end of the day, at the latest the as-of time, UTC.
-- attainment_ratio       The ratio of good in the window; NULL where there was nothing.
-- remaining_ratio        The part of the budget that is left; NULL where there is none to spend.
-- budget_minutes         The budget of the whole window as time.
-- remaining_minutes      What is left of it as time; negative where more was spent.
-- seconds_to_exhaustion  How long the rest lasts at the day's burn rate: remaining_ratio * window / burn rate; NULL where nothing was spent.
-- is_exhausted           True where more than the budget is spent.
-- is_over                False for the as-of day.
-- is_before_definition   True where the objective was defined only after the day.
--
-- key: objective_id, day
with

first_slices as (
    select
        objective_number,
        min(slice_started_at) as first_at
    from core.budget_slices
    group by objective_number
),

first_definitions as (
    select
        objective_number,
        effective_from as defined_at
    from core.slos
    where objective_version = 1
),

objective_days as (
    select
        slos.*,
        days.day,
        days.started_at as day_started_at,
        least(days.ended_at, snapshot.as_of) as window_ended_at,
        days.ended_at as day_ended_at,
        days.is_over,
        snapshot.time_zone,
        first_slices.first_at,
        first_definitions.defined_at,
        timezone(slos.calendar_time_zone, timezone('UTC', least(days.ended_at, snapshot.as_of) - interval 1 microsecond)) as calendar_at
    from core.slos as slos
    join first_slices
        on slos.objective_number = first_slices.objective_number
    join first_definitions
        on slos.objective_number = first_definitions.objective_number
    cross join core.snapshot as snapshot
    join core.days as days
        on days.started_at < snapshot.as_of
        and first_slices.first_at < days.ended_at
        and slos.judged_from < least(days.ended_at, snapshot.as_of)
        and coalesce(slos.effective_until, timestamp '9999-01-01') >= least(days.ended_at, snapshot.as_of)
),

calendar_places as (
    select
        *,
        case
            when is_rolling then null
            when window_unit = 'day' then floor(epoch(calendar_at - calendar_started_at) / (86400 * window_count))
            when calendar_started_at + to_months(cast(window_count * floor(date_diff('month', calendar_started_at, calendar_at) / window_count) as integer)) > calendar_at
                then floor(date_diff('month', calendar_started_at, calendar_at) / window_count) - 1
            else floor(date_diff('month', calendar_started_at, calendar_at) / window_count)
        end as calendar_place
    from objective_days
),

windows as (
    select
        *,
        case
            when not is_rolling and window_unit = 'day'
                then timezone('UTC', timezone(calendar_time_zone, calendar_started_at + to_days(cast(window_count * calendar_place as integer))))
            when not is_rolling
                then timezone('UTC', timezone(calendar_time_zone, calendar_started_at + to_months(cast(window_count * calendar_place as integer))))
            when window_unit = 'day'
                then timezone('UTC', timezone(time_zone, cast(day + 1 as timestamp) - to_days(cast(window_count as integer))))
            when window_unit = 'month'
                then timezone('UTC', timezone(time_zone, cast(day + 1 as timestamp) - to_months(cast(window_count as integer))))
            else window_ended_at - to_seconds(window_seconds)
        end as window_started_at,
        case
            when not is_rolling and window_unit = 'day'
                then timezone('UTC', timezone(calendar_time_zone, calendar_started_at + to_days(cast(window_count * (calendar_place + 1) as integer))))
            when not is_rolling
                then timezone('UTC', timezone(calendar_time_zone, calendar_started_at + to_months(cast(window_count * (calendar_place + 1) as integer))))
            when window_unit in ('day', 'month') then day_ended_at
            else window_ended_at
        end as window_due_at
    from calendar_places
),

-- The instants whose sums a day needs. Materialized, so that they are found by one
-- join on equality of instants.
wanted as materialized (
    select
        windows.objective_number,
        windows.day,
        roles.role,
        case roles.role
            when 'end' then windows.window_ended_at
            when 'day' then windows.day_started_at
            when 'window' then windows.window_started_at
        end as instant_at
    from windows
    cross join (values ('end'), ('day'), ('window')) as roles(role)
),

instants as (
    select distinct
        objective_number,
        instant_at
    from wanted
),

placed as (
    select
        instants.objective_number,
        instants.instant_at,
        slices.total_before,
        slices.total,
        slices.bad_before,
        slices.bad,
        slices.allowed_before,
        slices.allowed,
        least(epoch(instants.instant_at - slices.slice_started_at) / epoch(slices.slice_ended_at - slices.slice_started_at), 1) as part
    from instants
    asof left join core.budget_slices as slices
        on instants.objective_number = slices.objective_number
        and instants.instant_at >= slices.slice_started_at
),

until as (
    select
        objective_number,
        instant_at,
        coalesce(total_before + part * total, 0) as total,
        coalesce(bad_before + part * bad, 0) as bad,
        coalesce(allowed_before + part * allowed, 0) as allowed
    from placed
),

differences as (
    select
        wanted.objective_number,
        wanted.day,
        sum(case wanted.role when 'end' then until.total when 'day' then -until.total end) as day_total,
        sum(case wanted.role when 'end' then until.bad when 'day' then -until.bad end) as day_bad,
        sum(case wanted.role when 'end' then until.allowed when 'day' then -until.allowed end) as day_allowed,
        sum(case wanted.role when 'end' then until.total when 'window' then -until.total end) as window_total,
        sum(case wanted.role when 'end' then until.bad when 'window' then -until.bad end) as window_bad,
        sum(case wanted.role when 'end' then until.allowed when 'window' then -until.allowed end) as window_allowed
    from wanted
    join until
        on wanted.objective_number = until.objective_number
        and wanted.instant_at = until.instant_at
    group by wanted.objective_number, wanted.day
),

sums as (
    select
        windows.*,
        coalesce(windows.time_slice_seconds, 1) as unit_seconds,
        differences.day_total,
        differences.day_bad,
        differences.day_allowed,
        differences.window_total,
        differences.window_bad,
        differences.window_allowed,
        case when windows.measured_by = 'incidents' then
            greatest(epoch(windows.first_at - windows.window_started_at), 0)
            + epoch(windows.window_due_at - windows.window_ended_at)
        else 0 end as unknown_seconds
    from windows
    join differences
        on windows.objective_number = differences.objective_number
        and windows.day = differences.day
),

budgets as (
    select
        *,
        window_allowed + (1 - target) * unknown_seconds / unit_seconds as budget,
        day_bad / nullif(day_allowed, 0) as burn_rate,
        epoch(window_due_at - window_started_at) as whole_window_seconds
    from sums
),

remaining as (
    select
        *,
        1 - window_bad / nullif(budget, 0) as remaining_ratio,
        case
            when measured_by = 'incidents' then budget * unit_seconds / 60
            else (1 - target) * whole_window_seconds / 60
        end as budget_minutes
    from budgets
)

select
    objective_id,
    day,
    service_id,
    slo,
    target,
    day_total - day_bad as good,
    day_total as total,
    day_allowed as allowed,
    day_bad / nullif(day_total, 0) as bad_ratio,
    burn_rate,
    window_started_at,
    window_ended_at,
    1 - window_bad / nullif(window_total, 0) as attainment_ratio,
    remaining_ratio,
    budget_minutes,
    case
        when measured_by = 'incidents' then budget_minutes - window_bad * unit_seconds / 60
        else remaining_ratio * budget_minutes
    end as remaining_minutes,
    case when burn_rate > 0 then greatest(remaining_ratio, 0) * whole_window_seconds / burn_rate end as seconds_to_exhaustion,
    window_bad > budget + 1e-9 as is_exhausted,
    is_over,
    defined_at >= window_ended_at as is_before_definition
from remaining
order by objective_id, day
