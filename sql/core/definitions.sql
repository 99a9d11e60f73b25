-- One row per service and option of a metric: what the numbers of this snapshot mean.
--
-- service_id  The service, as in core.services.
-- metric      The metric: change_lead_time.
-- option      The option's key in the configuration.
-- value       Its value.
-- is_default  True where the service says nothing of its own.
--
-- key: service_id, metric, option
select
    services.service_id,
    defaults.metric,
    defaults.option,
    coalesce(own.value, defaults.value) as value,
    own.value is null as is_default
from core.services as services
cross join config.definitions as defaults
left join config.definitions as own
    on services.service_id = own.service_id
    and defaults.metric = own.metric
    and defaults.option = own.option
where defaults.service_id is null
order by services.service_id, defaults.metric, defaults.option
