-- One row per ingested deployment that was started by the build's as-of time.
--
-- ingested_deployment_id  Its id in the file.
-- service                 The service, as the file names it; NULL where it names a repository only.
-- repository              owner/name; NULL where it names a service only.
-- environment             As the file names it, without blanks around it.
-- status                  success, failure, cancelled or in_progress at the as-of time.
-- sha                     The commit that was deployed; NULL where it is not known.
-- version                 What people call it; NULL where it has no name.
-- deployment_url          A page that shows it; NULL where there is none.
-- started_at              When it started, UTC.
-- finished_at             When it finished, UTC; NULL while it has not.
--
-- key: ingested_deployment_id
select
    id as ingested_deployment_id,
    service,
    repository,
    trim(environment) as environment,
    case when finished_at > build.as_of then 'in_progress' else status end as status,
    sha,
    version,
    url as deployment_url,
    coalesce(started_at, finished_at) as started_at,
    case when finished_at <= build.as_of then finished_at end as finished_at
from raw.ingested_deployments
cross join config.build as build
where coalesce(started_at, finished_at) <= build.as_of
