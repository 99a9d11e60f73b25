package dashboards

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-foundation-sdk/go/cog/variants"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"dorado/grafana"
	"dorado/server/wire"
)

// A warehouse is the demo's, served as for Grafana.
type warehouse struct {
	program, config, address string
	adminToken               string
	plugin                   *grafana.Datasource
	from, to                 time.Time
}

// serveDemo makes the demo and serves it until the test ends.
func serveDemo(t testing.TB) *warehouse {
	t.Helper()
	folder := t.TempDir()
	made := &warehouse{program: filepath.Join(folder, "dorado"), config: filepath.Join(folder, "demo", "dorado.yaml")}
	if output, err := exec.Command("go", "build", "-o", made.program, "dorado/cmd/dorado").CombinedOutput(); err != nil {
		t.Fatalf("build dorado: %v\n%s", err, output)
	}
	made.run(t, "demo", "--folder", filepath.Dir(made.config), "--days", "60")
	made.addToken(t)
	ctx, stop := context.WithCancel(context.Background())
	command := exec.CommandContext(ctx, made.program, "serve", "--config", made.config, "--listen", "127.0.0.1:0", "--log-format", "json")
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	log, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop()
		_ = command.Wait() // it was interrupted
	})
	lines, address := bufio.NewScanner(log), ""
	for address == "" && lines.Scan() {
		var line struct{ Msg, Address string }
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "serving" {
			address = line.Address
		}
	}
	if address == "" {
		t.Fatalf("dorado does not serve: %v", lines.Err())
	}
	go func() {
		for lines.Scan() { // or it would wait for somebody to read its log
		}
	}()
	made.address = "http://" + address
	instance, err := grafana.New(t.Context(), backend.DataSourceInstanceSettings{URL: made.address, JSONData: []byte("{}")})
	if err != nil {
		t.Fatal(err)
	}
	made.plugin = instance.(*grafana.Datasource)
	asOf, err := time.Parse(time.RFC3339, strings.TrimSpace(made.run(t, "query", "--config", made.config, "--format", "csv", "select as_of from core.snapshot")[len("as_of\n"):]))
	if err != nil {
		t.Fatal(err)
	}
	made.from, made.to = asOf.AddDate(0, 0, -45), asOf
	return made
}

// addToken makes a token that may read the server's own metrics.
func (w *warehouse) addToken(t testing.TB) {
	t.Helper()
	created := w.run(t, "token", "create", "admin", "--scope", "admin")
	w.adminToken, _, _ = strings.Cut(created, "\n")
	config, err := os.ReadFile(w.config)
	if err != nil {
		t.Fatal(err)
	}
	entry := regexp.MustCompile(`(?m)^ *- \{name.*$`).FindString(created)
	if err := os.WriteFile(w.config, fmt.Appendf(config, "\nserver:\n  tokens:\n%s\n", entry), 0o600); err != nil {
		t.Fatal(err)
	}
}

// run runs dorado and returns what it prints.
func (w *warehouse) run(t testing.TB, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	command := exec.Command(w.program, args...)
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		t.Fatalf("dorado %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return stdout.String()
}

// ask asks the plugin a query as Grafana does, in which variables have their values.
func (w *warehouse) ask(t testing.TB, query grafana.Query, values map[string][]string) *data.Frame {
	t.Helper()
	answers, err := w.plugin.QueryData(t.Context(), &backend.QueryDataRequest{Queries: []backend.DataQuery{w.filled(t, query, values)}})
	if err != nil {
		t.Fatal(err)
	}
	answer := answers.Responses[query.RefID]
	if answer.Error != nil {
		t.Errorf("%v\n%s", answer.Error, query.SQL)
		return data.NewFrame("")
	}
	return answer.Frames[0]
}

// filled returns a query as Grafana sends it, in which variables have their values.
func (w *warehouse) filled(t testing.TB, query grafana.Query, values map[string][]string) backend.DataQuery {
	t.Helper()
	for _, filter := range []*[]string{&query.Filters.Service, &query.Filters.Team, &query.Filters.Repository, &query.Filters.Environment} {
		for _, name := range slices.Clone(*filter) {
			if known, isVariable := values[strings.TrimPrefix(name, "$")]; isVariable {
				*filter = known
			}
		}
	}
	for name, known := range values {
		query.SQL = strings.ReplaceAll(query.SQL, "$"+name, "'"+strings.Join(known, "','")+"'")
	}
	text, err := json.Marshal(query)
	if err != nil {
		t.Fatal(err)
	}
	return backend.DataQuery{
		RefID: query.RefID, QueryType: query.QueryType, JSON: text, Interval: 24 * time.Hour, MaxDataPoints: 1000,
		TimeRange: backend.TimeRange{From: w.from, To: w.to},
	}
}

// queryOf returns a target as the plugin reads it.
func queryOf(t testing.TB, target variants.Dataquery) grafana.Query {
	t.Helper()
	text, err := json.Marshal(target)
	if err != nil {
		t.Fatal(err)
	}
	var query grafana.Query
	if err := json.Unmarshal(text, &query); err != nil {
		t.Fatal(err)
	}
	return query
}

// valuesOf asks for the values of a dashboard's variables: all, or the first.
func (w *warehouse) valuesOf(t testing.TB, variables []dashboard.VariableModel) map[string][]string {
	t.Helper()
	values := map[string][]string{}
	for _, variable := range variables {
		if variable.Type != dashboard.VariableTypeQuery {
			continue
		}
		frame := w.ask(t, queryOf(t, variants.UnknownDataquery(variable.Query.Map)), values)
		if frame.Rows() == 0 {
			t.Fatalf("the variable %s has no values", variable.Name)
		}
		if variable.IncludeAll != nil && *variable.IncludeAll {
			values[variable.Name] = []string{grafana.Every}
			continue
		}
		first, _ := frame.Fields[1].ConcreteAt(0)
		values[variable.Name] = []string{first.(string)}
	}
	return values
}

// mayBeEmpty are panels that have nothing to show in the demo, and why.
var mayBeEmpty = map[string]string{
	"Our numbers and PagerDuty's": "months count that were read after they were over, and the demo is read once",
	"Mapped to no service":        "everything of the demo is mapped",
}

// TestQueries asks every query of every dashboard of the demo's warehouse, through the
// plugin and dorado serve. What a panel shows as one number is what the command line
// says.
func TestQueries(t *testing.T) {
	all, err := All()
	if err != nil {
		t.Fatal(err)
	}
	w := serveDemo(t)
	for _, made := range all {
		t.Run(made.File, func(t *testing.T) {
			values := w.valuesOf(t, made.Templating.List)
			for _, annotation := range made.Annotations.List {
				w.ask(t, queryOf(t, annotation.Target), values)
			}
			compared := 0
			for _, placed := range made.Panels {
				if placed.Panel == nil {
					continue
				}
				panel := *placed.Panel
				t.Run(*panel.Title, func(t *testing.T) {
					rows := 0
					for _, target := range panel.Targets {
						query := queryOf(t, target)
						frame := w.ask(t, query, values)
						rows += frame.Rows()
						checkFrame(t, frame, query, panel)
						if panel.Type == "stat" {
							w.compare(t, frame, query, values)
							compared++
						}
					}
					isLeftOut := strings.HasSuffix(*panel.Title, "left out") // there may be none
					if rows == 0 && mayBeEmpty[*panel.Title] == "" && !isLeftOut {
						t.Error("it is empty")
					}
				})
			}
			if compared < 2 && made.File != "quality.json" {
				t.Errorf("only %d numbers were compared with the command line's", compared)
			}
		})
	}
	t.Run("a cancelled query ends", w.checkCancel)
}

// checkFrame checks that a frame is what its panel can draw.
func checkFrame(t *testing.T, frame *data.Frame, query grafana.Query, panel dashboard.Panel) {
	t.Helper()
	if frame.Rows() == 0 {
		return
	}
	if panel.Type == "timeseries" {
		if kind := frame.TimeSeriesSchema().Type; kind != data.TimeSeriesTypeWide {
			t.Errorf("a chart over time gets a frame of the type %s", kind)
		}
	}
	if query.QueryType != grafana.QueryMetric || panel.FieldConfig.Defaults.Unit == nil {
		return
	}
	for _, field := range frame.Fields {
		isValue := panel.Type == "timeseries" && field.Type().Numeric() || field.Name == "value"
		if !isValue || field.Config == nil || field.Config.Unit == "" {
			continue
		}
		if unit := *panel.FieldConfig.Defaults.Unit; field.Config.Unit != unit && !(unit == plain && field.Config.Unit != seconds) {
			t.Errorf("the panel's unit is %s, that of %s is %s", unit, field.Name, field.Config.Unit)
		}
	}
}

// compare compares the one number of a frame with what the metric's macro says on the
// command line.
func (w *warehouse) compare(t *testing.T, frame *data.Frame, query grafana.Query, values map[string][]string) {
	t.Helper()
	statistic, from := query.Statistic, query.Metric
	if statistic == "" {
		statistic, from = "value", "five_metrics"
	}
	var filters []string
	for _, dimension := range wire.FilterDimensions {
		for _, name := range query.Filters.Of(dimension) {
			filters = append(filters, fmt.Sprintf("'%s': ['%s']", dimension, strings.Join(values[strings.TrimPrefix(name, "$")], "','")))
		}
	}
	sql := fmt.Sprintf("select %s from metrics.%s(timestamp '%s', timestamp '%s', filters := map {%s})", statistic, from,
		w.from.Format(time.DateTime), w.to.Format(time.DateTime), strings.Join(filters, ", "))
	if statistic == "value" {
		sql += " where metric = '" + query.Metric + "'"
	}
	lines := strings.Split(strings.TrimSpace(w.run(t, "query", "--config", w.config, "--format", "csv", sql)), "\n")
	field, _ := frame.FieldByName("value")
	if field == nil || frame.Rows() != 1 || len(lines) != 2 {
		t.Errorf("the frame has %d rows, the command line %d:\n%s", frame.Rows(), len(lines)-1, sql)
		return
	}
	got, err := field.NullableFloatAt(0)
	if err != nil {
		t.Fatal(err)
	}
	text := `""` // how CSV writes the only value of a row where it is NULL
	if got != nil {
		text = strconv.FormatFloat(*got, 'f', -1, 64)
	}
	want := lines[1]
	if number, err := strconv.ParseFloat(want, 64); err == nil {
		want = strconv.FormatFloat(number, 'f', -1, 64)
	}
	if text != want {
		t.Errorf("the panel shows %s, the command line says %s:\n%s", text, want, sql)
	}
}

// endless takes the engine longer than anybody waits.
const endless = "select count(*) from range(1000000000) as a, range(1000000) as b where hash(a.range, b.range) = 0"

// checkCancel checks that a panel that is closed ends its query in DuckDB within a second.
func (w *warehouse) checkCancel(t *testing.T) {
	running := startPlugin(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		answers, err := running.QueryData(ctx, &backend.QueryDataRequest{PluginContext: w.settings(), Queries: []backend.DataQuery{
			w.filled(t, grafana.Query{RefID: "A", QueryType: grafana.QuerySQL, SQL: endless}, nil)}})
		if err == nil {
			err = answers.Responses["A"].Error
		}
		ended <- err
	}()
	w.waitForRunning(t, 1, 30*time.Second)
	cancel()
	w.waitForRunning(t, 0, time.Second)
	if err := <-ended; err == nil {
		t.Error("the query ended without an error")
	}
}

// waitForRunning waits until that many SQL queries run in the server.
func (w *warehouse) waitForRunning(t *testing.T, want int, most time.Duration) {
	t.Helper()
	wanted := fmt.Sprintf("\ndorado_sql_queries_running %d\n", want)
	var text string
	for began := time.Now(); time.Since(began) < most; time.Sleep(20 * time.Millisecond) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.address+wire.PathTelemetry, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+w.adminToken)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if text = string(body); strings.Contains(text, wanted) {
			return
		}
	}
	t.Errorf("after %s there are not %d queries running: %s", most, want, regexp.MustCompile("(?m)^dorado_sql_queries_running.*$").FindString(text))
}
