-- One row per period, group and metric: the five DORA metrics beside those of the period before, with level and score.
--
-- The period before is, for the grain total, the same number of calendar days just
-- before the range, else the day, week, month or quarter before. Where it begins
-- before the first deployment known, it is not known. A level follows the report
-- that the option report of levels names (metrics.level); rework has none. A
-- number that stands on fewer records than the option minimum_sample has neither
-- level nor score. Where the services of a group say different things, the
-- largest sample and the latest report count. grain is day, week, month, quarter or
-- total; by_dimension is service, team, repository, environment or none; filters are
-- those of metrics.is_selected.
--
-- period_start    The period's first day, in the warehouse's time zone.
-- period_end      The day after its last day.
-- is_complete     False where the range or the as-of time cuts the period short.
-- dimension       The group: a service_id, team, repository or environment, or all.
-- metric          deployment_frequency, change_lead_time, change_fail_rate, failed_deployment_recovery_time or
--     deployment_rework_rate.
-- value           Deployments per day, a median time, or a share; NULL where it is not known.
-- unit            deployments_per_day, seconds or ratio.
-- n               How many deployments or changes the value stands on.
-- lower_value     Of a share the lower end of its Wilson 95 % interval; NULL for the others.
-- upper_value     The upper end.
-- previous_value  The value of the period before.
-- previous_n      What that stands on.
-- is_enough       True where n is at least the minimum sample.
-- level           elite, high, medium or low; NULL where n is too small to say, or the metric has no levels.
-- score           The score in DORA's Quick Check, from 0 to 10; NULL where n is too small to say.
--
-- parameters: from_at, to_at, grain := 'total', by_dimension := 'none', filters := map {}
-- example: from metrics.dora(timestamp '2026-01-01', timestamp '2026-02-01', grain := 'month', by_dimension := 'service')
-- key: period_start, dimension, metric
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

-- How far back the period before the first begins.
previous as (
    select days.started_at
    from core.days as days
    join range_days
        on days.day = case grain
            when 'day' then range_days.first_day - 1
            when 'week' then cast(date_trunc('week', range_days.first_day) - interval 7 day as date)
            when 'month' then cast(date_trunc('month', range_days.first_day) - interval 1 month as date)
            when 'quarter' then cast(date_trunc('quarter', range_days.first_day) - interval 3 month as date)
            else range_days.first_day - cast(range_days.days as integer)
        end
    where
        grain <> 'total'
        or days.day >= (select min(finished_day) from core.deployments)
),

current_values as (
    select
        *,
        case grain
            when 'day' then period_start - 1
            when 'week' then period_start - 7
            when 'month' then cast(period_start - interval 1 month as date)
            when 'quarter' then cast(period_start - interval 3 month as date)
        end as previous_start
    from metrics.five_metrics(from_at, to_at, grain := grain, by_dimension := by_dimension, filters := filters)
),

-- The second period is the first whose period before is all in the range.
second as (
    select min(started_at) as started_at
    from metrics.periods(from_at, to_at, grain)
    where period_start > (select min(period_start) from metrics.periods(from_at, to_at, grain))
),

previous_values as (
    from metrics.five_metrics(
        coalesce((select started_at from previous), from_at),
        case grain when 'total' then from_at else coalesce((select started_at from second), to_at) end,
        grain := grain,
        by_dimension := by_dimension,
        filters := filters
    )
    union all
    select * exclude (previous_start)
    from current_values
    where
        grain <> 'total'
        and period_start > (select min(period_start) from metrics.periods(from_at, to_at, grain))
),

samples as (
    select
        metrics.dimension(by_dimension, groups.service_id, services.team, groups.repository, groups.environment) as dimension,
        max(try_cast(definitions.value as bigint)) filter (where definitions.option = 'minimum_sample') as minimum_sample,
        max(try_cast(definitions.value as bigint)) filter (where definitions.option = 'report') as report_year
    from core.deployment_groups as groups
    join core.services as services
        on groups.service_id = services.service_id
    join core.definitions as definitions
        on groups.service_id = definitions.service_id
        and definitions.metric = 'levels'
    where metrics.is_selected(filters, groups.service_id, services.team, groups.repository, groups.environment)
    group by 1
)

select
    current_values.period_start,
    current_values.period_end,
    current_values.is_complete,
    current_values.dimension,
    current_values.metric,
    current_values.value,
    current_values.unit,
    current_values.n,
    current_values.lower_value,
    current_values.upper_value,
    previous_values.value as previous_value,
    previous_values.n as previous_n,
    coalesce(current_values.n >= samples.minimum_sample, false) as is_enough,
    case
        when current_values.n >= samples.minimum_sample
            then metrics.level(samples.report_year, current_values.metric, current_values.value)
    end as level,
    case
        when current_values.n >= samples.minimum_sample
            then metrics.quick_check_score(current_values.metric, current_values.value)
    end as score
from current_values
left join samples
    on current_values.dimension = samples.dimension
left join previous_values
    on current_values.dimension = previous_values.dimension
    and current_values.metric = previous_values.metric
    and coalesce(current_values.previous_start = previous_values.period_start, grain = 'total')
order by current_values.period_start, current_values.dimension, current_values.position
