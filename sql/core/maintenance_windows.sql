-- One row per maintenance window and service in the source that it is for: planned time in which nobody is called.
--
-- maintenance_window_id  source:id, or source/account:id; the same in every build.
-- source_service_id      The service's id in the source.
-- service_id             The service, as in core.services; NULL where it belongs to none.
-- description            What it is for.
-- source_url             A page that shows it.
-- started_at             When it began, UTC.
-- ended_at               When it ended or is to end, UTC.
--
-- key: maintenance_window_id, source_service_id
select
    'pagerduty' || coalesce('/' || nullif(windows.account, ''), '') || ':' || windows.maintenance_window_id as maintenance_window_id,
    windows.pagerduty_service_id as source_service_id,
    services.service_id,
    windows.description,
    windows.window_url as source_url,
    windows.started_at,
    windows.ended_at
from staging.pagerduty_maintenance_windows as windows
left join core.pagerduty_services as services
    on windows.account = services.account
    and windows.pagerduty_service_id = services.pagerduty_service_id
order by windows.started_at, maintenance_window_id, source_service_id
