-- The level of a deployment frequency, given as deployments per day.
--
-- DORA's published rows are the medians of survey clusters and leave holes. These
-- cut-offs have none; they follow the report of 2024: elite deploys on demand (once
-- a day or more), high at least once a week, medium at least once a month (30 days).
-- With fewer than five deployments there is not enough data and the level is NULL.
--
-- parameters: deployments_per_day, deployments
-- example: select metrics.deployment_frequency_level(0.2, 18)
select case
    when deployments_per_day is null or deployments < 5 then null
    when deployments_per_day >= 1 then 'elite'
    when deployments_per_day >= 1 / 7 then 'high'
    when deployments_per_day >= 1 / 30 then 'medium'
    else 'low'
end
