-- A raw store in the proportions of a large organisation, for benchmarks: of each
-- service two years with pull requests of four commits, two deployments to five of
-- them and an incident to 25. Every other repository squashes its pull requests, the
-- others merge them. services, the number of services, and pulls, the number of pull
-- requests of each, are variables.
create temp table places as
select
    services.service,
    'acme/service-' || services.service as repository,
    places.place,
    services.service * cast(getvariable('pulls') as bigint) + places.place + 1 as id,
    services.service % 2 = 1 as is_squashed,
    timestamp '2024-01-01' + to_seconds(places.place * (63070000 // cast(getvariable('pulls') as bigint)) + services.service) as merged_at,
    case when places.place % 20 = 7 then 'renovate[bot]' else 'developer-' || (services.service * 3 + places.place % 8) end as author
from range(cast(getvariable('services') as bigint)) as services(service)
cross join range(cast(getvariable('pulls') as bigint)) as places(place);

create temp table heads as
select
    service,
    repository,
    cast(floor((place - 1) * 0.4) as bigint) as deployment,
    sha1(repository || '/' || place) as sha,
    merged_at + interval 20 minute as created_at
from places
where place % 5 in (1, 4);

insert into github_repositories by name
select distinct
    service as id,
    repository as full_name,
    'main' as default_branch,
    'https://github.example/' || repository as html_url,
    false as archived
from places;

insert into github_pull_requests by name
select
    id,
    repository,
    place + 1 as number,
    case
        when place % 200 = 150 then 'Revert "Change ' || (place - 1) || ' of the service"'
        else 'Change ' || place || ' of the service'
    end as title,
    case when place % 200 = 150 then 'Reverts ' || repository || '#' || place else 'Why this is needed, in a few words.' end as body,
    author as author_login,
    case when author like '%[bot]' then 'Bot' else 'User' end as author_type,
    case when place % 100 = 50 then '["hotfix"]' when place % 3 = 0 then '["backend","size/S"]' else '[]' end as labels,
    'main' as base_ref,
    'change-' || place as head_ref,
    sha1(repository || '/' || place) as merge_commit_sha,
    merged_at - to_minutes(300 + place * 7919 % 5000) as created_at,
    merged_at as closed_at,
    merged_at,
    'https://github.example/' || repository || '/pull/' || (place + 1) as html_url
from places;

insert into github_pull_request_commits by name
select
    places.repository,
    places.place + 1 as number,
    sha1(places.repository || '/' || places.place || '/' || steps.step) as sha,
    steps.step as position,
    places.author as author_login,
    'Step ' || steps.step || ' of change ' || places.place || ': handle the case that nobody thought of' as message,
    places.merged_at - to_minutes(6000 + places.place * 7919 % 5000 - steps.step * 60) as authored_at,
    places.merged_at - to_minutes(6000 + places.place * 7919 % 5000 - steps.step * 60) as committed_at,
    1 as parent_count
from places
cross join range(4) as steps(step);

insert into github_commits by name
select
    repository,
    sha1(repository || '/' || place) as sha,
    author as author_login,
    case when author like '%[bot]' then 'Bot' else 'User' end as author_type,
    case when is_squashed then 'Change ' || place || ' of the service (#' || (place + 1) || ')' else 'Merge pull request #' || (place + 1) || ' from change-' || place end as message,
    merged_at as authored_at,
    merged_at as committed_at,
    'https://github.example/' || repository || '/commit/' || sha1(repository || '/' || place) as html_url
from places
union all by name
select
    commits.repository,
    commits.sha,
    commits.author_login,
    case when commits.author_login like '%[bot]' then 'Bot' else 'User' end as author_type,
    commits.message,
    commits.authored_at,
    commits.committed_at,
    'https://github.example/' || commits.repository || '/commit/' || commits.sha as html_url
from github_pull_request_commits as commits
join (select distinct repository from places where not is_squashed) as merging
    on commits.repository = merging.repository;

insert into github_commit_parents by name
select
    repository,
    sha1(repository || '/' || place) as sha,
    0 as position,
    sha1(repository || '/' || (place - 1)) as parent_sha
from places
where place > 0
union all by name
select
    repository,
    sha1(repository || '/' || place) as sha,
    1 as position,
    sha1(repository || '/' || place || '/3') as parent_sha
from places
where not is_squashed
union all by name
select
    places.repository,
    sha1(places.repository || '/' || places.place || '/' || steps.step) as sha,
    0 as position,
    case
        when steps.step = 0 then sha1(places.repository || '/' || (places.place - 1))
        else sha1(places.repository || '/' || places.place || '/' || (steps.step - 1))
    end as parent_sha
from places
cross join range(4) as steps(step)
where
    not places.is_squashed
    and places.place + steps.step > 0;

insert into github_reviews by name
select
    id,
    repository,
    place + 1 as number,
    'reviewer-' || id % 50 as author_login,
    'User' as author_type,
    'APPROVED' as state,
    merged_at - to_minutes(10 + place * 7919 % 200) as submitted_at
from places;

insert into github_deployments by name
select
    service * cast(getvariable('pulls') as bigint) + deployment + 1 as id,
    repository,
    sha,
    'main' as ref,
    'production' as environment,
    created_at
from heads;

insert into github_deployment_statuses by name
select
    'DES_' || (deployments.id * 2 + steps.step) as node_id,
    deployments.id as deployment_id,
    deployments.repository,
    case when steps.step = 0 then 'in_progress' when deployments.id % 25 = 3 then 'failure' else 'success' end as state,
    deployments.created_at + to_minutes(steps.step * 5) as created_at
from github_deployments as deployments
cross join range(2) as steps(step);

insert into pagerduty_services by name
select distinct
    'PS' || service as id,
    '' as account,
    repository as name,
    'active' as status,
    '[]' as team_ids
from places;

insert into pagerduty_incidents by name
select
    'PI' || (service * cast(getvariable('pulls') as bigint) + deployment // 10) as id,
    '' as account,
    service * cast(getvariable('pulls') as bigint) + deployment // 10 as number,
    'Errors above the limit' as title,
    'resolved' as status,
    case when deployment % 30 = 0 then 'low' else 'high' end as urgency,
    'PS' || service as service_id,
    repository as service_name,
    '[]' as team_ids,
    created_at + interval 45 minute as created_at,
    created_at + interval 90 minute as last_status_change_at,
    created_at + interval 90 minute as resolved_at
from heads
where deployment % 10 = 0;

insert into pagerduty_log_entries by name
select
    incidents.id || '/' || steps.step as id,
    '' as account,
    ['trigger', 'acknowledge', 'resolve'][steps.step + 1] || '_log_entry' as type,
    incidents.id as incident_id,
    incidents.service_id,
    incidents.created_at + to_minutes([0, 4, 45][steps.step + 1]) as created_at,
    case steps.step when 0 then 'service' else 'user' end || '_reference' as agent_type,
    'PU1' as agent_id
from pagerduty_incidents as incidents
cross join range(3) as steps(step);

drop table places;

drop table heads
