-- One row per group and metric: the median times of incidents in a range beside those of the range before.
--
-- The range before is the same number of calendar days just before; where it
-- begins before the first incident known, it is not known. by_dimension and filters
-- are those of metrics.time_to_restore.
--
-- dimension       The group: a service_id or team, or all.
-- metric          time_to_restore or time_to_acknowledge.
-- value           The median; NULL where it is not known.
-- unit            seconds.
-- n               How many incidents the value stands on.
-- previous_value  The same for the range before.
-- previous_n      The same for the range before.
--
-- parameters: from_at, to_at, by_dimension := 'none', filters := map {}
-- example: from metrics.incident_times(timestamp '2026-01-01', timestamp '2026-02-01', by_dimension := 'service')
-- key: dimension, metric
with

range_days as (
    select
        min(day) as first_day,
        count(*) as days
    from core.days
    where
        started_at >= from_at
        and started_at < to_at
),

previous as (
    select days.started_at
    from core.days as days
    join range_days
        on days.day = range_days.first_day - cast(range_days.days as integer)
    where days.day >= (select min(triggered_day) from core.incidents)
),

times as (
    select
        dimension,
        1 as position,
        'time_to_restore' as metric,
        median_seconds,
        incidents
    from metrics.time_to_restore(from_at, to_at, by_dimension := by_dimension, filters := filters)
    union all
    select
        dimension,
        2 as position,
        'time_to_acknowledge' as metric,
        median_seconds,
        incidents
    from metrics.time_to_acknowledge(from_at, to_at, by_dimension := by_dimension, filters := filters)
),

times_before as (
    select
        dimension,
        'time_to_restore' as metric,
        median_seconds,
        incidents
    from metrics.time_to_restore((select started_at from previous), from_at, by_dimension := by_dimension, filters := filters)
    union all
    select
        dimension,
        'time_to_acknowledge' as metric,
        median_seconds,
        incidents
    from metrics.time_to_acknowledge((select started_at from previous), from_at, by_dimension := by_dimension, filters := filters)
)

select
    times.dimension,
    times.metric,
    times.median_seconds as value,
    'seconds' as unit,
    times.incidents as n,
    times_before.median_seconds as previous_value,
    times_before.incidents as previous_n
from times
left join times_before
    on times.dimension = times_before.dimension
    and times.metric = times_before.metric
order by times.dimension, times.position
