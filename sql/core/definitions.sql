-- One row per service and option of a metric: what the numbers of this snapshot mean.
--
-- What a service says comes before what its team says, that before what the
-- configuration says for all, and that before the option's default.
--
-- service_id  The service, as in core.services.
-- metric      The metric, or the part of several, that the option belongs to.
-- option      The option's key in the configuration.
-- value       Its value.
-- is_default  True where neither the service nor its team says anything of its own.
-- set_by      service, team or all: whose value it is.
--
-- key: service_id, metric, option
select
    services.service_id,
    defaults.metric,
    defaults.option,
    coalesce(own.value, teams.value, defaults.value) as value,
    own.value is null and teams.value is null as is_default,
    case
        when own.value is not null then 'service'
        when teams.value is not null then 'team'
        else 'all'
    end as set_by
from core.services as services
cross join config.definitions as defaults
left join config.definitions as own
    on services.service_id = own.service_id
    and defaults.metric = own.metric
    and defaults.option = own.option
left join config.definitions as teams
    on services.team = teams.team
    and defaults.metric = teams.metric
    and defaults.option = teams.option
where
    defaults.service_id is null
    and defaults.team is null
order by services.service_id, defaults.metric, defaults.option
