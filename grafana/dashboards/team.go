package dashboards

import "dorado/server/wire"

// team answers a team's retrospective: what got better, what holds us up, who is woken.
func team() *board {
	filters := wire.Filters{Team: []string{everyTeam}}
	b := newBoard("team", "DORA of a team", "What one team delivers, where its work waits, and what being on call costs.",
		one(wire.DimensionTeam, "Team", wire.Filters{}),
	).annotations(filters)
	fiveNumbers(b, filters)
	b.add(24, 8, standing(filters))
	b.row("Services")
	b.add(24, 8, sideBySide("Services", "The five metrics of the team's services; open one to see the records behind them.", "service", filters, drill("service", "service", "service")))
	b.add(12, 8, stack("Deployments", "Successful production deployments by service; 0 on a quiet day.", plain, by(wire.DimensionService, metric("deployment_frequency", "deployments", filters))))
	b.add(12, 8, lines("Change lead time", aboutLeadTime, seconds, by(wire.DimensionService, every(wire.GrainWeek, metric("change_lead_time", "", filters)))))
	b.row("Where work waits")
	b.add(12, 8, stages(filters))
	b.add(12, 8, undeployed(filters))
	b.row("On call")
	b.add(8, 8, stack("Interruptions", "How often people were called in business, off and sleep hours of the team, about any incident.", plain,
		metric("on_call_load", "business_interruptions", filters), metric("on_call_load", "off_interruptions", filters), metric("on_call_load", "sleep_interruptions", filters)))
	b.add(8, 8, lines("Time to restore", aboutRestore, seconds,
		every(wire.GrainMonth, metric("time_to_restore", "median_seconds", filters)), every(wire.GrainMonth, metric("time_to_restore", "mean_seconds", filters))))
	b.add(8, 8, lines("Time to acknowledge", aboutAcknowledge, seconds,
		every(wire.GrainMonth, metric("time_to_acknowledge", "median_seconds", filters)), every(wire.GrainMonth, metric("time_to_acknowledge", "p90_seconds", filters))))
	return b
}
