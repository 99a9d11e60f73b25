-- One row: what this snapshot was built for.
--
-- as_of             The instant the build sees nothing later than, UTC.
-- time_zone         The IANA zone whose calendar days, weeks and months the numbers are counted in.
-- definitions_hash  The same for snapshots whose numbers mean the same: made from the services, rules and definitions.
--
-- key: as_of
select
    as_of,
    time_zone,
    definitions_hash
from config.build
