package push

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"dorado/collectors"
	"dorado/collectors/github"
	"dorado/collectors/landing"
	"dorado/collectors/pagerduty"
	"dorado/server/wire"
)

// A receiving is a handler and the folder that it lands in.
type receiving struct {
	http.Handler
	folder string
	counts map[string]int
}

// receive returns a handler that takes what acme/checkout and two accounts send.
func receive(t testing.TB, folder string) *receiving {
	t.Helper()
	made := &receiving{folder: folder, counts: map[string]int{}}
	accounts := map[string]*pagerduty.Receiver{}
	for _, name := range []string{"eu", "us"} {
		var err error
		if accounts[name], err = pagerduty.NewReceiver(pagerduty.Config{Name: name, Since: time.Unix(0, 0), Services: []string{"checkout.*"}}, nil); err != nil {
			t.Fatal(err)
		}
	}
	made.Handler = Handler(Options{
		Landing: landing.New(folder, time.Now),
		GitHub: github.NewReceiver(github.Config{
			Repositories: []string{"acme/checkout", "acme/lib-*"},
			Since:        time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		}, nil),
		PagerDuty: accounts,
		Secrets: Secrets{
			GitHub:    [][]byte{[]byte("old"), []byte("new")},
			PagerDuty: []AccountSecret{{"eu", []byte("eu")}, {"us", []byte("us")}, {"us", []byte("us2")}},
		},
		Now:          time.Now,
		Logger:       slog.New(slog.NewTextHandler(io.Discard, nil)),
		Caller:       func(r *http.Request) string { return r.Header.Get("X-Test-Caller") },
		Count:        func(source, outcome string) { made.counts[outcome]++ },
		WebhookBytes: 10_000,
		IngestBytes:  10_000,
		BodyTime:     200 * time.Millisecond,
	})
	return made
}

// landed returns how many events are in the landing folder.
func (r *receiving) landed(t testing.TB) int {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(r.folder, landing.Name, "*.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(text) {
			var event collectors.Event
			if err := json.Unmarshal(line, &event); err != nil || event.ReceivedAt.IsZero() {
				t.Errorf("%s: %v", line, err)
			}
			lines++
		}
	}
	return lines
}

// sign returns the signature of a body in hexadecimal.
func sign(secret, body string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	return fmt.Sprintf("%x", mac.Sum(nil))
}

// A sent is a request.
type sent struct {
	name    string
	method  string // POST where it is left out
	path    string
	body    string
	headers string // "Name: value" a line; %s is the signature of the body with the secret new, or us2
	status  int
	lands   int
	answer  string // a part of the body
}

// request returns the request.
func (s sent) request() *http.Request {
	secret := "new"
	if s.path == PathPagerDuty {
		secret = "us2"
	}
	method := s.method
	if method == "" {
		method = http.MethodPost
	}
	request := httptest.NewRequest(method, s.path, strings.NewReader(s.body))
	for line := range strings.Lines(strings.ReplaceAll(s.headers, "%s", sign(secret, s.body))) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		request.Header.Set(name, value)
	}
	return request
}

// send sends a request and returns the answer.
func (r *receiving) send(s sent) *httptest.ResponseRecorder {
	answer := httptest.NewRecorder()
	r.ServeHTTP(answer, s.request())
	return answer
}

// loadContract returns what finds the contract of a request.
func loadContract(t *testing.T) routers.Router {
	t.Helper()
	loaded, err := openapi3.NewLoader().LoadFromFile(filepath.Join("..", "openapi.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	loaded.Servers = nil
	router, err := gorillamux.NewRouter(loaded)
	if err != nil {
		t.Fatal(err)
	}
	openapi3filter.RegisterBodyDecoder(wire.MediaNDJSON, openapi3filter.FileBodyDecoder)
	for _, media := range []string{mediaCloudEvent, mediaCloudEvents} {
		openapi3filter.RegisterBodyDecoder(media, openapi3filter.JSONBodyDecoder)
	}
	return router
}

// keepContract holds a request that was taken, and every answer, to the contract.
func keepContract(t *testing.T, router routers.Router, s sent, answer *httptest.ResponseRecorder) {
	t.Helper()
	request := s.request()
	route, parameters, err := router.FindRoute(request)
	if err != nil {
		if answer.Code < 300 {
			t.Errorf("the contract has no such request: %v", err)
		}
		return
	}
	options := &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true}
	input := &openapi3filter.RequestValidationInput{Request: request, PathParams: parameters, Route: route, Options: options}
	if answer.Code < 300 && s.body != "" {
		if err := openapi3filter.ValidateRequest(t.Context(), input); err != nil {
			t.Errorf("it was answered with %d, and the contract says: %v", answer.Code, err)
		}
	}
	if err := openapi3filter.ValidateResponse(t.Context(), &openapi3filter.ResponseValidationInput{RequestValidationInput: input,
		Status: answer.Code, Header: answer.Header(), Body: io.NopCloser(bytes.NewReader(answer.Body.Bytes())), Options: options}); err != nil {
		t.Errorf("the answer does not keep the contract: %v", err)
	}
}

const (
	deployment = `{"action": "created", "repository": {"id": 1, "full_name": "acme/checkout"}, "deployment": {"id": 7, "created_at": "2026-01-31T09:00:00Z", "updated_at": "2026-01-31T09:00:00Z"}}`
	incident   = `{"event": {"id": "E1", "event_type": "incident.resolved", "occurred_at": "2026-01-31T09:00:00Z", "data": {"id": "Q1", "type": "incident", "service": {"id": "P1", "summary": "checkout api"}}}}`

	deployed = `{"context": {"id": "1", "source": "cd", "timestamp": "2026-01-31T09:00:00Z", "type": "dev.cdevents.service.deployed.0.2.0"}, "subject": {"id": "checkout", "content": {"environment": {"id": "production"}, "artifactId": "pkg:oci/checkout@1"}}}`

	fromGitHub    = "X-GitHub-Event: deployment\nX-GitHub-Delivery: d1\nX-Hub-Signature-256: sha256=%s\nContent-Type: application/json"
	fromPagerDuty = "X-PagerDuty-Signature: v1=%s\nContent-Type: application/json"
	records       = "Content-Type: application/x-ndjson"
	record        = `{"id": "b1", "service": "checkout", "finished_at": "2026-01-31T09:00:00Z"}`
)

// TestWhatIsSent sends what is right and what is wrong, each to a new server.
func TestWhatIsSent(t *testing.T) {
	contract := loadContract(t)
	named := func(name string) string { return strings.Replace(deployment, "acme/checkout", name, 1) }
	for _, test := range []sent{
		{name: "a deployment", path: PathGitHub, body: deployment, headers: fromGitHub, status: 202, lands: 1},
		{name: "signed with the older secret", path: PathGitHub, body: deployment, headers: strings.Replace(fromGitHub, "%s", sign("old", deployment), 1), status: 202, lands: 1},
		{name: "of a repository found by a pattern", path: PathGitHub, body: named("acme/Lib-x"), headers: fromGitHub, status: 202, lands: 1},
		{name: "of another repository", path: PathGitHub, body: named("acme/search"), headers: fromGitHub, status: 202},
		{name: "older than since", path: PathGitHub, body: strings.ReplaceAll(deployment, "2026", "2025"), headers: fromGitHub, status: 202},
		{name: "an event that nobody knows", path: PathGitHub, body: `{"zen": "x"}`, headers: strings.Replace(fromGitHub, "deployment", "ping", 1), status: 202},
		{name: "workflow runs that no rule takes", path: PathGitHub, body: `{"repository": {"id": 1, "full_name": "acme/checkout"}, "workflow_run": {"id": 1, "run_attempt": 1}}`, headers: strings.Replace(fromGitHub, "deployment", "workflow_run", 1), status: 202},
		{name: "not signed", path: PathGitHub, body: deployment, headers: strings.Replace(fromGitHub, "sha256=%s", "", 1), status: 401},
		{name: "signed with sha1", path: PathGitHub, body: deployment, headers: strings.Replace(fromGitHub, "sha256=", "sha1=", 1), status: 401},
		{name: "signed with another secret", path: PathGitHub, body: deployment, headers: strings.Replace(fromGitHub, "%s", sign("", deployment), 1), status: 401},
		{name: "the signature of another body", path: PathGitHub, body: deployment + " ", headers: strings.Replace(fromGitHub, "%s", sign("new", deployment), 1), status: 401},
		{name: "half a signature", path: PathGitHub, body: deployment, headers: strings.Replace(fromGitHub, "%s", sign("new", deployment)[:32], 1), status: 401},
		{name: "a signature and more", path: PathGitHub, body: deployment, headers: strings.Replace(fromGitHub, "%s", sign("new", deployment)+"00", 1), status: 401},
		{name: "no hexadecimal", path: PathGitHub, body: deployment, headers: strings.Replace(fromGitHub, "%s", sign("new", deployment)+"zz", 1), status: 401},
		{name: "without a delivery", path: PathGitHub, body: deployment, headers: strings.Replace(fromGitHub, "d1", "", 1), status: 400},
		{name: "a delivery of any length", path: PathGitHub, body: deployment, headers: strings.Replace(fromGitHub, "d1", strings.Repeat("d", 201), 1), status: 400},
		{name: "no JSON", path: PathGitHub, body: "deployment", headers: fromGitHub, status: 400, answer: "the body is no deployment event"},
		{name: "another event's body", path: PathGitHub, body: `{"repository": {"id": 1, "full_name": "acme/checkout"}}`, headers: fromGitHub, status: 400, answer: "it has no deployment"},
		{name: "an id too large", path: PathGitHub, body: strings.Replace(deployment, `"id": 7`, `"id": 99999999999999999999`, 1), headers: fromGitHub, status: 400},
		{name: "no UTF-8", path: PathGitHub, body: strings.Replace(deployment, "created", "\xff", 1), headers: fromGitHub, status: 400, answer: "not UTF-8"},
		{name: "a form", path: PathGitHub, body: "payload=x", headers: strings.Replace(fromGitHub, "application/json", "application/x-www-form-urlencoded", 1), status: 415, answer: "Content-Type"},
		{name: "another charset", path: PathGitHub, body: deployment, headers: fromGitHub + "; charset=utf-16", status: 415},
		{name: "compressed", path: PathGitHub, body: deployment, headers: fromGitHub + "\nContent-Encoding: gzip", status: 415},
		{name: "too large", path: PathGitHub, body: deployment + strings.Repeat(" ", 10_000), headers: fromGitHub, status: 413},
		{name: "asked for", method: http.MethodGet, path: PathGitHub, status: 405},
		{name: "beside the path", path: "/webhooks/../webhooks/github", body: deployment, headers: fromGitHub, status: 307},
		{name: "an incident", path: PathPagerDuty, body: incident, headers: fromPagerDuty, status: 202, lands: 1},
		{name: "several signatures", path: PathPagerDuty, body: incident, headers: strings.Replace(fromPagerDuty, "v1=%s", "v1=00, v2=x,v1=%s", 1), status: 202, lands: 1},
		{name: "of a service that is not read", path: PathPagerDuty, body: strings.Replace(incident, "checkout api", "search", 1), headers: fromPagerDuty, status: 202},
		{name: "another kind of event", path: PathPagerDuty, body: strings.Replace(incident, "incident.resolved", "pagey.ping", 1), headers: fromPagerDuty, status: 202},
		{name: "a signature of another version", path: PathPagerDuty, body: incident, headers: strings.Replace(fromPagerDuty, "v1=", "v2=", 1), status: 401},
		{name: "eleven signatures", path: PathPagerDuty, body: incident, headers: strings.Replace(fromPagerDuty, "v1=%s", strings.Repeat("v1=00,", 10)+"v1=%s", 1), status: 401},
		{name: "an event without an id", path: PathPagerDuty, body: strings.Replace(incident, "E1", "", 1), headers: fromPagerDuty, status: 400},
		{name: "an incident without an id", path: PathPagerDuty, body: strings.Replace(incident, "Q1", "", 1), headers: fromPagerDuty, status: 400},
		{name: "a record", path: PathIngest + "deployments", body: record, headers: records, status: 200, lands: 1, answer: `"taken":1`},
		{name: "a bad record", path: PathIngest + "deployments", body: `{"id": "b1"}`, headers: records, status: 207, answer: `"line":1`},
		{name: "no record", path: PathIngest + "deployments", headers: records, status: 200, answer: `"taken":0`},
		{name: "records of what is none", path: PathIngest + "builds", body: record, headers: records, status: 404},
		{name: "out of the folder", path: PathIngest + "..%2f..%2fetc%2fpasswd", body: record, headers: records, status: 404},
		{name: "a column that is none", path: PathIngest + "sli", body: "slo,godo\n", headers: "Content-Type: text/csv", status: 400, answer: `did you mean`},
		{name: "records of no type", path: PathIngest + "deployments", body: record, status: 415},
		{name: "no list", path: PathIngest + "deployments", body: "5", headers: "Content-Type: application/json", status: 400},
		{name: "many bad records", path: PathIngest + "deployments", body: strings.Repeat("{}\n", 1100), headers: records, status: 207, answer: "and 101 more bad records"},
		{name: "a CDEvent in a CloudEvent", path: PathIngest + "cdevents", body: `{"specversion": "1.0", "data": ` + deployed + `}`, headers: "Content-Type: application/cloudevents+json", status: 200, lands: 1, answer: `"taken":1`},
		{name: "a batch of CloudEvents", path: PathIngest + "cdevents", body: `[{"specversion": "1.0", "data": ` + deployed + `}, {"specversion": "1.0"}]`, headers: "Content-Type: application/cloudevents-batch+json", status: 207, lands: 1, answer: `"line":2`},
		{name: "another version of CloudEvents", path: PathIngest + "cdevents", body: `{"specversion": "2.0", "data": {}}`, headers: "Content-Type: application/cloudevents+json", status: 207, answer: "CloudEvents 1.0 is read"},
		{name: "a CDEvent that nothing is made of", path: PathIngest + "cdevents", body: `{"context": {"type": "dev.cdevents.build.finished.0.2.0"}}`, headers: "Content-Type: application/json\nCe-Specversion: 1.0", status: 200, answer: `"taken":0`},
		{name: "a CDEvent without a time", path: PathIngest + "cdevents", body: `{"context": {"id": "1", "type": "dev.cdevents.service.deployed.0.2.0"}, "subject": {"id": "x"}}`, headers: "Content-Type: application/json", status: 207, answer: "context.timestamp"},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := receive(t, t.TempDir())
			answer := server.send(test)
			keepContract(t, contract, test, answer)
			if answer.Code != test.status || !strings.Contains(answer.Body.String(), test.answer) {
				t.Errorf("%d %s, want %d with %q", answer.Code, answer.Body, test.status, test.answer)
			}
			if landed := server.landed(t); landed != test.lands {
				t.Errorf("%d landed, want %d", landed, test.lands)
			}
			if answer.Code >= 400 && answer.Code != http.StatusMethodNotAllowed {
				var problem wire.Problem
				if err := json.Unmarshal(answer.Body.Bytes(), &problem); err != nil || problem.Status != test.status || problem.Detail == "" ||
					answer.Header().Get("Content-Type") != wire.MediaProblem || server.counts[Refused] != 1 {
					t.Errorf("no problem: %s (%v)", answer.Body, err)
				}
			}
		})
	}
}

// TestReplays sends again what was sent, to the same server and after a restart.
func TestReplays(t *testing.T) {
	folder := t.TempDir()
	keyed := records + "\nIdempotency-Key: k1\nX-Test-Caller: ci"
	for i, one := range []struct {
		sent
		restart bool
	}{
		{sent: sent{name: "first", path: PathGitHub, body: deployment, headers: fromGitHub, status: 202, lands: 1}},
		{sent: sent{name: "again", path: PathGitHub, body: deployment, headers: fromGitHub, status: 202, lands: 1}},
		{sent: sent{name: "as another delivery", path: PathGitHub, body: deployment, headers: strings.Replace(fromGitHub, "d1", "d2", 1), status: 202, lands: 1}},
		{sent: sent{name: "after a restart", path: PathGitHub, body: deployment, headers: fromGitHub, status: 202, lands: 1}, restart: true},
		{sent: sent{name: "a known delivery of something else", path: PathGitHub, body: strings.Replace(deployment, "created", "other", 1), headers: fromGitHub, status: 422, lands: 1}},
		{sent: sent{name: "an incident", path: PathPagerDuty, body: incident, headers: fromPagerDuty, status: 202, lands: 2}},
		{sent: sent{name: "an incident again", path: PathPagerDuty, body: incident, headers: fromPagerDuty, status: 202, lands: 2}, restart: true},
		{sent: sent{name: "records", path: PathIngest + "deployments", body: record, headers: keyed, status: 200, lands: 3, answer: `"was_taken_before":false`}},
		{sent: sent{name: "records again", path: PathIngest + "deployments", body: record, headers: keyed, status: 200, lands: 3, answer: `"was_taken_before":true`}, restart: true},
		{sent: sent{name: "records under a key of others", path: PathIngest + "deployments", body: record + "\n", headers: keyed, status: 422, lands: 3}},
		{sent: sent{name: "records of somebody else", path: PathIngest + "deployments", body: record, headers: strings.Replace(keyed, "ci", "cd", 1), status: 200, lands: 4}},
		{sent: sent{name: "records without a key", path: PathIngest + "deployments", body: record, headers: records, status: 200, lands: 5}},
	} {
		server := receive(t, folder)
		if i > 0 && !one.restart {
			server.send(sent{path: PathIngest + "deployments", headers: records}) // which reads nothing anew
		}
		answer := server.send(one.sent)
		if landed := server.landed(t); answer.Code != one.status || landed != one.lands || !strings.Contains(answer.Body.String(), one.answer) {
			t.Errorf("%s: %d %s, %d landed; want %d, %d", one.name, answer.Code, answer.Body, landed, one.status, one.lands)
		}
	}
}

// TestSlowBody sends a body that does not come.
func TestSlowBody(t *testing.T) {
	server := receive(t, t.TempDir())
	served := httptest.NewServer(server)
	defer served.Close()
	connection, err := net.Dial("tcp", strings.TrimPrefix(served.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	fmt.Fprintf(connection, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{", PathGitHub)
	answer, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil || answer.StatusCode != http.StatusRequestTimeout {
		t.Errorf("got %v (%v), want 408", answer, err)
	}
	if landed := server.landed(t); landed != 0 {
		t.Errorf("%d landed", landed)
	}
}

// TestNoPlaceToLand sends where nothing can be written.
func TestNoPlaceToLand(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	server := receive(t, file)
	answer := server.send(sent{path: PathGitHub, body: deployment, headers: fromGitHub})
	if answer.Code != http.StatusServiceUnavailable || strings.Contains(answer.Body.String(), file) || server.counts[Failed] != 1 {
		t.Errorf("got %d %s", answer.Code, answer.Body)
	}
}

// fuzz sends bodies of any kind, rightly signed. Whatever comes must be answered
// without a failure of ours, and land as events that can be read.
func fuzz(f *testing.F, path, headers string, bodies ...string) {
	for _, body := range bodies {
		f.Add(body)
	}
	server := receive(f, f.TempDir())
	f.Fuzz(func(t *testing.T, body string) {
		switch answer := server.send(sent{path: path, body: body, headers: headers}); answer.Code {
		case 200, 202, 207, 400, 413, 415, 422:
		default:
			t.Errorf("%q: %d %s", body, answer.Code, answer.Body)
		}
		server.landed(t)
	})
}

func FuzzGitHub(f *testing.F) {
	fuzz(f, PathGitHub, fromGitHub, deployment, strings.Replace(deployment, "}", "", 1), "null", "[]")
}

func FuzzPagerDuty(f *testing.F) {
	fuzz(f, PathPagerDuty, fromPagerDuty, incident, `{"event": null}`, "{}")
}

func FuzzNDJSON(f *testing.F) { fuzz(f, PathIngest+"deployments", records, record, "{}\n"+record) }

func FuzzCSV(f *testing.F) {
	fuzz(f, PathIngest+"sli", "Content-Type: text/csv", "slo,started_at,good,total\nuptime,2026-01-31T09:00:00Z,1,2\n", "slo\n\"")
}

func FuzzCDEvents(f *testing.F) {
	fuzz(f, PathIngest+"cdevents", "Content-Type: application/json",
		`[{"context": {"id": "e2", "source": "/ci", "type": "dev.cdevents.incident.detected.0.2.0", "timestamp": "2026-02-01T10:00:00Z"}, "subject": {"id": "42"}}]`)
}
