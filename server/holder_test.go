package server

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"dorado/server/wire"
	"dorado/warehouse"
)

// dashboard are the questions that a dashboard asks.
var dashboard = []struct{ method, path, body string }{
	{"POST", wire.PathMetricQuery, `{"metric": "dora"}`},
	{"POST", wire.PathMetricQuery, `{"metric": "dora", "by": "team"}`},
	{"POST", wire.PathMetricQuery, `{"metric": "deployment_frequency", "grain": "week", "by": "team"}`},
	{"POST", wire.PathMetricQuery, `{"metric": "change_lead_time", "grain": "week", "statistic": "*"}`},
	{"POST", wire.PathMetricQuery, `{"metric": "change_fail_rate", "grain": "month", "by": "service"}`},
	{"POST", wire.PathMetricQuery, `{"metric": "time_to_restore", "by": "service"}`},
	{"GET", wire.PathDimensions + "service", ""},
	{"GET", wire.PathAnnotations + "?limit=100", ""},
	{"GET", wire.PathFreshness, ""},
	{"POST", wire.PathQuery, `{"sql": "select service_id, count(*) as deployments from core.deployments group by all order by all"}`},
}

// freshness returns what the server says of the data.
func freshness(t testing.TB, address string) wire.Freshness {
	t.Helper()
	got := ask(t, "GET", address+wire.PathFreshness, "")
	var fresh wire.Freshness
	if err := json.Unmarshal([]byte(got.body), &fresh); err != nil {
		t.Fatalf("%d %s: %v", got.status, got.body, err)
	}
	return fresh
}

// eventually waits until a condition holds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for began := time.Now(); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Since(began) > time.Minute {
			t.Fatalf("not within a minute: %s", what)
		}
	}
}

// TestSwitches publishes snapshots while many ask: no request fails, and each answer
// is of one of them.
func TestSwitches(t *testing.T) {
	folder := t.TempDir()
	publish(t, folder, 1, 0)
	server, listening, _ := serve(t, folder, func(o *Options) { o.Repeat = time.Second })
	var failed, answered atomic.Int64
	var clients sync.WaitGroup
	done := make(chan struct{})
	for client := range 8 {
		clients.Add(1)
		go func() {
			defer clients.Done()
			for i := client; ; i++ {
				select {
				case <-done:
					return
				default:
				}
				question := dashboard[i%len(dashboard)]
				got := ask(t, question.method, listening.URL+question.path, question.body)
				if got.status != http.StatusOK {
					failed.Add(1)
					t.Errorf("%s %s: %d %s", question.path, question.body, got.status, got.body)
				}
				answered.Add(1)
			}
		}()
	}
	for number := 2; number <= 8; number++ {
		publish(t, folder, number, 0)
		want := fmt.Sprintf("%06d", number)
		eventually(t, "snapshot "+want+" is served", func() bool { return freshness(t, listening.URL).Snapshot == want })
		if err := os.Remove(filepath.Join(folder, "published", fmt.Sprintf("%06d.duckdb", number-1))); err != nil { // as publishing prunes
			t.Fatal(err)
		}
	}
	close(done)
	clients.Wait()
	if failed.Load() > 0 || answered.Load() < 50 {
		t.Errorf("%d of %d requests failed", failed.Load(), answered.Load())
	}
	// The old ones are closed: one snapshot has two folders for what does not fit.
	eventually(t, "the old snapshots are closed", func() bool {
		entries, err := os.ReadDir(server.options.Temporary)
		return err == nil && len(entries) == 2
	})
}

// TestRepeats switches to a snapshot that knows the answers already that the one before
// was asked for twice, under the same conditions as they were asked.
func TestRepeats(t *testing.T) {
	folder := t.TempDir()
	publish(t, folder, 1, 0)
	server, listening, _ := serve(t, folder, func(o *Options) { o.Repeat = time.Minute })
	asked := append([]struct{ method, path, body string }{
		{"GET", wire.PathMetrics, ""}, {"GET", wire.PathSLOs, ""}, {"GET", wire.PathExplain + "?metric=change_lead_time&limit=10", ""},
	}, slices.DeleteFunc(slices.Clone(dashboard), func(d struct{ method, path, body string }) bool { return d.path == wire.PathFreshness })...) // which is not kept
	bodies := map[string]string{}
	for range 2 {
		for _, question := range asked {
			got := ask(t, question.method, listening.URL+question.path, question.body, "Accept", wire.MediaJSON)
			if got.status != http.StatusOK {
				t.Fatalf("%s %s: %d %s", question.path, question.body, got.status, got.body)
			}
			bodies[question.path+question.body] = got.body
		}
	}
	once := `{"sql": "select 'asked once'"}`
	ask(t, "POST", listening.URL+wire.PathQuery, once)
	publish(t, folder, 2, 0)
	eventually(t, "the second is served", func() bool { return freshness(t, listening.URL).Snapshot == "000002" })
	before := count(t, server.telemetry.asked.WithLabelValues("miss"))
	for _, question := range asked {
		got := ask(t, question.method, listening.URL+question.path, question.body, "Accept", wire.MediaJSON)
		if got.body != bodies[question.path+question.body] || got.header.Get(wire.HeaderSnapshot) != "000002" {
			t.Errorf("%s %s: of snapshot %s: %s", question.path, question.body, got.header.Get(wire.HeaderSnapshot), got.body)
		}
	}
	if missed := count(t, server.telemetry.asked.WithLabelValues("miss")) - before; missed != 0 {
		t.Errorf("%v answers were not there yet", missed)
	}
	ask(t, "POST", listening.URL+wire.PathQuery, once)
	if missed := count(t, server.telemetry.asked.WithLabelValues("miss")) - before; missed != 1 {
		t.Errorf("what was asked once was asked again: %v", missed)
	}
}

// count returns what a counter says.
func count(t testing.TB, counter prometheus.Counter) float64 {
	t.Helper()
	var read dto.Metric
	if err := counter.Write(&read); err != nil {
		t.Fatal(err)
	}
	return read.GetCounter().GetValue()
}

// TestNoSnapshot serves a warehouse that nothing has been published in, and begins when
// something is.
func TestNoSnapshot(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "not there yet")
	_, listening, _ := serve(t, folder, nil)
	for _, path := range []string{wire.PathMetrics, wire.PathFreshness, wire.PathReady, wire.PathSchema} {
		got := ask(t, "GET", listening.URL+path, "")
		if got.status != http.StatusServiceUnavailable || !strings.Contains(got.body, wire.ProblemNoSnapshot) || !strings.Contains(got.body, "dorado run") || got.header.Get("Retry-After") == "" {
			t.Errorf("%s: %d %v %s", path, got.status, got.header, got.body)
		}
	}
	if got := ask(t, "GET", listening.URL+wire.PathHealth, ""); got.status != http.StatusOK {
		t.Errorf("health: %d", got.status)
	}
	if got := ask(t, "GET", listening.URL+wire.PathSnapshots, ""); got.status != http.StatusOK || strings.TrimSpace(got.body) != "[]" {
		t.Errorf("snapshots: %d %s", got.status, got.body)
	}
	publish(t, folder, 1, 0)
	eventually(t, "the first snapshot is served", func() bool { return ask(t, "GET", listening.URL+wire.PathReady, "").status == http.StatusOK })
}

// TestCorruptSnapshot publishes files that cannot be served, in front of and behind a
// running server.
func TestCorruptSnapshot(t *testing.T) {
	for name, bytes := range map[string]int64{"cut off": 1 << 20, "only a header": 4096 * 3, "no header": 100} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			publish(t, folder, 1, 0)
			_, listening, _ := serve(t, folder, nil)
			publish(t, folder, 2, bytes)
			eventually(t, "it is told", func() bool { return freshness(t, listening.URL).State == wire.StateError })
			fresh := freshness(t, listening.URL)
			if fresh.Snapshot != "000001" || !slices.ContainsFunc(fresh.Reasons, func(reason string) bool {
				return strings.Contains(reason, "snapshot 000002 cannot be served") && !strings.Contains(reason, folder) && !strings.Contains(reason, "exception")
			}) {
				t.Errorf("freshness is %+v", fresh)
			}
			snapshots := ask(t, "GET", listening.URL+wire.PathSnapshots, "")
			if !strings.Contains(snapshots.body, `"is_current":true,"problem":null`) || strings.Count(snapshots.body, `"problem":"`) != 1 {
				t.Errorf("snapshots are %s", snapshots.body)
			}
			// A server that begins now serves the one before.
			_, other, _ := serve(t, folder, nil)
			if fresh := freshness(t, other.URL); fresh.Snapshot != "000001" || fresh.State != wire.StateError {
				t.Errorf("a new server says %+v", fresh)
			}
			publish(t, folder, 3, 0)
			eventually(t, "the next is served", func() bool {
				return freshness(t, listening.URL).Snapshot == "000003" && freshness(t, other.URL).Snapshot == "000003"
			})
			if fresh := freshness(t, listening.URL); fresh.State == wire.StateError {
				t.Errorf("after that freshness is %+v", fresh)
			}
		})
	}
}

// TestFailedBuild tells why the newest build was refused.
func TestFailedBuild(t *testing.T) {
	folder := t.TempDir()
	publish(t, folder, 1, 0)
	_, listening, _ := serve(t, folder, nil)
	_, err := warehouse.Publish(t.Context(), folder, 3, nil)
	if err == nil {
		t.Fatal("a warehouse without a raw store was built")
	}
	fresh := freshness(t, listening.URL)
	if fresh.State != wire.StateError || !strings.Contains(strings.Join(fresh.Reasons, " "), "nothing has been collected yet") {
		t.Errorf("freshness is %+v", fresh)
	}
}

// TestStaleSnapshot tells that no new snapshot came.
func TestStaleSnapshot(t *testing.T) {
	var now atomic.Int64
	server, listening, _ := serve(t, organisation, func(o *Options) { o.Now = func() time.Time { return time.Unix(now.Load(), 0) } })
	held, err := server.holders[""].acquire()
	if err != nil {
		t.Fatal(err)
	}
	defer held.release()
	for hours, want := range map[int]string{1: "[]", 35: "[]", 37: "[the data is 37 hours old]"} {
		now.Store(held.asOf.Add(time.Duration(hours) * time.Hour).Unix())
		stale := slices.DeleteFunc(freshness(t, listening.URL).Reasons, func(reason string) bool { return !strings.Contains(reason, "old") })
		if fmt.Sprint(stale) != want {
			t.Errorf("after %d hours: %v, want %s", hours, stale, want)
		}
	}
}

// TestDefinitionSets asks another set, and one that is not there.
func TestDefinitionSets(t *testing.T) {
	other := t.TempDir()
	publish(t, other, 7, 0)
	_, listening, _ := serve(t, organisation, func(o *Options) { o.Sets = map[string]string{"strict": other} })
	got := ask(t, "POST", listening.URL+wire.PathMetricQuery, `{"metric": "dora", "definition_set": "strict"}`)
	if got.status != http.StatusOK || got.header.Get(wire.HeaderSnapshot) != "000007" {
		t.Errorf("strict: %d of snapshot %s", got.status, got.header.Get(wire.HeaderSnapshot))
	}
	if got := ask(t, "POST", listening.URL+wire.PathQuery, `{"sql": "select 1", "definition_set": "lax"}`); got.status != http.StatusNotFound || !strings.Contains(got.body, wire.ProblemUnknownSet) {
		t.Errorf("lax: %d %s", got.status, got.body)
	}
	if got := ask(t, "GET", listening.URL+wire.PathMetrics, ""); !strings.Contains(got.body, `"definition_sets":["strict"]`) {
		t.Errorf("the catalogue does not list the set")
	}
}

// TestFatalErrorReopens gives up a snapshot as DuckDB does after a fatal error.
func TestFatalErrorReopens(t *testing.T) {
	server, listening, _ := serve(t, organisation, nil)
	held, err := server.holders[""].acquire()
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequest("GET", "/", nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = server.reopenBroken(request, held, &warehouse.QueryError{Kind: warehouse.KindFatal})
	eventually(t, "it is opened again", func() bool {
		now, err := server.holders[""].acquire()
		if err != nil {
			return false
		}
		defer now.release()
		return now != held
	})
	held.release()
	if got := ask(t, "POST", listening.URL+wire.PathQuery, sqlBody("select 1")); got.status != http.StatusOK {
		t.Errorf("then: %d %s", got.status, got.body)
	}
}
