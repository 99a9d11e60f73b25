-- One row per period and group, from the group's first finished production deployment on.
--
-- The frame of the rates of failures and rework. grain is day, week, month, quarter
-- or total; by_dimension is service, team, repository, environment or none; filters are
-- those of metrics.is_selected.
--
-- period_start  The period's first day, in the warehouse's time zone.
-- period_end    The day after its last day.
-- is_complete   False where the range or the as-of time cuts the period short.
-- dimension     The group: a service_id, team, repository or environment, or all.
--
-- parameters: from_at, to_at, grain := 'total', by_dimension := 'none', filters := map {}
-- example: from metrics.outcome_periods(timestamp '2026-01-01', timestamp '2026-02-01', grain := 'week', by_dimension := 'service')
-- key: period_start, dimension
with

periods as (
    from metrics.range_periods(from_at, to_at, grain)
),

groups as (
    select
        metrics.dimension(by_dimension, groups.service_id, services.team, groups.repository, groups.environment) as dimension,
        min(groups.first_finished_day) as first_day
    from core.deployment_groups as groups
    join core.services as services
        on groups.service_id = services.service_id
    where
        groups.first_finished_day is not null
        and metrics.is_selected(filters, groups.service_id, services.team, groups.repository, groups.environment)
    group by 1
)

select
    periods.period_start,
    periods.period_end,
    periods.is_complete,
    groups.dimension
from periods
join groups
    on periods.last_day >= groups.first_day
order by periods.period_start, groups.dimension
