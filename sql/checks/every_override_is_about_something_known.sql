-- Every entry of the overrides file names an incident and a deployment that are known.
--
-- severity: warn
select
    place,
    problem
from core.overrides
where problem is not null
order by position
