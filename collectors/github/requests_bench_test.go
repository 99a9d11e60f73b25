package github_test

import (
	"net/http/httptest"
	"testing"
	"time"

	"dorado/collectors/github"
	"dorado/collectors/simulator"
)

// The organisation whose requests are counted has 500 repositories, 200
// deployments and 500 merged pull requests a day.
const (
	manyRepositories = 500
	deploymentsADay  = 200
	mergedADay       = 500
	repositoriesAt1  = 25 // what one overview tells of
	recordsAt1       = 100
)

// BenchmarkRequests counts the requests and points of reading it: the nightly run
// after a day, and one that finds nothing new; and the first run of all, which is
// measured on 25 repositories with their share of two years and multiplied. The
// minimum is one request for 25 repositories, and one for each 100 new records.
// REST is let go on where GraphQL was.
func BenchmarkRequests(b *testing.B) {
	organization := simulator.NewLoad(simulator.LoadOptions{Seed: 1, Repositories: manyRepositories, Days: 30, Deployments: deploymentsADay, PullRequests: mergedADay})
	for _, road := range []string{"graphql", "rest"} {
		b.Run(road, func(b *testing.B) {
			for b.Loop() {
				measureNights(b, organization, road)
			}
		})
	}
	b.Run("backfill", func(b *testing.B) {
		const share = manyRepositories / repositoriesAt1
		organization := simulator.NewLoad(simulator.LoadOptions{Seed: 1, Repositories: repositoriesAt1, Days: 730, Deployments: deploymentsADay / share, PullRequests: mergedADay / share})
		for b.Loop() {
			server := httptest.NewServer(simulator.Handler(organization, simulator.ServerOptions{RateLimit: -1}))
			usage := collect(b, openStore(b), organization, server.URL)
			server.Close()
			queries := usage.Queries.Load()
			b.ReportMetric(float64(share*queries), "queries/2years")
			b.ReportMetric(float64(share*usage.Points.Load()), "points/2years")
			b.ReportMetric(float64(share*(usage.Requests.Load()-queries)), "REST-requests/2years")
		}
	})
}

// measureNights collects 29 days by GraphQL, the 30th by a road, and nothing.
func measureNights(b *testing.B, organization *simulator.Organization, road string) {
	now := organization.End.AddDate(0, 0, -1)
	server := httptest.NewServer(simulator.Handler(organization, simulator.ServerOptions{RateLimit: -1, Now: func() time.Time { return now }}))
	defer server.Close()
	store := openStore(b)
	collect(b, store, organization, server.URL)
	set := func(config *github.Config) { config.API = road }
	collect(b, store, organization, server.URL, set) // so that REST has its ETags
	now = organization.End
	night := collect(b, store, organization, server.URL, set)
	now = now.Add(time.Second)
	idle := collect(b, store, organization, server.URL, set)
	b.ReportMetric(float64(night.Requests.Load()), "requests/night")
	b.ReportMetric(float64(night.Points.Load()), "points/night")
	b.ReportMetric(float64(idle.Requests.Load()), "requests/idle")
	b.ReportMetric(float64(idle.Requests.Load()-idle.NotModified.Load()), "counted/idle")
	b.ReportMetric(manyRepositories/repositoriesAt1+float64(deploymentsADay+mergedADay+2*mergedADay)/recordsAt1, "requests/minimum")
}
