-- One row per period and group with an objective: what is left of the error budgets.
--
-- Budgets of seconds, requests and incidents cannot be added up: of several
-- objectives the worst is shown. What is left is what is left at the end of the
-- period's last day that is over, of the window that the objective has then. grain is day, week, month,
-- quarter or total; by_dimension is objective, service, team or none; filters are
-- those of metrics.is_selected.
--
-- period_start           The period's first day, in the warehouse's time zone.
-- period_end             The day after its last day.
-- is_complete            False where the range or the as-of time cuts the period short.
-- dimension              The group: an objective_id, service_id or team, or all.
-- objectives             n: objectives in force at the end of the period.
-- objectives_exhausted   Of those, how many have spent more than their budget.
-- remaining_ratio        The least part of a budget that is left; negative where more was spent; NULL where none has a budget.
-- remaining_minutes      The least time that is left.
-- burn_rate              The highest burn rate over the period; NULL where nothing was measured.
-- seconds_to_exhaustion  How long the first budget to go lasts at the last day's burn rate; NULL where nothing was spent on it.
--
-- parameters: from_at, to_at, grain := 'total', by_dimension := 'none', filters := map {}
-- example: from metrics.error_budget(timestamp '2026-01-01', timestamp '2026-02-01', grain := 'week', by_dimension := 'service')
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
        budgets.*
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

periods as (
    from metrics.range_periods(from_at, to_at, grain)
),

rates as (
    select
        days.period_start,
        budgets.dimension,
        budgets.objective_id,
        (sum(budgets.total) - sum(budgets.good)) / nullif(sum(budgets.allowed), 0) as burn_rate
    from days
    join budgets
        on days.day = budgets.day
    group by days.period_start, budgets.dimension, budgets.objective_id
),

highest as (
    select
        period_start,
        dimension,
        max(burn_rate) as burn_rate
    from rates
    group by period_start, dimension
),

lasts as (
    select
        periods.period_start,
        budgets.dimension,
        count(*) as objectives,
        count(*) filter (where budgets.is_exhausted) as objectives_exhausted,
        min(budgets.remaining_ratio) as remaining_ratio,
        min(budgets.remaining_minutes) as remaining_minutes,
        min(budgets.seconds_to_exhaustion) as seconds_to_exhaustion
    from periods
    join budgets
        on least(periods.last_day, (select max(day) from marts.error_budget_daily)) = budgets.day
        and periods.period_start <= budgets.day
    group by periods.period_start, budgets.dimension
)

select
    periods.period_start,
    periods.period_end,
    periods.is_complete,
    groups.dimension,
    coalesce(lasts.objectives, 0) as objectives,
    coalesce(lasts.objectives_exhausted, 0) as objectives_exhausted,
    lasts.remaining_ratio,
    lasts.remaining_minutes,
    highest.burn_rate,
    lasts.seconds_to_exhaustion
from periods
join groups
    on periods.last_day >= groups.first_day
left join lasts
    on periods.period_start = lasts.period_start
    and groups.dimension = lasts.dimension
left join highest
    on periods.period_start = highest.period_start
    and groups.dimension = highest.dimension
order by periods.period_start, groups.dimension
