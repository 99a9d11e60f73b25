-- One row per thing that is wrong with an objective or a file of objectives as they are now.
--
-- None of it stops a build. What is wrong with a document keeps its objectives from
-- being read; what is wrong with an objective keeps it from being measured; a note
-- says what is not computed with, or not known yet.
--
-- finding_number  1 for the first; the same in every build of the same data.
-- severity        error or note.
-- origin          owner/name of the repository, or folder.
-- path            The file in it.
-- line            The line that it is about; 0 where it is about no line.
-- objective_id    The objective, as in core.slos; NULL where it is about a document.
-- problem         What is wrong.
--
-- key: finding_number
with

current_files as (
    select
        origin,
        path,
        version
    from staging.openslo_files
    where
        effective_until is null
        and not is_deleted
),

in_files as (
    select
        case when problems.is_note then 'note' else 'error' end as severity,
        problems.origin,
        problems.path,
        problems.line,
        cast(null as varchar) as objective_id,
        coalesce(nullif(problems.place, '') || ': ', '') || problems.problem as problem
    from staging.openslo_problems as problems
    join current_files
        on problems.origin = current_files.origin
        and problems.path = current_files.path
        and problems.version = current_files.version
),

written_twice as (
    select
        objectives.slo || '/' || objectives.objective_position as objective_id,
        count(*) as files
    from staging.openslo_objectives as objectives
    join current_files
        on objectives.origin = current_files.origin
        and objectives.path = current_files.path
        and objectives.version = current_files.version
    group by objectives.slo || '/' || objectives.objective_position
    having count(*) > 1
),

objectives as (
    select *
    from core.slos
    where
        is_newest
        and effective_until is null
),

measured as (
    select distinct objective_number
    from core.sli_measurements
),

failed_queries as (
    select
        objective_number,
        part || ': ' || problem as problem
    from core.sli_query_values
    where problem is not null
),

-- Two sums of one instant, as core.sli_measurements counts them.
query_sums as (
    select
        query_values.objective_number,
        query_values.happened_at,
        sum(query_values.value) filter (where query_values.part = 'value') as value,
        sum(query_values.value) filter (where query_values.part = 'total') as total,
        min(query_values.value) as least,
        max(query_values.value) as most
    from core.sli_query_values as query_values
    where query_values.problem is null
    group by query_values.objective_number, query_values.happened_at
),

strange_values as (
    select
        query_sums.objective_number,
        count(*) as instants
    from query_sums
    join objectives
        on query_sums.objective_number = objectives.objective_number
    where
        (objectives.metric in ('raw_success', 'raw_failure') and (query_sums.least < 0 or query_sums.most > 1))
        or (objectives.metric in ('good', 'bad') and not objectives.is_counter
            and (query_sums.least < 0 or coalesce(query_sums.value > coalesce(query_sums.total, 0), false)))
    group by query_sums.objective_number
),

about_objectives as (
    select objective_number, 'error' as severity, 'there is no SLI of the name that indicatorRef gives' as problem
    from objectives
    where metric is null
    union all
    select objective_number, 'error', 'no service is called ' || service
    from objectives
    where service_id is null
    union all
    select objective_number, 'error', 'a threshold metric needs op and value'
    from objectives
    where
        metric = 'threshold'
        and (operator is null or threshold is null)
    union all
    select objectives.objective_number, 'error', 'it is defined in ' || written_twice.files || ' files; the one that came last counts'
    from objectives
    join written_twice
        on objectives.objective_id = written_twice.objective_id
    union all
    select objective_number, 'error', problem
    from failed_queries
    union all
    select objective_number, 'error', 'at ' || instants || ' instants its values are less than 0, more than their total, or ratios of more than 1; they are left out'
    from strange_values
    union all
    select objectives.objective_number, 'note', 'nothing has been measured yet'
    from objectives
    anti join measured
        on objectives.objective_number = measured.objective_number
    anti join failed_queries
        on objectives.objective_number = failed_queries.objective_number
    where objectives.metric is not null
),

findings as (
    select * from in_files
    union all
    select
        about.severity,
        objectives.origin,
        objectives.path,
        objectives.line,
        objectives.objective_id,
        about.problem
    from about_objectives as about
    join objectives
        on about.objective_number = objectives.objective_number
)

select
    row_number() over (order by origin, path, line, objective_id nulls first, severity, problem) as finding_number,
    severity,
    origin,
    path,
    line,
    objective_id,
    problem
from findings
order by finding_number
