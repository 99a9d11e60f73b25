-- One row per service and record of a deployment of which a part lies in the range: what deployment frequency counts, and what it leaves out.
--
-- The rows with is_counted are those that metrics.deployment_frequency counts: as
-- many as its n. Those with is_numerator lie on whole days, and their number over
-- the whole days is its value. A record belongs to the range by the time it
-- finished, so one that only began in it is shown and left out.
--
-- service_id       The service, as in core.services.
-- team             The team that owns it; NULL where none is named.
-- repository       owner/name.
-- environment      The environment, as in core.deployment_candidates.
-- deployment_id    The deployment, as in core.deployments; NULL where the record is not one.
-- record           What is considered: service/source:id of the deployment.
-- is_counted       True where it is part of n.
-- is_numerator     True where it is part of the value, too: it lies on a whole day.
-- value_seconds    NULL: a deployment has no duration here.
-- rule             What placed it: the service's deployment rule that took it as production.
-- excluded_reason  Why it is left out; NULL where it is counted.
-- source_url       A page that shows it.
-- record_at        When it finished, else started, UTC.
--
-- parameters: from_at, to_at
-- example: from metrics.explain_deployment_frequency(timestamp '2026-01-01', timestamp '2026-02-01')
-- key: service_id, record
with

considered as (
    select
        candidates.*,
        candidates.service_id || '/' || candidates.source || ':' || candidates.source_id as record,
        services.team
    from core.deployment_candidates as candidates
    join core.services as services
        on candidates.service_id = services.service_id
    where
        case
            when candidates.finished_at is not null then candidates.finished_at
            when candidates.status = 'in_progress' then to_at
            else candidates.started_at
        end >= from_at
        and coalesce(candidates.started_at, candidates.finished_at) < to_at
),

days as (
    from metrics.periods(from_at, to_at, 'day')
),

judged as (
    select
        considered.*,
        deployments.deployment_id,
        days.is_whole,
        case
            when considered.excluded_reason is not null then considered.excluded_reason
            when considered.rule_position is null then 'not production'
            when considered.status = 'in_progress' then 'not finished'
            when considered.status = 'cancelled' then 'cancelled'
            when considered.status <> 'success' then 'not successful: ' || considered.status
            when days.day is null then 'outside the range: finished after it'
        end as left_out_because
    from considered
    left join core.deployments as deployments
        on considered.record = deployments.deployment_id
    left join days
        on deployments.finished_day = days.day
        and days.started_at <= deployments.finished_at
        and days.ended_at > deployments.finished_at
)

select
    service_id,
    team,
    repository,
    environment,
    deployment_id,
    record,
    left_out_because is null as is_counted,
    left_out_because is null and is_whole as is_numerator,
    cast(null as bigint) as value_seconds,
    'deployment rule ' || rule_position || ' (' || source || ')' as rule,
    left_out_because as excluded_reason,
    source_url,
    coalesce(finished_at, started_at) as record_at
from judged
order by record_at, record
