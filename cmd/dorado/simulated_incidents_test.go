package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"dorado/collectors/simulator"
)

// simulatedIncidents writes what is true of incidents as incidentsQuery gives it.
func simulatedIncidents(truth simulator.Truth) []string {
	seconds := func(from time.Time, to *time.Time) string {
		if to == nil {
			return ""
		}
		return fmt.Sprint(int64(to.Sub(from) / time.Second))
	}
	var lines []string
	for _, one := range truth.Incidents {
		lines = append(lines, fmt.Sprint([]string{"pagerduty:" + one.ID, one.Service, fmt.Sprint(one.IsQualifying), one.TriggeredAt.Format(time.DateTime),
			seconds(one.TriggeredAt, one.AcknowledgedAt), seconds(one.TriggeredAt, one.ResolvedAt)}))
	}
	return lines
}

const incidentsQuery = `
	select
		incident_id, service_id, is_qualifying, strftime(triggered_at, '%Y-%m-%d %H:%M:%S'),
		date_sub('second', triggered_at, acknowledged_at), date_sub('second', triggered_at, resolved_at)
	from core.incidents`

// TestSimulatedIncidentsOfThePast builds as of times before the records were read,
// at which incidents that are over now were open, or not reopened yet.
func TestSimulatedIncidentsOfThePast(t *testing.T) {
	t.Parallel()
	s, _ := collectedSimulated(t)
	config := s.copied(t)
	for _, days := range []int{17, 41} {
		asOf := s.organization.Start.AddDate(0, 0, days).Add(11*time.Hour + 7*time.Second)
		runDorado(t, "build", "--config", config, "--as-of", asOf.Format(time.RFC3339))
		var got []string
		for _, row := range query(t, config, incidentsQuery) {
			got = append(got, fmt.Sprint(row))
		}
		want := simulatedIncidents(s.organization.Truth().Until(asOf))
		slices.Sort(got)
		slices.Sort(want)
		if missing, extra := lacking(want, got), lacking(got, want); len(want) < 10 || len(missing)+len(extra) > 0 {
			t.Errorf("as of %s %d are missing and %d are too many of %d: %.5v %.5v", asOf, len(missing), len(extra), len(want), missing, extra)
		}
	}
}

// TestSimulatedBlame compares the deployments that incidents are blamed on with
// those that caused them. It cannot be right always: of two regions deployed at
// once either may be the cause, and what no deployment caused may follow one.
func TestSimulatedBlame(t *testing.T) {
	t.Parallel()
	s, _ := collectedSimulated(t)
	blamed := map[string]string{}
	for _, row := range query(t, s.config, "select incident_id, deployment_id from core.incident_deployments where is_chosen") {
		blamed[row[0]] = row[1]
	}
	caused, right, missed := 0, 0, 0
	for _, one := range s.organization.Truth().Incidents {
		if one.Deployment == 0 || !one.IsQualifying {
			continue
		}
		caused++
		switch deployment := blamed["pagerduty:"+one.ID]; {
		case strings.HasSuffix(deployment, fmt.Sprintf(":%d", one.Deployment)):
			right++
		case deployment == "":
			missed++
		}
	}
	t.Logf("of %d incidents that deployments caused %d are blamed on the right one, and %d on none", caused, right, missed)
	if caused < 10 || right*10 < caused*8 || missed > 0 {
		t.Errorf("of %d incidents that deployments caused %d are blamed on the right one, and %d on none", caused, right, missed)
	}
}
