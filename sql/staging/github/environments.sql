-- One row per environment of a repository, whether or not anything was deployed to it.
--
-- environment_id    GitHub's id, unique over all repositories.
-- repository        owner/name.
-- environment       Its name, without blanks around it.
-- protection_types  A JSON array of what guards it: required_reviewers, wait_timer, branch_policy.
-- environment_url   Its page.
-- created_at        When it was made, UTC.
--
-- key: environment_id
select
    id as environment_id,
    repository,
    trim(name) as environment,
    protection_types,
    html_url as environment_url,
    created_at
from raw.github_environments
where created_at <= (select as_of from config.build)
