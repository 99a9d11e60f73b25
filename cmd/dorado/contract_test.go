package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"dorado/collectors/replay"
	"dorado/collectors/simulator"
)

// contractSettings are added to the configuration.
const contractSettings = "  api: rest\n"

// notDescribed are the paths we ask for that the description, which is cut down to
// some, leaves out.
var notDescribed = []string{"/repos/{owner}/{repo}/contents/{path}", "/user", "/installation/repositories", "/app/installations/{id}/access_tokens"}

// A contract is GitHub's own description of its API.
type contract struct {
	document *openapi3.T
	paths    map[string]*regexp.Regexp // by template
}

// readContract reads the description, and skips the test where it is not there.
func readContract(t *testing.T) *contract {
	t.Helper()
	file := filepath.Join(replay.Folder(t), "contracts", "github.slim.json")
	document, err := openapi3.NewLoader().LoadFromFile(file)
	if err != nil {
		t.Fatal(err)
	}
	c := &contract{document: document, paths: map[string]*regexp.Regexp{}}
	parameter := regexp.MustCompile(`\\\{(\w+)\\\}`)
	for _, template := range append(document.Paths.InMatchingOrder(), notDescribed...) {
		pattern := parameter.ReplaceAllStringFunc(regexp.QuoteMeta(template), func(name string) string {
			if strings.Contains(name, "path") || strings.Contains(name, "ref") {
				return "(.*)" // it may have slashes
			}
			return "([^/]+)"
		})
		c.paths[template] = regexp.MustCompile("^" + pattern + "$")
	}
	return c
}

// template returns the path of the description that a request asks for, with the
// values in it; of several the one with most of it literal. "" means none.
func (c *contract) template(path string) (template string, values map[string]string) {
	literal := func(template string) int { return len(template) - 100*strings.Count(template, "{") }
	names := regexp.MustCompile(`\{(\w+)\}`)
	for candidate, pattern := range c.paths {
		found := pattern.FindStringSubmatch(path)
		if found == nil || template != "" && literal(candidate) <= literal(template) {
			continue
		}
		template, values = candidate, map[string]string{}
		for i, name := range names.FindAllStringSubmatch(candidate, -1) {
			values[name[1]] = found[i+1]
		}
	}
	return template, values
}

// check says what is wrong with a request.
func (c *contract) check(t *testing.T, request *http.Request) (template string) {
	t.Helper()
	template, values := c.template(request.URL.Path)
	if template == "" {
		t.Errorf("%s %s: there is no such path", request.Method, request.URL)
		return ""
	}
	if slices.Contains(notDescribed, template) {
		return template
	}
	item := c.document.Paths.Value(template)
	operation := item.GetOperation(request.Method)
	if operation == nil {
		t.Errorf("%s %s: the path is there, the method is not", request.Method, request.URL)
		return template
	}
	known := map[string]bool{}
	for _, parameter := range append(slices.Clone(operation.Parameters), item.Parameters...) {
		known[parameter.Value.In+" "+parameter.Value.Name] = true
	}
	for name := range request.URL.Query() {
		if !known["query "+name] {
			t.Errorf("%s %s: there is no parameter %s", request.Method, request.URL, name)
		}
	}
	err := openapi3filter.ValidateRequest(t.Context(), &openapi3filter.RequestValidationInput{
		Request:    request,
		PathParams: values,
		Route:      &routers.Route{Spec: c.document, Path: template, PathItem: item, Method: request.Method, Operation: operation},
		Options:    &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
	})
	if err != nil {
		t.Errorf("%s %s: %v", request.Method, request.URL, err)
	}
	return template
}

// simulatorLeavesOut are keys that GitHub always gives and the simulator does not,
// beside addresses of the API: the collectors read none of them.
var simulatorLeavesOut = regexp.MustCompile(`(_url|\.url|\.node_id|\.gravatar_id` +
	`|\.repo\.(forks|forks_count|has_[a-z]+|homepage|language|license|open_issues|open_issues_count|stargazers_count|watchers|watchers_count)` +
	`|/pulls: \[\]\.(_links|assignee|auto_merge|milestone)|/issues: \[\]\.(assignee|comments|locked|milestone)` +
	`|\.(head_commit|head_repository|repository)|\.jobs\[\]\.runner_[a-z_]+|/teams: \[\]\.type|\.resources\.search) is not there$`)

// A contractExchange is a request and what was answered.
type contractExchange struct {
	request *http.Request
	status  int
	body    []byte
}

// wrongs returns what is wrong with an answer: what the description says is always
// there is not, or a value is of another type. What is there beyond it is not looked at.
func (c *contract) wrongs(t *testing.T, template string, answered contractExchange) []string {
	t.Helper()
	item := c.document.Paths.Value(template)
	if item == nil || answered.status != http.StatusOK {
		return nil
	}
	response := item.GetOperation(answered.request.Method).Responses.Status(answered.status)
	if response == nil {
		return []string{"the status 200 is not described"}
	}
	var value any
	if err := json.Unmarshal(answered.body, &value); err != nil {
		return []string{err.Error()}
	}
	return wrongValues(response.Value.Content.Get("application/json").Schema.Value, value, "")
}

// wrongValues returns what is wrong with a value at a place in an answer.
func wrongValues(schema *openapi3.Schema, value any, place string) (wrong []string) {
	for _, part := range schema.AllOf {
		wrong = append(wrong, wrongValues(part.Value, value, place)...)
	}
	if either := append(slices.Clone(schema.AnyOf), schema.OneOf...); len(either) > 0 {
		var first []string
		isRight := false
		for _, part := range either {
			found := wrongValues(part.Value, value, place)
			isRight = isRight || len(found) == 0
			if first == nil {
				first = found
			}
		}
		if !isRight {
			wrong = append(wrong, first...)
		}
	}
	isOf := func(name string) bool { return schema.Type == nil || schema.Type.Is(name) }
	isRight := true
	switch value := value.(type) {
	case nil:
		isRight = schema.Nullable || schema.Type == nil
	case string:
		isRight = isOf("string")
	case bool:
		isRight = isOf("boolean")
	case float64:
		isRight = isOf("number") || isOf("integer") && value == math.Trunc(value)
	case []any:
		isRight = isOf("array")
		for _, one := range value {
			if schema.Items != nil {
				wrong = append(wrong, wrongValues(schema.Items.Value, one, place+"[]")...)
			}
		}
	case map[string]any:
		isRight = isOf("object")
		for _, name := range schema.Required {
			if _, ok := value[name]; !ok {
				wrong = append(wrong, place+"."+name+" is not there")
			}
		}
		for name, property := range schema.Properties {
			if one, ok := value[name]; ok {
				wrong = append(wrong, wrongValues(property.Value, one, place+"."+name)...)
			}
		}
	}
	if !isRight {
		wrong = append(wrong, fmt.Sprintf("%s is %v, of type %T", place, value, value))
	}
	return wrong
}

// An appHandler answers also what an App asks for, which the simulator does not know.
type appHandler struct{ http.Handler }

// ServeHTTP answers a request. It takes those of an App for a token, with the method
// that GitHub documents.
func (h appHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch path := strings.TrimPrefix(r.URL.Path, "/api/v3"); {
	case path == "/installation/repositories":
		fmt.Fprint(w, `{"total_count": 0, "repositories": []}`)
	case path == "/app/installations/34/access_tokens" && r.Method == http.MethodPost:
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, `{"token": "minted", "expires_at": "%s"}`, time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
	default:
		h.Handler.ServeHTTP(w, r)
	}
}

// appConfig writes a configuration that reads as an App.
func appConfig(t *testing.T, address string) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "app.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return writeConfig(t, fmt.Sprintf("github: {base_url: %s, app: {id: 12, installation_id: 34, private_key_file: %s}, repositories: ['acme/*']}\n", address, file))
}

// TestRequestsKeepTheContract checks every request that the cases cost, method,
// path, parameters and their values, with GitHub's description of its API, and the
// answers of the simulator with what we read of them.
func TestRequestsKeepTheContract(t *testing.T) {
	contract := readContract(t)
	server := serveCases(t)
	server.as(firstCollection, simulator.Faults{})
	var mutex sync.Mutex
	var exchanges []contractExchange
	inner := *server.handler.Load()
	noting := http.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := httptest.NewRecorder()
		inner.ServeHTTP(answer, r)
		mutex.Lock()
		exchanges = append(exchanges, contractExchange{httptest.NewRequestWithContext(t.Context(), r.Method, r.URL.String(), nil), answer.Code, answer.Body.Bytes()})
		mutex.Unlock()
		maps.Copy(w.Header(), answer.Header())
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes()) // the client sees that it is cut short
	}))
	server.handler.Store(&noting)
	config := server.config(t)
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	text = []byte(strings.Replace(string(text), "github:\n", "github:\n"+contractSettings, 1))
	if err := os.WriteFile(config, text, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, now := range []int{1, 2} { // what a second run asks differs
		if now == 2 {
			late := simulator.Handler(server.organization, simulator.ServerOptions{RateLimit: -1})
			inner = late
		}
		if err := server.collect(t, config, -1); err != nil {
			t.Fatal(err)
		}
	}
	inner = simulator.Handler(server.organization, simulator.ServerOptions{Now: func() time.Time { return secondCollection }})
	runDorado(t, "doctor", "--config", config)
	inner = appHandler{inner}
	runDorado(t, "doctor", "--config", appConfig(t, server.address))
	asked, wrong := map[string]int{}, map[string]int{}
	for _, one := range exchanges {
		template := contract.check(t, one.request)
		asked[template]++
		for _, text := range contract.wrongs(t, template, one) {
			if text = template + ": " + text; !simulatorLeavesOut.MatchString(text) {
				wrong[text]++
			}
		}
	}
	for _, text := range slices.Sorted(maps.Keys(wrong)) {
		t.Errorf("%d times %s", wrong[text], text)
	}
	for _, template := range []string{
		"/orgs/{org}/repos", "/orgs/{org}/teams", "/orgs/{org}/teams/{team_slug}/repos",
		"/repos/{owner}/{repo}/deployments", "/repos/{owner}/{repo}/deployments/{deployment_id}/statuses", "/repos/{owner}/{repo}/environments",
		"/repos/{owner}/{repo}/releases", "/repos/{owner}/{repo}/tags", "/repos/{owner}/{repo}/commits", "/repos/{owner}/{repo}/commits/{ref}",
		"/repos/{owner}/{repo}/compare/{basehead}", "/repos/{owner}/{repo}/pulls", "/repos/{owner}/{repo}/pulls/{pull_number}/commits",
		"/repos/{owner}/{repo}/actions/runs", "/repos/{owner}/{repo}/actions/runs/{run_id}/attempts/{attempt_number}",
		"/repos/{owner}/{repo}/actions/runs/{run_id}/jobs", "/repos/{owner}/{repo}/issues", "/repos/{owner}/{repo}/issues/{issue_number}/timeline",
		"/repos/{owner}/{repo}/contents/{path}", "/user", "/rate_limit",
		"/app/installations/{id}/access_tokens", "/installation/repositories",
	} {
		if asked[template] == 0 {
			t.Errorf("nothing asked for %s, so that it was not checked", template)
		}
	}
	t.Logf("checked %d requests for %d paths", len(exchanges), len(asked))
}
