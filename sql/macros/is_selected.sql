-- Whether filters let a record through.
--
-- filters is a map of lists: map {'team': ['payments'], 'environment': ['production']}
-- lets through what is of one of the values of each kind that it names. The kinds are
-- service, team, repository and environment; what has none of a kind is named as
-- metrics.dimension does. map {} lets everything through, and so does a list with
-- '*'. The map is cast, because an empty one has no type of its own.
--
-- parameters: filters, service_id, team, repository, environment
-- example: select metrics.is_selected(map {'team': ['payments']}, 'checkout', 'payments', 'acme/checkout', 'production')
select
    coalesce(list_has_any(cast(filters as map(varchar, varchar[]))['service'], ['*', coalesce(service_id, 'no service')]), true)
    and coalesce(list_has_any(cast(filters as map(varchar, varchar[]))['team'], ['*', coalesce(team, 'no team')]), true)
    and coalesce(list_has_any(cast(filters as map(varchar, varchar[]))['repository'], ['*', coalesce(repository, 'no repository')]), true)
    and coalesce(list_has_any(cast(filters as map(varchar, varchar[]))['environment'], ['*', coalesce(environment, 'no environment')]), true)
