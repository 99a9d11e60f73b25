package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestFilters asks every metric for one service, or one team, over all, which must
// be what it says of that group.
func TestFilters(t *testing.T) {
	t.Parallel()
	s := simulate(t)
	s.collectAndBuild(t, s.config)
	ask := func(metric, options, where string) []string {
		var lines []string
		for _, row := range query(t, s.config, fmt.Sprintf(`
			select * exclude (dimension) from metrics.%s(timestamp '2025-11-01', timestamp '2026-01-01', %s) %s order by all`, metric, options, where)) {
			lines = append(lines, strings.Join(row, ","))
		}
		return lines
	}
	for _, test := range []struct{ metric, grain string }{
		{"dora", "grain := 'month', "}, {"totals", "grain := 'month', "}, {"quick_check", "grain := 'month', "},
		{"deployment_frequency", "grain := 'week', "}, {"change_lead_time", "grain := 'week', "}, {"change_fail_rate", "grain := 'week', "},
		{"failed_deployment_recovery_time", "grain := 'week', "}, {"deployment_rework_rate", "grain := 'week', "},
		{"pull_request_stages", "grain := 'month', "}, {"time_to_restore", "grain := 'month', "}, {"time_to_acknowledge", "grain := 'month', "},
		{"on_call_load", "grain := 'month', "}, {"incident_times", ""}, {"change_lead_time_distribution", ""},
	} {
		for kind, name := range map[string]string{"service": s.organization.Services[0].Name, "team": s.organization.Teams[1].Name} {
			t.Run(test.metric+" of a "+kind, func(t *testing.T) {
				want := ask(test.metric, test.grain+fmt.Sprintf("by_dimension := '%s'", kind), "where dimension = '"+name+"'")
				got := ask(test.metric, test.grain+fmt.Sprintf("filters := map {'%s': ['%s']}", kind, name), "")
				if len(want) == 0 || !slices.Equal(got, want) {
					t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
				}
			})
		}
	}
}
