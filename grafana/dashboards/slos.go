package dashboards

import (
	"dorado/grafana"
	"dorado/server/wire"
)

// slos answers what is left of the error budgets, and what spent them.
func slos() *board {
	filters := byPullRequest
	b := newBoard("slos", "SLOs and error budgets", "How every objective stands, what its budget was spent on, when one would have been paged, and when releases would have been frozen.",
		several(wire.DimensionTeam, "Team", wire.Filters{}),
		several(wire.DimensionService, "Service", wire.Filters{Team: []string{everyTeam}}),
	).annotations(filters)
	b.add(6, 4, number("Objectives met", "Objectives of which no more was bad in the range than their targets allow.", plain, metric("slo_attainment", "objectives_met", filters)))
	b.add(6, 4, number("Objectives", "Objectives of which something was measured in the range.", plain, metric("slo_attainment", "objectives", filters)))
	b.add(6, 4, number("Least budget left", "The least part of an error budget that is left at the end of the range; negative where more was spent.", ratio, metric("error_budget", "remaining_ratio", filters)))
	b.add(6, 4, number("Budgets exhausted", "Objectives that have spent more than their budget at the end of the range.", plain, metric("error_budget", "objectives_exhausted", filters)))
	b.add(24, 9, list("Objectives", "How every objective stands at the end of the range: what it attained in its window, what is left of its budget, and for how long at the last day's burn rate.",
		grafana.Query{QueryType: grafana.QuerySLO, Filters: filters}, append(without("SLO", "Title", "Team", "Window"), wide(240, "Objective"), drill("Service", "service", "service"))...))
	b.add(12, 9, budgets("Budget left", "The part of each error budget that is left at the end of a day; negative where more was spent.", metric("error_budget", "remaining_ratio", filters)))
	b.add(12, 9, lines("Burn rate", "How many times faster than allowed each budget was spent; 1 spends it exactly.", plain, by(wire.DimensionObjective, metric("error_budget", "burn_rate", filters))))
	b.row("What spent the budgets")
	b.add(12, 9, minutesDown(filters))
	b.add(12, 9, list("Cost of deployments", "Minutes down inside incidents that are attributed to deployments, against all others, and for each deployment.",
		rows(filters, `select
    causes.service_id as service,
    sum(causes.minutes_down_by_deployments) as "by deployments",
    sum(causes.minutes_down_otherwise) as otherwise,
    sum(causes.deployments) as deployments,
    sum(causes.minutes_down_by_deployments) / nullif(sum(causes.deployments), 0) as "for each deployment"
from marts.error_budget_by_cause as causes
left join core.services as services
    on causes.service_id = services.service_id
where
    $__timeFilter(cast(causes.week as timestamp))
    and metrics.is_selected($__filters, causes.service_id, services.team, null, null)
group by causes.service_id
order by "by deployments" desc, causes.service_id`), append(in(minutes, "by deployments", "otherwise", "for each deployment"), drill("service", "service", "service"))...))
	b.row("What would have been done")
	b.add(24, 8, list("Would have paged", "When both windows of a burn rate alert of the SRE workbook were over their threshold, computed after the fact and never finer than the data.",
		rows(filters, `select
    alerts.fired_at as fired,
    alerts.ended_at as ended,
    alerts.slo,
    alerts.service_id as service,
    alerts.severity,
    alerts.threshold,
    alerts.long_burn_rate as "long window",
    alerts.short_burn_rate as "short window"
from marts.burn_rate_alerts as alerts
left join core.services as services
    on alerts.service_id = services.service_id
where
    $__timeFilter(alerts.fired_at)
    and metrics.is_selected($__filters, alerts.service_id, services.team, null, null)
order by alerts.fired_at desc
limit 500`), wide(220, "slo")))
	b.add(24, 8, list("Freezes", "Times in which a policy would have frozen releases because a budget was overspent, and what shipped meanwhile.",
		rows(filters, `select
    freezes.frozen_from as "from",
    freezes.frozen_until as until,
    freezes.slo,
    freezes.service_id as service,
    freezes.days,
    freezes.lowest_ratio as "lowest budget",
    freezes.deployments,
    freezes.failed_deployments as failed
from marts.error_budget_freezes as freezes
left join core.services as services
    on freezes.service_id = services.service_id
where
    freezes.frozen_from < $__timeTo
    and coalesce(freezes.frozen_until >= $__timeFrom, true)
    and metrics.is_selected($__filters, freezes.service_id, services.team, null, null)
order by freezes.frozen_from desc
limit 500`), append(in(ratio, "lowest budget"), wide(220, "slo"))...))
	return b
}
