-- How many seconds of business hours have passed from 1969-12-29, a Monday, to a wall-clock time.
--
-- Business hours are from opens to closes o'clock, Monday to Friday. The difference
-- of two is the business time between them: see metrics.business_seconds.
--
-- parameters: local_at, opens, closes
-- example: select metrics.business_clock(timestamp '2026-01-05 10:00:00', 9, 17)
select
    (date_diff('day', date '1969-12-29', cast(local_at as date)) // 7) * 5 * (closes - opens) * 3600
    + least(date_diff('day', date '1969-12-29', cast(local_at as date)) % 7, 5) * (closes - opens) * 3600
    + case
        when date_diff('day', date '1969-12-29', cast(local_at as date)) % 7 < 5
            then least(
                greatest(date_diff('second', cast(cast(local_at as date) as timestamp), local_at) - opens * 3600, 0),
                (closes - opens) * 3600
            )
        else 0
    end
