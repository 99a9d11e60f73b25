-- One row per report, metric and level: DORA's published levels, and the limits that levels follow here.
--
-- The published rows are the medians of clusters of answers to a survey: they
-- overlap and leave holes. A limit has neither: a number has the best level whose
-- limit it keeps, else the lowest (metrics.level). A hole thus belongs to the worse
-- side, and a level that was published like a better one is never given. Where a
-- better level was published with the worse number the two change places, so that
-- both can be had: in 2024 high fails at 20 % and medium at 10 %, because the report
-- ordered its clusters by throughput; here high keeps 10 % and medium 20 %.
-- A published percent is meant as the whole percent that a share rounds
-- to: 15 % is kept by 15.4 %. Months have 30 days, six months 182.5.
-- The report of 2025 has no levels: see core.quick_check_means.
--
-- report_year  The year of the Accelerate State of DevOps report.
-- metric       deployment_frequency, change_lead_time, failed_deployment_recovery_time or change_fail_rate.
-- level        elite, high, medium or low; 2022 has no elite.
-- level_rank   1 for the best.
-- published    What the report says.
-- limit_value  Deployments a day at least; seconds, or the share, less than. NULL for the lowest level, which has no limit.
-- unit         deployments_per_day, seconds or ratio.
-- source       Where it was published.
--
-- key: report_year, metric, level
with

published (report_year, metric, level, level_rank, published, limit_value) as (
    values
        (2019, 'deployment_frequency', 'elite', 1, 'on demand', 1),
        (2019, 'deployment_frequency', 'high', 2, 'once per day to once per week', 1 / 7),
        (2019, 'deployment_frequency', 'medium', 3, 'once per week to once per month', 1 / 30),
        (2019, 'deployment_frequency', 'low', 4, 'once per month to once per six months', null),
        (2019, 'change_lead_time', 'elite', 1, 'less than one day', 86400),
        (2019, 'change_lead_time', 'high', 2, 'one day to one week', 7 * 86400),
        (2019, 'change_lead_time', 'medium', 3, 'one week to one month', 30 * 86400),
        (2019, 'change_lead_time', 'low', 4, 'one month to six months', null),
        (2019, 'failed_deployment_recovery_time', 'elite', 1, 'less than one hour', 3600),
        (2019, 'failed_deployment_recovery_time', 'high', 2, 'less than one day', 86400),
        (2019, 'failed_deployment_recovery_time', 'medium', 3, 'less than one day', 86400),
        (2019, 'failed_deployment_recovery_time', 'low', 4, 'one week to one month', null),
        (2019, 'change_fail_rate', 'elite', 1, '0–15 %', 0.155),
        (2019, 'change_fail_rate', 'high', 2, '0–15 %', 0.155),
        (2019, 'change_fail_rate', 'medium', 3, '0–15 %', 0.155),
        (2019, 'change_fail_rate', 'low', 4, '46–60 %', null),
        (2021, 'deployment_frequency', 'elite', 1, 'on demand', 1),
        (2021, 'deployment_frequency', 'high', 2, 'once per week to once per month', 1 / 30),
        (2021, 'deployment_frequency', 'medium', 3, 'once per month to once per six months', 1 / 182.5),
        (2021, 'deployment_frequency', 'low', 4, 'fewer than once per six months', null),
        (2021, 'change_lead_time', 'elite', 1, 'less than one hour', 3600),
        (2021, 'change_lead_time', 'high', 2, 'one day to one week', 7 * 86400),
        (2021, 'change_lead_time', 'medium', 3, 'one month to six months', 182.5 * 86400),
        (2021, 'change_lead_time', 'low', 4, 'more than six months', null),
        (2021, 'failed_deployment_recovery_time', 'elite', 1, 'less than one hour', 3600),
        (2021, 'failed_deployment_recovery_time', 'high', 2, 'less than one day', 86400),
        (2021, 'failed_deployment_recovery_time', 'medium', 3, 'one day to one week', 7 * 86400),
        (2021, 'failed_deployment_recovery_time', 'low', 4, 'more than six months', null),
        (2021, 'change_fail_rate', 'elite', 1, '0–15 %', 0.155),
        (2021, 'change_fail_rate', 'high', 2, '16–30 %', 0.305),
        (2021, 'change_fail_rate', 'medium', 3, '16–30 %', 0.305),
        (2021, 'change_fail_rate', 'low', 4, '16–30 %', null),
        (2022, 'deployment_frequency', 'high', 1, 'on demand', 1),
        (2022, 'deployment_frequency', 'medium', 2, 'once per week to once per month', 1 / 30),
        (2022, 'deployment_frequency', 'low', 3, 'once per month to once per six months', null),
        (2022, 'change_lead_time', 'high', 1, 'one day to one week', 7 * 86400),
        (2022, 'change_lead_time', 'medium', 2, 'one week to one month', 30 * 86400),
        (2022, 'change_lead_time', 'low', 3, 'one month to six months', null),
        (2022, 'failed_deployment_recovery_time', 'high', 1, 'less than one day', 86400),
        (2022, 'failed_deployment_recovery_time', 'medium', 2, 'one day to one week', 7 * 86400),
        (2022, 'failed_deployment_recovery_time', 'low', 3, 'one week to one month', null),
        (2022, 'change_fail_rate', 'high', 1, '0–15 %', 0.155),
        (2022, 'change_fail_rate', 'medium', 2, '16–30 %', 0.305),
        (2022, 'change_fail_rate', 'low', 3, '46–60 %', null),
        (2023, 'deployment_frequency', 'elite', 1, 'on demand', 1),
        (2023, 'deployment_frequency', 'high', 2, 'once per day to once per week', 1 / 7),
        (2023, 'deployment_frequency', 'medium', 3, 'once per week to once per month', 1 / 30),
        (2023, 'deployment_frequency', 'low', 4, 'once per week to once per month', null),
        (2023, 'change_lead_time', 'elite', 1, 'less than one day', 86400),
        (2023, 'change_lead_time', 'high', 2, 'one day to one week', 7 * 86400),
        (2023, 'change_lead_time', 'medium', 3, 'one week to one month', 30 * 86400),
        (2023, 'change_lead_time', 'low', 4, 'one week to one month', null),
        (2023, 'failed_deployment_recovery_time', 'elite', 1, 'less than one hour', 3600),
        (2023, 'failed_deployment_recovery_time', 'high', 2, 'less than one day', 86400),
        (2023, 'failed_deployment_recovery_time', 'medium', 3, 'one day to one week', 7 * 86400),
        (2023, 'failed_deployment_recovery_time', 'low', 4, 'one month to six months', null),
        (2023, 'change_fail_rate', 'elite', 1, '5 %', 0.055),
        (2023, 'change_fail_rate', 'high', 2, '10 %', 0.105),
        (2023, 'change_fail_rate', 'medium', 3, '15 %', 0.155),
        (2023, 'change_fail_rate', 'low', 4, '64 %', null),
        (2024, 'deployment_frequency', 'elite', 1, 'on demand', 1),
        (2024, 'deployment_frequency', 'high', 2, 'once per day to once per week', 1 / 7),
        (2024, 'deployment_frequency', 'medium', 3, 'once per week to once per month', 1 / 30),
        (2024, 'deployment_frequency', 'low', 4, 'once per month to once per six months', null),
        (2024, 'change_lead_time', 'elite', 1, 'less than one day', 86400),
        (2024, 'change_lead_time', 'high', 2, 'one day to one week', 7 * 86400),
        (2024, 'change_lead_time', 'medium', 3, 'one week to one month', 30 * 86400),
        (2024, 'change_lead_time', 'low', 4, 'one month to six months', null),
        (2024, 'failed_deployment_recovery_time', 'elite', 1, 'less than one hour', 3600),
        (2024, 'failed_deployment_recovery_time', 'high', 2, 'less than one day', 86400),
        (2024, 'failed_deployment_recovery_time', 'medium', 3, 'less than one day', 86400),
        (2024, 'failed_deployment_recovery_time', 'low', 4, 'one week to one month', null),
        (2024, 'change_fail_rate', 'elite', 1, '5 %', 0.055),
        (2024, 'change_fail_rate', 'high', 2, '20 %', 0.105),
        (2024, 'change_fail_rate', 'medium', 3, '10 %', 0.205),
        (2024, 'change_fail_rate', 'low', 4, '40 %', null)
)

select
    report_year,
    metric,
    level,
    level_rank,
    published,
    cast(limit_value as double) as limit_value,
    case metric
        when 'deployment_frequency' then 'deployments_per_day'
        when 'change_fail_rate' then 'ratio'
        else 'seconds'
    end as unit,
    'Accelerate State of DevOps report ' || report_year || ', dora.dev' as source
from published
order by report_year, metric, level_rank
