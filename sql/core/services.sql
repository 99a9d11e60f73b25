-- One row per service, the thing a team deploys.
--
-- Where the configuration names no services, every repository is one, named as
-- the repository is.
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
)

select * from configured
union all
select * from repositories
order by service_id
