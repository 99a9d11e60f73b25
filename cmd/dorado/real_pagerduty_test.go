package main

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

// realPagerDuty writes a configuration that reads a real PagerDuty account from
// base, and returns its file.
func realPagerDuty(t *testing.T, base, account, since string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "dorado.yaml")
	text := fmt.Sprintf("pagerduty:\n  - {base_url: %s/pd/%s, since: %s}\n", base, account, since)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestRealIncidents takes real accounts the whole way and compares with numbers
// that were worked out from their records without this program.
func TestRealIncidents(t *testing.T) {
	base := serveReal(t, realData(t))
	t.Run("foodcoopx", func(t *testing.T) {
		config := realPagerDuty(t, base, "foodcoopx", "2025-11-01")
		runDorado(t, "collect", "--config", config)
		runDorado(t, "build", "--config", config, "--as-of", "2026-11-01T00:00:00Z")
		got := query(t, config, `
			select
				count(*),
				count(*) filter (where resolved_at is null),
				quantile_cont(date_sub('second', triggered_at, resolved_at), 0.5),
				quantile_cont(date_sub('second', triggered_at, resolved_at), 0.9),
				count(acknowledged_at),
				count(distinct service_id)
			from core.incidents
			where is_qualifying`)
		if want := [][]string{{"365", "4", "12073", "38124", "0", "45"}}; !reflect.DeepEqual(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
	t.Run("keon-test", func(t *testing.T) {
		config := realPagerDuty(t, base, "keon-test", "2022-10-01")
		runDorado(t, "run", "--config", config)
		got := query(t, config, `
			select
				source_url[-14:], status, urgency, is_qualifying,
				date_sub('second', triggered_at, acknowledged_at) as seconds_to_acknowledge,
				date_sub('second', triggered_at, resolved_at) as seconds_to_resolve
			from core.incidents
			order by incident_number`)
		want := [][]string{
			{"Q3YON8WNWTZMRQ", "acknowledged", "high", "true", "1", ""},
			{"Q3CZAU7Q4008QD", "acknowledged", "high", "true", "9", ""},
			{"Q1OHFWFP3GPXOG", "resolved", "low", "false", "10", "368"},
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		events := query(t, config, "select count(*), count(distinct incident_id) from core.incident_events")
		if want := [][]string{{"44", "3"}}; !reflect.DeepEqual(events, want) {
			t.Errorf("events %v, want %v", events, want)
		}
	})
}
