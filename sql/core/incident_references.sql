-- One row per incident and finished production deployment that a text about it names.
--
-- A deployment is named by
-- -   a line "deployment: …" with its id, the address of its page, its version or its SHA
-- -   the address of its page
-- -   its SHA, in full or its first 7 characters or more; digits alone are taken for another number
-- -   a pull request that it is the first to carry: its address, owner/name#12, or, of a repository of the
--     incident's service, "PR #12" or "pull request #12"
-- Where one reference names several deployments, as that of a commit that went to
-- several services or environments, those of the incident's own service come
-- before others, and of these the last that finished before the incident, else the
-- first after it.
--
-- incident_number    The incident, as in core.incidents.
-- deployment_number  The deployment, as in core.deployments.
-- reason             What names it, and where.
--
-- key: incident_number, deployment_number
with

texts as (
    select
        incidents.incident_number,
        incidents.service_id,
        incidents.triggered_at,
        texts.found_in,
        texts.content
    from core.incident_texts as texts
    join core.incidents as incidents
        on texts.incident_id = incidents.incident_id
),

deployments as (
    select
        deployment_number,
        deployment_id,
        service_id,
        repository,
        sha,
        version,
        source_url,
        finished_at
    from core.deployments
    where
        is_production
        and finished_at is not null
),

words as (
    select
        *,
        unnest(regexp_extract_all(lower(content), '\b[0-9a-f]{7,40}\b')) as word
    from texts
),

urls as (
    select
        *,
        rtrim(unnest(regexp_extract_all(content, 'https?://[^\s<>"'')\]]+')), '.,;:!?') as url
    from texts
),

lines as (
    select
        *,
        unnest(regexp_extract_all(content, '(?im)^\s*deployment:\s*(\S+)\s*$', 1)) as named
    from texts
),

pull_request_names as (
    select
        *,
        unnest(regexp_extract_all(content, '[\w.-]+/[\w.-]+(?:#|/pull/)\d+')) as named
    from texts
),

pull_request_numbers as (
    select
        *,
        cast(unnest(regexp_extract_all(content, '(?i)\b(?:pr|pull request) ?#(\d{1,9})\b', 1)) as bigint) as number
    from texts
),

carried as (
    select
        carried.repository,
        carried.pull_request_number,
        deployments.deployment_number
    from core.deployment_pull_requests as carried
    join deployments
        on carried.deployment_number = deployments.deployment_number
),

named as (
    select
        lines.incident_number,
        lines.service_id,
        lines.triggered_at,
        deployments.deployment_number,
        'deployment: ' || lines.named as reference,
        lines.found_in
    from lines
    join deployments
        on lines.named = deployments.deployment_id
        or lines.named = deployments.source_url
        or lines.named = deployments.version
        or (length(lines.named) >= 7 and starts_with(deployments.sha, lower(lines.named)))
        or deployments.deployment_id = deployments.service_id || '/ingested:' || lines.named
    union all
    select
        urls.incident_number,
        urls.service_id,
        urls.triggered_at,
        deployments.deployment_number,
        urls.url as reference,
        urls.found_in
    from urls
    join deployments
        on urls.url = deployments.source_url
    union all
    select
        words.incident_number,
        words.service_id,
        words.triggered_at,
        deployments.deployment_number,
        'commit ' || words.word as reference,
        words.found_in
    from words
    join deployments
        on left(words.word, 7) = left(deployments.sha, 7)
    where
        starts_with(deployments.sha, words.word)
        and regexp_matches(words.word, '[a-f]')
    union all
    select
        pull_request_names.incident_number,
        pull_request_names.service_id,
        pull_request_names.triggered_at,
        carried.deployment_number,
        'pull request ' || pull_request_names.named as reference,
        pull_request_names.found_in
    from pull_request_names
    join carried
        on replace(pull_request_names.named, '/pull/', '#') = carried.repository || '#' || carried.pull_request_number
    union all
    select
        pull_request_numbers.incident_number,
        pull_request_numbers.service_id,
        pull_request_numbers.triggered_at,
        carried.deployment_number,
        'pull request #' || pull_request_numbers.number as reference,
        pull_request_numbers.found_in
    from pull_request_numbers
    join core.service_repositories as service_repositories
        on pull_request_numbers.service_id = service_repositories.service_id
    join carried
        on service_repositories.repository = carried.repository
        and pull_request_numbers.number = carried.pull_request_number
),

-- Of the deployments that one reference names, the one that is meant.
meant as (
    select
        named.incident_number,
        named.deployment_number,
        named.reference || ' in its ' || named.found_in as reason
    from named
    join deployments
        on named.deployment_number = deployments.deployment_number
    qualify row_number() over (
        partition by named.incident_number, named.reference
        order by
            coalesce(named.service_id = deployments.service_id, false) desc,
            deployments.finished_at < named.triggered_at desc,
            abs(date_diff('second', named.triggered_at, deployments.finished_at)),
            named.deployment_number desc,
            named.found_in
    ) = 1
)

select
    incident_number,
    deployment_number,
    min(reason) as reason
from meant
group by incident_number, deployment_number
order by incident_number, deployment_number
