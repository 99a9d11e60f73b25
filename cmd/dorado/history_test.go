package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"dorado/collectors"
	"dorado/collectors/github"
	"dorado/warehouse"
)

// putRaw stores rows as a collector would.
func putRaw(t *testing.T, folder string, rows ...collectors.Row) {
	t.Helper()
	raw, err := warehouse.OpenRaw(t.Context(), folder)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(raw.Put(t.Context(), "", rows, ""), raw.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestHistory publishes three times: a deployment of January is found late, and
// then the definitions change.
func TestHistory(t *testing.T) {
	t.Parallel()
	config := writeConfig(t, "github: {repositories: [example/api]}\n")
	folder := filepath.Join(filepath.Dir(config), "data")
	put := func(rows ...collectors.Row) {
		t.Helper()
		putRaw(t, folder, rows...)
	}
	release := func(id int64, day int) github.Release {
		at := time.Date(2026, 1, day, 10, 0, 0, 0, time.UTC)
		return github.Release{ID: id, Repository: "example/api", TagName: fmt.Sprintf("v%d", id), PublishedAt: &at}
	}
	history := func() string {
		t.Helper()
		return fmt.Sprint(query(t, config, `
			select as_of, round(value * 31), n, round(known_value * 31), known_n, is_same_definitions, snapshot
			from marts.metric_history
			where metric = 'deployment_frequency' and by_dimension = 'service' and grain = 'month' and period_start = date '2026-01-01'
			order by as_of`))
	}
	put(github.Repository{ID: 1, FullName: "example/api"}, release(1, 1), release(2, 20))
	runDorado(t, "build", "--config", config, "--as-of", "2026-02-01T00:00:00Z")
	if got := history(); got != "[]" {
		t.Errorf("the first snapshot knows of %s", got)
	}
	put(release(3, 31))
	for range 2 { // doing it again changes nothing
		runDorado(t, "build", "--config", config, "--as-of", "2026-02-02T00:00:00Z")
		if got, want := history(), "[[2026-02-01T00:00:00Z 2 2 3 3 true 000001.duckdb]]"; got != want {
			t.Errorf("the second snapshot knows of %s, want %s", got, want)
		}
	}
	// Building for the past sees nothing of what was reported later, and does not
	// change what was reported then.
	runDorado(t, "build", "--config", config, "--as-of", "2026-02-01T00:00:00Z")
	if got := history(); got != "[]" {
		t.Errorf("a snapshot for the time of the first knows of %s", got)
	}
	other := writeConfig(t, fmt.Sprintf("warehouse: {path: %q}\ngithub: {repositories: [example/api]}\ndefinitions: {change_lead_time: {start: committed}}\n", folder))
	for _, day := range []string{"03", "04"} { // of which the second reports nothing anew
		runDorado(t, "build", "--config", other, "--as-of", "2026-02-"+day+"T00:00:00Z")
	}
	want := "[[2026-02-01T00:00:00Z 2 2 3 3 false 000001.duckdb] " +
		"[2026-02-02T00:00:00Z 3 3 3 3 false 000002.duckdb] [2026-02-03T00:00:00Z 3 3 3 3 true 000005.duckdb]]"
	if got := history(); got != want {
		t.Errorf("the last snapshot knows of %s, want %s", got, want)
	}
}
