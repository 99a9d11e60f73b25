-- One row per service, repository and environment that production deployments went to: since when.
--
-- From it the metrics know when a group begins, whatever they group by, without
-- looking at all deployments.
--
-- group_number        A number for the row.
-- service_id          The service, as in core.services.
-- repository          owner/name; NULL where it is not known.
-- environment         The environment.
-- first_finished_day  The day on which the first production deployment finished, in the warehouse's time zone; NULL where none did.
-- first_success_day   The day on which the first that succeeded did; NULL where none did.
--
-- key: group_number
with

days as (
    select
        service_id,
        repository,
        environment,
        finished_day,
        null as success_day
    from core.deployment_outcomes
    union all
    select
        service_id,
        repository,
        environment,
        null as finished_day,
        case when status = 'success' then finished_day end as success_day
    from core.deployments
    where is_production
)

select
    row_number() over (order by service_id, repository, environment) as group_number,
    service_id,
    repository,
    environment,
    min(finished_day) as first_finished_day,
    min(success_day) as first_success_day
from days
group by service_id, repository, environment
order by group_number
