-- One row per period and group with an objective: how well the objectives were met.
--
-- An objective is met in a period where no more was bad than its targets allow, each
-- day by the target of that day. Whole days of the warehouse's zone are counted, of
-- each that any instant of is in the range. Seconds, requests and incidents cannot be added up: the
-- attainment of several objectives is the mean of theirs. grain is day, week, month,
-- quarter or total; by_dimension is objective, service, team or none; filters are
-- those of metrics.is_selected.
--
-- period_start      The period's first day, in the warehouse's time zone.
-- period_end        The day after its last day.
-- is_complete       False where the range or the as-of time cuts the period short.
-- dimension         The group: an objective_id, service_id or team, or all.
-- objectives        n: objectives of which something was measured in the period.
-- objectives_met    Of those, how many were met.
-- met_ratio         The part of the objectives that was met; NULL without one.
-- attainment_ratio  The ratio of good, the mean over the objectives; NULL without one.
-- target            The target, the mean over the objectives at the end of the period; NULL without one.
--
-- parameters: from_at, to_at, grain := 'total', by_dimension := 'none', filters := map {}
-- example: from metrics.slo_attainment(timestamp '2026-01-01', timestamp '2026-02-01', grain := 'week', by_dimension := 'service')
-- key: period_start, dimension
with

days as (
    from metrics.periods(from_at, to_at, grain)
),

budgets as (
    select
        case by_dimension
            when 'objective' then budgets.objective_id
            when 'service' then coalesce(budgets.service_id, 'no service')
            when 'team' then coalesce(services.team, 'no team')
            when 'none' then 'all'
            else error('by_dimension is objective, service, team or none, not ' || by_dimension)
        end as dimension,
        budgets.objective_id,
        budgets.day,
        budgets.target,
        budgets.good,
        budgets.total,
        budgets.allowed
    from marts.error_budget_daily as budgets
    left join core.services as services
        on budgets.service_id = services.service_id
    where metrics.is_selected(filters, budgets.service_id, services.team, null, null)
),

groups as (
    select
        dimension,
        min(day) as first_day
    from budgets
    group by dimension
),

sums as (
    select
        days.period_start,
        budgets.dimension,
        budgets.objective_id,
        sum(budgets.good) as good,
        sum(budgets.total) as total,
        sum(budgets.allowed) as allowed,
        arg_max(budgets.target, budgets.day) as target
    from days
    join budgets
        on days.day = budgets.day
    group by days.period_start, budgets.dimension, budgets.objective_id
    having sum(budgets.total) > 0
),

met as (
    select
        period_start,
        dimension,
        count(*) as objectives,
        count(*) filter (where total - good <= allowed + 1e-9) as objectives_met,
        avg(good / total) as attainment_ratio,
        avg(target) as target
    from sums
    group by period_start, dimension
),

periods as (
    from metrics.range_periods(from_at, to_at, grain)
)

select
    periods.period_start,
    periods.period_end,
    periods.is_complete,
    groups.dimension,
    coalesce(met.objectives, 0) as objectives,
    coalesce(met.objectives_met, 0) as objectives_met,
    met.objectives_met / met.objectives as met_ratio,
    met.attainment_ratio,
    met.target
from periods
join groups
    on periods.last_day >= groups.first_day
left join met
    on periods.period_start = met.period_start
    and groups.dimension = met.dimension
order by periods.period_start, groups.dimension
