package dashboards

import "dorado/server/wire"

// quality answers whether the other dashboards can be believed.
func quality() *board {
	b := newBoard("quality", "Data quality", "How fresh and how complete the data is, what every number leaves out and why, and which checks do not hold.",
		several(wire.DimensionTeam, "Team", wire.Filters{}),
		several(wire.DimensionService, "Service", wire.Filters{Team: []string{everyTeam}}),
	)
	b.add(14, 10, list("Freshness", "How far every collector is behind its source at the time of the snapshot. A quiet source has an old newest record, which is no fault.",
		rows(byPullRequest, `select
    collector,
    is_failing as failing,
    lag_seconds as "since the last good run",
    record_lag_seconds as "since the newest record",
    last_rows as "rows of the last run",
    last_error as error
from marts.freshness
order by is_failing desc, collector`), append(in(seconds, "since the last good run", "since the newest record"), wide(190, "collector"))...))
	b.add(10, 10, list("Checks", "What was held to be true of the data when the snapshot was built; rows speak against it.",
		rows(byPullRequest, `select
    claim,
    severity,
    is_held as holds,
    offending_rows as "rows against it",
    first_row as "the first"
from marts.checks
order by is_held, offending_rows desc, claim`), wide(230, "claim")))
	b.row("Coverage")
	b.add(12, 10, list("What is covered", "How much of the recent data a metric can rest on.",
		rows(byPullRequest, `select
    kind,
    sum(covered) as covered,
    sum(records) as records,
    sum(covered) / nullif(sum(records), 0) as coverage
from marts.coverage as coverage
left join core.services as services
    on coverage.subject = services.service_id
where
    services.service_id is null
    or metrics.is_selected($__filters, services.service_id, services.team, null, null)
group by kind
order by coverage, kind`), append(in(ratio, "coverage"), wide(260, "kind"))...))
	b.add(12, 10, list("What is not, and why", "The reasons for which records are not covered, the most frequent first.",
		rows(byPullRequest, `select
    kind,
    reason,
    sum(records) as records
from marts.coverage_gaps as gaps
left join core.services as services
    on gaps.subject = services.service_id
where
    services.service_id is null
    or metrics.is_selected($__filters, services.service_id, services.team, null, null)
group by kind, reason
order by records desc, kind, reason
limit 200`), wide(190, "kind"), wide(300, "reason")))
	b.row("Left out of the numbers")
	b.add(12, 9, list("Changes without a lead time", "Changes that production deployments of the range ship first and that have no lead time, by reason.",
		rows(byPullRequest, `select
    changes.excluded_reason as reason,
    count(*) as changes
from core.changes as changes
join core.deployments as deployments
    on changes.deployment_id = deployments.deployment_id
left join core.services as services
    on changes.service_id = services.service_id
where
    changes.excluded_reason is not null
    and deployments.is_production
    and $__timeFilter(deployments.finished_at)
    and metrics.is_selected($__filters, changes.service_id, services.team, null, null)
group by changes.excluded_reason
order by changes desc, reason`)))
	b.add(12, 9, list("Incidents that do not count", "Incidents that were triggered in the range and do not count, by reason.",
		rows(byPullRequest, `select
    incidents.excluded_reason as reason,
    count(*) as incidents
from core.incidents as incidents
left join core.services as services
    on incidents.service_id = services.service_id
where
    incidents.excluded_reason is not null
    and $__timeFilter(incidents.triggered_at)
    and metrics.is_selected($__filters, incidents.service_id, services.team, null, null)
group by incidents.excluded_reason
order by incidents desc, reason`)))
	b.row("Reconciliation")
	b.add(12, 9, list("Mapped to no service", "What was collected, belongs to no service, and is therefore in no number.",
		rows(byPullRequest, `select
    kind,
    name,
    records,
    reason
from core.unmapped
order by records desc nulls last, kind, name
limit 200`), wide(100, "kind"), wide(90, "records")))
	b.add(12, 9, list("Our numbers and PagerDuty's", "The difference between what is computed here and what PagerDuty's analytics say, by service and month.",
		rows(byPullRequest, `select
    pagerduty_service as "PagerDuty service",
    month,
    incidents,
    incidents_difference as "incidents more than PagerDuty's",
    mean_seconds_to_resolve as "mean time to resolve",
    resolve_difference_seconds as "longer than PagerDuty's",
    mean_seconds_to_first_ack as "mean time to acknowledge",
    first_ack_difference_seconds as "longer than PagerDuty's mean"
from marts.pagerduty_reconciliation
order by month desc, pagerduty_service
limit 200`), in(seconds, "mean time to resolve", "longer than PagerDuty's", "mean time to acknowledge", "longer than PagerDuty's mean")...))
	return b
}
