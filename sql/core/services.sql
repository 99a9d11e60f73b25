-- One row per service, the thing a team deploys.
--
-- Where they come from is decided in core.mapped_services, whose they are in
-- core.service_teams. Where the configuration names none, every PagerDuty service
-- that fits none of these is one of its own (see core.pagerduty_services).
--
-- service_id      Its name.
-- team            The team that owns it, NULL where it is not known.
-- mapped_by       Where it comes from: as in core.mapped_services, or pagerduty.
-- team_mapped_by  Where its team comes from, as in core.service_teams, or pagerduty; NULL where it is not known.
--
-- key: service_id
with

pagerduty_services as (
    select
        service_id,
        min(team) as team
    from core.pagerduty_services
    where mapped_by = 'itself'
    group by service_id
)

select
    services.service_id,
    teams.team,
    services.mapped_by,
    teams.mapped_by as team_mapped_by
from core.mapped_services as services
left join core.service_teams as teams
    on services.service_id = teams.service_id
union all
select
    service_id,
    team,
    'pagerduty' as mapped_by,
    case when team is not null then 'pagerduty' end as team_mapped_by
from pagerduty_services
order by service_id
