package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"dorado/collectors/replay"
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
	t.Parallel()
	base := replay.Serve(t)
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
		minutesDown(t, config)
		got = query(t, config, `
			select incidents, median_seconds, p90_seconds, open_incidents
			from metrics.time_to_restore(timestamp '2025-11-01', timestamp '2026-11-01')`)
		if want := [][]string{{"361", "12073", "38124", "4"}}; !reflect.DeepEqual(got, want) {
			t.Errorf("time to restore %v, want %v", got, want)
		}
		got = query(t, config, "select count(*) > 50, sum(incidents) > 300, max(abs(incidents_difference)), max(abs(resolve_difference_seconds)) <= 0.5 from marts.pagerduty_reconciliation")
		if want := [][]string{{"true", "true", "0", "true"}}; !reflect.DeepEqual(got, want) {
			t.Errorf("reconciliation with the server's own numbers %v, want %v", got, want)
		}
	})
	t.Run("two accounts", func(t *testing.T) {
		text := fmt.Sprintf(`
pagerduty:
  - {name: food, base_url: %[1]s/pd/foodcoopx, since: 2025-11-01}
  - {name: keon, base_url: %[1]s/pd/keon-test, since: 2022-10-01}
`, base)
		config := writeConfig(t, text)
		runDorado(t, "collect", "--config", config)
		runDorado(t, "build", "--config", config, "--as-of", "2026-11-01T00:00:00Z")
		got := query(t, config, `
			select account, count(*), count(distinct service_id), count(*) filter (where incident_id like 'pagerduty/' || account || ':%')
			from core.incidents group by account order by account`)
		if want := [][]string{{"food", "365", "45", "365"}, {"keon", "3", "1", "3"}}; !reflect.DeepEqual(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
	t.Run("dev-devcube", func(t *testing.T) {
		config := realPagerDuty(t, base, "dev-devcube", "2021-10-01")
		runDorado(t, "run", "--config", config)
		got := query(t, config, "select status, service_id, acknowledged_at, resolved_at from core.incidents order by incident_number")
		want := [][]string{{"triggered", "Service1", "", ""}, {"triggered", "Service1", "", ""}, {"triggered", "Service2", "", ""}}
		if !reflect.DeepEqual(got, want) {
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

// minutesDown compares the downtime of every service and day with what was worked
// out from the same outages without this program, to a tenth of a minute. Four
// services were taken off while they were down; what comes after that is not
// counted there, and with us they stay down.
func minutesDown(t *testing.T, config string) {
	t.Helper()
	want := map[string]string{}
	for _, row := range oracle(t, replay.Folder(t), "foodcoopx", "daily.csv") {
		want[row["service"]+" "+row["day"]] = row["minutes_down_from_commits"]
	}
	days := 0
	for _, row := range query(t, config, `
		select service_id || ' ' || day, seconds_down / 60
		from marts.availability_daily as availability
		where
			day <= date '2026-06-13'
			and not exists (
				select 1
				from core.incidents as incidents
				where
					incidents.service_id = availability.service_id
					and incidents.triggered_day <= availability.day
					and incidents.resolved_at is null
			)`) {
		wanted, isListed := want[row[0]]
		if !isListed {
			wanted = "0"
		}
		got, errGot := strconv.ParseFloat(row[1], 64)
		minutes, errWant := strconv.ParseFloat(wanted, 64)
		if errGot != nil || errWant != nil || math.Abs(got-minutes) > 0.05+1e-9 {
			t.Errorf("%s: down for %s minutes, want %s", row[0], row[1], wanted)
		}
		if isListed {
			days++
		}
	}
	if days != len(want) {
		t.Errorf("%d of %d days are there", days, len(want))
	}
	open := query(t, config, `
		select count(distinct service_id), min(seconds_down)
		from marts.availability_daily
		where day > date '2026-06-13' and day < date '2026-10-31' and seconds_down > 0`)
	if want := [][]string{{"4", "86400"}}; !reflect.DeepEqual(open, want) {
		t.Errorf("after the last outage that ended, services that are down, and seconds a day: %v, want %v", open, want)
	}
}

// TestRealErrorBudgets gives each of the 45 services of foodcoopx an objective, and
// compares what its budget says was bad with the outages, day by day.
func TestRealErrorBudgets(t *testing.T) {
	t.Parallel()
	folder := replay.Folder(t)
	config := realPagerDuty(t, replay.Serve(t), "foodcoopx", "2025-11-01")
	var objectives strings.Builder
	services := map[string]bool{}
	for _, row := range oracle(t, folder, "foodcoopx", "incidents.csv") {
		if services[row["service"]] {
			continue
		}
		services[row["service"]] = true
		fmt.Fprintf(&objectives, `---
apiVersion: openslo/v1
kind: SLO
metadata: {name: uptime-%d}
spec:
  service: %q
  indicatorRef: uptime
  timeWindow: [{duration: 30d, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{target: 0.99}]
`, len(services), row["service"])
	}
	objectives.WriteString(`---
apiVersion: openslo/v1
kind: SLI
metadata: {name: uptime}
spec: {ratioMetric: {rawType: success, raw: {metricSource: {type: Incidents, spec: {measure: uptime}}}}}
`)
	slos := filepath.Join(filepath.Dir(config), "slo")
	if err := os.Mkdir(slos, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(slos, "uptime.yaml"), []byte(objectives.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(config, append(text, "slos: {folder: slo}\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	runDorado(t, "slo", "check", filepath.Join(slos, "uptime.yaml"))
	runDorado(t, "collect", "--config", config)
	runDorado(t, "build", "--config", config, "--as-of", "2027-01-01T00:00:00Z")
	got := query(t, config, `
		select
			count(distinct budgets.objective_id),
			count(*) filter (where abs(budgets.total - budgets.good - availability.seconds_down) > 0.001),
			count(*) filter (where abs(budgets.total - availability.seconds_measured) > 0.001),
			count(*) filter (where abs(budgets.remaining_ratio * 0.01 * 30 * 86400 - budgets.remaining_minutes * 60) > 0.001)
		from marts.error_budget_daily as budgets
		join marts.availability_daily as availability
			on budgets.service_id = availability.service_id
			and budgets.day = availability.day`)
	if want := [][]string{{fmt.Sprint(len(services)), "0", "0", "0"}}; !reflect.DeepEqual(got, want) {
		t.Errorf("objectives, and days that differ in what was bad, measured and left: %v, want %v", got, want)
	}
	got = query(t, config, `
		select
			count(*) filter (where ended_at < fired_at) as backwards,
			count(*) filter (where least(short_burn_rate, long_burn_rate) < threshold - 1e-6) as below,
			count(*) > 300 as are_many
		from marts.burn_rate_alerts`)
	if want := [][]string{{"0", "0", "true"}}; !reflect.DeepEqual(got, want) {
		t.Errorf("alerts that end before they begin, that are below their threshold, and whether there are many: %v, want %v", got, want)
	}
}
