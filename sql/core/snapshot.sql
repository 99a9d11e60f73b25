-- One row: what this snapshot was built for.
--
-- as_of      The instant the build sees nothing later than, UTC.
-- time_zone  The IANA zone whose calendar days, weeks and months the numbers are counted in.
--
-- key: as_of
select
    as_of,
    time_zone
from config.build
