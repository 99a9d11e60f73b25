-- The value by which an incident is grouped.
--
-- by_dimension is service, team, urgency, priority, source, hour (of the day it was
-- triggered, in the warehouse's time zone) or none, which puts everything into one
-- group, all. By repository or environment, which incidents do not have, it is NULL.
--
-- parameters: by_dimension, service_id, team, urgency, priority, source, triggered_hour
-- example: select metrics.incident_dimension('hour', 'checkout', 'payments', 'high', 'P1', 'pagerduty', 3)
select case by_dimension
    when 'service' then coalesce(service_id, 'no service')
    when 'team' then coalesce(team, 'no team')
    when 'urgency' then coalesce(urgency, 'no urgency')
    when 'priority' then coalesce(priority, 'no priority')
    when 'source' then source
    when 'hour' then lpad(cast(triggered_hour as varchar), 2, '0')
    when 'none' then 'all'
    when 'repository' then null
    when 'environment' then null
    else error('by_dimension is service, team, urgency, priority, source, hour or none, not ' || by_dimension)
end
