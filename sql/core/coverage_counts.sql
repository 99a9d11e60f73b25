-- One row per kind of coverage, subject and gap: how many recent records there are.
--
-- Recent are the last quality.days before the as-of time. The kinds are
--     deployments_with_sha           successful production deployments whose SHA is known
--     deployments_with_known_commit  those of them whose commit is stored
--     changes_with_lead_time         changes of production deployments that have a lead time
--     changes_with_pull_request      changes of production deployments that came by a pull request
--     pull_requests_deployed         merged pull requests that a production deployment shipped
--     incidents_with_service         incidents that belong to a service
--     incidents_qualifying           incidents that count in the metrics
--     incidents_attributed           those of them that belong to a service, where a deployment is taken to have caused them
-- That an incident is not attributed need not be a lack: not every one is caused by a deployment.
--
-- kind     What is covered or not.
-- subject  The service, as in core.services; of incidents the source and its account.
-- gap      Why these records are not covered; none where they are.
-- records  How many records.
--
-- key: kind, subject, gap
with

recent as (
    select build.as_of - to_days(quality.days) as since_at
    from config.build as build
    cross join config.quality as quality
),

deployments as (
    select
        deployments.*,
        commits.commit_id
    from core.deployments as deployments
    join recent
        on deployments.finished_at >= recent.since_at
    left join core.deployment_commits as commits
        on deployments.deployment_number = commits.deployment_number
    where
        deployments.is_production
        and deployments.status = 'success'
),

changes as (
    select
        deployments.service_id,
        changes.excluded_reason,
        changes.pull_request_number
    from deployments
    join core.shipped_changes as changes
        on deployments.deployment_number = changes.deployment_number
),

incidents as (
    select
        incidents.*,
        concat_ws('/', incidents.source, nullif(incidents.account, '')) as subject
    from core.incidents as incidents
    join recent
        on incidents.triggered_at >= recent.since_at
),

-- Of the incidents without a chosen candidate, why the candidates are none: of several reasons one.
attributions as (
    select
        incident_number,
        bool_or(is_chosen) as is_attributed,
        min(case
            when rejected_reason like 'rejected by %' then 'rejected by an override'
            when rejected_reason like 'the incident is excluded by %' then 'excluded by an override'
            else rejected_reason
        end) filter (where not is_chosen) as rejected_reason
    from core.incident_deployments
    group by incident_number
),

records as (
    select
        'deployments_with_sha' as kind,
        service_id as subject,
        case when sha is null then 'no SHA' else 'none' end as gap
    from deployments
    union all
    select
        'deployments_with_known_commit',
        service_id,
        case when sha is null then 'no SHA' when commit_id is null then 'its commit is not stored' else 'none' end
    from deployments
    union all
    select
        'changes_with_lead_time',
        service_id,
        coalesce(excluded_reason, 'none')
    from changes
    union all
    select
        'changes_with_pull_request',
        service_id,
        case when pull_request_number is null then 'direct push' else 'none' end
    from changes
    union all
    select
        'pull_requests_deployed',
        pull_request_deployments.service_id,
        coalesce(pull_request_deployments.not_deployed_reason, 'none')
    from core.pull_request_deployments as pull_request_deployments
    join recent
        on pull_request_deployments.merged_at >= recent.since_at
    union all
    select
        'incidents_with_service',
        incidents.subject,
        case when incidents.service_id is null then 'no service has it: ' || coalesce(incidents.source_service, 'unnamed') else 'none' end
    from incidents
    union all
    select
        'incidents_qualifying',
        incidents.subject,
        coalesce(incidents.excluded_reason, 'none')
    from incidents
    union all
    select
        'incidents_attributed',
        incidents.service_id,
        case
            when attributions.is_attributed then 'none'
            else coalesce(attributions.rejected_reason, 'no production deployment before it is known')
        end
    from incidents
    left join attributions
        on incidents.incident_number = attributions.incident_number
    where
        incidents.service_id is not null
        and incidents.excluded_reason is null
)

select
    kind,
    subject,
    gap,
    count(*) as records
from records
group by kind, subject, gap
order by kind, subject, gap
