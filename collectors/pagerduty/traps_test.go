package pagerduty

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"dorado/collectors/replay"
	"dorado/collectors/transport"
)

// answering serves one answer for each path, whatever is asked of it.
func answering(t *testing.T, answers map[string]string) account {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, ok := answers[r.URL.Path]
		if !ok {
			http.Error(w, `{"error": {"message": "Not Found", "code": 2100}}`, http.StatusNotFound)
			return
		}
		w.Header().Set("Date", at("2026-01-31T00:00:00Z").Format(http.TimeFormat))
		_, _ = w.Write([]byte(answer))
	}))
	t.Cleanup(server.Close)
	return account{url: server.URL, since: at("2026-01-01T00:00:00Z"), now: at("2026-01-31T00:00:00Z")}
}

// TestTraps gives the collectors what makes others fail.
func TestTraps(t *testing.T) {
	for _, test := range []struct {
		name, collector, path, answer string
		column                        string
		want                          []string
	}{
		{
			name:      "event details of any type",
			collector: "pagerduty_log_entries", path: "/log_entries",
			answer: `{"log_entries": [{"id": "R1", "type": "trigger_log_entry", "created_at": "2026-01-02T00:00:00Z", "incident": {"id": "Q1"},
				"event_details": {"number": 1, "list": [1, "a"], "object": {"a": null}, "nothing": null}}], "more": false}`,
			column: "incident_id", want: []string{"Q1"},
		},
		{
			name:      "channel type null",
			collector: "pagerduty_log_entries", path: "/log_entries",
			answer: `{"log_entries": [
				{"id": "R1", "type": "notify_log_entry", "created_at": "2026-01-02T00:00:00Z", "incident": {"id": "Q1"}, "channel": {"type": null}},
				{"id": "R2", "type": "notify_log_entry", "created_at": "2026-01-02T00:00:00Z", "incident": {"id": "Q1"}, "channel": null}], "more": false}`,
			column: "channel_type", want: []string{"NULL", "NULL"},
		},
		{
			name:      "microseconds",
			collector: "pagerduty_log_entries", path: "/log_entries",
			answer: `{"log_entries": [{"id": "R1", "type": "resolve_log_entry", "created_at": "2026-01-02T00:00:00.123456Z", "incident": {"id": "Q1"}},
				{"id": "R2", "type": "resolve_log_entry", "created_at": "2026-01-02T02:00:00+01:00", "incident": {"id": "Q1"}}], "more": false}`,
			column: "created_at", want: []string{"2026-01-02T00:00:00.123456Z", "2026-01-02T01:00:00Z"},
		},
		{
			name:      "unknown types of log entries",
			collector: "pagerduty_log_entries", path: "/log_entries",
			answer: `{"log_entries": [{"id": "R1", "type": "quantum_leap_log_entry", "created_at": "2026-01-02T00:00:00Z", "incident": {"id": "Q1"},
				"agent": {"id": "X", "type": "robot_reference"}}], "more": false}`,
			column: "type", want: []string{"quantum_leap_log_entry"},
		},
		{
			name:      "unknown status",
			collector: "pagerduty_incidents", path: "/incidents",
			answer: `{"incidents": [{"id": "Q1", "incident_number": 1, "status": "sleeping", "urgency": "severe", "created_at": "2026-01-02T00:00:00Z",
				"service": {"id": "P1", "summary": "a"}}], "more": false}`,
			column: "status", want: []string{"sleeping"},
		},
		{
			name:      "resolved without resolved_at",
			collector: "pagerduty_incidents", path: "/incidents",
			answer: `{"incidents": [{"id": "Q1", "incident_number": 1, "status": "resolved", "created_at": "2026-01-02T00:00:00Z",
				"last_status_change_at": "2026-01-02T01:00:00Z", "service": {"id": "P1", "summary": "a"}}], "more": false}`,
			column: "resolved_at", want: []string{"NULL"},
		},
		{
			name:      "a mean of null is not zero",
			collector: "pagerduty_analytics_services", path: "/analytics/metrics/incidents/services",
			answer: `{"data": [{"service_id": "P1", "service_name": "a", "total_incident_count": 1, "mean_seconds_to_resolve": null, "mean_seconds_to_first_ack": 0}]}`,
			column: "mean_seconds_to_resolve", want: []string{"NULL"},
		},
		{
			name:      "analytics times without zone are UTC",
			collector: "pagerduty_analytics_incidents", path: "/analytics/raw/incidents",
			answer: `{"data": [{"id": "Q1", "service_name": "a", "created_at": "2026-01-02T03:04:05", "resolved_at": "2026-01-02T03:04:05.5"}], "more": false}`,
			column: "created_at", want: []string{"2026-01-02T03:04:05Z"},
		},
		{
			name:      "no times in analytics",
			collector: "pagerduty_analytics_incidents", path: "/analytics/raw/incidents",
			answer: `{"data": [{"id": "Q1", "service_name": "a", "created_at": null, "seconds_to_first_ack": null}], "more": false}`,
			column: "seconds_to_first_ack", want: []string{"NULL"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			store := newMemory()
			if err := answering(t, map[string]string{test.path: test.answer}).collect(t, store, test.collector); err != nil {
				t.Fatal(err)
			}
			if found := store.column(test.collector, test.column); !slices.Equal(found, test.want) {
				t.Errorf("%s is %q, want %q", test.column, found, test.want)
			}
		})
	}
}

// TestEntriesBeforeTheirIncidentAreRead asks for a log entry that is a second older
// than the first instant that is read.
func TestEntriesBeforeTheirIncidentAreRead(t *testing.T) {
	var since string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		since = r.URL.Query().Get("since")
		_, _ = w.Write([]byte(`{"log_entries": [], "more": false}`))
	}))
	t.Cleanup(server.Close)
	reading := account{url: server.URL, since: at("2026-01-01T00:00:00Z"), now: at("2026-01-31T00:00:00Z")}
	if err := reading.collect(t, newMemory(), "pagerduty_log_entries"); err != nil {
		t.Fatal(err)
	}
	if !at(since).Before(reading.since) {
		t.Errorf("log entries are read from %s on, incidents from %s on", since, reading.since)
	}
}

// TestNotesAreReadWhereTheyAreWanted reads the notes of incidents that were given
// one, and none unless the configuration says so.
func TestNotesAreReadWhereTheyAreWanted(t *testing.T) {
	reading := answering(t, map[string]string{
		"/log_entries": `{"log_entries": [
			{"id": "R1", "type": "annotate_log_entry", "created_at": "2026-01-02T00:00:00Z", "incident": {"id": "Q1"}},
			{"id": "R2", "type": "trigger_log_entry", "created_at": "2026-01-02T00:00:00Z", "incident": {"id": "Q2"}},
			{"id": "R3", "type": "annotate_log_entry", "created_at": "2026-01-02T00:00:00Z", "incident": {"id": "QGONE"}}], "more": false}`,
		"/incidents/Q1/notes": `{"notes": [{"id": "N1", "content": "deployment: 7", "user": {"id": "U1"}, "created_at": "2026-01-02T00:00:00Z"}]}`,
	})
	store := newMemory()
	if err := reading.collect(t, store, "pagerduty_notes"); err != nil || len(store.of("pagerduty_notes")) > 0 {
		t.Errorf("%d notes are stored (%v) where none are wanted", len(store.of("pagerduty_notes")), err)
	}
	reading.with = func(c *Config) { c.StoreNotes = true }
	if err := reading.collect(t, store, "pagerduty_notes"); err != nil {
		t.Fatal(err)
	}
	if found := store.column("pagerduty_notes", "incident_id"); !slices.Equal(found, []string{"Q1"}) {
		t.Errorf("notes of %v are stored", found)
	}
}

// TestResetIsHonoured counts how long is waited where the header says so.
func TestResetIsHonoured(t *testing.T) {
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked++; asked == 1 {
			w.Header().Set("Ratelimit-Reset", "2")
			http.Error(w, `{"error": {"message": "Rate Limit Exceeded", "code": 2020}}`, http.StatusTooManyRequests)
			return
		}
		w.Header().Set("Ratelimit-Remaining", "957")
		_, _ = w.Write([]byte(`{"priorities": [{"id": "P1", "name": "P1"}], "more": false}`))
	}))
	t.Cleanup(server.Close)
	usage, store := &transport.Usage{}, newMemory()
	reading := account{url: server.URL, since: at("2026-01-01T00:00:00Z"), now: at("2026-01-31T00:00:00Z"), usage: usage}
	started := time.Now()
	if err := reading.collect(t, store, "pagerduty_priorities"); err != nil {
		t.Fatal(err)
	}
	if usage.Waited() != 2*time.Second || time.Since(started) < 2*time.Second || asked != 2 {
		t.Errorf("waited %s for 2 s, with %d requests", usage.Waited(), asked)
	}
	if left := usage.RequestsLeft.Sum(); left == nil || *left != 957 {
		t.Errorf("%v requests are left, want 957", left)
	}
	if found := store.column("pagerduty_priorities", "id"); !slices.Equal(found, []string{"P1"}) {
		t.Errorf("priorities %v", found)
	}
}

// TestPublishedWebhooksDecode reads the examples of PagerDuty's documentation with
// the structs that read its API: the records in them are the same.
func TestPublishedWebhooksDecode(t *testing.T) {
	read := func(name string, into any) {
		text, err := os.ReadFile(filepath.Join(replay.Folder(t), "recorded", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, into); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	s := &source{}
	var messages []struct {
		Messages []struct {
			Incident   Incident   `json:"incident"`
			LogEntries []LogEntry `json:"log_entries"`
		} `json:"messages"`
	}
	read("pagerduty-webhooks-v2.json", &messages)
	entries := 0
	for _, example := range messages {
		for _, message := range example.Messages {
			incident := message.Incident.row(s)
			if incident.ID == "" || incident.Number == 0 || incident.CreatedAt.IsZero() || incident.ServiceID == nil {
				t.Errorf("incident %+v", incident)
			}
			for _, entry := range message.LogEntries {
				entries++
				if row := entry.row(s); row.ID == "" || row.IncidentID == "" || !strings.HasSuffix(row.Type, "_log_entry") || row.CreatedAt.IsZero() {
					t.Errorf("log entry %+v", row)
				}
			}
		}
	}
	var examples []json.RawMessage
	read("pagerduty-webhooks-v3.json", &examples)
	incidents := 0
	for _, example := range examples {
		var event struct {
			Event struct{ Data json.RawMessage }
			Type  string
		}
		if err := json.Unmarshal(example, &event); err != nil {
			t.Fatal(err)
		}
		record := example
		if event.Event.Data != nil {
			record = event.Event.Data
		}
		var kind struct{ Type string }
		if err := json.Unmarshal(record, &kind); err != nil {
			t.Fatal(err)
		}
		switch kind.Type {
		case "incident":
			var incident Incident
			if err := json.Unmarshal(record, &incident); err != nil {
				t.Fatal(err)
			}
			incidents++
			if row := incident.row(s); row.ID == "" || row.Status == "" || row.CreatedAt.IsZero() || row.ServiceID == nil {
				t.Errorf("incident %+v", row)
			}
		case "service":
			var service Service
			if err := json.Unmarshal(record, &service); err != nil {
				t.Fatal(err)
			}
		}
	}
	if entries < 4 || incidents < 2 {
		t.Errorf("%d log entries and %d incidents in the examples", entries, incidents)
	}
}
