-- One row per indicator of a version of a file: an SLI, or one that is written in an SLO.
--
-- origin                  The version of the file, as in staging.openslo_files.
-- path                    The version of the file.
-- version                 The version of the file.
-- position                The document's place in the file, from 1.
-- objective_position      The objective that it is written in; 0 where it is the whole document's.
-- line                    The line that it begins in.
-- indicator               The SLI's name; SLO# or SLO#1 for one that is written in an SLO or in its first objective.
-- metric                  threshold, good, bad, raw_success or raw_failure.
-- is_counter              True where the values only ever grow.
-- source_type             The type of its source; NULL where only a DataSource is named.
-- source_reference        The DataSource; NULL where none is named.
-- measure                 Of the type Incidents: uptime, acknowledged or resolved.
-- within_seconds          Of acknowledged and resolved: within which time.
-- query                   What the source is asked.
-- total_source_type       The type of the total's source.
-- total_source_reference  The total's DataSource.
-- total_query             What the total's source is asked; NULL where there is no total.
--
-- key: origin, path, version, position, objective_position
select
    origin,
    path,
    version,
    position,
    objective_position,
    line,
    name as indicator,
    metric,
    is_counter,
    source_type,
    source_reference,
    measure,
    within_seconds,
    query,
    total_source_type,
    total_source_reference,
    total_query
from raw.openslo_indicators
