-- One row per collector that has run: how far behind its source it is at the as-of time.
--
-- collector           Its name, as dorado collect takes it.
-- is_failing          True where its last run failed.
-- last_error          Why; NULL where it did not.
-- last_rows           How many rows the last run stored.
-- source              Whom the last run asked: GitHub, PagerDuty with the account's name; NULL where nobody, or not known.
-- last_requests       How many requests the last run sent, with those sent again; NULL where it asked nobody, or not known.
-- requests_left       How many more the source last said in it that it would take; NULL where it did not say.
-- points_left         How many more points of GraphQL the source last said in it that it would take; NULL where it did not say.
-- lag_seconds         From the end of its last run that ended well to the as-of time; NULL where none did.
-- record_lag_seconds  From its newest record to the as-of time; NULL where that is not known. A quiet source has a large one.
-- last_finished_at    When its last run ended, well or not, UTC.
-- last_succeeded_at   When it last ended well, UTC; NULL where it never did.
-- newest_record_at    When the newest of its records was made, at its source, UTC; NULL where that is not known.
--
-- key: collector
select
    collectors.collector,
    collectors.last_error is not null as is_failing,
    collectors.last_error,
    collectors.last_rows,
    collectors.source,
    collectors.last_requests,
    collectors.requests_left,
    collectors.points_left,
    date_diff('second', collectors.last_succeeded_at, snapshot.as_of) as lag_seconds,
    date_diff('second', collectors.newest_record_at, snapshot.as_of) as record_lag_seconds,
    collectors.last_finished_at,
    collectors.last_succeeded_at,
    collectors.newest_record_at
from core.collectors as collectors
cross join core.snapshot as snapshot
order by collectors.collector
