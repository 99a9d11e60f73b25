-- The daily counts add up to the successful production deployments.
select
    (select sum(deployments) from marts.deployment_frequency_daily) as counted,
    (select count(*) from core.deployments where is_production and status = 'success') as happened
where coalesce(counted, 0) <> happened
