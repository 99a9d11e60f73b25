-- The level of a metric's value in the benchmarks of one of DORA's reports: elite, high, medium or low.
--
-- It is the best level whose limit in core.dora_benchmarks the value keeps, else the
-- lowest. NULL where the value is, and where the report has no levels of the metric.
-- value is in deployments per day, seconds, or a share.
--
-- parameters: report_year, metric, value
-- example: select metrics.level(2024, 'change_lead_time', 3 * 86400)
select (
    select arg_min(benchmarks.level, benchmarks.level_rank)
    -- What is asked for may be a column of the caller's that is named like one of the benchmarks.
    from (
        select
            report_year as asked_year,
            metric as asked_metric,
            value as asked_value
    ) as asked
    join core.dora_benchmarks as benchmarks
        on asked.asked_year = benchmarks.report_year
        and asked.asked_metric = benchmarks.metric
    where
        asked.asked_value is not null
        and case
            when benchmarks.limit_value is null then true
            when benchmarks.metric = 'deployment_frequency' then asked.asked_value >= benchmarks.limit_value
            else asked.asked_value < benchmarks.limit_value
        end
)
