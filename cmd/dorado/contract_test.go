package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"dorado/collectors/replay"
	"dorado/collectors/simulator"
)

// notDescribed are the paths we ask for that the description, which is cut down to
// some, leaves out.
// contractSettings are added to the configuration.
const contractSettings = "  api: rest\n"

var notDescribed = []string{"/repos/{owner}/{repo}/contents/{path}"}

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

// TestRequestsKeepTheContract checks every request that the cases cost, method,
// path, parameters and their values, with GitHub's description of its API.
func TestRequestsKeepTheContract(t *testing.T) {
	contract := readContract(t)
	server := serveCases(t)
	server.as(firstCollection, simulator.Faults{})
	var mutex sync.Mutex
	var requests []*http.Request
	inner := *server.handler.Load()
	noting := http.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mutex.Lock()
		requests = append(requests, httptest.NewRequestWithContext(t.Context(), r.Method, r.URL.String(), nil))
		mutex.Unlock()
		inner.ServeHTTP(w, r)
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
	asked := map[string]int{}
	for _, request := range requests {
		asked[contract.check(t, request)]++
	}
	for _, template := range []string{
		"/orgs/{org}/repos", "/orgs/{org}/teams", "/orgs/{org}/teams/{team_slug}/repos",
		"/repos/{owner}/{repo}/deployments", "/repos/{owner}/{repo}/deployments/{deployment_id}/statuses", "/repos/{owner}/{repo}/environments",
		"/repos/{owner}/{repo}/releases", "/repos/{owner}/{repo}/tags", "/repos/{owner}/{repo}/commits", "/repos/{owner}/{repo}/commits/{ref}",
		"/repos/{owner}/{repo}/compare/{basehead}", "/repos/{owner}/{repo}/pulls", "/repos/{owner}/{repo}/pulls/{pull_number}/commits",
		"/repos/{owner}/{repo}/actions/runs", "/repos/{owner}/{repo}/actions/runs/{run_id}/attempts/{attempt_number}",
		"/repos/{owner}/{repo}/actions/runs/{run_id}/jobs", "/repos/{owner}/{repo}/issues", "/repos/{owner}/{repo}/issues/{issue_number}/timeline",
		"/repos/{owner}/{repo}/contents/{path}",
	} {
		if asked[template] == 0 {
			t.Errorf("nothing asked for %s, so that it was not checked", template)
		}
	}
	t.Logf("checked %d requests for %d paths", len(requests), len(asked))
}
