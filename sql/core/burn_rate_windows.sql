-- One row per pair of windows in which a budget is burnt too fast to wait: the multi-window, multi-burn-rate alerts of the Google SRE workbook.
--
-- An alert fires where as much of the budget as budget_ratio would be gone in the long window,
-- and it is still going on in the short one. For a budget of 30 days that are burn
-- rates of 14.4, 6, 3 and 1; for others the same part of the budget in the same time.
--
-- severity       page or ticket.
-- long_seconds   The long window: 1 hour, 6 hours, 1 day or 3 days.
-- short_seconds  The short one, a twelfth of it.
-- budget_ratio   The part of the budget that is spent in the long window.
--
-- key: long_seconds
select
    severity,
    long_seconds,
    short_seconds,
    cast(budget_ratio as double) as budget_ratio
from (
    values
        ('page', 3600, 300, 0.02),
        ('page', 21600, 1800, 0.05),
        ('ticket', 86400, 7200, 0.1),
        ('ticket', 259200, 21600, 0.1)
) as windows(severity, long_seconds, short_seconds, budget_ratio)
order by long_seconds
