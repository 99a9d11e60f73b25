package simulator

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestTruthAgreesWithTheLog finds the life of every incident a second time, from
// its log entries alone.
func TestTruthAgreesWithTheLog(t *testing.T) {
	for seed := range uint64(5) {
		organization := New(Options{Seed: seed, Days: 100})
		truth := organization.Truth().Incidents
		if len(truth) != len(organization.Incidents) {
			t.Fatalf("seed %d: %d incidents are true and %d are there", seed, len(truth), len(organization.Incidents))
		}
		for i, one := range organization.Incidents {
			told := truth[i]
			if told.ID != one.ID || !told.TriggeredAt.Equal(one.CreatedAt) {
				t.Fatalf("seed %d: incident %d is %s, the truth is %s", seed, i, one.ID, told.ID)
			}
			var acknowledged, resolved *time.Time
			last := one.CreatedAt
			for _, entry := range one.Entries {
				at := entry.At.Truncate(time.Second)
				switch entry.Kind {
				case "acknowledge":
					acknowledged = &at
				case "resolve":
					resolved = &at
				case "reopen":
					resolved = nil
				}
				if entry.Kind != "trigger" && at.Before(one.CreatedAt) || !at.Before(organization.End) {
					t.Errorf("seed %d: %s has a %s at %s", seed, one.ID, entry.Kind, entry.At)
				}
				if entry.Kind != "trigger" && at.Before(last) {
					t.Errorf("seed %d: %s goes back in time at %s", seed, one.ID, entry.At)
				}
				last = at
			}
			if !same(told.AcknowledgedAt, acknowledged) || !same(told.ResolvedAt, resolved) {
				t.Errorf("seed %d: %s was acknowledged %v and resolved %v, the truth is %v and %v", seed, one.ID, acknowledged, resolved, told.AcknowledgedAt, told.ResolvedAt)
			}
			if told.IsQualifying != (one.Urgency == "high" && one.MergedInto == "") {
				t.Errorf("seed %d: %s qualifies: %v", seed, one.ID, told.IsQualifying)
			}
		}
	}
}

// same reports whether two times are the same, or both are not there.
func same(a, b *time.Time) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Equal(*b)
}

// TestCausedIncidentsFollowTheirDeployments holds the causes to the deployments.
func TestCausedIncidentsFollowTheirDeployments(t *testing.T) {
	organization := New(Options{Seed: 1})
	byID := map[int64]Shipment{}
	for _, shipment := range organization.Truth().Deployments {
		byID[shipment.ID] = shipment
	}
	caused, mended := 0, 0
	for _, one := range organization.Truth().Incidents {
		if one.Deployment == 0 {
			continue
		}
		caused++
		shipment, ok := byID[one.Deployment]
		if !ok || shipment.Service != one.Service || !one.TriggeredAt.After(shipment.FinishedAt) {
			t.Errorf("%s of %s at %s is blamed on %+v", one.ID, one.Service, one.TriggeredAt, shipment)
		}
		if one.ResolvedAt != nil && slices.ContainsFunc(organization.Truth().Deployments, func(s Shipment) bool {
			return s.Service == one.Service && !s.FinishedAt.After(*one.ResolvedAt) && s.FinishedAt.After(one.TriggeredAt)
		}) {
			mended++
		}
	}
	all := len(organization.Truth().Incidents)
	if caused < 50 || caused > all/2 || mended < 20 {
		t.Errorf("of %d incidents %d were caused by deployments, and %d of those ended after another", all, caused, mended)
	}
}

// TestTheOddIncidentsHappen looks for what makes incidents hard to count.
func TestTheOddIncidentsHappen(t *testing.T) {
	organization := New(Options{Seed: 1})
	found := map[string]int{}
	for _, one := range organization.Incidents {
		count := func(name string, is bool) {
			if is {
				found[name]++
			}
		}
		kinds := map[string]int{}
		for _, entry := range one.Entries {
			kinds[entry.Kind]++
		}
		status, _ := statusOf(one, organization.End)
		count("reopened", kinds["reopen"] > 0)
		count("reopened and open", kinds["reopen"] > 0 && status != "resolved")
		count("escalated", kinds["escalate"] > 0)
		count("merged", one.MergedInto != "")
		count("low urgency", one.Urgency == "low")
		count("open", status != "resolved")
		count("never acknowledged", one.Urgency == "high" && kinds["acknowledge"] == 0 && status == "resolved")
		count("logged before it began", one.Entries[0].At.Before(one.CreatedAt))
		for _, window := range organization.MaintenanceWindows {
			if window.Service == one.Service && !one.CreatedAt.Before(window.StartAt) && one.CreatedAt.Before(window.EndAt) {
				t.Errorf("%s was triggered in maintenance", one.ID)
			}
		}
	}
	for _, name := range []string{"reopened", "escalated", "merged", "low urgency", "open", "never acknowledged", "logged before it began"} {
		if found[name] == 0 {
			t.Errorf("no incident is %s", name)
		}
	}
	if len(organization.MaintenanceWindows) < len(organization.Services) {
		t.Errorf("%d maintenance windows", len(organization.MaintenanceWindows))
	}
	t.Logf("of %d incidents: %v", len(organization.Incidents), found)
}

// TestTruthUntilIsWhatTheServerShows compares the truth of a moment with the
// incidents as they are served then.
func TestTruthUntilIsWhatTheServerShows(t *testing.T) {
	organization := small()
	for day := 5; day < 60; day += 9 {
		now := organization.Start.AddDate(0, 0, day)
		server := newPagerDuty(organization, ServerOptions{Now: func() time.Time { return now }, Clock: time.Now, RateLimit: -1})
		for _, told := range organization.Truth().Until(now).Incidents {
			shown := server.incidentJSON(server.byID[told.ID], now)
			if (shown.Status == "resolved") != (told.ResolvedAt != nil) || told.ResolvedAt != nil && !shown.LastStatusChangeAt.Equal(*told.ResolvedAt) {
				t.Errorf("on day %d %s is %s since %s, the truth is %v", day, told.ID, shown.Status, shown.LastStatusChangeAt, told.ResolvedAt)
			}
		}
	}
}

func TestPagerDutyErrors(t *testing.T) {
	organization := small()
	clock := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	address := serve(t, organization, ServerOptions{Token: "right", Clock: func() time.Time { return clock }}) + pagerDutyPath
	right := http.Header{"Authorization": {"Token token=right"}}
	for _, test := range []struct {
		path   string
		header http.Header
		status int
		body   string
	}{
		{"/services", nil, http.StatusUnauthorized, "Unauthorized"},
		{"/services", right, http.StatusOK, `"more":false`},
		{"/incidents?limit=100&offset=9901", right, http.StatusBadRequest, "10000"},
		{"/incidents?since=2025-01-01T00:00:00Z&until=2025-12-01T00:00:00Z", right, http.StatusBadRequest, "6 months"},
		{"/incidents?since=yesterday", right, http.StatusBadRequest, "Invalid"},
		{"/incidents/QNONE", right, http.StatusNotFound, "Not Found"},
		{"/nothing", right, http.StatusNotFound, "Not Found"},
	} {
		response, body := get(t, address+test.path, test.header)
		if response.StatusCode != test.status || !strings.Contains(body, test.body) {
			t.Errorf("%s: %d %.200s", test.path, response.StatusCode, body)
		}
	}
	var last *http.Response
	for range pagerDutyPerMinute {
		last, _ = get(t, address+"/priorities", right)
	}
	if last.StatusCode != http.StatusTooManyRequests || last.Header.Get("Ratelimit-Reset") != "60" {
		t.Errorf("after more than %d requests in a minute: %d, reset %q", pagerDutyPerMinute, last.StatusCode, last.Header.Get("Ratelimit-Reset"))
	}
	clock = clock.Add(time.Minute)
	if last, _ = get(t, address+"/priorities", right); last.StatusCode != http.StatusOK {
		t.Errorf("a minute later: %d", last.StatusCode)
	}
}

func TestPagerDutyPages(t *testing.T) {
	organization := small()
	address := serve(t, organization, ServerOptions{RateLimit: -1}) + pagerDutyPath
	window := "&since=" + organization.Start.Format(time.RFC3339) + "&until=" + organization.End.Format(time.RFC3339)
	seen := map[string]bool{}
	for offset, more := 0, true; more; offset += 7 {
		_, body := get(t, address+"/incidents?limit=7&total=true&sort_by=created_at:asc&offset="+strconv.Itoa(offset)+window, nil)
		var page struct {
			Incidents []incidentJSON
			More      bool
			Total     int
		}
		if err := json.Unmarshal([]byte(body), &page); err != nil {
			t.Fatal(err)
		}
		for _, one := range page.Incidents {
			seen[one.ID] = true
		}
		if more = page.More; page.Total != len(organization.Incidents) {
			t.Fatalf("total is %d, want %d", page.Total, len(organization.Incidents))
		}
	}
	if len(seen) != len(organization.Incidents) {
		t.Errorf("%d incidents listed, want %d", len(seen), len(organization.Incidents))
	}
}
