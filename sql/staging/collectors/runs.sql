-- One row per collector and run of it that ended by the build's as-of time.
--
-- collector      Its name, as dorado collect takes it.
-- started_at     When the run began, UTC.
-- finished_at    When it ended, well or not, UTC.
-- rows_stored    How many rows it stored.
-- error          Why it failed; NULL where it did not.
-- source         Whom it asked: GitHub, PagerDuty with the account's name; NULL where nobody, or not known.
-- requests       How many requests it sent, with those sent again; NULL where it asked nobody, or not known.
-- requests_left  How many more the source last said it would take; NULL where it did not say.
-- points_left    How many more points of GraphQL the source last said it would take; NULL where it did not say.
--
-- key: collector, started_at
select
    collector,
    started_at,
    finished_at,
    rows as rows_stored,
    error,
    source,
    requests,
    requests_left,
    points_left
from raw.collector_runs
cross join config.build as build
where finished_at <= build.as_of
