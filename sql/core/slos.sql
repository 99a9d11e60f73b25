-- One row per version of an objective of an SLO: what had to be good, how much of it, and when that was in force.
--
-- An objective is known by the name of its SLO and its place in it. A version is in
-- force until the next version of its file, or a version in another file, takes
-- over, or the file goes; a slice is judged by the version in force when it began.
-- The first version holds for the time before it too, so that a new objective has a
-- past. What is measured is what the newest version says. Where two files define
-- the same objective at a time, the one that came later counts, and
-- core.slo_findings says so.
--
-- A window of no kind in the file is one of 30 days, rolling.
--
-- objective_id         slo/1 for the first objective of an SLO.
-- objective_number     For joins within one snapshot.
-- objective_version    1 for the objective's first version.
-- is_newest            True for its last version, whether in force or not.
-- slo                  The SLO's name.
-- display_name         The objective's display name; NULL where it has none.
-- service              The service, as the file names it.
-- service_id           The service, as in core.services; NULL where there is none of that name.
-- target               The ratio that must be good.
-- budgeting_method     Occurrences, Timeslices or RatioTimeslices.
-- time_slice_target    The ratio from which a slice is good; NULL where slices are not judged.
-- time_slice_seconds   The length of a slice of the budgeting method; NULL for Occurrences.
-- window_count         The length of the budget's window, in window_unit.
-- window_unit          minute, hour, day or month.
-- window_seconds       Its length; a month counts as 30 days.
-- is_rolling           False for a window of the calendar.
-- calendar_started_at  When the first window of the calendar began, in calendar_time_zone.
-- calendar_time_zone   Its IANA zone.
-- metric               threshold, good, bad, raw_success or raw_failure; NULL where the indicator is not known.
-- is_counter           True where the values only ever grow.
-- operator             How a threshold metric is compared: lt, lte, gt or gte.
-- threshold            What it is compared with.
-- measured_by          incidents, response, sql or ingested: how it is measured (see core.sli_measurements).
-- measure              Of incidents and response: uptime, acknowledged or resolved.
-- within_seconds       Of response: within which time an incident is good.
-- query                Of sql: the query, of the total too where there is one.
-- total_query          Of sql: the query of the total; NULL where there is none.
-- origin               owner/name of the repository, or folder.
-- path                 The file in it.
-- line                 The line that the objective begins in.
-- source_url           A page that shows the version; NULL where there is none.
-- effective_from       From when it was in force, UTC.
-- judged_from          The same; for the first version the beginning of time.
-- effective_until      Until when, UTC; NULL while it is in force.
--
-- key: objective_id, objective_version
with

written as (
    select
        objectives.*,
        objectives.slo || '/' || objectives.objective_position as objective_id,
        files.file_url,
        files.effective_from,
        files.effective_until
    from staging.openslo_objectives as objectives
    join staging.openslo_files as files
        on objectives.origin = files.origin
        and objectives.path = files.path
        and objectives.version = files.version
    where files.effective_until is null or files.effective_until > files.effective_from
),

ranked as (
    select
        *,
        row_number() over (partition by objective_id order by effective_from, origin, path) as objective_version,
        row_number() over (partition by objective_id order by effective_from desc, origin desc, path desc) = 1 as is_newest,
        lead(effective_from) over (partition by objective_id order by effective_from, origin, path) as next_from
    from written
),

current_indicators as (
    select
        indicators.*,
        row_number() over (partition by indicators.indicator order by files.effective_from desc, indicators.origin, indicators.path) as place
    from staging.openslo_indicators as indicators
    join staging.openslo_files as files
        on indicators.origin = files.origin
        and indicators.path = files.path
        and indicators.version = files.version
    where files.effective_until is null
),

data_sources as (
    select
        documents.name,
        arg_max(documents.source_type, (files.effective_from, documents.origin, documents.path)) as source_type
    from staging.openslo_documents as documents
    join staging.openslo_files as files
        on documents.origin = files.origin
        and documents.path = files.path
        and documents.version = files.version
    where
        documents.kind = 'DataSource'
        and documents.is_valid
        and files.effective_until is null
    group by documents.name
),

-- An indicator written in place is that of the version; an SLI is the one that is current.
indicated as (
    select
        ranked.*,
        coalesce(written_indicators.metric, current_indicators.metric) as metric,
        coalesce(written_indicators.is_counter, current_indicators.is_counter) as is_counter,
        coalesce(written_indicators.source_type, current_indicators.source_type) as source_type,
        coalesce(written_indicators.source_reference, current_indicators.source_reference) as source_reference,
        coalesce(written_indicators.measure, current_indicators.measure) as measure,
        coalesce(written_indicators.within_seconds, current_indicators.within_seconds) as within_seconds,
        coalesce(written_indicators.query, current_indicators.query) as query,
        coalesce(written_indicators.total_query, current_indicators.total_query) as total_query
    from ranked
    left join staging.openslo_indicators as written_indicators
        on ranked.origin = written_indicators.origin
        and ranked.path = written_indicators.path
        and ranked.version = written_indicators.version
        and ranked.position = written_indicators.position
        and ranked.indicator = written_indicators.indicator
    left join current_indicators
        on ranked.indicator = current_indicators.indicator
        and current_indicators.place = 1
),

service_names as (
    select
        lower(service_id) as name,
        min(service_id) as service_id
    from core.services
    group by lower(service_id)
),

units as (
    select *
    from (
        values
            ('m', 'minute', 1, 60),
            ('h', 'hour', 1, 3600),
            ('d', 'day', 1, 86400),
            ('w', 'day', 7, 86400),
            ('M', 'month', 1, 30 * 86400),
            ('Q', 'month', 3, 30 * 86400),
            ('Y', 'month', 12, 30 * 86400)
    ) as units(window_unit, unit, factor, seconds)
)

select
    indicated.objective_id,
    dense_rank() over (order by indicated.objective_id) as objective_number,
    indicated.objective_version,
    indicated.is_newest,
    indicated.slo,
    indicated.display_name,
    indicated.service,
    service_names.service_id,
    indicated.target,
    indicated.budgeting_method,
    indicated.time_slice_target,
    case when indicated.budgeting_method <> 'Occurrences' then indicated.time_slice_seconds end as time_slice_seconds,
    indicated.window_count * units.factor as window_count,
    units.unit as window_unit,
    indicated.window_count * units.factor * units.seconds as window_seconds,
    indicated.is_rolling,
    indicated.calendar_started_at,
    indicated.calendar_time_zone,
    indicated.metric,
    indicated.is_counter,
    indicated.operator,
    indicated.threshold,
    case
        when indicated.metric is null then null
        when coalesce(indicated.source_type, data_sources.source_type) = 'DuckDB' then 'sql'
        when coalesce(indicated.source_type, data_sources.source_type) <> 'Incidents' then 'ingested'
        when indicated.measure = 'uptime' then 'incidents'
        when indicated.measure in ('acknowledged', 'resolved') then 'response'
        else 'ingested'
    end as measured_by,
    indicated.measure,
    indicated.within_seconds,
    indicated.query,
    indicated.total_query,
    indicated.origin,
    indicated.path,
    indicated.line,
    indicated.file_url as source_url,
    indicated.effective_from,
    case when indicated.objective_version = 1 then timestamp '0001-01-01' else indicated.effective_from end as judged_from,
    least(indicated.effective_until, indicated.next_from) as effective_until
from indicated
join units
    on indicated.window_unit = units.window_unit
left join data_sources
    on indicated.source_reference = data_sources.name
left join service_names
    on lower(indicated.service) = service_names.name
order by indicated.objective_id, indicated.objective_version
