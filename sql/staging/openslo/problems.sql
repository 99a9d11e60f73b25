-- One row per thing that is wrong with a version of a file of objectives.
--
-- origin    The version of the file, as in staging.openslo_files.
-- path      The version of the file.
-- version   The version of the file.
-- position  Its place among the problems of the version, from 1.
-- line      The line that it is in; 0 where it is about no line.
-- place     The value that it is about: spec.objectives[0].target.
-- problem   What is wrong.
-- is_note   True where the document is read all the same.
--
-- key: origin, path, version, position
select
    origin,
    path,
    version,
    position,
    line,
    place,
    text as problem,
    is_note
from raw.openslo_problems
