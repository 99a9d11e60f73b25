-- One row per document of a version of a file of objectives.
--
-- origin       The version of the file, as in staging.openslo_files.
-- path         The version of the file.
-- version      The version of the file.
-- position     The document's place in the file, from 1.
-- line         The line that it begins in.
-- kind         Service, SLO, SLI, DataSource, AlertPolicy, AlertCondition or AlertNotificationTarget, or what else is written.
-- name         Its metadata.name.
-- source_type  The type of a DataSource; NULL for other kinds.
-- is_valid     False where it could not be read.
--
-- key: origin, path, version, position
select
    origin,
    path,
    version,
    position,
    line,
    kind,
    name,
    nullif(source_type, '') as source_type,
    is_valid
from raw.openslo_documents
