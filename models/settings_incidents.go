package models

// pagerDutyServicesTable returns which PagerDuty services are whose, with the
// patterns as they are matched: a whole name or id, in any case.
func pagerDutyServicesTable(services []Service) settingsTable {
	table := settingsTable{name: "config.pagerduty_services", columns: "service_id varchar, position bigint, pattern varchar"}
	for i, service := range services {
		for _, pattern := range service.PagerDutyServices {
			table.rows = append(table.rows, []any{service.Name, int64(i + 1), "(?i)^(?:" + pattern + ")$"})
		}
	}
	return table
}
