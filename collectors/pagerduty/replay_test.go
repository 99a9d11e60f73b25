package pagerduty

import (
	"bytes"
	"encoding/csv"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"dorado/collectors/replay"
	"dorado/collectors/transport"
)

// at is the time given as text.
func at(text string) time.Time {
	instant, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return instant
}

// The real accounts, without the server's address.
var (
	foodcoopx = account{url: "/pd/foodcoopx", since: at("2025-11-01T00:00:00Z"), now: at("2026-08-22T00:00:00Z")}
	keonTest  = account{url: "/pd/keon-test", since: at("2022-10-01T00:00:00Z"), now: at("2022-12-01T00:00:00Z")}
	devcube   = account{url: "/pd/dev-devcube", since: at("2021-10-01T00:00:00Z"), now: at("2021-12-01T00:00:00Z")}
)

// on returns the account as the server at address has it.
func (a account) on(address string) account {
	a.url = address + a.url
	return a
}

func TestRealAccountsDecode(t *testing.T) {
	address := replay.Serve(t)
	for _, test := range []struct {
		account account
		records map[string]int
	}{
		{account: foodcoopx, records: map[string]int{"services": 45, "teams": 1, "escalation_policies": 1, "priorities": 3, "incidents": 365, "log_entries": 726, "analytics_incidents": 365}},
		{account: keonTest, records: map[string]int{"services": 1, "escalation_policies": 1, "incidents": 3, "log_entries": 44, "analytics_incidents": 3}},
		{account: devcube, records: map[string]int{"services": 2, "teams": 5, "priorities": 5, "users": 1, "incidents": 3, "log_entries": 3, "analytics_incidents": 3}},
	} {
		t.Run(test.account.url, func(t *testing.T) {
			store := newMemory()
			usage := &transport.Usage{}
			reading := test.account.on(address)
			reading.usage = usage
			if err := reading.collect(t, store); err != nil {
				t.Fatal(err)
			}
			t.Logf("%d requests", usage.Requests.Load())
			for _, row := range Tables() {
				if row.Table() == "pagerduty_analytics_services" {
					continue // a row for each month
				}
				kind := strings.TrimPrefix(row.Table(), "pagerduty_")
				if found := len(store.of(row.Table())); found != test.records[kind] {
					t.Errorf("%d %s, want %d", found, kind, test.records[kind])
				}
			}
			first := usage.Requests.Load()
			again := newMemory()
			again.cursors = store.cursors
			for key, record := range store.records {
				again.records[key] = record
			}
			if err := reading.collect(t, again); err != nil {
				t.Fatal(err)
			}
			t.Logf("%d requests when nothing is new", usage.Requests.Load()-first)
			again.sameAs(t, store)
		})
	}
}

// The outages of foodcoopx as they were worked out without PagerDuty.
func TestIncidentsAreThoseOfTheOracle(t *testing.T) {
	store := newMemory()
	if err := foodcoopx.on(replay.Serve(t)).collect(t, store, "pagerduty_incidents"); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(filepath.Join(replay.Folder(t), "oracle", "foodcoopx", "incidents.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lines, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var created, resolved []string
	for _, line := range lines[1:] { // number, service, slug, started_at, resolved_at, …
		created = append(created, line[3])
		if line[4] == "" {
			line[4] = "NULL"
		}
		resolved = append(resolved, line[4])
	}
	slices.Sort(created)
	slices.Sort(resolved)
	if found := store.column("pagerduty_incidents", "created_at"); !slices.Equal(found, created) {
		t.Errorf("%d incidents were created at other times than the oracle's %d", len(found), len(created))
	}
	if found := store.column("pagerduty_incidents", "resolved_at"); !slices.Equal(found, resolved) {
		t.Errorf("%d incidents were resolved at other times than the oracle's %d", len(found), len(resolved))
	}
	open := 0
	for _, instant := range store.column("pagerduty_incidents", "resolved_at") {
		if instant == "NULL" {
			open++
		}
	}
	if open != 4 {
		t.Errorf("%d open incidents, want 4", open)
	}
}

func TestTwoCollectionsEqualOne(t *testing.T) {
	address := replay.Serve(t)
	one := newMemory()
	if err := foodcoopx.on(address).collect(t, one); err != nil {
		t.Fatal(err)
	}
	two := newMemory()
	for _, now := range []string{"2025-12-24T12:00:00Z", "2026-03-03T05:40:00Z", "2026-03-03T06:00:00Z", "2026-08-22T00:00:00Z"} {
		show(t, address, now)
		step := foodcoopx.on(address)
		step.now = at(now)
		if err := step.collect(t, two); err != nil {
			t.Fatal(err)
		}
	}
	two.sameAs(t, one)
}

// show makes the server show the data as they were at a time.
func show(t *testing.T, address, now string) {
	t.Helper()
	response, err := http.Post(address+"/_control", "application/json", bytes.NewBufferString(`{"now": "`+now+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
}

func TestFaultsLoseNothing(t *testing.T) {
	clean := newMemory()
	if err := foodcoopx.on(replay.Serve(t)).collect(t, clean); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name    string
		options []string
	}{
		{name: "server errors", options: []string{"--fail-rate", "0.2"}},
		{name: "cut off", options: []string{"--truncate", "0.2"}},
		{name: "rate limits", options: []string{"--secondary-rate-limit", "20"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			faulty, usage := newMemory(), &transport.Usage{}
			reading := foodcoopx.on(replay.Serve(t, test.options...))
			reading.usage = usage
			if err := reading.collect(t, faulty); err != nil {
				t.Fatal(err)
			}
			if usage.Retried.Load() == 0 {
				t.Error("no request was sent again")
			}
			faulty.sameAs(t, clean)
		})
	}
}
