-- The level of a median change lead time, given in seconds.
--
-- The cut-offs follow the report of 2024, without its holes: elite less than a day,
-- high less than a week, medium less than a month (30 days), else low. With fewer
-- than five changes there is not enough data and the level is NULL.
--
-- parameters: median_seconds, changes
-- example: select metrics.change_lead_time_level(86400, 40)
select case
    when median_seconds is null or changes < 5 then null
    when median_seconds < 86400 then 'elite'
    when median_seconds < 7 * 86400 then 'high'
    when median_seconds < 30 * 86400 then 'medium'
    else 'low'
end
