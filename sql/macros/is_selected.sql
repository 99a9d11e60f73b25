-- Whether filters let a record through.
--
-- filters is a map of lists: map {'team': ['payments'], 'environment': ['production']}
-- lets through what is of one of the values of each kind that it names. The kinds are
-- service, team, repository and environment; what has none of a kind is named as
-- metrics.dimension does. map {} lets everything through, and so does a list with
-- '*'. The map is cast, because an empty one has no type of its own; that a kind is
-- not named is asked first, because that is known before any record is read.
--
-- parameters: filters, service_id, team, repository, environment
-- example: select metrics.is_selected(map {'team': ['payments']}, 'checkout', 'payments', 'acme/checkout', 'production')
select
    (cast(filters as map(varchar, varchar[]))['service'] is null or list_has_any(cast(filters as map(varchar, varchar[]))['service'], ['*', coalesce(service_id, 'no service')]))
    and (cast(filters as map(varchar, varchar[]))['team'] is null or list_has_any(cast(filters as map(varchar, varchar[]))['team'], ['*', coalesce(team, 'no team')]))
    and (cast(filters as map(varchar, varchar[]))['repository'] is null or list_has_any(cast(filters as map(varchar, varchar[]))['repository'], ['*', coalesce(repository, 'no repository')]))
    and (cast(filters as map(varchar, varchar[]))['environment'] is null or list_has_any(cast(filters as map(varchar, varchar[]))['environment'], ['*', coalesce(environment, 'no environment')]))
