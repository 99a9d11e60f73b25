-- No failure was over before its deployment had finished: an incident was attributed to it that has another cause.
--
-- severity: warn
select
    deployment_id,
    failure_reason,
    recovery_seconds
from core.deployment_outcomes
where recovery_seconds < 0
order by deployment_number
