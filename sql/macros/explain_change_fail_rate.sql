-- One row per deployment of which a part lies in the range: what change fail rate counts, and what it leaves out.
--
-- The rows with is_counted are the n of metrics.change_fail_rate; the share of them
-- with is_numerator is its value.
--
-- service_id       The service, as in core.services.
-- team             The team that owns it; NULL where none is named.
-- repository       owner/name.
-- environment      The environment.
-- deployment_id    The deployment, as in core.deployments.
-- record           What is considered: the deployment_id.
-- is_counted       True where it is part of n.
-- is_numerator     True where it failed, too.
-- value_seconds    NULL: the value is no duration.
-- rule             The signal that says that it failed, and how sure; NULL without one.
-- excluded_reason  Why it is left out; NULL where it is counted.
-- source_url       A page that shows it.
-- record_at        When it finished, else started, UTC.
--
-- parameters: from_at, to_at
-- example: from metrics.explain_change_fail_rate(timestamp '2026-01-01', timestamp '2026-02-01')
-- key: deployment_id
select
    service_id,
    team,
    repository,
    environment,
    deployment_id,
    deployment_id as record,
    excluded_reason is null as is_counted,
    excluded_reason is null and is_failed as is_numerator,
    cast(null as bigint) as value_seconds,
    failure_confidence || ': ' || failure_reason as rule,
    excluded_reason as excluded_reason,
    source_url,
    record_at
from metrics.explained_outcomes(from_at, to_at)
order by record_at, deployment_id
