-- One row per PagerDuty account and change event by the build's as-of time: something that somebody changed.
--
-- account          The account's name in the configuration, '' where it has none.
-- change_event_id  Its id, unique in the account.
-- summary          What was changed.
-- service_ids      A JSON array of the ids of the PagerDuty services it is about.
-- links            A JSON array of links, each with href and text.
-- custom_details   What else its sender said, JSON.
-- happened_at      When it was changed, UTC.
--
-- key: account, change_event_id
select
    account,
    id as change_event_id,
    summary,
    service_ids,
    links,
    custom_details,
    timestamp as happened_at
from raw.pagerduty_change_events
where timestamp <= (select as_of from config.build)
