-- One row per incident and deployment that may have caused it.
--
-- method says how the deployment was found, the best first:
--     confirmed     the overrides file confirms it
--     explicit      a text about the incident names it (core.incident_references)
--     change_event  PagerDuty was told of it on the same service (core.incident_change_events)
--     override      the overrides file links it
--     latest        it is the last successful production deployment of the incident's service that finished before it
--     dependency    the same of a service that the incident's service depends on
-- The last two count within a window before the incident (option window_hours of
-- attribution). Of each incident that counts, one candidate is chosen: of the best
-- method, and of several the one that finished last. Nothing here depends on when,
-- or in how many pieces, the data was collected.
--
-- incident_id        The incident, as in core.incidents.
-- incident_number    The same, for joins.
-- deployment_id      The deployment, as in core.deployments.
-- deployment_number  The same, for joins.
-- method             How it was found.
-- confidence         confirmed, likely or possible.
-- is_chosen          True where the metrics take the incident as its failure.
-- reason             What speaks for it.
-- rejected_reason    Why it is not chosen; NULL where it is.
-- seconds_between    From the deployment's finished_at to when the incident began.
--
-- key: incident_id, deployment_id
with

options as (
    select
        service_id,
        max(try_cast(value as bigint)) filter (where option = 'window_hours') * 3600 as window_seconds,
        bool_or(value = 'true') filter (where option = 'dependencies') as dependencies
    from core.definitions
    where metric = 'attribution'
    group by service_id
),

-- The services whose deployments may have caused an incident.
suspects as (
    select
        incident_number,
        triggered_at,
        service_id,
        'latest' as method,
        'the last deployment of the service before it' as reason
    from core.incidents
    where service_id is not null
    union all
    select
        incidents.incident_number,
        incidents.triggered_at,
        dependencies.depends_on_service_id as service_id,
        'dependency' as method,
        'the last deployment of ' || dependencies.depends_on_service_id || ', which its service depends on' as reason
    from core.incidents as incidents
    join core.service_dependencies as dependencies
        on incidents.service_id = dependencies.service_id
    join options
        on incidents.service_id = options.service_id
    where options.dependencies
),

-- Deployments and incidents of a service on one line; an incident comes before a deployment that finished with it.
timeline as (
    select
        service_id,
        finished_at as happened_at,
        1 as place,
        deployment_number,
        null as incident_number,
        null as method,
        null as reason
    from core.deployments
    where
        is_production
        and status = 'success'
    union all
    select
        service_id,
        triggered_at as happened_at,
        0 as place,
        null as deployment_number,
        incident_number,
        method,
        reason
    from suspects
),

last_before as (
    select
        incident_number,
        max(deployment_number) over (
            partition by service_id
            order by happened_at, place
            rows between unbounded preceding and current row
        ) as deployment_number,
        method,
        reason
    from timeline
),

overrides as (
    select
        incidents.incident_number,
        deployments.deployment_number,
        arg_max(overrides.action, overrides.position) as action,
        arg_max(overrides.decided_by || ': ' || overrides.reason, overrides.position) as reason
    from core.overrides as overrides
    join core.incidents as incidents
        on overrides.incident_id = incidents.incident_id
    join core.deployments as deployments
        on overrides.deployment_id = deployments.deployment_id
    where overrides.problem is null
    group by incidents.incident_number, deployments.deployment_number
),

excluded_incidents as (
    select
        incident_id,
        arg_max(decided_by || ': ' || reason, position) as reason
    from core.overrides
    where
        action = 'exclude'
        and incident_id is not null
    group by incident_id
),

found as (
    select
        incident_number,
        deployment_number,
        1 as preference,
        'confirmed' as method,
        'confirmed' as confidence,
        'confirmed by ' || reason as reason
    from overrides
    where action = 'confirm'
    union all
    select
        incident_number,
        deployment_number,
        2 as preference,
        'explicit' as method,
        'confirmed' as confidence,
        reason
    from core.incident_references
    union all
    select
        incident_number,
        deployment_number,
        3 as preference,
        'change_event' as method,
        'likely' as confidence,
        reason
    from core.incident_change_events
    union all
    select
        incident_number,
        deployment_number,
        4 as preference,
        'override' as method,
        'confirmed' as confidence,
        'linked by ' || reason as reason
    from overrides
    where action = 'link'
    union all
    select
        incident_number,
        deployment_number,
        case method when 'latest' then 5 else 6 end as preference,
        method,
        case method when 'latest' then 'likely' else 'possible' end as confidence,
        reason
    from last_before
    where
        incident_number is not null
        and deployment_number is not null
),

candidates as (
    select
        incidents.incident_id,
        incidents.excluded_reason as incident_excluded_reason,
        excluded_incidents.reason as override_excluded_reason,
        deployments.deployment_id,
        deployments.finished_at,
        date_diff('second', deployments.finished_at, incidents.triggered_at) as seconds_between,
        options.window_seconds,
        case when overrides.action = 'reject' then overrides.reason end as rejection,
        found.*
    from found
    join core.incidents as incidents
        on found.incident_number = incidents.incident_number
    join core.deployments as deployments
        on found.deployment_number = deployments.deployment_number
    left join options
        on incidents.service_id = options.service_id
    left join overrides
        on found.incident_number = overrides.incident_number
        and found.deployment_number = overrides.deployment_number
    left join excluded_incidents
        on incidents.incident_id = excluded_incidents.incident_id
    qualify row_number() over (
        partition by found.incident_number, found.deployment_number
        order by found.preference, found.reason
    ) = 1
),

judged as (
    select
        *,
        case
            when override_excluded_reason is not null then 'the incident is excluded by ' || override_excluded_reason
            when incident_excluded_reason is not null then 'the incident does not count: ' || incident_excluded_reason
            when rejection is not null then 'rejected by ' || rejection
            when preference >= 5 and seconds_between > window_seconds
                then 'it finished more than ' || window_seconds // 3600 || ' hours before'
        end as unfit_reason
    from candidates
),

ranked as (
    select
        *,
        row_number() over (
            partition by incident_number
            order by unfit_reason is not null, preference, finished_at desc, deployment_number desc
        ) as rank
    from judged
)

select
    incident_id,
    incident_number,
    deployment_id,
    deployment_number,
    method,
    confidence,
    unfit_reason is null and rank = 1 as is_chosen,
    reason,
    case when rank > 1 or unfit_reason is not null then coalesce(unfit_reason, 'a better candidate is chosen') end as rejected_reason,
    seconds_between
from ranked
order by incident_number, deployment_number
