-- One row per service: what makes a pull request, or a deployed ref, a hotfix.
--
-- A label is matched as a whole, a branch and a title from the beginning, all in
-- any case (options of failures).
--
-- service_id      The service, as in core.services.
-- label_pattern   A regular expression for labels; '' where there is none.
-- branch_pattern  One for branches and deployed refs; '' where there is none.
-- title_pattern   One for titles; '' where there is none.
--
-- key: service_id
select
    service_id,
    coalesce('(?i)^(?:' || any_value(nullif(value, '')) filter (where option = 'hotfix_labels') || ')$', '') as label_pattern,
    coalesce('(?i)^(?:' || any_value(nullif(value, '')) filter (where option = 'hotfix_branches') || ')', '') as branch_pattern,
    coalesce('(?i)^(?:' || any_value(nullif(value, '')) filter (where option = 'hotfix_titles') || ')', '') as title_pattern
from core.definitions
where metric = 'failures'
group by service_id
order by service_id
