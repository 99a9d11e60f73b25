-- One row per repository that is read.
--
-- repository_id   GitHub's id; it survives a rename.
-- repository      owner/name.
-- default_branch  The branch that pull requests go to.
-- is_archived     True where it can no longer be written to.
-- services        How many services are built from it; 0 where it is mapped to none.
-- repository_url  Its page.
--
-- key: repository_id
select
    repositories.repository_id,
    repositories.repository,
    repositories.default_branch,
    repositories.is_archived,
    count(service_repositories.service_id) as services,
    repositories.repository_url
from staging.github_repositories as repositories
left join core.service_repositories as service_repositories
    on repositories.repository = service_repositories.repository
group by all
order by repositories.repository
