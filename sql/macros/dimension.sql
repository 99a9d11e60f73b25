-- The value by which a deployment is grouped.
--
-- by_dimension is service, team, repository, environment or none, which puts
-- everything into one group, all.
--
-- parameters: by_dimension, service_id, team, repository, environment
-- example: select metrics.dimension('team', 'checkout', 'payments', 'acme/checkout', 'production')
select case by_dimension
    when 'service' then service_id
    when 'team' then coalesce(team, 'no team')
    when 'repository' then coalesce(repository, 'no repository')
    when 'environment' then environment
    when 'none' then 'all'
    else error('by_dimension is service, team, repository, environment or none, not ' || by_dimension)
end
