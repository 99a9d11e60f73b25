-- The business time between two instants, in seconds: Monday to Friday, from opens to closes o'clock in a time zone.
--
-- The instants are in UTC, time_zone is an IANA name. Holidays are not known. It is
-- negative where the second instant comes before the first, and NULL where one is.
--
-- parameters: from_at, to_at, time_zone, opens := 9, closes := 17
-- example: select metrics.business_seconds(timestamp '2026-01-02 15:00:00', timestamp '2026-01-05 09:00:00', 'Europe/Berlin')
select
    metrics.business_clock(timezone(time_zone, timezone('UTC', cast(to_at as timestamp))), opens, closes)
    - metrics.business_clock(timezone(time_zone, timezone('UTC', cast(from_at as timestamp))), opens, closes)
