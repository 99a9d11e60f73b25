// Package servertest is a server that speaks the contract of `dorado serve` with
// made-up answers, for tests of the plugin: of what it makes of an answer, and of
// answers that are hard to get from the real server, such as an old snapshot or a
// query that never ends. What the real server answers is for other tests.
package servertest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"dorado/server/wire"
)

// Token is the one that the server knows.
const Token = "dorado_secret"

// SQL that the server knows; it answers all other with Rows.
const (
	BusySQL  = "select busy"  // refused at first, as by a busy server
	SlowSQL  = "select slow"  // never ends, but with its request
	WrongSQL = "select wrong" // is refused at line 1, column 8
	LongSQL  = "select long"  // has 1000 rows
)

// A Server answers with what its fields say. They can be changed until it is asked.
type Server struct {
	*httptest.Server
	Scopes    []string           // of Token; nil are metrics and sql
	Freshness wire.Freshness     // the zero value is no snapshot
	Rows      map[string][]byte  // Arrow by SQL, where it is not the same for all
	Ended     chan struct{}      // receives when SlowSQL ends
	mutex     sync.Mutex         // of what follows
	asked     []string           // method, path and body of each request, and the query of GETs
	metric    []wire.MetricQuery // those that were asked for
	queries   []wire.SQLQuery    // likewise
}

// New starts a Server. The caller closes it.
func New() *Server {
	asOf := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	s := &Server{
		Scopes:    []string{wire.ScopeMetrics, wire.ScopeSQL},
		Freshness: wire.Freshness{Snapshot: "000042", AsOf: asOf, PublishedAt: &asOf, State: wire.StateOK, Reasons: []string{}, Collectors: []wire.CollectorFreshness{}, Checks: []wire.HeldCheck{}},
		Ended:     make(chan struct{}, 100),
	}
	mux := http.NewServeMux()
	for pattern, answer := range map[string]http.HandlerFunc{
		"GET " + wire.PathMetrics:                    s.catalogue,
		"POST " + wire.PathMetricQuery:               s.metricQuery,
		"POST " + wire.PathQuery:                     s.query,
		"GET " + wire.PathDimensions + "{dimension}": s.dimension,
		"GET " + wire.PathExplain:                    s.explain,
		"GET " + wire.PathAnnotations:                s.annotations,
		"GET " + wire.PathSLOs:                       s.slos,
		"GET " + wire.PathFreshness:                  s.freshness,
		"GET " + wire.PathSchema:                     s.schema,
		"GET " + wire.PathWhoAmI:                     s.whoAmI,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			s.mutex.Lock()
			s.asked = append(s.asked, r.Method+" "+r.URL.RequestURI())
			s.mutex.Unlock()
			if r.Header.Get("Authorization") != "Bearer "+Token {
				problem(w, wire.Problem{Type: wire.ProblemBlank, Status: http.StatusUnauthorized, Detail: "the token is not known"})
				return
			}
			answer(w, r)
		})
	}
	s.Server = httptest.NewServer(mux)
	return s
}

// Asked returns the requests so far, as "GET /api/v1/whoami".
func (s *Server) Asked() []string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return slices.Clone(s.asked)
}

// LastMetricQuery returns the newest question for a metric.
func (s *Server) LastMetricQuery() wire.MetricQuery {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.metric[len(s.metric)-1]
}

// LastSQL returns the newest question in SQL.
func (s *Server) LastSQL() wire.SQLQuery {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.queries[len(s.queries)-1]
}

func problem(w http.ResponseWriter, problem wire.Problem) {
	problem.Title = http.StatusText(problem.Status)
	w.Header().Set("Content-Type", wire.MediaProblem)
	w.WriteHeader(problem.Status)
	json.NewEncoder(w).Encode(problem) //nolint:errcheck // who asked has gone
}

func writeJSON(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", wire.MediaJSON)
	json.NewEncoder(w).Encode(value) //nolint:errcheck // who asked has gone
}

// write answers with rows as Accept asks.
func write(w http.ResponseWriter, r *http.Request, rows any, fields []arrow.Field) {
	if r.Header.Get("Accept") != wire.MediaArrow {
		writeJSON(w, rows)
		return
	}
	stream, err := Arrow(rows, fields)
	if err != nil {
		problem(w, wire.Problem{Type: wire.ProblemBlank, Status: http.StatusInternalServerError, Detail: err.Error()})
		return
	}
	w.Header().Set("Content-Type", wire.MediaArrow)
	w.Write(stream) //nolint:errcheck // who asked has gone
}

// Arrow returns rows, anything that JSON writes as an array of objects, as an
// Arrow stream with fields.
func Arrow(rows any, fields []arrow.Field) ([]byte, error) {
	text, err := json.Marshal(rows)
	if err != nil {
		return nil, fmt.Errorf("write the rows as JSON: %w", err)
	}
	schema := arrow.NewSchema(fields, nil)
	batch, _, err := array.RecordFromJSON(memory.DefaultAllocator, schema, bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("read the rows as Arrow: %w", err)
	}
	var stream bytes.Buffer
	writer := ipc.NewWriter(&stream, ipc.WithSchema(schema))
	if batch.NumRows() > 0 {
		if err := writer.Write(batch); err != nil {
			return nil, fmt.Errorf("write the rows: %w", err)
		}
	}
	if err := writer.Close(); err != nil {
		return nil, fmt.Errorf("end the rows: %w", err)
	}
	return stream.Bytes(), nil
}

// Types of columns, for Arrow.
var (
	Text    = arrow.BinaryTypes.String
	Instant = arrow.DataType(&arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"})
	Double  = arrow.PrimitiveTypes.Float64
	Integer = arrow.PrimitiveTypes.Int64
	Boolean = arrow.FixedWidthTypes.Boolean
)

// Column returns a column that can be null.
func Column(name string, of arrow.DataType) arrow.Field {
	return arrow.Field{Name: name, Type: of, Nullable: true}
}

// Levels are DORA's of 2019 for the change lead time.
func Levels() []wire.Level {
	limit := func(days float64) *float64 { seconds := days * 86400; return &seconds }
	return []wire.Level{{Level: "elite", Limit: limit(1)}, {Level: "high", Limit: limit(7)}, {Level: "medium", Limit: limit(30)}, {Level: "low"}}
}

func (s *Server) catalogue(w http.ResponseWriter, _ *http.Request) {
	groups := []string{wire.DimensionNone, wire.DimensionService, wire.DimensionTeam, wire.DimensionRepository, wire.DimensionEnvironment}
	five := wire.Metric{Name: "dora", Title: "The five DORA metrics", Description: "All five at once", Statistics: []wire.Statistic{{Name: "value", Title: "Value", Unit: wire.UnitRatio}},
		Dimensions: groups, Grains: wire.Grains, Filters: wire.FilterDimensions, Better: wire.BetterNeither}
	leadTime := wire.Metric{Name: "change_lead_time", Title: "Change lead time", Description: "From the commit to its deployment",
		Statistics: []wire.Statistic{{Name: "median_seconds", Title: "Median", Unit: wire.UnitSeconds, Description: "Half of the changes took less", Levels: Levels()}, {Name: "p90_seconds", Title: "90th percentile", Unit: wire.UnitSeconds}},
		Dimensions: groups, Grains: wire.Grains, Filters: wire.FilterDimensions, Better: wire.BetterLower, CanExplain: true}
	failRate := wire.Metric{Name: "change_fail_rate", Title: "Change fail rate", Description: "The share of deployments that failed",
		Statistics: []wire.Statistic{{Name: "ratio", Title: "Share", Unit: wire.UnitRatio}},
		Dimensions: groups, Grains: wire.Grains, Filters: wire.FilterDimensions, Better: wire.BetterLower, CanExplain: true}
	budget := wire.Metric{Name: "error_budget", Title: "Error budget", Description: "What is left of it",
		Statistics: []wire.Statistic{{Name: "remaining_ratio", Title: "Left", Unit: wire.UnitRatio}},
		Dimensions: []string{wire.DimensionNone, wire.DimensionObjective}, Grains: []string{wire.GrainTotal, wire.GrainDay}, Filters: []string{wire.DimensionService, wire.DimensionTeam}, Better: wire.BetterHigher}
	writeJSON(w, wire.Catalogue{Metrics: []wire.Metric{five, leadTime, failRate, budget}, DefinitionSets: []string{"strict"}})
}

// MetricColumns are the columns of a [wire.MetricRow].
var MetricColumns = []arrow.Field{
	Column("period_start_at", Instant), Column("period_end_at", Instant), Column("is_complete", Boolean), Column("dimension", Text), Column("metric", Text),
	Column("statistic", Text), Column("value", Double), Column("unit", Text), Column("n", Integer), Column("lower_value", Double), Column("upper_value", Double),
	Column("previous_value", Double), Column("previous_n", Integer), Column("is_enough", Boolean), Column("level", Text), Column("score", Double),
}

// metricQuery answers with a row for each period, group and statistic; the last
// period is not complete.
func (s *Server) metricQuery(w http.ResponseWriter, r *http.Request) {
	var query wire.MetricQuery
	if err := json.NewDecoder(r.Body).Decode(&query); err != nil {
		problem(w, wire.Problem{Type: wire.ProblemBlank, Status: http.StatusBadRequest, Detail: err.Error()})
		return
	}
	s.mutex.Lock()
	s.metric = append(s.metric, query)
	s.mutex.Unlock()
	var series []wire.MetricRow
	switch {
	case query.Metric == "change_lead_time" && query.Statistic == wire.EveryStatistic:
		series = []wire.MetricRow{{Statistic: "median_seconds", Unit: wire.UnitSeconds}, {Statistic: "p90_seconds", Unit: wire.UnitSeconds}}
	case query.Metric == "change_lead_time" && query.Statistic == "p90_seconds":
		series = []wire.MetricRow{{Statistic: "p90_seconds", Unit: wire.UnitSeconds}}
	case query.Metric == "change_lead_time":
		series = []wire.MetricRow{{Statistic: "median_seconds", Unit: wire.UnitSeconds}}
	case query.Metric == "change_fail_rate":
		series = []wire.MetricRow{{Statistic: "ratio", Unit: wire.UnitRatio}}
	case query.Metric == "error_budget":
		series = []wire.MetricRow{{Statistic: "remaining_ratio", Unit: wire.UnitRatio}}
	case query.Metric == "dora":
		series = []wire.MetricRow{{Metric: "deployment_frequency", Statistic: "value", Unit: wire.UnitDeploymentsPerDay}, {Metric: "change_fail_rate", Statistic: "value", Unit: wire.UnitRatio}}
	default:
		problem(w, wire.Problem{Type: wire.ProblemUnknownMetric, Status: http.StatusUnprocessableEntity, Detail: fmt.Sprintf("there is no metric %s", query.Metric)})
		return
	}
	groups := []string{"all"}
	if query.By != wire.DimensionNone {
		groups = []string{"api", "web"}
	}
	step := map[string]time.Duration{wire.GrainDay: 24 * time.Hour, wire.GrainWeek: 7 * 24 * time.Hour, wire.GrainMonth: 30 * 24 * time.Hour, wire.GrainQuarter: 91 * 24 * time.Hour}[query.Grain]
	if step == 0 {
		step = max(query.To.Sub(query.From), time.Hour)
	}
	rows := []wire.MetricRow{}
	for start := query.From.UTC().Truncate(24 * time.Hour); start.Before(query.To); start = start.Add(step) {
		for number, group := range groups {
			for _, one := range series {
				period := len(rows)
				row := one
				row.PeriodStartAt, row.PeriodEndAt, row.IsComplete, row.Dimension = start, start.Add(step), !start.Add(step).After(query.To), group
				if row.Metric == "" {
					row.Metric = query.Metric
				}
				scale := map[string]float64{wire.UnitSeconds: 20_000, wire.UnitRatio: 0.3, wire.UnitDeploymentsPerDay: 6}[row.Unit]
				value, count, level, score, isEnough := scale*(2+math.Sin(float64(period))+float64(number))/4, int64(10+period), "high", 7.5, true
				row.Value, row.N, row.Level, row.Score, row.IsEnough = &value, &count, &level, &score, &isEnough
				if period > 0 {
					previous := value * 1.1
					row.PreviousValue, row.PreviousN = &previous, &count
				}
				if row.Unit == wire.UnitRatio {
					lower, upper := value*0.8, value*1.2
					row.LowerValue, row.UpperValue = &lower, &upper
				}
				rows = append(rows, row)
			}
		}
	}
	if query.Filters.Service != nil && !slices.Contains(query.Filters.Service, "api") {
		rows = []wire.MetricRow{}
	}
	write(w, r, rows, MetricColumns)
}

func (s *Server) query(w http.ResponseWriter, r *http.Request) {
	var query wire.SQLQuery
	if err := json.NewDecoder(r.Body).Decode(&query); err != nil {
		problem(w, wire.Problem{Type: wire.ProblemBlank, Status: http.StatusBadRequest, Detail: err.Error()})
		return
	}
	s.mutex.Lock()
	isFirst := !slices.Contains(s.queries, query)
	s.queries = append(s.queries, query)
	s.mutex.Unlock()
	if !slices.Contains(s.Scopes, wire.ScopeSQL) {
		problem(w, wire.Problem{Type: wire.ProblemBlank, Status: http.StatusForbidden, Detail: "the token has not the scope sql"})
		return
	}
	if query.SQL == BusySQL && isFirst {
		w.Header().Set("Retry-After", "1")
		problem(w, wire.Problem{Type: wire.ProblemBusy, Status: http.StatusServiceUnavailable, Detail: "too many queries are running: try again in a moment"})
		return
	}
	switch query.SQL {
	case SlowSQL:
		<-r.Context().Done()
		s.Ended <- struct{}{}
		return
	case WrongSQL:
		problem(w, wire.Problem{Type: wire.ProblemBadSQL, Status: http.StatusUnprocessableEntity, Detail: `there is no column "wrong"`, Position: &wire.Position{Line: 1, Column: 8}})
		return
	case LongSQL:
		w.Header().Set("Trailer", wire.HeaderTruncated)
		limit := 1000
		if query.Limit > 0 {
			limit = min(limit, query.Limit)
		}
		var rows []map[string]any
		for n := range limit {
			rows = append(rows, map[string]any{"n": n})
		}
		write(w, r, rows, []arrow.Field{Column("n", Integer)})
		w.Header().Set(wire.HeaderTruncated, strconv.FormatBool(limit < 1000))
		return
	}
	if stream := s.Rows[query.SQL]; stream != nil {
		w.Header().Set("Content-Type", wire.MediaArrow)
		w.Write(stream) //nolint:errcheck // who asked has gone
		return
	}
	start := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	rows := []map[string]any{}
	for period := range 10 {
		for _, service := range []string{"api", "web"} {
			rows = append(rows, map[string]any{"time": start.AddDate(0, 0, period), "service": service, "deployments": period + len(service)})
		}
	}
	write(w, r, rows, []arrow.Field{Column("time", Instant), Column("service", Text), Column("deployments", Integer)})
}

func (s *Server) dimension(w http.ResponseWriter, r *http.Request) {
	values := map[string][]wire.DimensionValue{
		wire.DimensionService: {{Value: "api", Text: "API"}, {Value: "web", Text: "Web"}}, wire.DimensionTeam: {{Value: "red", Text: "red"}, {Value: "blue", Text: "blue"}},
		wire.DimensionRepository: {{Value: "acme/api", Text: "acme/api"}}, wire.DimensionEnvironment: {{Value: "production", Text: "production"}},
	}[r.PathValue("dimension")]
	if values == nil {
		problem(w, wire.Problem{Type: wire.ProblemBlank, Status: http.StatusNotFound, Detail: "there is no dimension " + r.PathValue("dimension")})
		return
	}
	if teams := r.URL.Query()["team"]; r.PathValue("dimension") == wire.DimensionService && slices.Equal(teams, []string{"red"}) {
		values = values[:1]
	}
	writeJSON(w, values)
}

func (s *Server) explain(w http.ResponseWriter, r *http.Request) {
	value, api, red, seconds, rule, reason, source := 13_000.0, "api", "red", 13_000.0, "the commit's author date", "the change is a merge", "https://github.example/acme/api/commit/1"
	at := time.Date(2026, 5, 3, 10, 0, 0, 0, time.UTC)
	records := []wire.ExplainedRecord{
		{ServiceID: &api, Team: &red, Record: "commit 1", IsCounted: true, ValueSeconds: &seconds, Rule: &rule, SourceURL: &source, RecordAt: at},
		{ServiceID: &api, Team: &red, Record: "commit 2", ExcludedReason: &reason, RecordAt: at.Add(time.Hour)},
		{ServiceID: &api, Team: &red, Record: "commit 3", IsCounted: true, ValueSeconds: &seconds, Rule: &rule, RecordAt: at.Add(2 * time.Hour)},
	}
	if limit, err := strconv.Atoi(r.URL.Query().Get("limit")); err == nil {
		records = records[:min(limit, len(records))]
	}
	writeJSON(w, wire.Explanation{Metric: r.URL.Query().Get("metric"), FromAt: at, ToAt: at, Value: &value, Unit: wire.UnitSeconds, N: 2,
		Definition: "The median time from the commit to its deployment.", Options: []wire.ExplainedOption{{Option: "lead_time.start", Value: "authored", Services: 2}}, Records: records})
}

func (s *Server) annotations(w http.ResponseWriter, r *http.Request) {
	at := time.Date(2026, 5, 3, 10, 0, 0, 0, time.UTC)
	end, api, text, source := at.Add(2*time.Hour), "api", "disk <full>", "https://pagerduty.example/incidents/1"
	annotations := []wire.Annotation{}
	kinds := r.URL.Query()["kind"]
	for _, annotation := range []wire.Annotation{
		{AnnotationID: "d1", Kind: wire.AnnotationDeployment, StartedAt: at, Title: "api deployed", Tags: "deployment,api", ServiceID: &api},
		{AnnotationID: "i1", Kind: wire.AnnotationIncident, StartedAt: at, EndedAt: &end, Title: "api is down", Text: &text, Tags: "incident,api", ServiceID: &api, SourceURL: &source},
		{AnnotationID: "i2", Kind: wire.AnnotationIncident, StartedAt: end, Title: "api is slow", Tags: "incident,api", ServiceID: &api},
	} {
		if len(kinds) == 0 || slices.Contains(kinds, annotation.Kind) {
			annotations = append(annotations, annotation)
		}
	}
	if limit, err := strconv.Atoi(r.URL.Query().Get("limit")); err == nil {
		annotations = annotations[:min(limit, len(annotations))]
	}
	writeJSON(w, annotations)
}

func (s *Server) slos(w http.ResponseWriter, r *http.Request) {
	api, red, target, attainment, remaining, minutes, burn, exhaustion, no := "api", "red", 0.999, 0.9995, 0.5, 21.6, 0.7, 86400.0*40, false
	write(w, r, []wire.SLO{{ObjectiveID: "api-availability", SLO: "availability", ServiceID: &api, Team: &red, TimeWindow: "30 days rolling", Target: &target, AttainmentRatio: &attainment,
		RemainingRatio: &remaining, RemainingMinutes: &minutes, BurnRate: &burn, SecondsToExhaustion: &exhaustion, IsExhausted: &no, IsFrozen: &no}},
		[]arrow.Field{Column("objective_id", Text), Column("slo", Text), Column("title", Text), Column("service_id", Text), Column("team", Text), Column("time_window", Text), Column("target", Double),
			Column("attainment_ratio", Double), Column("remaining_ratio", Double), Column("remaining_minutes", Double), Column("burn_rate", Double), Column("seconds_to_exhaustion", Double),
			Column("is_exhausted", Boolean), Column("is_frozen", Boolean)})
}

func (s *Server) freshness(w http.ResponseWriter, _ *http.Request) {
	if s.Freshness.Snapshot == "" {
		problem(w, wire.Problem{Type: wire.ProblemNoSnapshot, Status: http.StatusServiceUnavailable, Detail: "there is no snapshot yet"})
		return
	}
	writeJSON(w, s.Freshness)
}

func (s *Server) schema(w http.ResponseWriter, _ *http.Request) {
	about := "One row per deployment."
	writeJSON(w, wire.Schema{
		Tables: []wire.SchemaTable{{Schema: "core", Name: "deployments", Description: &about, Columns: []wire.SchemaColumn{
			{Name: "deployment_id", Type: "VARCHAR"}, {Name: "service_id", Type: "VARCHAR"}, {Name: "finished_at", Type: "TIMESTAMP"}}}},
		Macros: []wire.SchemaMacro{{Schema: "metrics", Name: "change_lead_time", Parameters: "from_at, to_at, grain := 'total', by_dimension := 'none'", IsTable: true}},
	})
}

func (s *Server) whoAmI(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, wire.Caller{Name: "grafana", Scopes: s.Scopes, Version: "v0.9.0", EngineVersion: "v1.5.6", Limits: wire.Limits{Rows: 1_000_000, Seconds: 60}})
}

// Wait returns whether a query of SlowSQL ended within the time.
func (s *Server) Wait(ctx context.Context, within time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	select {
	case <-s.Ended:
		return true
	case <-ctx.Done():
		return false
	}
}

// Contains reports whether a request so far has all of parts.
func (s *Server) Contains(parts ...string) bool {
	return slices.ContainsFunc(s.Asked(), func(request string) bool {
		return !slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(request, part) })
	})
}
