-- One row per collector and run of it that ended by the build's as-of time.
--
-- collector    Its name, as dorado collect takes it.
-- started_at   When the run began, UTC.
-- finished_at  When it ended, well or not, UTC.
-- rows_stored  How many rows it stored.
-- error        Why it failed; NULL where it did not.
--
-- key: collector, started_at
select
    collector,
    started_at,
    finished_at,
    rows as rows_stored,
    error
from raw.collector_runs
cross join config.build as build
where finished_at <= build.as_of
