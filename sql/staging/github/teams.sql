-- One row per team of an organization, as of the last time its teams were read.
--
-- team_id       GitHub's id.
-- organization  The organization's login.
-- team          The team's slug, by which CODEOWNERS names it: @organization/team.
-- team_name     Its name.
-- description   What it says of itself, NULL where it does not.
-- parent_team   The slug of the team that it is part of, NULL where there is none.
-- team_url      Its page.
--
-- key: team_id
with

last_reads as (
    select
        organization,
        max(read_at) as read_at
    from raw.github_teams
    group by organization
)

select
    teams.id as team_id,
    teams.organization,
    teams.slug as team,
    teams.name as team_name,
    teams.description,
    teams.parent_slug as parent_team,
    teams.html_url as team_url
from raw.github_teams as teams
join last_reads
    on teams.organization = last_reads.organization
    and teams.read_at = last_reads.read_at
