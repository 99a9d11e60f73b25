-- One row per incident that was triggered or acknowledged in the range: what time to acknowledge counts, and what it leaves out.
--
-- The rows with is_counted are those that metrics.time_to_acknowledge counts: as many as
-- its n, and its values are those of their value_seconds. An incident belongs to
-- the range by the time it was acknowledged; one that was only triggered in it is
-- shown and left out.
--
-- service_id       The service, as in core.services; 'no service' where it belongs to none.
-- team             The team that owns it; NULL where none is named.
-- repository       NULL: an incident has none.
-- environment      NULL: an incident has none.
-- deployment_id    NULL: any cause counts.
-- record           The incident, as in core.incidents.
-- is_counted       True where it is part of n.
-- is_numerator     NULL: the value is no ratio.
-- value_seconds    From when it was triggered to when it was acknowledged; NULL where it is left out.
-- rule             What made it count: an incident rule.
-- excluded_reason  Why it is left out; NULL where it is counted.
-- source_url       A page that shows it.
-- record_at        When it was acknowledged, else triggered, UTC.
--
-- parameters: from_at, to_at
-- example: from metrics.explain_time_to_acknowledge(timestamp '2026-01-01', timestamp '2026-02-01')
-- key: record
select *
from metrics.explained_durations('acknowledged', from_at, to_at)
order by record_at, record
