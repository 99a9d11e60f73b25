-- One row per PagerDuty account and service that it lists.
--
-- account               The account's name in the configuration, '' where it has none.
-- pagerduty_service_id  Its id, unique in the account.
-- pagerduty_service     Its name, without blanks around it.
-- team_ids              The teams it belongs to, a JSON list of ids.
-- escalation_policy_id  Who is called.
-- created_at            When it was made, UTC.
--
-- key: account, pagerduty_service_id
select
    account,
    id as pagerduty_service_id,
    trim(name) as pagerduty_service,
    team_ids,
    escalation_policy_id,
    created_at
from raw.pagerduty_services
where coalesce(created_at <= (select as_of from config.build), true)
