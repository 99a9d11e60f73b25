package dashboards

import (
	"github.com/grafana/grafana-foundation-sdk/go/common"

	"dorado/server/wire"
)

// What a panel says of the incident metrics.
const (
	aboutRestore     = "The time from when an incident was triggered to when it was resolved, over the incidents that count and were resolved in the range (MTTR). A few long ones pull up the mean; open ones have no such time."
	aboutAcknowledge = "The time from when an incident was triggered to when somebody first took it on (MTTA)."
)

// incidents answers how quickly we recover, whom it costs sleep, and how sure the
// attribution is.
func incidents() *board {
	filters := byPullRequest
	b := newBoard("incidents", "Incidents and recovery", "Time to restore and to acknowledge, on-call load, and which deployment caused what with how much confidence.",
		several(wire.DimensionTeam, "Team", wire.Filters{}),
		several(wire.DimensionService, "Service", wire.Filters{Team: []string{everyTeam}}),
	).annotations(filters)
	b.add(5, 4, number("Time to restore", aboutRestore, seconds, metric("time_to_restore", "median_seconds", filters)))
	b.add(5, 4, number("Time to restore, mean", aboutRestore, seconds, metric("time_to_restore", "mean_seconds", filters)))
	b.add(5, 4, number("Time to acknowledge", aboutAcknowledge, seconds, metric("time_to_acknowledge", "median_seconds", filters)))
	b.add(5, 4, number("Resolved", "Incidents that count and were resolved in the range.", plain, metric("time_to_restore", "incidents", filters)))
	b.add(4, 4, number("Open", "Incidents that count and are open at the end of the range.", plain, metric("time_to_restore", "open_incidents", filters)))
	b.add(12, 8, lines("Time to restore", aboutRestore, seconds,
		every(wire.GrainWeek, metric("time_to_restore", "median_seconds", filters)), every(wire.GrainWeek, metric("time_to_restore", "mean_seconds", filters)), every(wire.GrainWeek, metric("time_to_restore", "p90_seconds", filters))))
	b.add(12, 8, lines("Time to acknowledge", aboutAcknowledge, seconds,
		every(wire.GrainWeek, metric("time_to_acknowledge", "median_seconds", filters)), every(wire.GrainWeek, metric("time_to_acknowledge", "p90_seconds", filters))))
	b.add(12, 8, stack("Failed deployments: detection and repair", "Of failed deployments with an incident the median time from the deployment to the incident, and from there to the end of the failure. Medians do not add up to the median of the whole.", seconds,
		every(wire.GrainMonth, metric("failed_deployment_recovery_time", "median_detection_seconds", filters)),
		every(wire.GrainMonth, metric("failed_deployment_recovery_time", "median_repair_seconds", filters))))
	b.add(12, 8, bars("Incidents by hour of the day", "Incidents that count and were triggered in the range, by the hour in the warehouse's time zone.", plain, "hour", common.VizOrientationVertical,
		rows(filters, `select
    right('0' || incidents.triggered_hour, 2) as hour,
    count(*) as incidents
from core.incidents as incidents
left join core.services as services
    on incidents.service_id = services.service_id
where
    incidents.is_qualifying
    and $__timeFilter(incidents.triggered_at)
    and metrics.is_selected($__filters, incidents.service_id, services.team, null, null)
group by incidents.triggered_hour
order by incidents.triggered_hour`)))
	b.row("On call")
	b.add(12, 8, stack("Interruptions", "How often people were called in business, off and sleep hours of their team, about any incident.", plain,
		metric("on_call_load", "business_interruptions", filters), metric("on_call_load", "off_interruptions", filters), metric("on_call_load", "sleep_interruptions", filters)))
	b.add(12, 8, lines("Noise", "The share of the resolved incidents that no person resolved.", ratio, every(wire.GrainMonth, metric("on_call_load", "auto_resolved_ratio", filters))))
	b.row("Attribution")
	b.add(24, 6, bars("How incidents are attributed", "Incidents that count and were triggered in the range, by what ties them to a deployment and how sure that is; none where nothing does.", plain, "method", common.VizOrientationHorizontal,
		rows(filters, `select
    coalesce(causes.method || ', ' || causes.confidence, 'none') as method,
    count(*) as incidents
from core.incidents as incidents
left join core.incident_deployments as causes
    on incidents.incident_number = causes.incident_number
    and causes.is_chosen
left join core.services as services
    on incidents.service_id = services.service_id
where
    incidents.is_qualifying
    and $__timeFilter(incidents.triggered_at)
    and metrics.is_selected($__filters, incidents.service_id, services.team, null, null)
group by 1
order by incidents desc, method`)))
	b.add(24, 9, list("Incidents and what caused them", "Every incident that was triggered in the range, the newest first, with the deployment that it is attributed to and why; and why one does not count.",
		rows(filters, `select
    incidents.triggered_at as triggered,
    incidents.service_id as service,
    incidents.title,
    incidents.urgency,
    date_sub('second', incidents.triggered_at, incidents.resolved_at) as duration,
    causes.deployment_id as deployment,
    causes.confidence,
    causes.reason,
    incidents.excluded_reason as "left out because",
    incidents.source_url as page
from core.incidents as incidents
left join core.incident_deployments as causes
    on incidents.incident_number = causes.incident_number
    and causes.is_chosen
left join core.services as services
    on incidents.service_id = services.service_id
where
    $__timeFilter(incidents.triggered_at)
    and metrics.is_selected($__filters, incidents.service_id, services.team, null, null)
order by incidents.triggered_at desc
limit 500`), append(in(seconds, "duration"), wide(220, "title"), wide(180, "deployment"), wide(220, "reason"), address("page"))...))
	return b
}
