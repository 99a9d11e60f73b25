-- One row per team and repository that it has access to, as of the last time its organization's teams were read.
--
-- organization   The organization's login.
-- team           The team's slug.
-- repository_id  GitHub's id of the repository.
-- repository     owner/name.
-- role           admin, maintain, push, triage, pull or one of the organization's own.
--
-- key: organization, team, repository_id
with

last_reads as (
    select
        organization,
        max(read_at) as read_at
    from raw.github_teams
    group by organization
)

select
    team_repositories.organization,
    team_repositories.team_slug as team,
    team_repositories.repository_id,
    team_repositories.repository,
    team_repositories.role_name as role
from raw.github_team_repositories as team_repositories
join last_reads
    on team_repositories.organization = last_reads.organization
    and team_repositories.read_at = last_reads.read_at
