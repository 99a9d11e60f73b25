package pagerduty

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"dorado/collectors/transport"
)

// The account of the benchmark.
const (
	benchServices  = 500
	benchIncidents = 2000 // a month
	benchEntries   = 8    // of each incident
	benchChanges   = 200  // a day
)

// BenchmarkNightlyRequests counts the requests of a nightly run beside those that
// nobody could do without: each list that has no times read once, and of the
// others the pages that hold what a day brought, with one request for the changes
// that are related to each new incident.
func BenchmarkNightlyRequests(b *testing.B) {
	since := at("2026-01-01T00:00:00Z")
	now := at("2026-03-01T03:00:00Z")
	server := httptest.NewServer(benchAccount(since, &now))
	b.Cleanup(server.Close)
	store, usage := newMemory(), &transport.Usage{}
	night := func() int64 {
		before := usage.Requests.Load()
		options := clientOptions(strings.TrimPrefix(server.URL, "http://"), "token", usage, nil)
		if err := run(b, Config{BaseURL: server.URL, Since: since}, transport.New(options), now, store); err != nil {
			b.Fatal(err)
		}
		return usage.Requests.Load() - before
	}
	b.ReportMetric(float64(night()), "requests/first-run")
	var requests, nights int64
	for b.Loop() {
		now = now.AddDate(0, 0, 1)
		requests += night()
		nights++
	}
	pages := func(records int) int { return (records + perPage - 1) / perPage }
	incidents := benchIncidents / 30
	minimum := pages(benchServices) + 6 + pages(incidents) + 1 + pages(incidents*benchEntries) + pages(benchChanges) + incidents + 2
	b.ReportMetric(float64(requests)/float64(nights), "requests/night")
	b.ReportMetric(float64(minimum), "minimum/night")
}

// benchAccount serves the account as it is at a time.
func benchAccount(since time.Time, now *time.Time) http.HandlerFunc {
	every := func(perMonth int) time.Duration { return 30 * 24 * time.Hour / time.Duration(perMonth) }
	listOf := func(r *http.Request, key string, count int, step time.Duration, record func(i int, at time.Time) any) map[string]any {
		query := r.URL.Query()
		limit, _ := strconv.Atoi(query.Get("limit"))
		offset, _ := strconv.Atoi(query.Get("offset"))
		first, end := 0, count
		if step > 0 {
			until := at(query.Get("until"))
			if until.After(*now) {
				until = *now
			}
			first = int((at(query.Get("since")).Sub(since) + step - 1) / step)
			end = int((until.Sub(since) + step - 1) / step)
			first, end = max(first, 0), max(end, 0)
		}
		if query["statuses[]"] != nil {
			end = first // what is open is younger
		}
		records := []any{}
		for i := first + offset; i < min(first+offset+limit, end); i++ {
			records = append(records, record(i, since.Add(time.Duration(i)*step)))
		}
		return map[string]any{key: records, "limit": limit, "offset": offset, "more": first+offset+limit < end, "total": end - first}
	}
	service := func(i int) map[string]string {
		return map[string]string{"id": fmt.Sprintf("P%d", i%benchServices), "name": fmt.Sprintf("service %d", i%benchServices), "summary": fmt.Sprintf("service %d", i%benchServices)}
	}
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", now.Format(http.TimeFormat))
		var answer any
		switch r.URL.Path {
		case "/services":
			answer = listOf(r, "services", benchServices, 0, func(i int, _ time.Time) any { return service(i) })
		case "/incidents":
			answer = listOf(r, "incidents", 0, every(benchIncidents), func(i int, at time.Time) any {
				incident := map[string]any{"id": fmt.Sprintf("Q%d", i), "status": "triggered", "urgency": "high", "created_at": at, "service": service(i)}
				if resolvedAt := at.Add(time.Hour); resolvedAt.Before(*now) {
					incident["status"], incident["resolved_at"] = "resolved", resolvedAt
				}
				return incident
			})
		case "/log_entries":
			answer = listOf(r, "log_entries", 0, every(benchIncidents*benchEntries), func(i int, at time.Time) any {
				return map[string]any{"id": fmt.Sprintf("R%d", i), "type": "notify_log_entry", "created_at": at, "incident": map[string]string{"id": fmt.Sprintf("Q%d", i/benchEntries)}}
			})
		case "/change_events":
			answer = listOf(r, "change_events", 0, every(benchChanges*30), func(i int, at time.Time) any {
				return map[string]any{"id": fmt.Sprintf("C%d", i), "timestamp": at, "services": []any{service(i)}}
			})
		case "/analytics/raw/incidents", "/analytics/metrics/incidents/services":
			answer = map[string]any{"data": []any{}}
		default:
			key := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
			answer = map[string]any{key: []any{}, "relationships": []any{}, "more": false}
		}
		_ = json.NewEncoder(w).Encode(answer) // the client is gone
	}
}
