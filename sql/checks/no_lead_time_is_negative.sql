-- No change was deployed before it was written: a clock was wrong, or a date was made up.
--
-- severity: warn
select
    deployment_id,
    sha,
    lead_time_seconds
from core.changes
where lead_time_seconds < 0
order by all
