-- One row per group and metric: the DORA metrics of a range beside those of the range before.
--
-- The range before is the same number of calendar days just before; where it
-- begins before the first deployment known, it is not known. by_dimension is
-- service, team, repository, environment or none.
--
-- dimension       The group: a service_id, team, repository or environment, or all.
-- metric          deployment_frequency or change_lead_time.
-- value           Deployments per day; the median lead time. NULL where it is not known.
-- unit            deployments_per_day or seconds.
-- n               How many deployments or changes the value stands on.
-- previous_value  The same for the range before.
-- previous_n      The same for the range before.
-- level           elite, high, medium or low; NULL where n is too small to say.
--
-- parameters: from_at, to_at, by_dimension := 'none'
-- example: from metrics.dora(timestamp '2026-01-01', timestamp '2026-02-01', by_dimension := 'service')
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
    where days.day >= (select min(finished_day) from core.deployments)
),

frequency as (
    from metrics.deployment_frequency(from_at, to_at, by_dimension := by_dimension)
),

frequency_before as (
    from metrics.deployment_frequency((select started_at from previous), from_at, by_dimension := by_dimension)
),

lead_time as (
    from metrics.change_lead_time(from_at, to_at, by_dimension := by_dimension)
),

lead_time_before as (
    from metrics.change_lead_time((select started_at from previous), from_at, by_dimension := by_dimension)
)

select
    frequency.dimension,
    'deployment_frequency' as metric,
    frequency.deployments_per_day as value,
    'deployments_per_day' as unit,
    frequency.deployments as n,
    frequency_before.deployments_per_day as previous_value,
    frequency_before.deployments as previous_n,
    metrics.deployment_frequency_level(frequency.deployments_per_day, frequency.deployments) as level
from frequency
left join frequency_before
    on frequency.dimension = frequency_before.dimension
union all
select
    lead_time.dimension,
    'change_lead_time' as metric,
    lead_time.median_seconds as value,
    'seconds' as unit,
    lead_time.changes as n,
    lead_time_before.median_seconds as previous_value,
    lead_time_before.changes as previous_n,
    metrics.change_lead_time_level(lead_time.median_seconds, lead_time.changes) as level
from lead_time
left join lead_time_before
    on lead_time.dimension = lead_time_before.dimension
order by dimension, metric desc
