package pagerduty

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"dorado/collectors/replay"
	"dorado/collectors/simulator"
	"dorado/collectors/transport"
)

// A contract holds requests to the description that an API has of itself.
type contract struct {
	t      *testing.T
	router routers.Router
	next   http.RoundTripper

	mutex sync.Mutex
	paths map[string]int // how often each path of the description was asked for
}

// RoundTrip checks the request and sends it.
func (c *contract) RoundTrip(request *http.Request) (*http.Response, error) {
	asked := request.Clone(request.Context())
	asked.URL = &url.URL{Scheme: "https", Host: "api.pagerduty.com", Path: strings.TrimPrefix(request.URL.Path, "/pagerduty"), RawQuery: request.URL.RawQuery}
	asked.Host = asked.URL.Host
	if request.Body != nil {
		body, err := io.ReadAll(request.Body)
		if err != nil {
			return nil, err
		}
		request.Body, asked.Body = io.NopCloser(bytes.NewReader(body)), io.NopCloser(bytes.NewReader(body))
	}
	route, parameters, err := c.router.FindRoute(asked)
	if err != nil {
		c.t.Errorf("%s %s is not described: %v", asked.Method, asked.URL, err)
		return c.next.RoundTrip(request)
	}
	err = openapi3filter.ValidateRequest(asked.Context(), &openapi3filter.RequestValidationInput{
		Request: asked, PathParams: parameters, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, MultiError: true},
	})
	if err != nil {
		c.t.Errorf("%s %s: %v", asked.Method, asked.URL, err)
	}
	for name := range asked.URL.Query() {
		if !describes(route, name) {
			c.t.Errorf("%s %s: the description has no parameter %s", asked.Method, asked.URL, name)
		}
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.paths[asked.Method+" "+route.Path]++
	return c.next.RoundTrip(request)
}

// describes reports whether a route has a query parameter.
func describes(route *routers.Route, name string) bool {
	return route.Operation.Parameters.GetByInAndName(openapi3.ParameterInQuery, name) != nil ||
		route.PathItem.Parameters.GetByInAndName(openapi3.ParameterInQuery, name) != nil
}

// TestRequestsAreAsPagerDutyDescribesThem sends every request that the collectors
// have to a simulated account, and holds each to PagerDuty's own OpenAPI
// description.
func TestRequestsAreAsPagerDutyDescribesThem(t *testing.T) {
	description, err := openapi3.NewLoader().LoadFromFile(filepath.Join(replay.Folder(t), "contracts", "pagerduty.slim.json"))
	if err != nil {
		t.Fatal(err)
	}
	// Two parameters have, for a pattern, the words YYYY-MM-DDThh:mm:ssZ, which no
	// time matches.
	for _, item := range description.Paths.Map() {
		for _, operation := range item.Operations() {
			for _, parameter := range operation.Parameters {
				if schema := parameter.Value.Schema; schema != nil && strings.HasPrefix(schema.Value.Pattern, "YYYY") {
					schema.Value.Pattern = ""
				}
			}
		}
	}
	router, err := gorillamux.NewRouter(description)
	if err != nil {
		t.Fatal(err)
	}
	organization := simulator.New(simulator.Options{Seed: 1, Services: 6, Days: 60})
	server := httptest.NewServer(simulator.Handler(organization, simulator.ServerOptions{RateLimit: -1}))
	t.Cleanup(server.Close)
	checked := &contract{t: t, router: router, next: http.DefaultTransport, paths: map[string]int{}}
	host := strings.TrimPrefix(server.URL, "http://")
	options := clientOptions(host, "token", &transport.Usage{}, nil)
	options.Next = checked
	config := Config{BaseURL: server.URL + "/pagerduty", Since: organization.Start, StoreNotes: true}
	store := newMemory()
	for _, now := range []time.Time{organization.End, organization.End.AddDate(0, 0, 1)} {
		if err := run(t, config, transport.New(options), now, store); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("requests by path: %v", checked.paths)
	for _, path := range []string{
		"GET /services", "GET /teams", "GET /escalation_policies", "GET /priorities", "GET /users", "GET /business_services",
		"GET /service_dependencies/technical_services/{id}", "GET /maintenance_windows", "GET /incidents", "GET /incidents/{id}",
		"GET /log_entries", "GET /incidents/{id}/notes", "GET /change_events", "GET /incidents/{id}/related_change_events",
		"POST /analytics/raw/incidents", "POST /analytics/metrics/incidents/services",
	} {
		if checked.paths[path] == 0 {
			t.Errorf("no request to %s was checked", path)
		}
	}
}
