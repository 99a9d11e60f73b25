package grafana

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/config"

	"dorado/grafana/host"
	"dorado/grafana/servertest"
	"dorado/server/wire"
)

// build builds the backend as it is shipped, for a platform.
func build(folder, system, architecture string) (string, error) {
	binary := filepath.Join(folder, "gpx_dorado_"+system+"_"+architecture)
	command := exec.Command("go", "build", "-trimpath", "-tags", "arrow_json_stdlib", "-o", binary, "dorado/cmd/gpx_dorado")
	command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+system, "GOARCH="+architecture)
	if output, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the backend for %s on %s: %w\n%s", system, architecture, err, output)
	}
	return binary, nil
}

// running is the built backend, which all tests share.
var running *host.Host

func TestMain(m *testing.M) {
	code, err := runTests(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func runTests(m *testing.M) (code int, err error) {
	folder, err := os.MkdirTemp("", "gpx_dorado")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	binary, err := build(folder, runtime.GOOS, runtime.GOARCH)
	if err != nil {
		return 0, err
	}
	log := io.Discard
	if flag.Parse(); testing.Verbose() {
		log = os.Stderr
	}
	if running, err = host.Start(binary, log); err != nil {
		return 0, err
	}
	defer running.Stop()
	return m.Run(), nil
}

// A plugin is the built backend, set up to ask a server.
type plugin struct {
	t       *testing.T
	host    *host.Host
	context backend.PluginContext
	server  *servertest.Server
}

// open returns the backend, set up to ask a server that it also returns.
func open(t *testing.T) plugin {
	t.Helper()
	server := servertest.New()
	t.Cleanup(server.Close)
	return plugin{t: t, host: running, server: server, context: settingsOf(t.Name(), server.URL, servertest.Token, "{}")}
}

// settingsOf are those of a data source as Grafana saved them.
func settingsOf(name, address, token, jsonData string) backend.PluginContext {
	return backend.PluginContext{
		OrgID: 1, PluginID: PluginID, PluginVersion: "1.0.0", User: &backend.User{Login: "admin", Role: "Admin"},
		GrafanaConfig: config.NewGrafanaCfg(map[string]string{}),
		DataSourceInstanceSettings: &backend.DataSourceInstanceSettings{
			ID: 1, UID: name, Name: name, Type: PluginID, URL: address, JSONData: []byte(jsonData), DecryptedSecureJSONData: map[string]string{"token": token}},
	}
}

// The range that tests ask for, of three weeks.
var (
	from = time.Date(2026, 5, 4, 0, 0, 0, 0, time.UTC)
	to   = time.Date(2026, 5, 25, 0, 0, 0, 0, time.UTC)
)

// ask asks one query of a panel whose points are an hour apart.
func (p plugin) ask(query Query) backend.DataResponse {
	p.t.Helper()
	return p.askEvery(time.Hour, query)
}

func (p plugin) askEvery(interval time.Duration, query Query) backend.DataResponse {
	p.t.Helper()
	text, err := json.Marshal(query)
	if err != nil {
		p.t.Fatal(err)
	}
	return p.askJSON(interval, string(text))
}

func (p plugin) askJSON(interval time.Duration, query string) backend.DataResponse {
	p.t.Helper()
	response, err := p.host.QueryData(p.t.Context(), &backend.QueryDataRequest{PluginContext: p.context, Queries: []backend.DataQuery{
		{RefID: "A", JSON: []byte(query), Interval: interval, MaxDataPoints: 500, TimeRange: backend.TimeRange{From: from, To: to}}}})
	if err != nil {
		p.t.Fatal(err)
	}
	return response.Responses["A"]
}

func TestHealth(t *testing.T) {
	asOf := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		name    string
		prepare func(*plugin)
		status  backend.HealthStatus
		want    []string
	}{
		{"all is well", func(*plugin) {}, backend.HealthStatusOk, []string{"dorado v0.9.0, snapshot 000042 with data up to 2026-06-01 12:00 UTC."}},
		{"no URL", func(p *plugin) { p.context.DataSourceInstanceSettings.URL = "" }, backend.HealthStatusError, []string{"The URL is not set"}},
		{"a URL that is none", func(p *plugin) { p.context.DataSourceInstanceSettings.URL = "localhost:8920" }, backend.HealthStatusError, []string{"begins with http:// or https://"}},
		{"settings that are none", func(p *plugin) { p.context.DataSourceInstanceSettings.JSONData = []byte(`{"definitionSet": 1}`) }, backend.HealthStatusError, []string{"The settings (jsonData) cannot be read"}},
		{"a certificate that is none", func(p *plugin) {
			p.context.DataSourceInstanceSettings.JSONData = []byte(`{"tlsAuthWithCACert": true}`)
			p.context.DataSourceInstanceSettings.DecryptedSecureJSONData["tlsCACert"] = "none"
		}, backend.HealthStatusError, []string{"The TLS settings cannot be used"}},
		{"nobody listens", func(p *plugin) { p.server.Close() }, backend.HealthStatusError, []string{"Cannot reach http://127.0.0.1", "connection refused", "that dorado serve runs there"}},
		{"another path", func(p *plugin) { p.context.DataSourceInstanceSettings.URL += "/grafana" }, backend.HealthStatusError, []string{"does not answer as dorado serve does: 404", "Check the URL"}},
		{"no token", func(p *plugin) { delete(p.context.DataSourceInstanceSettings.DecryptedSecureJSONData, "token") }, backend.HealthStatusError, []string{"The server wants a token", "dorado token create"}},
		{"another token", func(p *plugin) {
			p.context.DataSourceInstanceSettings.DecryptedSecureJSONData["token"] = "dorado_other"
		}, backend.HealthStatusError, []string{"does not know the token"}},
		{"no scope metrics", func(p *plugin) { p.server.Scopes = []string{wire.ScopeIngest} }, backend.HealthStatusError, []string{"may not read metrics: it has the scopes ingest"}},
		{"no scope sql", func(p *plugin) { p.server.Scopes = []string{wire.ScopeMetrics} }, backend.HealthStatusOk, []string{"SQL queries are refused"}},
		{"no snapshot", func(p *plugin) { p.server.Freshness = wire.Freshness{} }, backend.HealthStatusError, []string{"v0.9.0 answers, but has no snapshot yet", "dorado run"}},
		{"old snapshot", func(p *plugin) {
			p.server.Freshness = wire.Freshness{Snapshot: "000041", AsOf: asOf, State: wire.StateWarning, Reasons: []string{"the data is 40 hours old"}}
		}, backend.HealthStatusOk, []string{"The data is not in order: the data is 40 hours old."}},
		{"the newest build was refused", func(p *plugin) {
			p.server.Freshness = wire.Freshness{Snapshot: "000041", AsOf: asOf, State: wire.StateError, Reasons: []string{"a check does not hold"}}
		}, backend.HealthStatusOk, []string{"An older snapshot is served, because the newest cannot be: a check does not hold."}},
		{"the definition set is known", func(p *plugin) { p.context.DataSourceInstanceSettings.JSONData = []byte(`{"definitionSet": "strict"}`) }, backend.HealthStatusOk, []string{"snapshot 000042"}},
		{"the definition set is not known", func(p *plugin) { p.context.DataSourceInstanceSettings.JSONData = []byte(`{"definitionSet": "lax"}`) }, backend.HealthStatusError, []string{"The definition set lax is none; there are strict"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			plugin := open(t)
			test.prepare(&plugin)
			result, err := plugin.host.CheckHealth(t.Context(), plugin.context)
			if err != nil {
				t.Fatal(err)
			}
			if result.Status != test.status {
				t.Errorf("the status is %s", result.Status)
			}
			for _, want := range test.want {
				if !strings.Contains(result.Message, want) {
					t.Errorf("the message is %q, without %q", result.Message, want)
				}
			}
			if strings.Contains(result.Message, servertest.Token) {
				t.Errorf("the message has the token: %q", result.Message)
			}
		})
	}
}

func TestErrors(t *testing.T) {
	for _, test := range []struct {
		name, query string
		prepare     func(*plugin)
		status      backend.Status
		want        string
	}{
		{"no query", `[]`, nil, 400, "the query cannot be read"},
		{"no such type", `{"queryType": "other"}`, nil, 400, `queryType "other" is none`},
		{"no metric", `{"queryType": "metric"}`, nil, 400, "names no metric"},
		{"an unknown metric", `{"queryType": "metric", "metric": "velocity"}`, nil, 422, "there is no metric velocity"},
		{"a format that is none", `{"metric": "change_lead_time", "format": "logs"}`, nil, 400, `format "logs" is none`},
		{"explain no metric", `{"queryType": "explain"}`, nil, 400, "names no metric"},
		{"a macro that is none", `{"queryType": "sql", "rawSql": "select $__timeFiltr(a)"}`, nil, 400, "line 1: $__timeFiltr is no macro"},
		{"wrong SQL", `{"queryType": "sql", "rawSql": "` + servertest.WrongSQL + `"}`, nil, 422, `line 1, column 8: there is no column "wrong"`},
		{"no scope", `{"queryType": "sql", "rawSql": "select 1"}`, func(p *plugin) { p.server.Scopes = []string{wire.ScopeMetrics} }, 403, "the token has not the scope sql"},
		{"another token", `{"metric": "change_lead_time"}`, func(p *plugin) { p.context.DataSourceInstanceSettings.DecryptedSecureJSONData["token"] = "other" }, 401, "the token is not known"},
		{"nobody listens", `{"metric": "change_lead_time"}`, func(p *plugin) { p.server.Close() }, 502, "cannot reach http://127.0.0.1"},
		{"no URL", `{"metric": "change_lead_time"}`, func(p *plugin) { p.context.DataSourceInstanceSettings.URL = "" }, 400, "the URL is not set"},
		{"slower than the timeout", `{"queryType": "sql", "rawSql": "` + servertest.SlowSQL + `"}`, func(p *plugin) { p.context.DataSourceInstanceSettings.JSONData = []byte(`{"timeout": 1}`) }, 504, "did not answer in time"},
		{"no time series", `{"queryType": "sql", "format": "time_series", "rawSql": "` + servertest.LongSQL + `"}`, nil, 400, "a time series needs a column of times"},
		{"a variable of nothing", `{"queryType": "variable", "variable": "dimension"}`, nil, 400, "names no dimension"},
		{"a variable that is none", `{"queryType": "variable", "variable": "colours"}`, nil, 400, `a variable of "colours" cannot be made`},
		{"an unknown dimension", `{"queryType": "variable", "variable": "dimension", "dimension": "colour"}`, nil, 404, "there is no dimension colour"},
		{"an ad hoc filter of another column", `{"metric": "change_lead_time", "adHoc": [{"key": "colour", "operator": "=", "value": "red"}]}`, nil, 400, "the filter colour cannot be used"},
		{"an ad hoc filter that excludes", `{"metric": "change_lead_time", "adHoc": [{"key": "team", "operator": "!=", "value": "red"}]}`, nil, 400, "only = and =| can"},
	} {
		t.Run(test.name, func(t *testing.T) {
			plugin := open(t)
			if test.prepare != nil {
				test.prepare(&plugin)
			}
			answer := plugin.askJSON(time.Hour, test.query)
			if answer.Error == nil {
				t.Fatalf("no error, but %v", answer.Frames)
			}
			if answer.Status != test.status || answer.ErrorSource != backend.ErrorSourceDownstream || !strings.Contains(answer.Error.Error(), test.want) {
				t.Errorf("status %d, source %s, %q; want status %d and %q", answer.Status, answer.ErrorSource, answer.Error, test.status, test.want)
			}
			if strings.Contains(answer.Error.Error(), servertest.Token) {
				t.Errorf("the error has the token: %q", answer.Error)
			}
		})
	}
}

// TestCancel: a panel that is closed ends its query in the server.
func TestCancel(t *testing.T) {
	plugin := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := plugin.host.QueryData(ctx, &backend.QueryDataRequest{PluginContext: plugin.context, Queries: []backend.DataQuery{
			{RefID: "A", JSON: []byte(`{"queryType": "sql", "rawSql": "` + servertest.SlowSQL + `"}`), TimeRange: backend.TimeRange{From: from, To: to}}}})
		ended <- err
	}()
	for range 100 {
		if plugin.server.Contains("POST", wire.PathQuery) {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	cancel()
	if err := <-ended; err == nil {
		t.Error("the query ended without an error")
	}
	if !plugin.server.Wait(t.Context(), time.Second) {
		t.Error("the query ran on in the server for a second")
	}
}

// TestBusy: panels wait for a busy server instead of showing an error.
func TestBusy(t *testing.T) {
	plugin := open(t)
	answer := plugin.ask(Query{QueryType: QuerySQL, SQL: servertest.BusySQL})
	if answer.Error != nil || answer.Frames[0].Rows() == 0 {
		t.Errorf("%v %v", answer.Frames, answer.Error)
	}
	if asked := len(plugin.server.Asked()); asked != 2 {
		t.Errorf("the server was asked %d times", asked)
	}
}

// TestManyPanels asks from many panels at once.
func TestManyPanels(t *testing.T) {
	plugin := open(t)
	var group sync.WaitGroup
	for range 32 {
		group.Go(func() {
			for _, query := range []Query{{Metric: "change_lead_time", By: "service"}, {QueryType: QuerySQL, SQL: "select"}, {QueryType: QuerySLO}} {
				if answer := plugin.ask(query); answer.Error != nil || answer.Frames[0].Rows() == 0 {
					t.Errorf("%+v: %v %v", query, answer.Frames, answer.Error)
				}
			}
		})
	}
	group.Wait()
}

func TestResources(t *testing.T) {
	plugin := open(t)
	for _, test := range []struct {
		method, path string
		status       int
		want         string
	}{
		{"GET", "metrics", 200, `"name":"change_lead_time"`},
		{"GET", "dimensions/service?team=red", 200, `[{"value":"api","text":"API"}]`},
		{"GET", "schema", 200, `"name":"deployments"`},
		{"GET", "explain?metric=change_lead_time&from=2026-05-01T00:00:00Z", 200, `"metric":"change_lead_time"`},
		{"GET", "freshness", 200, `"snapshot":"000042"`},
		{"GET", "whoami", 200, `"name":"grafana"`},
		{"GET", "dimensions/colour", 404, `{"message":"there is no dimension colour"}`},
		{"POST", "metrics", 405, ""},
		{"POST", "query", 404, ""},
		{"GET", "snapshots", 404, ""},
		{"GET", "dimensions/..%2Fquery", 404, ""},
		{"GET", "ingest/deployments", 404, ""},
	} {
		t.Run(test.method+" "+test.path, func(t *testing.T) {
			path, _, _ := strings.Cut(test.path, "?")
			answer, err := plugin.host.CallResource(t.Context(), &backend.CallResourceRequest{PluginContext: plugin.context, Method: test.method, Path: path, URL: test.path})
			if err != nil {
				t.Fatal(err)
			}
			if answer.Status != test.status || !strings.Contains(string(answer.Body), test.want) {
				t.Errorf("%d %s", answer.Status, answer.Body)
			}
		})
	}
	if plugin.server.Contains("/api/v1/query") {
		t.Errorf("a path that is not for editors was passed on: %v", plugin.server.Asked())
	}
}

// TestStatic: the backend runs on images without a C library, and does not carry
// the engine.
func TestStatic(t *testing.T) {
	command := exec.Command("go", "list", "-deps", "dorado/cmd/gpx_dorado")
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	for _, unwanted := range []string{"duckdb", "runtime/cgo", "dorado/warehouse", "dorado/models"} {
		if strings.Contains(string(output), unwanted) {
			t.Errorf("the backend depends on %s", unwanted)
		}
	}
}

// TestPlatforms: what is shipped is built on one machine for all platforms.
func TestPlatforms(t *testing.T) {
	for _, platform := range []string{"linux_amd64", "linux_arm64", "darwin_amd64", "darwin_arm64", "windows_amd64", "windows_arm64"} {
		t.Run(platform, func(t *testing.T) {
			system, architecture, _ := strings.Cut(platform, "_")
			if _, err := build(t.TempDir(), system, architecture); err != nil {
				t.Error(err)
			}
		})
	}
}
