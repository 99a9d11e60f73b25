-- One row per collector that has run.
--
-- collector          Its name, as dorado collect takes it.
-- runs               How often it has run.
-- last_started_at    When its last run began, UTC.
-- last_finished_at   When its last run ended, well or not, UTC.
-- last_succeeded_at  When it last ended well, UTC; NULL where it never did.
-- last_rows          How many rows the last run stored.
-- last_error         Why the last run failed; NULL where it did not.
-- source             Whom the last run asked: GitHub, PagerDuty with the account's name; NULL where nobody, or not known.
-- last_requests      How many requests the last run sent, with those sent again; NULL where it asked nobody, or not known.
-- requests_left      How many more the source last said in it that it would take; NULL where it did not say.
-- points_left        How many more points of GraphQL the source last said in it that it would take; NULL where it did not say.
-- newest_record_at   When the newest of its records was made, at its source, UTC; NULL where that is not known.
--
-- key: collector
with

runs as (
    select
        collector,
        count(*) as runs,
        max(started_at) as last_started_at,
        max(finished_at) as last_finished_at,
        max(finished_at) filter (where error is null) as last_succeeded_at
    from staging.collectors_runs
    group by collector
)

select
    runs.collector,
    runs.runs,
    runs.last_started_at,
    runs.last_finished_at,
    runs.last_succeeded_at,
    last_runs.rows_stored as last_rows,
    last_runs.error as last_error,
    last_runs.source,
    last_runs.requests as last_requests,
    last_runs.requests_left,
    last_runs.points_left,
    newest_records.newest_record_at
from runs
join staging.collectors_runs as last_runs
    on runs.collector = last_runs.collector
    and runs.last_started_at = last_runs.started_at
left join staging.collectors_newest_records as newest_records
    on runs.collector = newest_records.collector
order by runs.collector
