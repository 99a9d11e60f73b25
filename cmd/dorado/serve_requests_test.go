package main

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"dorado/collectors/simulator"
	"dorado/server"
	"dorado/server/wire"
)

// A sayingServer serves an organisation, and says what is left of its quotas.
type sayingServer struct {
	handler http.Handler
	mutex   sync.Mutex
	said    map[string]string // by the metric that tells it; nil: it says nothing
}

// ServeHTTP says the same of a quota each time: answers to requests that were sent
// together come in any order.
func (s *sayingServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	metric, header, left := `dorado_source_requests_left{source="GitHub"}`, "X-RateLimit-Remaining", "4321"
	switch {
	case strings.HasPrefix(r.URL.Path, "/pagerduty/"):
		metric, header, left = `dorado_source_requests_left{source="PagerDuty"}`, "Ratelimit-Remaining", "951"
	case strings.HasSuffix(r.URL.Path, "/graphql"):
		metric, left = `dorado_source_points_left{source="GitHub"}`, "4242"
	}
	s.mutex.Lock()
	if s.said != nil {
		s.said[metric] = left
		w.Header().Set(header, left)
	}
	s.mutex.Unlock()
	s.handler.ServeHTTP(w, r)
}

// TestServeTellsRequests collects twice, by each road: of each source /metrics has how
// many requests the last run sent, what its answers said is left of the quotas that
// it used, and nothing of those that it did not.
func TestServeTellsRequests(t *testing.T) {
	t.Parallel()
	organization := simulator.New(simulator.Options{Seed: 5, Services: 2, Days: 8})
	for _, test := range []struct {
		name      string
		api       string
		isLimited bool
		said      []string // the metrics that tell what is left
	}{
		{"rest", "rest", true, []string{`dorado_source_requests_left{source="GitHub"}`, `dorado_source_requests_left{source="PagerDuty"}`}},
		{"graphql", "graphql", true, []string{`dorado_source_points_left{source="GitHub"}`, `dorado_source_requests_left{source="PagerDuty"}`}},
		{"no limit", "auto", false, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			saying := &sayingServer{handler: simulator.Handler(organization, simulator.ServerOptions{RateLimit: -1})}
			config := simulatedConfig(t, organization, serveHandler(t, saying), "api: "+test.api)
			token, hash := server.NewToken()
			text, err := os.ReadFile(config)
			if err != nil {
				t.Fatal(err)
			}
			text = append(text, "\nserver: {tokens: [{name: prometheus, hash: '"+hash+"', scopes: [admin]}]}\n"...)
			if err := os.WriteFile(config, text, 0o600); err != nil {
				t.Fatal(err)
			}
			printed := ""
			for range 2 {
				if test.isLimited {
					saying.said = map[string]string{}
				}
				printed = runDorado(t, "collect", "--config", config)
			}
			want := []string{}
			for _, asked := range regexp.MustCompile(`(?m)^asked +(\w+): (\d+) requests`).FindAllStringSubmatch(printed, -1) {
				want = append(want, fmt.Sprintf("dorado_source_last_requests{source=%q} %s", asked[1], asked[2]))
			}
			for metric, left := range saying.said {
				want = append(want, metric+" "+left)
			}
			if got := slices.Sorted(maps.Keys(saying.said)); !slices.Equal(got, test.said) || len(want) != 2+len(got) {
				t.Fatalf("the answers said %q, want %q, and collect prints\n%s", got, test.said, printed)
			}
			runDorado(t, "build", "--config", config)
			served, log := serveUntilEnd(t, config)
			request, err := http.NewRequest(http.MethodGet, served+wire.PathTelemetry, nil)
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Authorization", "Bearer "+token)
			status, metrics := ask(t, request)
			got := regexp.MustCompile(`(?m)^dorado_source_.*`).FindAllString(metrics, -1)
			slices.Sort(want)
			slices.Sort(got)
			if status != http.StatusOK || !slices.Equal(got, want) {
				t.Errorf("%d: /metrics has\n%s\nwant\n%s\n%s", status, strings.Join(got, "\n"), strings.Join(want, "\n"), log)
			}
		})
	}
}
