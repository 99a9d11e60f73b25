package models

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"dorado/sql"
)

// TestRebuildsAreEqual builds a random organisation twice on two threads and once
// on one. Every table of core and marts must come out the same, row by row in the
// order in which it is stored.
func TestRebuildsAreEqual(t *testing.T) {
	settings := Settings{AsOf: propertyAsOf, TimeZone: "Europe/Berlin"}
	rows := rawRows{}
	for i := range 20 {
		o := randomOrganisation(uint64(1000+i), "team")
		o.store(rows, i+1)
		settings.Services = append(settings.Services, Service{Name: o.service, Team: o.team, Repositories: []ServiceRepository{{Name: o.service}}, Definitions: o.definitions()})
		settings.Overrides = append(settings.Overrides, o.overrides...)
	}
	first := contents(t, settings, rows, 2)
	if len(first) < 30 {
		t.Fatalf("only %d tables", len(first))
	}
	for _, threads := range []int{2, 1} {
		again := contents(t, settings, rows, threads)
		for name, content := range first {
			if again[name] != content {
				t.Errorf("%s differs when it is built again on %d threads", name, threads)
			}
		}
		if len(again) != len(first) {
			t.Errorf("%d tables, then %d on %d threads", len(first), len(again), threads)
		}
	}
}

// contents builds all models and returns what each table of core and marts holds.
func contents(t *testing.T, settings Settings, rows rawRows, threads int) map[string]string {
	t.Helper()
	started := time.Now()
	db := memory(t)
	exec(t, db, fmt.Sprintf("set threads = %d", threads))
	rows.insert(t, db)
	models, err := Load(sql.Files)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Build(context.Background(), db, models, settings, func(int, int, string) {}); err != nil {
		t.Fatal(err)
	}
	tables := map[string]string{}
	for _, model := range models {
		if model.Layer == Core || model.Layer == Marts {
			tables[model.String()] = table(texts(t, db, "from "+model.String()))
		}
	}
	full := 0
	for _, content := range tables {
		full += min(1, len(strings.TrimSpace(content)))
	}
	t.Logf("%d tables, %d with rows, on %d threads in %s", len(tables), full, threads, time.Since(started).Round(time.Millisecond))
	return tables
}
