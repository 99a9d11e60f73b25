-- One row per service, the thing a team deploys.
--
-- Where the configuration names no services, every repository is one, named as
-- the repository is, and so is every PagerDuty service that is not named as a
-- repository (see core.pagerduty_services).
--
-- service_id  Its name.
-- team        The team that owns it, NULL where none is named.
--
-- key: service_id
with

configured as (
    select
        service_id,
        team
    from config.services
),

repositories as (
    select
        repository as service_id,
        cast(null as varchar) as team
    from staging.github_repositories
    where not exists (select 1 from configured)
),

pagerduty_services as (
    select
        service_id,
        min(team) as team
    from core.pagerduty_services
    where mapped_by = 'itself'
    group by service_id
)

select * from configured
union all
select * from repositories
union all
select * from pagerduty_services
order by service_id
