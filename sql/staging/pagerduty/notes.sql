-- One row per PagerDuty account and note on an incident by the build's as-of time, where notes are stored.
--
-- account                The account's name in the configuration, '' where it has none.
-- note_id                Its id, unique in the account.
-- pagerduty_incident_id  The incident.
-- content                What was written.
-- user_id                Who wrote it; NULL where nobody is named.
-- created_at             When, UTC.
--
-- key: account, note_id
select
    account,
    id as note_id,
    incident_id as pagerduty_incident_id,
    content,
    user_id,
    created_at
from raw.pagerduty_notes
where created_at <= (select as_of from config.build)
