-- One row per successful deployment and change that it ships: the numbers of core.changes.
--
-- A change is a commit. Which deployment ships it is decided in
-- core.shipped_commits. With the definition squash = pull_request_commits the
-- commits of a pull request that was squashed stand for the one commit it became;
-- one that stands for several pull requests counts at the first deployment. For
-- deployments that were read from a file the file may name the commits.
-- excluded_reason is that of core.changes, where the reasons are listed.
--
-- deployment_number    The deployment, as in core.deployments.
-- commit_id            The commit, as in core.commits, core.squashed_commits or core.ingested_changes.
-- pull_request_number  The merged pull request it belongs to, NULL for a direct push.
-- excluded_reason      Why it has no lead time; NULL where it has one.
-- lead_time_seconds    From the definition's start (when it was written or committed, or its pull request's first
--     commit was written, or it was opened, ready for review or merged) to the deployment's finished_at, as the
--     definition's clock counts it; NULL where it is excluded.
--
-- key: deployment_number, commit_id
with

options as (
    select
        service_id,
        any_value(value) filter (where option = 'start') as start,
        any_value(value) filter (where option = 'squash') as squash,
        any_value(value) filter (where option = 'unit') as unit,
        any_value(value) filter (where option = 'clock') as clock,
        bool_or(value = 'false') filter (where option = 'bots') as leaves_bots_out,
        bool_or(value = 'true') filter (where option = 'merge_commits') as merge_commits
    from core.definitions
    where metric = 'change_lead_time'
    group by service_id
),

shipped as (
    select
        shipped_commits.deployment_number,
        shipped_commits.commit_id,
        shipped_commits.is_baseline,
        commits_elsewhere.commit_id is not null as is_elsewhere,
        commit_pull_requests.pull_request_number,
        case
            when options.squash = 'pull_request_commits' then commit_pull_requests.squashed_pull_request_id
        end as squashed_pull_request_id
    from core.shipped_commits as shipped_commits
    join core.deployments as deployments
        on shipped_commits.deployment_number = deployments.deployment_number
    join options
        on deployments.service_id = options.service_id
    left join core.commit_pull_requests as commit_pull_requests
        on shipped_commits.commit_id = commit_pull_requests.commit_id
    left join core.commits_elsewhere as commits_elsewhere
        on shipped_commits.deployment_number = commits_elsewhere.deployment_number
        and shipped_commits.commit_id = commits_elsewhere.commit_id
),

direct as (
    select
        shipped.deployment_number,
        shipped.commit_id,
        shipped.is_baseline,
        shipped.is_elsewhere,
        shipped.pull_request_number,
        commits.is_bot,
        commits.is_merge,
        commits.authored_at,
        commits.committed_at
    from shipped
    join core.commits as commits
        on shipped.commit_id = commits.commit_id
    where shipped.squashed_pull_request_id is null
),

unsquashed as (
    select
        shipped.deployment_number,
        squashed.commit_id,
        shipped.is_baseline,
        shipped.is_elsewhere,
        shipped.pull_request_number,
        squashed.is_bot,
        squashed.is_merge,
        squashed.authored_at,
        squashed.committed_at,
        squashed.first_commit_id
    from shipped
    join core.squashed_commits as squashed
        on shipped.squashed_pull_request_id = squashed.pull_request_id
),

-- Only what stands for a squash merge can come twice, and only where its name does.
named_twice as (
    select distinct first_commit_id
    from core.squashed_commits
    where commit_id <> first_commit_id
),

first_unsquashed as (
    select
        unsquashed.*,
        lineage.series_number
    from unsquashed
    join core.deployment_lineage as lineage
        on unsquashed.deployment_number = lineage.deployment_number
    semi join named_twice
        on unsquashed.first_commit_id = named_twice.first_commit_id
    anti join (
        select
            lineage.series_number,
            shipped.commit_id
        from shipped
        join core.deployment_lineage as lineage
            on shipped.deployment_number = lineage.deployment_number
        semi join named_twice
            on shipped.commit_id = named_twice.first_commit_id
        where shipped.squashed_pull_request_id is null
    ) as on_graph
        on lineage.series_number = on_graph.series_number
        and unsquashed.first_commit_id = on_graph.commit_id
    qualify row_number() over (
        partition by lineage.series_number, unsquashed.first_commit_id
        order by unsquashed.deployment_number, unsquashed.pull_request_number, unsquashed.commit_id
    ) = 1
),

-- What is found on the commit graph comes before what a file says.
from_graph as (
    select * from direct
    union all
    select unsquashed.* exclude (first_commit_id)
    from unsquashed
    anti join named_twice
        on unsquashed.first_commit_id = named_twice.first_commit_id
    union all
    select * exclude (first_commit_id, series_number) from first_unsquashed
),

-- The commits that files name, where they are found.
named as (
    select
        shipped.deployment_number,
        commits.sha
    from shipped
    join (
        select
            commits.commit_id,
            commits.sha
        from core.commits as commits
        semi join core.ingested_changes as ingested
            on commits.sha = ingested.sha
    ) as commits
        on shipped.commit_id = commits.commit_id
    where shipped.squashed_pull_request_id is null
    union all
    select
        shipped.deployment_number,
        squashed.sha
    from shipped
    join (
        select
            squashed.pull_request_id,
            squashed.sha
        from core.squashed_commits as squashed
        semi join core.ingested_changes as ingested
            on squashed.sha = ingested.sha
    ) as squashed
        on shipped.squashed_pull_request_id = squashed.pull_request_id
),

on_graph as (
    select
        deployments.service_id,
        deployments.environment,
        named.sha
    from named
    join core.deployments as deployments
        on named.deployment_number = deployments.deployment_number
),

changes as (
    select
        *,
        cast(null as varchar) as repository
    from from_graph
    union all by name
    select
        ingested.deployment_number,
        ingested.commit_id,
        ingested.is_baseline,
        false as is_elsewhere,
        ingested.pull_request_number,
        ingested.is_bot,
        ingested.is_merge,
        ingested.authored_at,
        ingested.committed_at,
        ingested.repository
    from core.ingested_changes as ingested
    anti join on_graph
        on ingested.service_id = on_graph.service_id
        and ingested.environment = on_graph.environment
        and ingested.sha = on_graph.sha
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

started as not materialized (
    select
        changes.deployment_number,
        changes.commit_id,
        coalesce(changes.repository, deployments.repository) as repository,
        changes.pull_request_number,
        options.unit,
        options.clock,
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
        end as clock_started_at,
        deployments.finished_at
    from changes
    join core.deployments as deployments
        on changes.deployment_number = deployments.deployment_number
    join options
        on deployments.service_id = options.service_id
    left join pull_request_starts as starts
        on coalesce(changes.repository, deployments.repository) = starts.repository
        and changes.pull_request_number = starts.number
),

-- Where pull requests are counted, one change stands for each.
represented as (
    select
        *,
        row_number() over (
            partition by deployment_number, repository, pull_request_number, excluded_reason is null
            order by clock_started_at, commit_id
        ) > 1 as is_represented
    from started
    where unit = 'pull_request'
),

judged as (
    select
        *,
        case when excluded_reason is null and clock_started_at is null then 'start not known' end as late_reason
    from started
    where unit is distinct from 'pull_request'
    union all by name
    select
        * exclude (is_represented),
        case
            when excluded_reason is not null then null
            when is_represented then 'same pull request'
            when clock_started_at is null then 'start not known'
        end as late_reason
    from represented
)

select
    judged.deployment_number,
    judged.commit_id,
    judged.pull_request_number,
    coalesce(judged.excluded_reason, judged.late_reason) as excluded_reason,
    case
        when judged.excluded_reason is null and judged.late_reason is null
            then metrics.clock_seconds(judged.clock, judged.clock_started_at, judged.finished_at, build.time_zone)
    end as lead_time_seconds
from judged
cross join config.build as build
order by judged.deployment_number, judged.commit_id
