-- One row per PagerDuty account and log entry by the build's as-of time: something that happened to an incident.
--
-- account                The account's name in the configuration, '' where it has none.
-- log_entry_id           Its id, unique in the account.
-- pagerduty_incident_id  The incident it happened to.
-- source_kind            What happened, as PagerDuty names it, without _log_entry: trigger, acknowledge, …
-- channel                How it came about: auto, timeout, website, api, …
-- agent_id               Who or what did it.
-- agent_kind             user, service, integration, …; NULL where nobody is named.
-- notified_by            Of a notification, by what means: email, sms, phone, …; NULL where it is not known.
-- user_id                Who was notified.
-- summary                What happened, as PagerDuty writes it; of a note its text.
-- happened_at            When it happened, UTC; may be a second before its incident was triggered.
--
-- key: account, log_entry_id
select
    account,
    id as log_entry_id,
    incident_id as pagerduty_incident_id,
    replace(replace(type, '_reference', ''), '_log_entry', '') as source_kind,
    channel_type as channel,
    agent_id,
    replace(agent_type, '_reference', '') as agent_kind,
    lower(notified_by) as notified_by,
    user_id,
    summary,
    created_at as happened_at
from raw.pagerduty_log_entries
where created_at <= (select as_of from config.build)
