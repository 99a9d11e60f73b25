package dashboards

import (
	"dorado/grafana"
	"dorado/server/wire"
)

// service answers why a number of one service is what it is: every panel leads to
// records, and these to their source.
func service() *board {
	filters := wire.Filters{Service: []string{everyService}}
	b := newBoard("service", "DORA of a service", "The metrics of one service with the records behind them, each linked to its source.",
		one(wire.DimensionService, "Service", wire.Filters{}),
	).annotations(filters)
	fiveNumbers(b, filters)
	b.add(12, 8, stack("Deployments", "Successful production deployments by environment; 0 on a quiet day.", plain, by(wire.DimensionEnvironment, metric("deployment_frequency", "deployments", filters))))
	b.add(12, 8, lines("Change lead time", aboutLeadTime, seconds,
		every(wire.GrainWeek, metric("change_lead_time", "median_seconds", filters)), every(wire.GrainWeek, metric("change_lead_time", "p90_seconds", filters))))
	b.row("Deployments")
	b.add(24, 9, list("Deployments and what became of them", "Every production deployment that finished in the range, the newest first: the rule that placed it, and why it failed.",
		rows(filters, `select
    deployments.finished_at as finished,
    deployments.environment,
    deployments.version,
    deployments.status,
    outcomes.is_failed as failed,
    outcomes.failure_reason as reason,
    outcomes.recovery_seconds as recovery,
    outcomes.incidents,
    deployments.source_url as page
from core.deployments as deployments
left join core.deployment_outcomes as outcomes
    on deployments.deployment_number = outcomes.deployment_number
left join core.services as services
    on deployments.service_id = services.service_id
where
    deployments.is_production
    and $__timeFilter(deployments.finished_at)
    and metrics.is_selected($__filters, deployments.service_id, services.team, deployments.repository, deployments.environment)
order by deployments.finished_at desc
limit 500`), append(in(seconds, "recovery"), wide(280, "reason"), address("page"))...))
	b.row("The records behind the numbers")
	for _, explained := range []struct{ metric, title string }{
		{"change_lead_time", "Change lead time: records"},
		{"change_fail_rate", "Change fail rate: records"},
		{"failed_deployment_recovery_time", "Failed deployment recovery time: records"},
		{"deployment_rework_rate", "Deployment rework rate: records"},
	} {
		b.add(12, 9, list(explained.title, "Every record that was considered, with the rule that placed it; the number stands on those that count.", records(explained.metric, filters),
			without("Service", "Team", "Repository", "Environment", "Left out because")...))
		b.add(12, 9, list(explained.title+" left out", "Every record that was considered and left out, with the reason.", leftOut(explained.metric, filters),
			append(without("Service", "Team", "Repository", "Environment", "Counted", "In the numerator", "Value", "Deployment", "Rule"), wide(220, "Left out because"))...))
	}
	b.row("Objectives")
	b.add(12, 8, list("Objectives", "How every objective of the service stands at the end of the range.", grafana.Query{QueryType: grafana.QuerySLO, Filters: filters}, without("SLO", "Title", "Service", "Team", "Window", "Budget left, time", "Exhausted in")...))
	b.add(12, 8, minutesDown(filters))
	return b
}

// records asks for what a metric stands on.
func records(name string, filters wire.Filters) grafana.Query {
	return grafana.Query{QueryType: grafana.QueryExplain, Metric: name, Filters: filters, Limit: 500}
}

// leftOut asks for what a metric leaves out.
func leftOut(name string, filters wire.Filters) grafana.Query {
	query := records(name, filters)
	query.OnlyExcluded = true
	return query
}
