-- Every repository that the configuration gives to a service has been read.
--
-- severity: warn
select
    service_repositories.service_id,
    service_repositories.repository
from config.service_repositories as service_repositories
left join core.service_repositories as found
    on service_repositories.service_id = found.service_id
    and lower(service_repositories.repository) = lower(found.repository)
where found.repository is null
order by all
