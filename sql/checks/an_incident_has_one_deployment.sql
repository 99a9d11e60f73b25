-- At most one deployment is taken as the cause of an incident, and only of an incident that counts.
select
    chosen.incident_id,
    count(*) as deployments
from core.incident_deployments as chosen
join core.incidents as incidents
    on chosen.incident_id = incidents.incident_id
where chosen.is_chosen
group by chosen.incident_id
having
    count(*) > 1
    or not bool_and(incidents.is_qualifying)
order by chosen.incident_id
