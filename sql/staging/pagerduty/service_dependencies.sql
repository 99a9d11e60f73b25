-- One row per PagerDuty account and dependency of one technical service on another.
--
-- account                The account's name in the configuration, '' where it has none.
-- dependency_id          Its id, unique in the account.
-- dependent_service_id   The service that needs the other.
-- supporting_service_id  The service that it needs.
--
-- key: account, dependency_id
select
    account,
    id as dependency_id,
    dependent_service_id,
    supporting_service_id
from raw.pagerduty_service_dependencies
where
    dependent_service_type not like 'business%'
    and supporting_service_type not like 'business%'
