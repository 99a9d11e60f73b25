-- One row per deployment of which a part lies in the range: the recoveries that the median stands on, and what is left out.
--
-- The rows with is_counted are the n of metrics.failed_deployment_recovery_time; the
-- median of their value_seconds is its value.
--
-- service_id       The service, as in core.services.
-- team             The team that owns it; NULL where none is named.
-- repository       owner/name.
-- environment      The environment.
-- deployment_id    The deployment, as in core.deployments.
-- record           What is considered: the deployment_id.
-- is_counted       True where it is part of n.
-- is_numerator     NULL: the value is no ratio.
-- value_seconds    How long the recovery took; NULL where it is left out.
-- rule             The signal that says that it failed, and how the failure ended.
-- excluded_reason  Why it is left out; NULL where it is counted.
-- source_url       A page that shows it.
-- record_at        When it finished, else started, UTC.
--
-- parameters: from_at, to_at
-- example: from metrics.explain_failed_deployment_recovery_time(timestamp '2026-01-01', timestamp '2026-02-01')
-- key: deployment_id
select
    service_id,
    team,
    repository,
    environment,
    deployment_id,
    deployment_id as record,
    excluded_reason is null and is_failed and recovery_seconds is not null as is_counted,
    cast(null as boolean) as is_numerator,
    case when excluded_reason is null and is_failed then recovery_seconds end as value_seconds,
    failure_reason || coalesce('; over by ' || recovery_method, '') as rule,
    case
        when excluded_reason is not null then excluded_reason
        when not is_failed then 'did not fail'
        when recovery_seconds is null then 'the failure is not over'
    end as excluded_reason,
    source_url,
    record_at
from metrics.explained_outcomes(from_at, to_at)
order by record_at, deployment_id
