-- The last run of every collector ended well.
--
-- severity: warn
select
    collector,
    last_error
from marts.freshness
where is_failing
order by all
