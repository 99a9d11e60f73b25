-- One row per GitHub deployment that was asked for by the build's as-of time.
--
-- github_deployment_id  GitHub's id, unique over all repositories.
-- repository            owner/name.
-- environment           As the repository names it, without blanks around it.
-- ref                   The branch, tag or SHA that was asked for.
-- sha                   The commit that was deployed.
-- created_at            When it was asked for, UTC.
--
-- key: github_deployment_id
select
    id as github_deployment_id,
    repository,
    trim(environment) as environment,
    ref,
    sha,
    created_at
from raw.github_deployments
where created_at <= (select as_of from config.build)
