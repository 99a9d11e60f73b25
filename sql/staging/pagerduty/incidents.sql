-- One row per PagerDuty account and incident that was triggered by the build's as-of time.
--
-- The record is as it was when it was last read, which may be after the as-of
-- time: what happened by then is said by staging.pagerduty_log_entries.
--
-- account                The account's name in the configuration, '' where it has none.
-- pagerduty_incident_id  Its id, unique in the account.
-- number                 Its number in the account.
-- title                  Its title.
-- status                 triggered, acknowledged or resolved, or whatever else PagerDuty says.
-- urgency                high or low, or whatever else PagerDuty says.
-- priority               The name of its priority, NULL where it has none.
-- pagerduty_service_id   The service it belongs to.
-- pagerduty_service      The service's name when the incident was read.
-- merged_into_id         The incident it was merged into, NULL where it was not.
-- is_merged              True where it was resolved by being merged.
-- incident_url           Its page.
-- created_at             When it was triggered, UTC, to the second.
-- last_status_change_at  When it came to its status, UTC.
-- resolved_at            When it was resolved, UTC; NULL while it is not, and where PagerDuty does not say.
--
-- key: account, pagerduty_incident_id
select
    account,
    id as pagerduty_incident_id,
    number,
    title,
    lower(status) as status,
    lower(urgency) as urgency,
    priority_name as priority,
    service_id as pagerduty_service_id,
    trim(service_name) as pagerduty_service,
    merged_into_id,
    merged_into_id is not null or coalesce(resolve_reason = 'merge_resolve_reason', false) as is_merged,
    html_url as incident_url,
    created_at,
    last_status_change_at,
    resolved_at
from raw.pagerduty_incidents
where created_at <= (select as_of from config.build)
