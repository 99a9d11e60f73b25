-- One row per PagerDuty account, maintenance window that began by the build's as-of time, and service that it is for.
--
-- account                The account's name in the configuration, '' where it has none.
-- maintenance_window_id  Its id, unique in the account.
-- pagerduty_service_id   The service.
-- description            What it is for.
-- window_url             Its page.
-- started_at             When it began, UTC.
-- ended_at               When it ended or is to end, UTC.
--
-- key: account, maintenance_window_id, pagerduty_service_id
select
    account,
    id as maintenance_window_id,
    service_id as pagerduty_service_id,
    description,
    html_url as window_url,
    start_at as started_at,
    end_at as ended_at
from raw.pagerduty_maintenance_windows
where
    start_at <= (select as_of from config.build)
    and end_at > start_at
