-- One row per entry of the overrides file: what a person knows better.
--
-- action is:
-- -   confirm     this deployment caused this incident, whatever else is known
-- -   link        this deployment is a candidate for this incident
-- -   reject      this deployment did not cause this incident
-- -   exclude     this incident, or this deployment, is in no number about failures
-- -   failed      this deployment failed
-- -   not_failed  this deployment did not fail
-- An incident and a deployment are named by their id or by the address of their
-- page. An entry that names something unknown does nothing and says so.
--
-- position       Its place in the file, from 1; the last of several entries on the same counts.
-- place          file:line.
-- action         What to do.
-- incident_id    The incident, as in core.incidents; NULL where none is named or known.
-- deployment_id  The deployment, as in core.deployments; NULL where none is named or known.
-- decided_by     Who says so.
-- reason         Why.
-- problem        Why it does nothing; NULL where it counts.
--
-- key: position
with

named as (
    select
        overrides.position,
        min(incidents.incident_id) as incident_id,
        min(deployments.deployment_id) as deployment_id
    from config.overrides as overrides
    left join core.incidents as incidents
        on overrides.incident = incidents.incident_id
        or overrides.incident = incidents.source_url
    left join core.deployments as deployments
        on overrides.deployment = deployments.deployment_id
        or overrides.deployment = deployments.source_url
    group by overrides.position
)

select
    overrides.position,
    overrides.place,
    overrides.action,
    named.incident_id,
    named.deployment_id,
    overrides.decided_by,
    overrides.reason,
    case
        when overrides.incident is not null and named.incident_id is null then 'no incident is ' || overrides.incident
        when overrides.deployment is not null and named.deployment_id is null then 'no deployment is ' || overrides.deployment
    end as problem
from config.overrides as overrides
join named
    on overrides.position = named.position
order by overrides.position
