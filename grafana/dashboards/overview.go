package dashboards

import (
	"dorado/grafana"
	"dorado/server/wire"
)

// selected are filters by what the variables team, service and environment select.
var selected = wire.Filters{Team: []string{everyTeam}, Service: []string{everyService}, Environment: []string{everyEnvironment}}

// The five metrics in words: what a panel says of them.
const (
	aboutFrequency = "Successful production deployments per day, over the whole calendar days of the range."
	aboutLeadTime  = "The median time from when a change was written to when the deployment that ships it first finished, over the changes deployed in the range."
	aboutFailRate  = "The share of the finished production deployments that failed: by their status, by an incident attributed to them, or because they were rolled back, hotfixed or reverted."
	aboutRecovery  = "The median time from the end of a failed deployment to the end of its failure, over the failures that are over."
	aboutRework    = "The share of the deployments that were made because of production: hotfixes, rollbacks and reverts."
)

// overview answers how we are doing, for those who look once a week.
func overview() *board {
	b := newBoard("overview", "DORA overview", "The five DORA metrics with level, trend, n and interval, over all teams or some.",
		several(wire.DimensionTeam, "Team", wire.Filters{}),
		several(wire.DimensionService, "Service", wire.Filters{Team: []string{everyTeam}}),
		several(wire.DimensionEnvironment, "Environment", wire.Filters{Team: []string{everyTeam}, Service: []string{everyService}}),
	).annotations(wire.Filters{Team: []string{everyTeam}, Service: []string{everyService}})
	fiveNumbers(b, selected)
	b.add(14, 8, standing(selected))
	b.add(10, 8, lines("Throughput against instability", "DORA's Quick Check scores by month, from 0 to 10: deploying more often should not cost stability.", plain,
		every(wire.GrainMonth, metric("quick_check", "throughput_score", selected)),
		every(wire.GrainMonth, metric("quick_check", "stability_score", selected))))
	b.row("By team")
	b.add(12, 8, stack("Deployments", "Successful production deployments by team; 0 on a quiet day.", plain, by(wire.DimensionTeam, metric("deployment_frequency", "deployments", selected))))
	b.add(12, 8, lines("Change lead time", aboutLeadTime, seconds, by(wire.DimensionTeam, every(wire.GrainWeek, metric("change_lead_time", "", selected)))))
	b.add(8, 8, lines("Change fail rate", aboutFailRate, ratio, by(wire.DimensionTeam, every(wire.GrainMonth, metric("change_fail_rate", "", selected)))))
	b.add(8, 8, lines("Failed deployment recovery time", aboutRecovery, seconds, by(wire.DimensionTeam, every(wire.GrainMonth, metric("failed_deployment_recovery_time", "", selected)))))
	b.add(8, 8, lines("Deployment rework rate", aboutRework, ratio, by(wire.DimensionTeam, every(wire.GrainMonth, metric("deployment_rework_rate", "", selected)))))
	b.row("Teams and services")
	b.add(24, 7, sideBySide("Teams", "The five metrics of every team; open one to see its services.", "team", selected, drill("team", "team", "team")))
	b.add(24, 12, sideBySide("Services", "The five metrics of every service; open one to see the records behind them.", "service", selected, drill("service", "service", "service")))
	return b
}

// fiveNumbers adds the five metrics over the whole range.
func fiveNumbers(b *board, filters wire.Filters) {
	b.add(5, 4, number("Deployment frequency", aboutFrequency, perDay, metric("deployment_frequency", "", filters)))
	b.add(4, 4, number("Change lead time", aboutLeadTime, seconds, metric("change_lead_time", "", filters)))
	b.add(4, 4, number("Change fail rate", aboutFailRate, ratio, metric("change_fail_rate", "", filters)))
	b.add(6, 4, number("Failed deployment recovery time", aboutRecovery, seconds, metric("failed_deployment_recovery_time", "", filters)))
	b.add(5, 4, number("Deployment rework rate", aboutRework, ratio, metric("deployment_rework_rate", "", filters)))
}

// standing says how sure the five metrics are, and where they lead.
func standing(filters wire.Filters) panel {
	return list("Level, trend and certainty", "How the five metrics of the range stand: the level of DORA's report, the score in its Quick Check, how many records they stand on, the change against the same number of days before, and of shares the 95 % interval. What stands on too few records has no level.",
		rows(filters, `select
    replace(metric, '_', ' ') as metric,
    level,
    score,
    n,
    value / nullif(previous_value, 0) - 1 as change,
    lower_value as "from",
    upper_value as "to"
from metrics.dora($__timeFrom, $__timeTo, filters := $__filters)`),
		append(in(ratio, "change", "from", "to"), wide(230, "metric"))...)
}

// sideBySide lists the five metrics of every group of a dimension, a row each.
func sideBySide(title, description, dimension string, filters wire.Filters, looks ...look) panel {
	looks = append(looks, in(seconds, "lead time", "recovery time")...)
	looks = append(looks, in(ratio, "fail rate", "rework rate")...)
	return list(title, description, sideBySideRows(dimension, filters), looks...)
}

func sideBySideRows(dimension string, filters wire.Filters) grafana.Query {
	return rows(filters, `select
    dimension as `+dimension+`,
    max(value) filter (where metric = 'deployment_frequency') as "deployments per day",
    max(value) filter (where metric = 'change_lead_time') as "lead time",
    max(value) filter (where metric = 'change_fail_rate') as "fail rate",
    max(value) filter (where metric = 'failed_deployment_recovery_time') as "recovery time",
    max(value) filter (where metric = 'deployment_rework_rate') as "rework rate",
    max(n) filter (where metric = 'change_lead_time') as changes
from metrics.five_metrics($__timeFrom, $__timeTo, by_dimension := '`+dimension+`', filters := $__filters)
group by dimension
order by dimension`)
}
