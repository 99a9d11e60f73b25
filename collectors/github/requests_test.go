package github_test

import (
	"net/http/httptest"
	"testing"
	"time"

	"dorado/collectors/github"
	"dorado/collectors/simulator"
)

// TestRequestsOfNights holds what a night and a run with nothing new send to a small
// organisation: by GraphQL no request of REST, reviews included; by REST two lists of
// each repository that have not changed, and what BenchmarkRequests says for the rest.
func TestRequestsOfNights(t *testing.T) {
	const repositories = 25
	organization := simulator.NewLoad(simulator.LoadOptions{Seed: 1, Repositories: repositories, Days: 20, Deployments: 10, PullRequests: 25})
	for road, want := range map[string]struct{ night, nightCounted, idle int64 }{
		"graphql": {night: 20, idle: 1},
		// 25 merged pull requests, 10 deployments and as many that they took the
		// place of, four lists of each repository, and a few authors
		"rest": {night: 190, nightCounted: 150, idle: 1 + 2*repositories},
	} {
		t.Run(road, func(t *testing.T) {
			now := organization.End.AddDate(0, 0, -1)
			server := httptest.NewServer(simulator.Handler(organization, simulator.ServerOptions{RateLimit: -1, Now: func() time.Time { return now }}))
			defer server.Close()
			store := openStore(t)
			run := func() *github.Usage {
				return collect(t, store, organization, server.URL, func(config *github.Config) { config.API = road })
			}
			counted := func(usage *github.Usage) int64 {
				return usage.Requests.Load() - usage.Queries.Load() - usage.NotModified.Load()
			}
			run()
			now = organization.End
			if night := run(); night.Requests.Load() > want.night || counted(night) > want.nightCounted {
				t.Errorf("a night sent %d requests, of which %d count, want %d and %d at most", night.Requests.Load(), counted(night), want.night, want.nightCounted)
			}
			if idle := run(); idle.Requests.Load() != want.idle || counted(idle) != 0 {
				t.Errorf("a run with nothing new sent %d requests, of which %d count, want %d and none", idle.Requests.Load(), counted(idle), want.idle)
			}
		})
	}
}
