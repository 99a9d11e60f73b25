package pagerduty

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sort"
	"strconv"
	"testing"
	"time"

	"dorado/collectors/transport"
)

// TestCase06_TenThousandAndOneIncidentsInMoreThanSixMonths reads 14 months in which 10,001 incidents were
// triggered within an hour, and a few before and after: more than PagerDuty lists,
// of longer than it lists.
func TestCase06_TenThousandAndOneIncidentsInMoreThanSixMonths(t *testing.T) {
	since, now := at("2025-01-01T00:00:00Z"), at("2026-03-01T00:00:00Z")
	times := []time.Time{since, at("2025-07-01T00:00:00Z"), at("2026-02-28T23:59:58Z")}
	for i := range 10_001 {
		times = append(times, at("2025-09-17T11:00:00Z").Add(time.Duration(i*360)*time.Millisecond).Truncate(time.Second))
	}
	sort.Slice(times, func(i, j int) bool { return times[i].Before(times[j]) })
	server := httptest.NewServer(listing(t, times, now))
	t.Cleanup(server.Close)
	store, usage := newMemory(), &transport.Usage{}
	reading := account{url: server.URL, since: since, now: now, usage: usage}
	if err := reading.collect(t, store, "pagerduty_incidents"); err != nil {
		t.Fatal(err)
	}
	if found := len(store.of("pagerduty_incidents")); found != len(times) {
		t.Errorf("%d incidents are stored, want %d", found, len(times))
	}
	pages := int64(len(times)/perPage + 1)
	t.Logf("%d requests for %d pages", usage.Requests.Load(), pages)
	if usage.Requests.Load() > pages+60 {
		t.Errorf("%d requests for %d pages", usage.Requests.Load(), pages)
	}
}

// listing serves incidents, of which only the time is known, as PagerDuty does,
// and fails the test where it would refuse.
func listing(t *testing.T, times []time.Time, now time.Time) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		from, until := at(query.Get("since")), at(query.Get("until"))
		limit, _ := strconv.Atoi(query.Get("limit"))
		offset, _ := strconv.Atoi(query.Get("offset"))
		if until.Sub(from) > 181*24*time.Hour || limit+offset > 10_000 || limit > 100 {
			t.Errorf("PagerDuty would refuse %s", r.URL)
		}
		w.Header().Set("Date", now.Format(http.TimeFormat))
		first := sort.Search(len(times), func(i int) bool { return !times[i].Before(from) })
		end := sort.Search(len(times), func(i int) bool { return !times[i].Before(until) })
		if query["statuses[]"] != nil {
			end = first // none is open
		}
		incidents := []map[string]any{}
		for i := first + offset; i < min(first+offset+limit, end); i++ {
			incidents = append(incidents, map[string]any{
				"id": fmt.Sprintf("Q%05d", i), "incident_number": i, "status": "resolved", "urgency": "high", "created_at": times[i],
				"resolved_at": times[i].Add(time.Hour), "service": map[string]string{"id": "P1", "summary": "checkout"},
			})
		}
		answer := map[string]any{"incidents": incidents, "limit": limit, "offset": offset, "more": first+offset+limit < end, "total": nil}
		if query.Get("total") == "true" {
			answer["total"] = end - first
		}
		if err := json.NewEncoder(w).Encode(answer); err != nil {
			t.Error(err)
		}
	}
}

// TestMoreThanCanBeListedInASecond is the one thing that cannot be read whole, and
// is said instead of leaving out what does not fit.
func TestMoreThanCanBeListedInASecond(t *testing.T) {
	now := at("2026-03-01T00:00:00Z")
	times := make([]time.Time, 10_001)
	for i := range times {
		times[i] = at("2026-02-17T11:00:00Z")
	}
	server := httptest.NewServer(listing(t, times, now))
	t.Cleanup(server.Close)
	reading := account{url: server.URL, since: at("2026-02-01T00:00:00Z"), now: now}
	err := reading.collect(t, newMemory(), "pagerduty_incidents")
	want := "collect pagerduty_incidents after 0 rows: pagerduty: /incidents: more than 10000 in the second 2026-02-17T11:00:00Z, which cannot be listed"
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}
