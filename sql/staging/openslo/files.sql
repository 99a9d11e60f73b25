-- One row per version of a file of objectives, as far as it holds by the build's as-of time.
--
-- origin           owner/name of the repository, or folder.
-- path             The file's path in it.
-- version          The commit's SHA, or when the text was seen.
-- is_deleted       True where the file is gone from then on.
-- file_url         A page that shows this version; NULL where there is none.
-- effective_from   From when it holds, UTC.
-- effective_until  When the next version of the file took over, UTC; NULL where none has.
--
-- key: origin, path, version
select
    origin,
    path,
    version,
    is_deleted,
    url as file_url,
    effective_from,
    lead(effective_from) over (partition by origin, path order by effective_from, version) as effective_until
from raw.openslo_files
where effective_from <= (select as_of from config.build)
