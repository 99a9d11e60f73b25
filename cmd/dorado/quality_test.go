package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dorado/collectors"
)

// TestQualityGates builds with a collector that last ended well ten hours ago,
// and failed since.
func TestQualityGates(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	failure := "401 Bad credentials"
	at := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	putRaw(t, filepath.Join(folder, "data"),
		collectors.Outcome{Collector: "github_tags", StartedAt: at, FinishedAt: at, Rows: 7},
		collectors.Outcome{Collector: "github_tags", StartedAt: at.Add(5 * time.Hour), FinishedAt: at.Add(5 * time.Hour), Error: &failure})
	config := filepath.Join(folder, "dorado.yaml")
	build := func(quality string) ran {
		t.Helper()
		text := "github: {repositories: [example/api]}\nquality: {" + quality + "}\n"
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return dorado(t, "", "build", "--config", config, "--as-of", "2026-01-01T22:00:00Z")
	}
	failing := func() string {
		t.Helper()
		return dorado(t, "", "query", "--config", config, "--format", "csv",
			"select check_name, severity, offending_rows, first_row from marts.checks where not is_held order by 1").stdout
	}

	if got := build("collector_lag_hours: {warn: 8, error: 9}"); got.code != exitFailure {
		t.Errorf("above the limit for an error it exits with %d", got.code)
	}
	if got := dorado(t, "", "report", "--config", config); got.code != exitFailure || !strings.Contains(got.stderr, "no snapshot has been published yet; dorado run makes the first one; the newest build failed at ") {
		t.Errorf("after a first build that failed the report exits with %d and says\n%s", got.code, got.stderr)
	}
	if got := build("collector_lag_hours: {warn: 8}"); got.code != 0 || !strings.Contains(got.stdout, "2 warnings") {
		t.Errorf("above the limit for a warning it exits with %d and prints\n%s%s", got.code, got.stdout, got.stderr)
	}
	want := "check_name,severity,offending_rows,first_row\n" +
		"every_collector_ended_well,warn,1,collector=github_tags last_error=401 Bad credentials\n" +
		"no_collector_is_above_its_warning_lag,warn,1,collector=github_tags lag_seconds=36000 last_error=401 Bad credentials limit_hours=8\n"
	if got := failing(); got != want {
		t.Errorf("the snapshot says\n%s\nwant\n%s", got, want)
	}
	if got := build("collector_lag_hours: {warn: 8, error: 9}"); got.code != exitFailure || got.stdout != "" ||
		!strings.Contains(got.stderr, "sql/checks/no_collector_is_above_its_error_lag.sql") && !strings.Contains(got.stderr, "no_collector_is_above_its_error_lag") {
		t.Errorf("above the limit for an error it exits with %d and prints\n%s%s", got.code, got.stdout, got.stderr)
	}
	if got := failing(); got != want {
		t.Errorf("after a build that failed the snapshot says\n%s\nwant the one before:\n%s", got, want)
	}
	const told = "dorado: these are the numbers of snapshot 000001 as of 2026-01-01T22:00:00Z: the newest build failed at "
	const reason = ":\n  checks/no_collector_is_above_its_error_lag.sql: does not hold for 1 rows"
	for _, command := range [][]string{{"report"}, {"query", "select 1"}, {"services"}, {"explain", "deployment_frequency"}} {
		got := dorado(t, "", append(command, "--config", config)...)
		if got.code != 0 || !strings.HasPrefix(got.stderr, told) || !strings.Contains(got.stderr, reason) {
			t.Errorf("after a build that failed dorado %s exits with %d and prints\n%s", strings.Join(command, " "), got.code, got.stderr)
		}
	}
	if got := dorado(t, "", "doctor", "--config", config); !strings.Contains(got.stdout, "FAIL  last build     these are the numbers of snapshot 000001 as of ") {
		t.Errorf("after a build that failed the doctor finds\n%s", got.stdout)
	}
	if got := build("collector_lag_hours: {warn: 10, error: 11}"); got.code != 0 || !strings.Contains(got.stdout, "1 warning\n") {
		t.Errorf("below the limits it exits with %d and prints\n%s%s", got.code, got.stdout, got.stderr)
	}
	if got := dorado(t, "", "report", "--config", config); got.stderr != "" {
		t.Errorf("after a build that was published the report says %s", got.stderr)
	}
}

func TestQualityConfiguration(t *testing.T) {
	file := writeConfig(t, `github: {repositories: [example/api]}
quality:
  days: 0
  deployments_with_sha: {warn: 95}
  changes_with_lead_time: {warn: 0.5, error: 0.6}
  collector_lag_hours: {error: 24}
`)
	want := file + ":3: quality.days: 0 is too few: the shares are taken over at least 1 day\n" +
		file + ":4: quality.deployments_with_sha.warn: 95 is no share: it is from 0 (never) to 1 (unless all are)\n" +
		file + ":5: quality.changes_with_lead_time.error: 0.6 is above the limit for a warning, 0.5: what stops the publish must be worse\n" +
		file + ":6: quality.collector_lag_hours.error: 24 is below the limit for a warning, 36: what stops the publish must be worse\n"
	if got := dorado(t, "", "config", "check", "--config", file); got != (ran{exitFailure, "", want}) {
		t.Errorf("got %+v, want %s", got, want)
	}
}
