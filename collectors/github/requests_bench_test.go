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

// BenchmarkRequests counts what reading it takes by either road: the nightly run after
// a day, one that finds nothing new, and the first run of all, which is measured on 25
// repositories with their share of two years, by REST of 73 days, and multiplied. For
// each it prints the requests that were sent, those that count against the quota of
// REST, the points of GraphQL, and the least that could do: see least.
func BenchmarkRequests(b *testing.B) {
	organization := simulator.NewLoad(simulator.LoadOptions{Seed: 1, Repositories: manyRepositories, Days: 30, Deployments: deploymentsADay, PullRequests: mergedADay})
	for _, road := range []string{"graphql", "rest"} {
		b.Run(road+"/nights", func(b *testing.B) {
			for b.Loop() {
				measureNights(b, organization, road)
			}
		})
	}
	b.Run("graphql/backfill", func(b *testing.B) {
		for b.Loop() {
			measureBackfill(b, "graphql", 730)
		}
	})
	b.Run("rest/backfill", func(b *testing.B) {
		for b.Loop() {
			measureBackfill(b, "rest", 73)
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
	report(b, "night", collect(b, store, organization, server.URL, set), 1, least(road, 1))
	now = now.Add(time.Second)
	report(b, "idle", collect(b, store, organization, server.URL, set), 1, least(road, 0))
}

// measureBackfill collects a share of the repositories and of two years.
func measureBackfill(b *testing.B, road string, days int) {
	const share = manyRepositories / repositoriesAt1
	organization := simulator.NewLoad(simulator.LoadOptions{Seed: 1, Repositories: repositoriesAt1, Days: days, Deployments: deploymentsADay / share, PullRequests: mergedADay / share})
	server := httptest.NewServer(simulator.Handler(organization, simulator.ServerOptions{RateLimit: -1}))
	defer server.Close()
	usage := collect(b, openStore(b), organization, server.URL, func(config *github.Config) { config.API = road })
	report(b, "2years", usage, share*730/days, least(road, 730))
}

// report prints what a run took, times times.
func report(b *testing.B, run string, usage *github.Usage, times, least int) {
	sent, queries := usage.Requests.Load(), usage.Queries.Load()
	for name, value := range map[string]int64{
		"sent": sent, "counted": sent - queries - usage.NotModified.Load(), "points": usage.Points.Load(),
	} {
		b.ReportMetric(float64(int64(times)*value), name+"/"+run)
	}
	b.ReportMetric(float64(least), "least/"+run)
}

// least returns with how few requests all that is new after some days could be read:
// by REST the repositories as a list, and each deployment's statuses and each merged
// pull request's timeline; by GraphQL 25 repositories at once, and of what is new, two
// commits for each pull request among it, 100 at once. Of two years by GraphQL it is the
// points: one for 149 lists of statuses or items of a timeline.
func least(road string, days int) int {
	lists := days * (deploymentsADay + mergedADay)
	switch {
	case road == "rest":
		return manyRepositories/recordsAt1 + lists
	case days > 1:
		return lists / 149
	}
	return manyRepositories/repositoriesAt1 + (lists+2*days*mergedADay)/recordsAt1
}
