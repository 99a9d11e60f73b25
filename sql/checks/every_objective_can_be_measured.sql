-- Nothing is wrong with the objectives, and with the files that they are written in.
--
-- severity: warn
select
    origin,
    path,
    line,
    objective_id,
    problem
from core.slo_findings
where severity = 'error'
order by finding_number
