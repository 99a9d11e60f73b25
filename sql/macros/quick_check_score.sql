-- The score of a metric's value in DORA's Quick Check, from 0 (worst) to 10.
--
-- The Quick Check asks for one of six ranges; a score is (answer − 1) / 5 × 10. Lead
-- time and recovery: more than six months, less than that, than a month, a week, a
-- day, an hour. Frequency: less than once per six months, at least that, once a
-- month, a week, a day, an hour (on demand). A month has 30 days, six have 182.5.
-- The two rates score 10 less a tenth of their percent. value is in seconds,
-- deployments per day, or a share.
--
-- parameters: metric, value
-- example: select metrics.quick_check_score('change_lead_time', 3 * 86400)
select case
    when value is null then null
    when metric in ('change_lead_time', 'failed_deployment_recovery_time') then case
        when value < 3600 then 10
        when value < 86400 then 8
        when value < 7 * 86400 then 6
        when value < 30 * 86400 then 4
        when value < 182.5 * 86400 then 2
        else 0
    end
    when metric = 'deployment_frequency' then case
        when value >= 24 then 10
        when value >= 1 then 8
        when value >= 1 / 7 then 6
        when value >= 1 / 30 then 4
        when value >= 1 / 182.5 then 2
        else 0
    end
    when metric in ('change_fail_rate', 'deployment_rework_rate') then 10 - value * 10
end
