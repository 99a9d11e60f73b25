-- One row per successful deployment and change that it ships.
--
-- A change is a commit. Which deployment ships it is decided in
-- core.shipped_commits. With the definition squash = pull_request_commits the
-- commits of a pull request that was squashed stand for the one commit it became;
-- one that stands for several pull requests counts at the first deployment. For
-- deployments that were read from a file the file may name the commits.
-- excluded_reason says why a change is not in change lead time:
--     merge commit      it has several parents, and merge_commits is false
--     bot               a bot wrote it, and bots is false
--     no pull request   it was pushed directly, and start or unit is about pull requests
--     same pull request unit is pull_request, and another change of it that the deployment ships began earlier
--     start not known   the instant at which its clock starts is not known
--     other paths       it touches none of the service's paths (see core.commits_elsewhere)
--     first deployment  what the deployment replaced is not known, so this is all its history
--
-- deployment_id        The deployment, as in core.deployments.
-- service_id           The service, as in core.services.
-- repository           owner/name.
-- sha                  The commit.
-- pull_request_number  The merged pull request it belongs to, NULL for a direct push.
-- author               Who wrote it.
-- is_bot               True where a bot wrote it.
-- is_merge             True where it has several parents.
-- excluded_reason      Why it has no lead time; NULL where it has one.
-- lead_time_seconds    From the definition's start (when it was written or committed, or its pull request's first
--     commit was written, or it was opened, ready for review or merged) to the deployment's finished_at; NULL where
--     it is excluded.
-- authored_at          When it was written, UTC.
-- committed_at         When it was committed, UTC.
--
-- key: deployment_id, sha
with

options as (
    select
        service_id,
        any_value(value) filter (where option = 'start') as start,
        any_value(value) filter (where option = 'squash') as squash,
        any_value(value) filter (where option = 'unit') as unit,
        bool_or(value = 'false') filter (where option = 'bots') as leaves_bots_out,
        bool_or(value = 'true') filter (where option = 'merge_commits') as merge_commits
    from core.definitions
    where metric = 'change_lead_time'
    group by service_id
),

squashed as (
    select
        repository,
        merge_commit_sha,
        min(number) as number
    from core.pull_requests
    where
        merge_method = 'squash'
        and commits > 0
    group by repository, merge_commit_sha
),

shipped as (
    select
        shipped_commits.deployment_number,
        shipped_commits.is_baseline,
        commits_elsewhere.commit_id is not null as is_elsewhere,
        deployments.deployment_id,
        deployments.service_id,
        deployments.environment,
        deployments.finished_at,
        commits.repository,
        commits.sha,
        commits.author,
        commits.is_bot,
        commits.is_merge,
        commits.authored_at,
        commits.committed_at,
        case
            when options.squash = 'pull_request_commits' then squashed.number
        end as squashed_number
    from core.shipped_commits as shipped_commits
    join core.deployments as deployments
        on shipped_commits.deployment_number = deployments.deployment_number
    join core.commits as commits
        on shipped_commits.commit_id = commits.commit_id
    join options
        on deployments.service_id = options.service_id
    left join squashed
        on commits.repository = squashed.repository
        and commits.sha = squashed.merge_commit_sha
    left join core.commits_elsewhere as commits_elsewhere
        on shipped_commits.deployment_number = commits_elsewhere.deployment_number
        and shipped_commits.commit_id = commits_elsewhere.commit_id
),

-- The pull request that a commit on the base branch belongs to: it is its merge
-- commit, or one of the commits it lists.
memberships as (
    select
        repository,
        sha,
        min(number) as number
    from (
        select
            repository,
            merge_commit_sha as sha,
            number
        from core.pull_requests
        where merged_at is not null
        union all
        select
            repository,
            sha,
            number
        from staging.github_pull_request_commits
    ) as named
    group by repository, sha
),

direct as (
    select
        shipped.*,
        memberships.number as pull_request_number
    from shipped
    left join memberships
        on shipped.repository = memberships.repository
        and shipped.sha = memberships.sha
    where shipped.squashed_number is null
),

unsquashed as (
    select
        shipped.* replace (
            originals.sha as sha,
            originals.author as author,
            originals.is_bot as is_bot,
            originals.is_merge as is_merge,
            originals.authored_at as authored_at,
            originals.committed_at as committed_at
        ),
        shipped.squashed_number as pull_request_number
    from shipped
    join staging.github_pull_request_commits as originals
        on shipped.repository = originals.repository
        and shipped.squashed_number = originals.number
),

-- Only what stands for a squash merge can come twice.
first_unsquashed as (
    select unsquashed.*
    from unsquashed
    anti join direct
        on unsquashed.service_id = direct.service_id
        and unsquashed.environment = direct.environment
        and unsquashed.repository = direct.repository
        and unsquashed.sha = direct.sha
    qualify row_number() over (
        partition by service_id, environment, repository, sha
        order by deployment_number, pull_request_number
    ) = 1
),

-- What is found on the commit graph comes before what a file says.
from_graph as (
    select * from direct
    union all by name
    select * from first_unsquashed
),

changes as (
    select * from from_graph
    union all by name
    select ingested.*
    from core.ingested_changes as ingested
    anti join from_graph
        on ingested.service_id = from_graph.service_id
        and ingested.environment = from_graph.environment
        and ingested.sha = from_graph.sha
),

-- The instants of pull requests, if any service asks for them.
pull_request_starts as (
    select
        repository,
        number,
        first_commit_at,
        created_at,
        ready_at,
        merged_at
    from core.pull_requests
    where exists (select 1 from options where options.start not in ('authored', 'committed'))
),

started as (
    select
        changes.*,
        options.unit,
        case
            when changes.is_baseline then 'first deployment'
            when changes.is_merge and not options.merge_commits then 'merge commit'
            when changes.is_elsewhere then 'other paths'
            when changes.is_bot and options.leaves_bots_out then 'bot'
            when
                changes.pull_request_number is null
                and (options.unit = 'pull_request' or options.start not in ('authored', 'committed'))
                then 'no pull request'
        end as excluded_reason,
        case options.start
            when 'committed' then changes.committed_at
            when 'first_commit' then starts.first_commit_at
            when 'opened' then starts.created_at
            when 'ready' then starts.ready_at
            when 'merged' then starts.merged_at
            else changes.authored_at
        end as clock_started_at
    from changes
    join options
        on changes.service_id = options.service_id
    left join pull_request_starts as starts
        on changes.repository = starts.repository
        and changes.pull_request_number = starts.number
),

-- Where pull requests are counted, the one change that stands for each.
representatives as (
    select
        deployment_id,
        repository,
        pull_request_number,
        arg_min(sha, (clock_started_at, sha)) as sha
    from started
    where
        unit = 'pull_request'
        and excluded_reason is null
    group by deployment_id, repository, pull_request_number
),

judged as (
    select
        started.* replace (
            case
                when started.excluded_reason is not null then started.excluded_reason
                when started.unit = 'pull_request' and representatives.sha <> started.sha then 'same pull request'
                when started.clock_started_at is null then 'start not known'
            end as excluded_reason
        )
    from started
    left join representatives
        on started.deployment_id = representatives.deployment_id
        and started.repository = representatives.repository
        and started.pull_request_number = representatives.pull_request_number
)

select
    deployment_id,
    service_id,
    repository,
    sha,
    pull_request_number,
    author,
    is_bot,
    is_merge,
    excluded_reason,
    case when excluded_reason is null then date_sub('second', clock_started_at, finished_at) end as lead_time_seconds,
    authored_at,
    committed_at
from judged
order by deployment_number, authored_at, sha
