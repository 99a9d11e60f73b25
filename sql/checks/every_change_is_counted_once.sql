-- The daily counts add up to the changes that have a lead time and went to production.
select
    (select sum(changes) from marts.change_lead_time_daily) as counted,
    (
        select count(*)
        from core.shipped_changes as changes
        join core.deployments as deployments
            on changes.deployment_number = deployments.deployment_number
        where
            deployments.is_production
            and changes.lead_time_seconds is not null
    ) as happened
where coalesce(counted, 0) <> happened
