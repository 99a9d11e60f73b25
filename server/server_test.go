package server

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/ipc"

	"dorado/server/wire"
	"dorado/warehouse"
)

// organisation is the warehouse of a simulated organisation, which dorado demo made.
// Tests do not change it: they publish copies of its snapshot.
var organisation string

// organisationVariable tells the processes that a fuzz test starts where it is.
const organisationVariable = "DORADO_TEST_ORGANISATION"

func TestMain(m *testing.M) {
	if folder := os.Getenv(buildVariable); folder != "" {
		if err := buildLarge(context.Background(), folder); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if organisation = os.Getenv(organisationVariable); organisation != "" {
		os.Exit(m.Run())
	}
	folder, err := os.MkdirTemp("", "dorado-server-test-")
	if err != nil {
		panic(err)
	}
	if err := makeOrganisation(folder); err != nil {
		fmt.Fprintln(os.Stderr, err)
		_ = os.RemoveAll(folder)
		os.Exit(1)
	}
	code := 1
	if err := os.Setenv(organisationVariable, organisation); err == nil {
		code = m.Run()
	}
	_ = os.RemoveAll(folder)
	os.Exit(code)
}

func makeOrganisation(folder string) error {
	organisation = filepath.Join(folder, "demo", "data")
	binary := filepath.Join(folder, "dorado")
	for _, command := range [][]string{
		{"go", "build", "-o", binary, "dorado/cmd/dorado"},
		{binary, "demo", "--folder", filepath.Join(folder, "demo"), "--days", "25"},
	} {
		if output, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", strings.Join(command, " "), err, output)
		}
	}
	return nil
}

// publish makes the snapshot number of the warehouse in folder, whose file is the
// simulated organisation's, cut off at so many bytes unless that is 0.
func publish(t testing.TB, folder string, number int, bytes int64) {
	t.Helper()
	published := filepath.Join(folder, "published")
	if err := os.MkdirAll(published, 0o755); err != nil {
		t.Fatal(err)
	}
	kept, err := warehouse.List(organisation)
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(kept[0].Path)
	if err != nil {
		t.Fatal(err)
	}
	if bytes > 0 {
		content = content[:bytes]
	}
	name := fmt.Sprintf("%06d.duckdb", number)
	link := filepath.Join(folder, "current.duckdb")
	err = os.WriteFile(filepath.Join(published, name), content, 0o644)
	if err == nil {
		err = os.Symlink(filepath.Join("published", name), link+".next")
	}
	if err == nil {
		err = os.Rename(link+".next", link)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// A logged is a log that several write to.
type logged struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

// Write adds to it.
func (l *logged) Write(part []byte) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.text.Write(part)
}

// String returns what was logged.
func (l *logged) String() string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.text.String()
}

// serve serves the warehouse in folder until the test ends.
func serve(t testing.TB, folder string, change func(*Options)) (*Server, *httptest.Server, *logged) {
	t.Helper()
	log := &logged{}
	options := Options{Warehouse: folder, Version: "test", Poll: 20 * time.Millisecond, Temporary: t.TempDir(),
		Logger: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	if change != nil {
		change(&options)
	}
	made, err := New(context.Background(), options)
	if err != nil {
		t.Fatal(err)
	}
	made.Look(context.Background())
	watching, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		made.Watch(watching)
		close(ended)
	}()
	listening := httptest.NewServer(made.Handler())
	t.Cleanup(func() {
		listening.Close()
		stop()
		<-ended
	})
	return made, listening, log
}

// An asked is the answer to a request.
type asked struct {
	status  int
	header  http.Header
	body    string
	trailer http.Header
}

// ask sends a request; a body is JSON unless the headers say otherwise.
func ask(t testing.TB, method, address, body string, headers ...string) asked {
	t.Helper()
	request, err := http.NewRequest(method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		request.Header.Set("Content-Type", wire.MediaJSON)
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatalf("%s %s: %v", method, address, err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, address, err)
	}
	return asked{response.StatusCode, response.Header, string(content), response.Trailer}
}

// sqlBody returns the body that asks for one SELECT.
func sqlBody(query string) string {
	encoded, err := json.Marshal(wire.SQLQuery{SQL: query})
	if err != nil {
		panic(err)
	}
	return string(encoded)
}

// TestCatalogueIsThatOfTheMacros compares what is declared with the macros of a
// snapshot: every macro that has periods is a metric, and every number it has a
// statistic, n or the end of an interval.
func TestCatalogueIsThatOfTheMacros(t *testing.T) {
	server, _, _ := serve(t, organisation, nil)
	held, err := server.holders[""].acquire()
	if err != nil {
		t.Fatal(err)
	}
	defer held.release()
	declared := map[string]bool{"totals": true, "five_metrics": true, "outcome_periods": true, "period_outcomes": true, "incident_durations": true, "deployment_counts": true} // what metrics are made of
	for _, metric := range catalogue {
		declared[metric.name] = true
		known := map[string]bool{"period_start": true, "period_end": true, "is_complete": true, "dimension": true, metric.n: true}
		for _, one := range metric.statistics {
			for _, column := range []string{one.column, one.lower, one.upper, one.n} {
				known[column] = true
			}
		}
		_, err := eachRow(t.Context(), held.metrics, fmt.Sprintf("select column_name from (describe from metrics.%s(timestamp '2026-01-01', timestamp '2026-02-01'))", metric.name),
			nil, func(scan func(...any) error) error {
				column := ""
				if err := scan(&column); err != nil {
					return err
				}
				if !known[column] && metric.name != dora {
					t.Errorf("metrics.%s has the column %s, which is no statistic", metric.name, column)
				}
				known[column] = true
				return nil
			})
		if err != nil {
			t.Errorf("metrics.%s: %v", metric.name, err)
		}
		for _, dimension := range metric.dimensions {
			query := wire.MetricQuery{Metric: metric.name, By: dimension, Statistic: wire.EveryStatistic, Grain: wire.GrainMonth}
			if _, err := server.valuesOf(t.Context(), held, query); err != nil {
				t.Errorf("%s by %s: %v", metric.name, dimension, err)
			}
		}
	}
	_, err = eachRow(t.Context(), held.metrics, `
		select distinct function_name from duckdb_functions()
		where schema_name = 'metrics' and function_type = 'table_macro' and list_contains(parameters, 'grain') and list_contains(parameters, 'by_dimension')`,
		nil, func(scan func(...any) error) error {
			name := ""
			if err := scan(&name); err != nil {
				return err
			}
			if !declared[name] {
				t.Errorf("metrics.%s is no metric of the catalogue", name)
			}
			return nil
		})
	if err != nil {
		t.Error(err)
	}
	listed, err := server.catalogue(t.Context(), held)
	if err != nil {
		t.Fatal(err)
	}
	for _, metric := range listed.Metrics {
		if metric.Description == "" {
			t.Errorf("%s has no description", metric.Name)
		}
		for _, one := range metric.Statistics {
			if one.Description == "" {
				t.Errorf("%s.%s has no description", metric.Name, one.Name)
			}
		}
		var got []string
		for _, level := range metric.Statistics[0].Levels {
			limit := "none"
			if level.Limit != nil {
				limit = fmt.Sprintf("%.4g", *level.Limit)
			}
			got = append(got, level.Level+" "+limit)
		}
		// As the report of 2024 has them, see core.dora_benchmarks.
		want := map[string]string{
			"deployment_frequency":            "elite 1, high 0.1429, medium 0.03333, low none",
			"change_lead_time":                "elite 8.64e+04, high 6.048e+05, medium 2.592e+06, low none",
			"failed_deployment_recovery_time": "elite 3600, high 8.64e+04, medium 8.64e+04, low none",
			"change_fail_rate":                "elite 0.055, high 0.105, medium 0.205, low none",
		}[metric.Name]
		if got := strings.Join(got, ", "); got != want {
			t.Errorf("the levels of %s are %q and should be %q", metric.Name, got, want)
		}
	}
}

// TestMetricsAreThoseOfTheMacros compares answers with what the macros give when they
// are called by hand.
func TestMetricsAreThoseOfTheMacros(t *testing.T) {
	server, _, _ := serve(t, organisation, nil)
	held, err := server.holders[""].acquire()
	if err != nil {
		t.Fatal(err)
	}
	defer held.release()
	to := held.asOf
	from := to.AddDate(0, 0, -14)
	for _, metric := range catalogue {
		if metric.name == dora {
			continue
		}
		for _, grain := range []string{wire.GrainDay, wire.GrainTotal} {
			rows, err := server.valuesOf(t.Context(), held, wire.MetricQuery{Metric: metric.name, Statistic: wire.EveryStatistic, From: from, To: to, Grain: grain,
				By: wire.DimensionService})
			if err != nil || len(rows) == 0 {
				t.Errorf("%s by %s: %d rows, %v", metric.name, grain, len(rows), err)
				continue
			}
			got := map[string]string{}
			for _, row := range rows {
				got[fmt.Sprint(row.PeriodStartAt.UTC().Format(time.DateOnly), row.Dimension, row.Statistic)] = show(row.Value)
			}
			var columns []string
			for _, one := range metric.statistics {
				columns = append(columns, one.column+"::double")
			}
			periods, before := 0, map[string]string{}
			_, err = eachRow(t.Context(), held.metrics, fmt.Sprintf(`
				select strftime(period_start, '%%Y-%%m-%%d'), dimension, %s
				from metrics.%s(?::timestamp, ?::timestamp, grain := ?, by_dimension := 'service')`, strings.Join(columns, ", "), metric.name),
				[]any{from, to, grain}, func(scan func(...any) error) error {
					var period, dimension string
					values := make([]*float64, len(columns))
					places := []any{&period, &dimension}
					for i := range values {
						places = append(places, &values[i])
					}
					if err := scan(places...); err != nil {
						return err
					}
					for i, one := range metric.statistics {
						key := period + dimension + one.column
						if got[key] != show(values[i]) {
							t.Errorf("%s by %s: %s is %s, want %s", metric.name, grain, key, got[key], show(values[i]))
						}
						before[key] = show(values[i])
					}
					periods++
					return nil
				})
			if err != nil || periods*len(metric.statistics) != len(rows) {
				t.Errorf("%s by %s: %d periods of %d statistics are %d rows (%v)", metric.name, grain, periods, len(metric.statistics), len(rows), err)
			}
			for _, row := range rows {
				previous := row.PeriodStartAt.UTC().AddDate(0, 0, -1)
				want, isKnown := before[previous.Format(time.DateOnly)+row.Dimension+row.Statistic]
				if isKnown && grain == wire.GrainDay && show(row.PreviousValue) != want {
					t.Errorf("%s: %s of %s on %s has the previous value %s, want %s", metric.name, row.Statistic, row.Dimension,
						row.PeriodStartAt, show(row.PreviousValue), want)
				}
			}
		}
	}
}

// show returns a number as text, null for nil.
func show(value *float64) string {
	if value == nil {
		return "null"
	}
	return fmt.Sprintf("%.9g", *value)
}

// TestETag asks again for what has not changed.
func TestETag(t *testing.T) {
	folder := t.TempDir()
	publish(t, folder, 1, 0)
	server, listening, _ := serve(t, folder, nil)
	for _, test := range []struct{ method, path, body string }{
		{"POST", wire.PathMetricQuery, `{"metric": "dora", "by": "team"}`},
		{"POST", wire.PathQuery, sqlBody("from core.services order by service_id")},
		{"GET", wire.PathDimensions + "team", ""},
		{"GET", wire.PathSchema, ""},
	} {
		first := ask(t, test.method, listening.URL+test.path, test.body)
		tag := first.header.Get("ETag")
		if first.status != http.StatusOK || tag == "" || first.header.Get(wire.HeaderSnapshot) != "000001" {
			t.Fatalf("%s: %d, ETag %q: %s", test.path, first.status, tag, first.body)
		}
		if again := ask(t, test.method, listening.URL+test.path, test.body, "If-None-Match", `"x", `+tag); again.status != http.StatusNotModified || again.body != "" {
			t.Errorf("%s again: %d %s", test.path, again.status, again.body)
		}
		if other := ask(t, test.method, listening.URL+test.path, test.body, "If-None-Match", tag, "Accept", wire.MediaCSV, "Accept", "text/csv,"+wire.MediaJSON+";q=0.1"); test.path != wire.PathSchema && other.status != http.StatusOK {
			t.Errorf("%s as CSV: %d", test.path, other.status)
		}
		if compressed := ask(t, test.method, listening.URL+test.path, test.body, "Accept-Encoding", "zstd"); len(first.body) > 2000 && compressed.header.Get("Content-Encoding") != "zstd" {
			t.Errorf("%s is not compressed: %v", test.path, compressed.header)
		}
	}
	// What a clock decides has none.
	if clock := ask(t, "POST", listening.URL+wire.PathQuery, sqlBody("select now()")); clock.status != http.StatusOK || clock.header.Get("ETag") != "" {
		t.Errorf("now(): %d, ETag %q", clock.status, clock.header.Get("ETag"))
	}
	tag := ask(t, "GET", listening.URL+wire.PathDimensions+"team", "").header.Get("ETag")
	publish(t, folder, 2, 0)
	server.Look(t.Context())
	if switched := ask(t, "GET", listening.URL+wire.PathDimensions+"team", "", "If-None-Match", tag); switched.status != http.StatusOK || switched.header.Get(wire.HeaderSnapshot) != "000002" {
		t.Errorf("after a switch: %d of snapshot %s", switched.status, switched.header.Get(wire.HeaderSnapshot))
	}
}

// TestLimits cuts results off, and queries that take too long.
func TestLimits(t *testing.T) {
	server, listening, _ := serve(t, organisation, func(o *Options) {
		o.Config.Limits = Limits{Rows: 1000, Seconds: 1, Queries: 1, Waiting: 1, Memory: "200MB", Temporary: "50MB"}
	})
	for _, media := range []string{wire.MediaJSON, wire.MediaNDJSON, wire.MediaCSV, wire.MediaArrow} {
		whole := ask(t, "POST", listening.URL+wire.PathQuery, sqlBody("from range(1000)"), "Accept", media)
		cut := ask(t, "POST", listening.URL+wire.PathQuery, sqlBody("from range(1000000)"), "Accept", media)
		again := ask(t, "POST", listening.URL+wire.PathQuery, sqlBody("from range(1000000)"), "Accept", media)
		if whole.trailer.Get(wire.HeaderTruncated) != "" || cut.trailer.Get(wire.HeaderTruncated) != "true" || again.trailer.Get(wire.HeaderTruncated) != "true" {
			t.Errorf("%s: trailers %v, %v, %v", media, whole.trailer, cut.trailer, again.trailer)
		}
		if whole.body != cut.body || cut.body != again.body {
			t.Errorf("%s: the results differ", media)
		}
	}
	began := time.Now()
	slow := ask(t, "POST", listening.URL+wire.PathQuery, sqlBody("select count(*) from range(1000000) as a, range(1000000) as b where a.range + b.range = 7"))
	if slow.status != http.StatusUnprocessableEntity || !strings.Contains(slow.body, wire.ProblemTimeout) || time.Since(began) > 4*time.Second {
		t.Errorf("a slow query: %d %s after %s", slow.status, slow.body, time.Since(began))
	}
	large := ask(t, "POST", listening.URL+wire.PathQuery, sqlBody("select list(range order by hash(range)) from range(100000000)"))
	if large.status != http.StatusUnprocessableEntity {
		t.Errorf("a large query: %d %s", large.status, large.body)
	}
	// One runs, one waits and is too late, the third is sent away at once.
	statuses := make(chan asked, 3)
	for range 3 {
		go func() {
			statuses <- ask(t, "POST", listening.URL+wire.PathQuery, sqlBody("select count(*) from range(1000000) as a, range(1000000) as b where a.range + b.range = 7"))
		}()
	}
	busy := 0
	for range 3 {
		if got := <-statuses; got.status == http.StatusServiceUnavailable {
			busy++
			if got.header.Get("Retry-After") == "" || !strings.Contains(got.body, wire.ProblemBusy) {
				t.Errorf("a query too many: %v %s", got.header, got.body)
			}
		}
	}
	if busy == 0 {
		t.Error("three queries ran where one may")
	}
	// Whoever does not wait frees the engine.
	ctx, leave := context.WithCancel(t.Context())
	request, err := http.NewRequestWithContext(ctx, "POST", listening.URL+wire.PathQuery, strings.NewReader(sqlBody("select count(*) from range(1000000) as a, range(1000000) as b where a.range + b.range = 7")))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", wire.MediaJSON)
	time.AfterFunc(200*time.Millisecond, leave)
	if _, err := http.DefaultClient.Do(request); err == nil {
		t.Error("a query was not cancelled")
	}
	freed := time.Now()
	for len(server.queries.turns) > 0 && time.Since(freed) < 5*time.Second {
		time.Sleep(5 * time.Millisecond)
	}
	if time.Since(freed) > time.Second {
		t.Errorf("a query ran on for %s after its caller had gone", time.Since(freed))
	}
}

// TestDeadlines lets a query take longer than a body may, and frees what a caller holds
// who does not read.
func TestDeadlines(t *testing.T) {
	server, listening, _ := serve(t, organisation, func(o *Options) { o.Config.Limits = Limits{BodySeconds: 0.3, Rows: 2_000_000, Queries: 1} })
	began := time.Now()
	got := ask(t, "POST", listening.URL+wire.PathQuery, sqlBody("select count(*) from range(60000) as a, range(30000) as b where a.range + b.range = 7"))
	if got.status != http.StatusOK || time.Since(began) < 300*time.Millisecond {
		t.Errorf("after %s: %d %s", time.Since(began), got.status, got.body)
	}
	connection, err := net.Dial("tcp", listening.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	body := sqlBody("select range, hash(range) as a, hash(range + 1) as b from range(2000000)")
	if _, err := fmt.Fprintf(connection, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", wire.PathQuery, len(body), body); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the query runs", func() bool { return len(server.queries.turns) == 1 })
	eventually(t, "its caller is given up", func() bool { return len(server.queries.turns) == 0 })
}

// TestArrow reads a metric's rows as Arrow.
func TestArrow(t *testing.T) {
	_, listening, _ := serve(t, organisation, nil)
	got := ask(t, "POST", listening.URL+wire.PathMetricQuery, `{"metric": "dora", "grain": "week", "by": "service"}`, "Accept", wire.MediaArrow)
	if got.header.Get("Content-Type") != wire.MediaArrow {
		t.Fatalf("got %d %v", got.status, got.header)
	}
	reader, err := ipc.NewReader(strings.NewReader(got.body))
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Release()
	var kinds []string
	for _, field := range reader.Schema().Fields() {
		kinds = append(kinds, field.Name+" "+field.Type.String())
	}
	want := "period_start_at timestamp[us, tz=UTC], period_end_at timestamp[us, tz=UTC], is_complete bool, dimension utf8, metric utf8, statistic utf8, " +
		"value float64, unit utf8, n int64, lower_value float64, upper_value float64, previous_value float64, previous_n int64, is_enough bool, level utf8, score float64"
	if strings.Join(kinds, ", ") != want {
		t.Errorf("columns\n%s\nwant\n%s", strings.Join(kinds, ", "), want)
	}
	rows := int64(0)
	for reader.Next() {
		rows += reader.RecordBatch().NumRows()
	}
	if rows == 0 || reader.Err() != nil {
		t.Errorf("%d rows, %v", rows, reader.Err())
	}
}
