-- One row per metric: what the organisations that answered DORA's survey of 2025 score on average in the Quick Check.
--
-- metric       The metric, named as its macro.
-- report_year  The year of the survey.
-- mean_score   The mean of the scores, from 0 (worst) to 10; see metrics.quick_check_score.
-- mean_ratio   The mean share that it stands for; NULL where answers are ranges.
-- source       Where it was published.
--
-- key: metric
with

published (metric, mean_score, mean_ratio) as (
    values
        ('change_lead_time', 5.5, null),
        ('deployment_frequency', 4.8, null),
        ('failed_deployment_recovery_time', 7.4, null),
        ('change_fail_rate', 8.1, 0.19),
        ('deployment_rework_rate', 7.8, 0.22)
)

select
    metric,
    2025 as report_year,
    cast(mean_score as double) as mean_score,
    cast(mean_ratio as double) as mean_ratio,
    'DORA Quick Check, dora.dev/quickcheck' as source
from published
order by metric
