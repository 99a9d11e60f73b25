-- One row per objective and slice as its budgeting method judges it, with the sums of all slices before it.
--
-- Each slice is judged by the version of the objective that was in force when it
-- began. Occurrences counts what was measured. Timeslices and RatioTimeslices count
-- slices of the objective's length, from midnight UTC on: a slice is bad, or bad by
-- the ratio that was bad in it. A slice in which nothing was measured is not
-- counted. Whole slices within one measurement are one row, so that a long time
-- without an outage is.
--
-- The part of bad that a target allows is (1 - target) of the total, of every slice
-- by its own target.
--
-- objective_number   The objective, as in core.slos.
-- objective_version  The version that judges the slice.
-- slice_started_at   When it began, UTC.
-- slice_ended_at     When it ended, UTC.
-- total              How much was counted: seconds, incidents, events or slices.
-- bad                How much of it was bad.
-- allowed            How much of it the target allows to be bad.
-- total_before       The total of all slices before it.
-- bad_before         How much of that was bad.
-- allowed_before     How much of that was allowed.
--
-- key: objective_number, slice_started_at
with

judged as (
    select
        measurements.objective_number,
        slos.objective_version,
        slos.budgeting_method,
        slos.target,
        slos.time_slice_target,
        cast(slos.time_slice_seconds as double) as time_slice_seconds,
        measurements.slice_started_at,
        measurements.slice_ended_at,
        epoch(measurements.slice_started_at) as started_seconds,
        epoch(measurements.slice_ended_at) as ended_seconds,
        measurements.good,
        measurements.total
    from core.sli_measurements as measurements
    join core.slos as slos
        on measurements.objective_number = slos.objective_number
        and measurements.slice_started_at >= slos.judged_from
        and measurements.slice_started_at < coalesce(slos.effective_until, timestamp '9999-01-01')
),

occurrences as (
    select
        objective_number,
        objective_version,
        slice_started_at,
        slice_ended_at,
        total,
        total - good as bad,
        (1 - target) * total as allowed
    from judged
    where budgeting_method = 'Occurrences'
),

-- The whole slices of a measurement begin and end at these.
gridded as (
    select
        *,
        ceil(started_seconds / time_slice_seconds) * time_slice_seconds as whole_from,
        floor(ended_seconds / time_slice_seconds) * time_slice_seconds as whole_until
    from judged
    where budgeting_method <> 'Occurrences'
),

whole as (
    select
        objective_number,
        objective_version,
        whole_from as from_seconds,
        whole_until as until_seconds,
        (whole_until - whole_from) / time_slice_seconds as slices,
        good,
        total
    from gridded
    where whole_until > whole_from
),

cut as (
    select
        *,
        started_seconds as part_from,
        least(whole_from, ended_seconds) as part_until
    from gridded
    where started_seconds < whole_from
    union all
    select
        *,
        greatest(whole_until, started_seconds) as part_from,
        ended_seconds as part_until
    from gridded
    where
        whole_until < ended_seconds
        and (whole_until > started_seconds or started_seconds = whole_from)
),

parts as (
    select
        objective_number,
        min(objective_version) as objective_version,
        floor(part_from / time_slice_seconds) * time_slice_seconds as from_seconds,
        floor(part_from / time_slice_seconds) * time_slice_seconds + any_value(time_slice_seconds) as until_seconds,
        1 as slices,
        sum(good * (part_until - part_from) / (ended_seconds - started_seconds)) as good,
        sum(total * (part_until - part_from) / (ended_seconds - started_seconds)) as total
    from cut
    group by objective_number, floor(part_from / time_slice_seconds) * time_slice_seconds
),

slices as (
    select * from whole
    union all
    select * from parts
),

time_slices as (
    select
        slices.objective_number,
        slices.objective_version,
        make_timestamp(cast(slices.from_seconds * 1000000 as bigint)) as slice_started_at,
        make_timestamp(cast(slices.until_seconds * 1000000 as bigint)) as slice_ended_at,
        slices.slices as total,
        slices.slices * case
            when slos.budgeting_method = 'RatioTimeslices' then 1 - slices.good / slices.total
            when slices.good / slices.total < slos.time_slice_target then 1
            else 0
        end as bad,
        (1 - slos.target) * slices.slices as allowed
    from slices
    join core.slos as slos
        on slices.objective_number = slos.objective_number
        and slices.objective_version = slos.objective_version
),

all_slices as (
    select * from occurrences
    union all
    select * from time_slices
)

select
    objective_number,
    objective_version,
    slice_started_at,
    slice_ended_at,
    cast(total as double) as total,
    cast(bad as double) as bad,
    cast(allowed as double) as allowed,
    coalesce(sum(total) over before, 0) as total_before,
    coalesce(sum(bad) over before, 0) as bad_before,
    coalesce(sum(allowed) over before, 0) as allowed_before
from all_slices
window before as (
    partition by objective_number
    order by slice_started_at
    rows between unbounded preceding and 1 preceding
)
order by objective_number, slice_started_at
