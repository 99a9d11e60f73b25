-- One row per period and group: DORA's Quick Check, beside the means of the survey of 2025.
--
-- Throughput is the mean of the scores of lead time, frequency and recovery,
-- stability that of the two rates, overall that of all five; each is NULL where
-- one of its scores is. The means are those of core.quick_check_means. grain is
-- day, week, month, quarter or total; by_dimension is service, team, repository,
-- environment or none; filters are
-- those of metrics.is_selected.
--
-- period_start      The period's first day, in the warehouse's time zone.
-- period_end        The day after its last day.
-- is_complete       False where the range or the as-of time cuts the period short.
-- dimension         The group: a service_id, team, repository or environment, or all.
-- throughput_score  From 0 (worst) to 10.
-- stability_score   From 0 to 10.
-- overall_score     From 0 to 10.
-- mean_throughput_score  That of the survey's organisations.
-- mean_stability_score   That of the survey's organisations.
-- mean_overall_score     That of the survey's organisations.
--
-- parameters: from_at, to_at, grain := 'total', by_dimension := 'none', filters := map {}
-- example: from metrics.quick_check(timestamp '2026-01-01', timestamp '2026-02-01', by_dimension := 'service')
-- key: period_start, dimension
with

scored as (
    select
        dora.*,
        means.mean_score,
        dora.metric not in ('change_fail_rate', 'deployment_rework_rate') as is_throughput
    from metrics.dora(from_at, to_at, grain := grain, by_dimension := by_dimension, filters := filters) as dora
    join core.quick_check_means as means
        on dora.metric = means.metric
)

-- Fractions are added in one order, so that the same scores always have the same mean.
select
    period_start,
    any_value(period_end) as period_end,
    any_value(is_complete) as is_complete,
    dimension,
    case when count(score) filter (where is_throughput) = 3 then avg(score order by metric) filter (where is_throughput) end as throughput_score,
    case when count(score) filter (where not is_throughput) = 2 then avg(score order by metric) filter (where not is_throughput) end as stability_score,
    case when count(score) = 5 then avg(score order by metric) end as overall_score,
    avg(mean_score order by metric) filter (where is_throughput) as mean_throughput_score,
    avg(mean_score order by metric) filter (where not is_throughput) as mean_stability_score,
    avg(mean_score order by metric) as mean_overall_score
from scored
group by period_start, dimension
order by period_start, dimension
