-- The statuses, urgencies and kinds of log entries are those that PagerDuty documents; any other is kept, and may mean something.
--
-- severity: warn
with

words as (
    select
        'status' as field,
        status as word,
        status in ('triggered', 'acknowledged', 'resolved') as is_known
    from staging.pagerduty_incidents
    union all
    select
        'urgency' as field,
        urgency as word,
        coalesce(urgency in ('high', 'low'), true) as is_known
    from staging.pagerduty_incidents
    union all
    select
        'log entry' as field,
        source_kind as word,
        source_kind in (
            'acknowledge', 'annotate', 'assign', 'custom_field_value_change', 'delegate', 'escalate', 'exhaust_escalation_path',
            'field_value_change', 'include', 'link', 'merge', 'notify', 'priority_change', 'reach_ack_limit', 'reach_trigger_limit',
            'reopen', 'repeat_escalation_path', 'resolve', 'responder_request', 'snooze', 'status_update', 'subscribe', 'trigger',
            'unacknowledge', 'unlink', 'urgency_change'
        ) as is_known
    from staging.pagerduty_log_entries
)

select
    field,
    word,
    count(*) as records
from words
where not is_known
group by field, word
order by all
