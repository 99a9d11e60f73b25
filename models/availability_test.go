package models

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"dorado/warehouse"
)

// buildFrom builds the model called name from the tables of its inputs that are
// given, rows with the columns first.
func buildFrom(t *testing.T, settings Settings, name string, given map[string][][]string) *warehouse.Database {
	t.Helper()
	empty, models := emptyBuild(t, settings)
	db := memory(t)
	if err := prepare(context.Background(), db, settings); err != nil {
		t.Fatal(err)
	}
	sorted, err := order(context.Background(), db, models)
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(sorted, func(m *Model) bool { return m.String() == name })
	needed := neededFor(t, db, sorted, sorted[at], given)
	for _, model := range sorted {
		rows, isGiven := given[model.String()]
		switch {
		case isGiven:
			exec(t, db, fmt.Sprintf("create table %s (%s)", model, columnTypes(t, empty, model.String())))
			insert(t, db, model.String(), rows)
		case needed[model] || model.isScalar():
			if err := model.build(context.Background(), db); err != nil {
				t.Fatal(err)
			}
		}
	}
	return db
}

// An interval is a time in minutes.
type interval struct{ from, to int }

// has reports whether minute is in any of the intervals.
func has(intervals []interval, minute int) bool {
	return slices.ContainsFunc(intervals, func(i interval) bool { return i.from <= minute && minute < i.to })
}

// TestAvailabilityAgainstMinutesProperty compares the intervals of core.availability with a
// count of single minutes: for 200 services, each with incidents and maintenance
// windows at random that overlap, touch, begin together and are empty.
func TestAvailabilityAgainstMinutesProperty(t *testing.T) {
	const services, minutes = 200, 600
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	settings := Settings{AsOf: start.Add(minutes * time.Minute), TimeZone: "UTC"}
	instant := func(minute int) string { return start.Add(time.Duration(minute) * time.Minute).Format(time.RFC3339) }
	incidents := [][]string{{"incident_id", "service_id", "is_qualifying", "triggered_at", "resolved_at"}, {"first", "none", "true", instant(0), instant(0)}}
	windows := [][]string{{"maintenance_window_id", "source_service_id", "service_id", "started_at", "ended_at"}}
	watched := [][]string{{"account", "pagerduty_service_id", "service_id"}}
	down, maintenance := map[string][]interval{}, map[string][]interval{}
	for seed := range uint64(services) {
		random := rand.New(rand.NewPCG(seed, 12))
		service := fmt.Sprint("seed ", seed)
		watched = append(watched, []string{"", service, service})
		for i := range random.IntN(12) {
			from := random.IntN(minutes)
			to := min(from+random.IntN(90), minutes)
			end := instant(to)
			if random.IntN(10) == 0 {
				to, end = minutes, "" // still open
			}
			isQualifying := random.IntN(5) > 0
			if isQualifying {
				down[service] = append(down[service], interval{from, to})
			}
			incidents = append(incidents, []string{fmt.Sprint(seed, "/", i), service, fmt.Sprint(isQualifying), instant(from), end})
		}
		for i := range random.IntN(5) {
			from := random.IntN(minutes) - 30
			to := from + random.IntN(120)
			maintenance[service] = append(maintenance[service], interval{from, to})
			windows = append(windows, []string{fmt.Sprint(seed, "/", i), "P", service, instant(from), instant(to)})
		}
	}
	db := buildFrom(t, settings, "core.availability", map[string][][]string{
		"core.incidents": incidents, "core.maintenance_windows": windows, "core.pagerduty_services": watched,
	})
	rows := texts(t, db, "select service_id, state, date_diff('minute', timestamp '2026-01-01', started_at), date_diff('minute', timestamp '2026-01-01', ended_at) from core.availability order by service_id, started_at")
	states := map[string][]string{} // of each minute
	for i, row := range rows {
		var from, to int
		if _, err := fmt.Sscan(row[2]+" "+row[3], &from, &to); err != nil {
			t.Fatal(err)
		}
		if from >= to || from != len(states[row[0]]) {
			t.Errorf("%s: the interval from minute %d to %d does not follow on minute %d", row[0], from, to, len(states[row[0]]))
		}
		if i > 0 && rows[i-1][0] == row[0] && rows[i-1][1] == row[1] {
			t.Errorf("%s: at minute %d it goes from %s to %[3]s", row[0], from, row[1])
		}
		states[row[0]] = append(states[row[0]], slices.Repeat([]string{row[1]}, to-from)...)
	}
	if len(states) != services+1 {
		t.Fatalf("there are intervals of %d services", len(states))
	}
	for service, got := range states {
		for minute := range minutes {
			want := "up"
			switch {
			case has(maintenance[service], minute):
				want = "maintenance"
			case has(down[service], minute):
				want = "down"
			}
			if len(got) != minutes || got[minute] != want {
				t.Fatalf("%s: of %d minutes, minute %d is not %s; incidents %v, windows %v", service, len(got), minute, want, down[service], maintenance[service])
			}
		}
	}
}
