-- One row per team that owns a service, or that the configuration names.
--
-- team         Its name; of a GitHub team its slug.
-- title        What GitHub calls it; NULL where it is no GitHub team.
-- parent_team  The GitHub team that it is part of; NULL where there is none.
-- time_zone    IANA name of the zone it works in; NULL where the configuration does not say.
-- services     How many services it owns.
-- mapped_by    Where it is known from, as in core.service_teams; configuration where it is named there.
-- team_url     Its page; NULL where it is no GitHub team.
--
-- key: team
with

owning as (
    select
        team,
        count(*) as services,
        min(team_mapped_by) as mapped_by
    from core.services
    where team is not null
    group by team
),

names as (
    select team from owning
    union
    select team from config.teams
),

-- Of teams of several organizations with one slug, the first.
github_teams as (
    select
        team,
        team_name,
        parent_team,
        team_url
    from staging.github_teams
    qualify row_number() over (partition by team order by organization) = 1
)

select
    names.team,
    github_teams.team_name as title,
    github_teams.parent_team,
    teams.time_zone,
    coalesce(owning.services, 0) as services,
    case when teams.team is not null then 'configuration' else owning.mapped_by end as mapped_by,
    github_teams.team_url
from names
left join owning
    on names.team = owning.team
left join config.teams as teams
    on names.team = teams.team
left join github_teams
    on names.team = github_teams.team
order by names.team
