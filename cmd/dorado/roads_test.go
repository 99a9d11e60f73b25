package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dorado/collectors/simulator"
)

// serveSimulated serves an organisation until the test ends, and returns the
// address. What its options leave out is as of a server without a rate limit.
func serveSimulated(t *testing.T, organization *simulator.Organization, options simulator.ServerOptions) string {
	t.Helper()
	if options.RateLimit == 0 {
		options.RateLimit = -1
	}
	return serveHandler(t, simulator.Handler(organization, options))
}

// serveHandler serves until the test ends.
func serveHandler(t *testing.T, handler http.Handler) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

// simulatedConfig writes a configuration that reads an organisation from address
// and returns its file. more is added to what is said of GitHub.
func simulatedConfig(t *testing.T, organization *simulator.Organization, address string, more ...string) string {
	t.Helper()
	text, err := demoConfig(organization, address)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Replace(string(text), "github:\n", "github:\n  "+strings.Join(append(more, ""), "\n  "), 1)
	lines = strings.Replace(lines, "    base_url", "  base_url", 1)
	file := filepath.Join(t.TempDir(), "dorado.yaml")
	if err := os.WriteFile(file, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// collectAndPrint collects and builds, and returns the prints of all tables.
func collectAndPrint(t *testing.T, config string, asOf time.Time) map[string]string {
	t.Helper()
	runDorado(t, "collect", "--config", config)
	runDorado(t, "build", "--config", config, "--as-of", asOf.Format(time.RFC3339))
	return fingerprint(t, config)
}

// TestSimulatedRoads collects one organisation by REST and in several ways by
// GraphQL: all must end in the same rows, from the raw store to the marts.
func TestSimulatedRoads(t *testing.T) {
	t.Parallel()
	organization := smallOrganization()
	want := collectAndPrint(t, simulatedConfig(t, organization, serveSimulated(t, organization, simulator.ServerOptions{RESTOnly: true})), organization.End)
	for _, table := range []string{"raw.github_pull_request_commits", "raw.github_pull_request_events", "raw.github_reviews"} {
		if count := strings.Fields(want[table])[0]; len(count) < 3 {
			t.Errorf("there are only %s rows in %s to compare", count, table)
		}
	}
	t.Run("api: graphql", func(t *testing.T) {
		config := simulatedConfig(t, organization, serveSimulated(t, organization, simulator.ServerOptions{}), "api: graphql")
		samePrints(t, collectAndPrint(t, config, organization.End), want)
		samePrints(t, collectAndPrint(t, config, organization.End), want) // again
	})
	t.Run("api: auto", func(t *testing.T) {
		_, prints := collectedSimulated(t) // and again: TestSimulatedCollections
		samePrints(t, prints, want)
	})
	for _, roads := range [][]string{{"graphql", "graphql", "graphql"}, {"rest", "graphql", "rest"}} {
		t.Run("in three steps by "+strings.Join(roads, ", "), func(t *testing.T) {
			now := organization.Start.Add(organization.End.Sub(organization.Start) * 3 / 10)
			address := serveSimulated(t, organization, simulator.ServerOptions{Now: func() time.Time { return now }})
			config := simulatedConfig(t, organization, address, "api: "+roads[0])
			for i, road := range roads {
				setRoad(t, config, roads[max(i-1, 0)], road)
				if i == len(roads)-1 {
					now = organization.End
				}
				runDorado(t, "collect", "--config", config)
				now = now.AddDate(0, 0, 13).Add(7 * time.Hour)
			}
			now = organization.End
			// The raw store may lack that an old deployment went inactive, which
			// changes no number.
			samePrints(t, published(collectAndPrint(t, config, organization.End)), published(want))
		})
	}
}

// setRoad changes the API that a configuration asks.
func setRoad(t *testing.T, config, from, to string) {
	t.Helper()
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(config, []byte(strings.Replace(string(text), "api: "+from, "api: "+to, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestSimulatedRoadWithFaults collects by GraphQL from a server that fails, cuts
// answers off, limits and can only answer small queries.
func TestSimulatedRoadWithFaults(t *testing.T) {
	t.Parallel()
	organization := simulator.New(simulator.Options{Seed: 4, Services: 6, Days: 60})
	want := collectAndPrint(t, simulatedConfig(t, organization, serveSimulated(t, organization, simulator.ServerOptions{RESTOnly: true})), organization.End)
	for name, faults := range map[string]simulator.Faults{
		"fails and cuts off": {Seed: 1, FailRate: 0.1, TruncateRate: 0.1},
		"limits":             {SecondaryEvery: 29, IsForgiving: true},
		"answers little":     {MaxNodes: 700},
	} {
		t.Run(name, func(t *testing.T) {
			config := simulatedConfig(t, organization, serveSimulated(t, organization, simulator.ServerOptions{Faults: faults}), "api: graphql")
			samePrints(t, collectAndPrint(t, config, organization.End), want)
		})
	}
}

// TestSimulatedBudget collects with few requests a run until nothing is left.
func TestSimulatedBudget(t *testing.T) {
	t.Parallel()
	organization := simulator.New(simulator.Options{Seed: 5, Services: 6, Days: 60})
	want := collectAndPrint(t, simulatedConfig(t, organization, serveSimulated(t, organization, simulator.ServerOptions{RESTOnly: true})), organization.End)
	for _, road := range []string{"graphql", "rest"} {
		t.Run(road, func(t *testing.T) {
			config := simulatedConfig(t, organization, serveSimulated(t, organization, simulator.ServerOptions{}), "api: "+road, "max_requests_per_run: 300")
			stopped := 0
			for {
				got := dorado(t, "", "collect", "--config", config)
				isStopped := strings.Contains(got.stdout, "stopped at github.max_requests_per_run (300)")
				if warned := strings.Count(got.stderr, `level=WARN msg="stopped at github.max_requests_per_run`); got.code != 0 || warned > 1 || (warned == 1) != isStopped {
					t.Fatalf("a run that stopped (%t) warned %d times:\n%s", isStopped, warned, got.stderr)
				}
				if !isStopped {
					break
				}
				if stopped++; stopped > 100 {
					t.Fatalf("the run after %d that stopped is not the last:\n%s", stopped, got.stdout)
				}
			}
			if road == "rest" && stopped == 0 {
				t.Error("no run stopped")
			}
			samePrints(t, collectAndPrint(t, config, organization.End), want)
			t.Log(fmt.Sprint(stopped, " runs stopped"))
		})
	}
}
