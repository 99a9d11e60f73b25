-- The time between two instants as a clock counts it, in seconds: calendar, all of it, or business, that of metrics.business_seconds.
--
-- The instants are in UTC, time_zone is an IANA name. NULL where an instant is; a
-- clock that is NULL is the calendar. This is what the options named clock choose.
--
-- parameters: clock, from_at, to_at, time_zone
-- example: select metrics.clock_seconds('business', timestamp '2026-01-02 15:00:00', timestamp '2026-01-05 09:00:00', 'Europe/Berlin')
select case
    when clock = 'business' then cast(metrics.business_seconds(from_at, to_at, time_zone) as bigint)
    else date_sub('second', from_at, to_at)
end
