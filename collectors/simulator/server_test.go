package simulator

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-github/v60/github"
)

// small is an organisation with each way to deploy.
func small() *Organization { return New(Options{Seed: 1, Services: 6, Days: 60}) }

// serve serves an organisation until the test ends and returns its address.
func serve(t *testing.T, organization *Organization, options ServerOptions) string {
	t.Helper()
	server := httptest.NewServer(Handler(organization, options))
	t.Cleanup(server.Close)
	return server.URL
}

// client returns a client of the server at an address, as of a GitHub Enterprise
// Server.
func client(t *testing.T, address, token string) *github.Client {
	t.Helper()
	client := github.NewClient(nil)
	if token != "" {
		client = client.WithAuthToken(token)
	}
	client, err := client.WithEnterpriseURLs(address, address)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// get asks for a path and returns the answer with its body.
func get(t *testing.T, address string, header http.Header) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header = header
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

// everything reads all pages of a list.
func everything[T any](t *testing.T, list func(ctx context.Context, options github.ListOptions) ([]T, *github.Response, error)) []T {
	t.Helper()
	var all []T
	for page := 1; page != 0; {
		items, response, err := list(t.Context(), github.ListOptions{PerPage: 100, Page: page})
		if err != nil {
			t.Fatal(err)
		}
		all, page = append(all, items...), response.NextPage
	}
	return all
}

// TestListsGiveAll reads every list of every repository with GitHub's own types
// and compares what comes out with the organisation.
func TestListsGiveAll(t *testing.T) {
	organization := small()
	client := client(t, serve(t, organization, ServerOptions{RateLimit: 1 << 20}), "")
	repositories := everything(t, func(ctx context.Context, options github.ListOptions) ([]*github.Repository, *github.Response, error) {
		return client.Repositories.ListByOrg(ctx, "acme", &github.RepositoryListByOrgOptions{ListOptions: options})
	})
	if len(repositories) != len(organization.Repositories) {
		t.Fatalf("%d repositories listed, want %d", len(repositories), len(organization.Repositories))
	}
	for _, want := range organization.Repositories {
		if len(want.Commits) == 0 {
			continue
		}
		name := strings.TrimPrefix(want.FullName, "acme/")
		got, _, err := client.Repositories.Get(t.Context(), "acme", name)
		if err != nil {
			t.Fatal(err)
		}
		if got.GetID() != want.ID || got.GetFullName() != want.FullName || got.GetDefaultBranch() != "main" || !got.GetCreatedAt().Equal(github.Timestamp{Time: want.CreatedAt}) {
			t.Errorf("%s: got %v", name, got)
		}

		deployments := everything(t, func(ctx context.Context, options github.ListOptions) ([]*github.Deployment, *github.Response, error) {
			return client.Repositories.ListDeployments(ctx, "acme", name, &github.DeploymentsListOptions{ListOptions: options})
		})
		if len(deployments) != len(want.Deployments) {
			t.Errorf("%s: %d deployments listed, want %d", name, len(deployments), len(want.Deployments))
		}
		for i, deployment := range deployments {
			want := want.Deployments[len(deployments)-1-i]
			if deployment.GetID() != want.ID || deployment.GetSHA() != want.SHA || deployment.GetEnvironment() != want.Environment || !deployment.GetCreatedAt().Time.Equal(want.CreatedAt) {
				t.Errorf("%s: deployment %d is %v", name, want.ID, deployment)
			}
		}
		if len(want.Deployments) > 0 {
			first := want.Deployments[0]
			statuses := everything(t, func(ctx context.Context, options github.ListOptions) ([]*github.DeploymentStatus, *github.Response, error) {
				return client.Repositories.ListDeploymentStatuses(ctx, "acme", name, first.ID, &options)
			})
			if len(statuses) != len(first.Statuses) {
				t.Fatalf("%s: %d statuses listed, want %d", name, len(statuses), len(first.Statuses))
			}
			for i, status := range slices.Backward(statuses) {
				want := first.Statuses[len(statuses)-1-i]
				if status.GetState() != want.State || !status.GetCreatedAt().Time.Equal(want.At) {
					t.Errorf("%s: status %d is %v", name, want.ID, status)
				}
			}
		}

		pulls := everything(t, func(ctx context.Context, options github.ListOptions) ([]*github.PullRequest, *github.Response, error) {
			return client.PullRequests.List(ctx, "acme", name, &github.PullRequestListOptions{State: "all", Sort: "updated", Direction: "desc", ListOptions: options})
		})
		if len(pulls) != len(want.PullRequests) {
			t.Errorf("%s: %d pull requests listed, want %d", name, len(pulls), len(want.PullRequests))
		}
		if !slices.IsSortedFunc(pulls, func(a, b *github.PullRequest) int { return b.GetUpdatedAt().Compare(a.GetUpdatedAt().Time) }) {
			t.Errorf("%s: pull requests are not in the order of their updates", name)
		}
		for _, pull := range want.PullRequests {
			got, _, err := client.PullRequests.Get(t.Context(), "acme", name, pull.Number)
			if err != nil {
				t.Fatal(err)
			}
			commits := everything(t, func(ctx context.Context, options github.ListOptions) ([]*github.RepositoryCommit, *github.Response, error) {
				return client.PullRequests.ListCommits(ctx, "acme", name, pull.Number, &options)
			})
			var shas []string
			for _, commit := range commits {
				shas = append(shas, commit.GetSHA())
			}
			if got.GetTitle() != pull.Title || got.GetMerged() != pull.IsMerged() || got.GetUser().GetLogin() != pull.Author || !slices.Equal(shas, pull.Commits) ||
				got.GetHead().GetSHA() != shas[len(shas)-1] || got.GetCommits() != len(shas) {
				t.Errorf("%s: pull request %d is %v with commits %v", name, pull.Number, got, shas)
			}
		}

		releases := everything(t, func(ctx context.Context, options github.ListOptions) ([]*github.RepositoryRelease, *github.Response, error) {
			return client.Repositories.ListReleases(ctx, "acme", name, &options)
		})
		tags := everything(t, func(ctx context.Context, options github.ListOptions) ([]*github.RepositoryTag, *github.Response, error) {
			return client.Repositories.ListTags(ctx, "acme", name, &options)
		})
		if len(releases) != len(want.Releases) || len(tags) != len(want.Tags) {
			t.Errorf("%s: %d releases and %d tags listed, want %d and %d", name, len(releases), len(tags), len(want.Releases), len(want.Tags))
		}

		commits := everything(t, func(ctx context.Context, options github.ListOptions) ([]*github.RepositoryCommit, *github.Response, error) {
			return client.Repositories.ListCommits(ctx, "acme", name, &github.CommitsListOptions{ListOptions: options})
		})
		seen := map[string]bool{}
		for _, commit := range slices.Backward(commits) {
			for _, parent := range commit.Parents {
				if !seen[parent.GetSHA()] {
					t.Errorf("%s: %s is listed above its child", name, parent.GetSHA())
				}
			}
			seen[commit.GetSHA()] = true
		}
		branch, _, err := client.Repositories.GetBranch(t.Context(), "acme", name, "main", 0)
		if err != nil {
			t.Fatal(err)
		}
		if branch.GetCommit().GetSHA() != commits[0].GetSHA() {
			t.Errorf("%s: main is at %s, and the newest commit is %s", name, branch.GetCommit().GetSHA(), commits[0].GetSHA())
		}
	}
}

func TestPaging(t *testing.T) {
	address := serve(t, New(Options{Seed: 1, Services: 1}), ServerOptions{}) // more than 100 commits
	for _, test := range []struct {
		query string
		items int
		links []string
	}{
		{"", 30, []string{`page=2>; rel="next"`, `rel="last"`}},
		{"?per_page=7&page=2", 7, []string{`page=1&per_page=7>; rel="prev"`, `page=3&per_page=7>; rel="next"`, `rel="last"`, `page=1&per_page=7>; rel="first"`}},
		{"?per_page=1000", 100, []string{`page=2&per_page=1000>; rel="next"`, `rel="last"`}},
		{"?page=999", 0, []string{`rel="prev"`, `rel="first"`}},
	} {
		response, body := get(t, address+"/api/v3/repos/acme/checkout/commits"+test.query, nil)
		var items []struct{ SHA string }
		if err := json.Unmarshal([]byte(body), &items); err != nil {
			t.Fatal(err)
		}
		links := strings.Split(response.Header.Get("Link"), ", ")
		if len(items) != test.items || len(links) != len(test.links) {
			t.Fatalf("%q: %d items and the links %v, want %d and %v", test.query, len(items), links, test.items, test.links)
		}
		for i, link := range links {
			if !strings.HasSuffix(link, test.links[i]) || !strings.HasPrefix(link, "<"+address+"/api/v3/repositories/5001/commits?") {
				t.Errorf("%q: link %s, want one that ends with %s", test.query, link, test.links[i])
			}
		}
	}
	// A link can be followed.
	response, first := get(t, address+"/repos/acme/checkout/commits", nil)
	next := strings.TrimPrefix(strings.Split(response.Header.Get("Link"), ">")[0], "<")
	if _, second := get(t, next, nil); second == first || !strings.HasPrefix(second, `[{"sha":`) {
		t.Errorf("%s gives %.100s", next, second)
	}
}

func TestConditionalRequestsAreFree(t *testing.T) {
	address := serve(t, small(), ServerOptions{})
	first, _ := get(t, address+"/repos/acme/checkout/tags", nil)
	tag := first.Header.Get("ETag")
	if !strings.HasPrefix(tag, `W/"`) || first.Header.Get("X-RateLimit-Used") != "1" {
		t.Fatalf("ETag %s after %s requests", tag, first.Header.Get("X-RateLimit-Used"))
	}
	second, body := get(t, address+"/repos/acme/checkout/tags", http.Header{"If-None-Match": {tag}})
	if second.StatusCode != http.StatusNotModified || body != "" || second.Header.Get("X-RateLimit-Used") != "1" {
		t.Errorf("status %d with %q after %s requests, want 304 without a body after 1", second.StatusCode, body, second.Header.Get("X-RateLimit-Used"))
	}
	third, _ := get(t, address+"/repos/acme/checkout/commits", http.Header{"If-None-Match": {tag}})
	if third.StatusCode != http.StatusOK {
		t.Errorf("status %d for another list, want 200", third.StatusCode)
	}
}

func TestErrors(t *testing.T) {
	address := serve(t, small(), ServerOptions{Token: "right"})
	for _, test := range []struct {
		path, token string
		status      int
		message     string
	}{
		{"/repos/acme/checkout", "right", 200, ""},
		{"/repos/ACME/Checkout", "right", 200, ""},
		{"/repos/acme/checkout", "", 401, "Requires authentication"},
		{"/repos/acme/checkout", "wrong", 401, "Bad credentials"},
		{"/repos/acme/nothing", "right", 404, "Not Found"},
		{"/repos/acme/checkout/nothing", "right", 404, "Not Found"},
		{"/nothing", "right", 404, "Not Found"},
		{"/orgs/nothing/repos", "right", 404, "Not Found"},
		{"/repos/acme/checkout/deployments/1", "right", 404, "Not Found"},
		{"/repos/acme/checkout/deployments/x/statuses", "right", 404, "Not Found"},
		{"/repos/acme/checkout/pulls/99999", "right", 404, "Not Found"},
		{"/repos/acme/checkout/branches/nothing", "right", 404, "Branch not found"},
		{"/repos/acme/checkout/compare/main...nothing", "right", 404, "Not Found"},
		{"/repos/acme/checkout/commits/nothing", "right", 422, "No commit found for SHA: nothing"},
		{"/repos/acme/checkout/commits?since=yesterday", "right", 422, "Validation Failed"},
		{"/repos/acme/checkout/pulls?state=merged", "right", 422, "Validation Failed"},
		{"/repos/acme/playground/commits", "right", 409, "Git Repository is empty."},
		{"/repos/acme/playground/tags", "right", 200, ""},
	} {
		header := http.Header{}
		if test.token != "" {
			header.Set("Authorization", "Bearer "+test.token)
		}
		for _, prefix := range []string{"", "/api/v3"} {
			response, body := get(t, address+prefix+test.path, header)
			if response.StatusCode != test.status {
				t.Errorf("%s%s: status %d, want %d", prefix, test.path, response.StatusCode, test.status)
			}
			var problem struct {
				Message          string
				DocumentationURL string `json:"documentation_url"`
			}
			if test.message == "" {
				continue
			}
			if err := json.Unmarshal([]byte(body), &problem); err != nil || problem.Message != test.message || problem.DocumentationURL == "" {
				t.Errorf("%s%s: %s, want the message %q", prefix, test.path, body, test.message)
			}
		}
	}
}

func TestRateLimit(t *testing.T) {
	clock := time.Now().UTC().Truncate(time.Second)
	address := serve(t, small(), ServerOptions{RateLimit: 2, Clock: func() time.Time { return clock }})
	reset := clock.Add(time.Hour)
	for range 2 {
		if _, _, err := client(t, address, "").Repositories.Get(t.Context(), "acme", "checkout"); err != nil {
			t.Fatal(err)
		}
	}
	_, _, err := client(t, address, "").Repositories.Get(t.Context(), "acme", "checkout")
	var limited *github.RateLimitError
	if !errors.As(err, &limited) || limited.Rate.Limit != 2 || limited.Rate.Remaining != 0 || !limited.Rate.Reset.Time.Equal(reset) {
		t.Fatalf("%v, want a spent quota of 2 until %s", err, reset)
	}
	limits, _, err := client(t, address, "").RateLimit.Get(t.Context())
	if err != nil || limits.Core.Remaining != 0 {
		t.Errorf("quota %v, %v; want it spent", limits, err)
	}
	clock = reset
	if _, _, err := client(t, address, "").Repositories.Get(t.Context(), "acme", "checkout"); err != nil {
		t.Errorf("after an hour: %v", err)
	}

	unlimited := serve(t, small(), ServerOptions{RateLimit: -1})
	response, _ := get(t, unlimited+"/api/v3/rate_limit", nil)
	if response.StatusCode != http.StatusNotFound || response.Header.Get("X-RateLimit-Limit") != "" {
		t.Errorf("status %d with the limit %q, want 404 without one", response.StatusCode, response.Header.Get("X-RateLimit-Limit"))
	}
}

func TestFaults(t *testing.T) {
	organization := small()
	const requests = 300
	counts := func(faults Faults) (counts map[int]int, truncated int) {
		address := serve(t, organization, ServerOptions{Faults: faults})
		counts = map[int]int{}
		for range requests {
			response, err := http.Get(address + "/repos/acme/checkout/commits")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadAll(response.Body); errors.Is(err, io.ErrUnexpectedEOF) {
				truncated++
			}
			response.Body.Close()
			counts[response.StatusCode]++
		}
		return counts, truncated
	}
	if got, truncated := counts(Faults{}); got[200] != requests || truncated != 0 {
		t.Errorf("without faults: %v, %d truncated", got, truncated)
	}
	got, truncated := counts(Faults{Seed: 1, FailRate: 0.2, TruncateRate: 0.2})
	if failed := got[500] + got[502] + got[503]; failed < 30 || failed > 90 || got[500]*got[502]*got[503] == 0 || truncated < 20 || truncated > 80 {
		t.Errorf("with two faults of 0.2: %v, %d truncated", got, truncated)
	}
	if again, truncatedAgain := counts(Faults{Seed: 1, FailRate: 0.2, TruncateRate: 0.2}); again[500] != got[500] || truncatedAgain != truncated {
		t.Errorf("the same seed spoils %v, %d truncated, and then %v, %d truncated", got, truncated, again, truncatedAgain)
	}
	if got, _ := counts(Faults{SecondaryEvery: 10}); got[403] != 15 || got[429] != 15 {
		t.Errorf("with a secondary limit every 10 requests: %v", got)
	}
}

func TestSecondaryRateLimit(t *testing.T) {
	address := serve(t, small(), ServerOptions{Faults: Faults{SecondaryEvery: 1}})
	_, _, err := client(t, address, "").Repositories.Get(t.Context(), "acme", "checkout")
	var limited *github.AbuseRateLimitError
	if !errors.As(err, &limited) || limited.RetryAfter == nil || *limited.RetryAfter != time.Second {
		t.Errorf("%v, want a secondary limit for a second", err)
	}
}

func TestSlowAnswersEndWithTheRequest(t *testing.T) {
	address := serve(t, small(), ServerOptions{Faults: Faults{Slow: time.Hour}})
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer stop()
	if _, _, err := client(t, address, "").Repositories.Get(ctx, "acme", "checkout"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v, want the deadline exceeded", err)
	}
}

// TestClock moves the organisation's clock over the life of one deployment and
// of one pull request.
func TestClock(t *testing.T) {
	organization := small()
	now := organization.End
	client := client(t, serve(t, organization, ServerOptions{Now: func() time.Time { return now }}), "")
	checkout := organization.Repositories[0]

	deployment := checkout.Deployments[slices.IndexFunc(checkout.Deployments, func(d *Deployment) bool { return len(d.Statuses) > 3 })]
	now = deployment.CreatedAt.Add(-time.Second)
	if _, response, _ := client.Repositories.GetDeployment(t.Context(), "acme", "checkout", deployment.ID); response.StatusCode != http.StatusNotFound {
		t.Errorf("before it is created a deployment gives %d", response.StatusCode)
	}
	for i, status := range deployment.Statuses {
		now = status.At
		got, _, err := client.Repositories.ListDeploymentStatuses(t.Context(), "acme", "checkout", deployment.ID, nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != i+1 || got[0].GetState() != status.State {
			t.Errorf("at %s: %v, want %d statuses, %s the newest", now, got, i+1, status.State)
		}
		shown, _, err := client.Repositories.GetDeployment(t.Context(), "acme", "checkout", deployment.ID)
		if err != nil {
			t.Fatal(err)
		}
		if !shown.GetUpdatedAt().Time.Equal(now) {
			t.Errorf("updated at %s, want %s", shown.GetUpdatedAt(), now)
		}
	}

	pull := checkout.PullRequests[slices.IndexFunc(checkout.PullRequests, (*PullRequest).IsMerged)]
	for _, test := range []struct {
		now      time.Time
		state    string
		isMerged bool
	}{
		{pull.CreatedAt, "open", false},
		{pull.ClosedAt.Add(-time.Second), "open", false},
		{*pull.ClosedAt, "closed", true},
	} {
		now = test.now
		got, _, err := client.PullRequests.Get(t.Context(), "acme", "checkout", pull.Number)
		if err != nil {
			t.Fatal(err)
		}
		branch, _, err := client.Repositories.GetBranch(t.Context(), "acme", "checkout", "main", 0)
		if err != nil {
			t.Fatal(err)
		}
		isOnMain := branch.GetCommit().GetSHA() == pull.MergeCommit
		if got.GetState() != test.state || got.GetMerged() != test.isMerged || isOnMain != test.isMerged {
			t.Errorf("at %s: %s, merged %t, on main %t; want %s, %t", now, got.GetState(), got.GetMerged(), isOnMain, test.state, test.isMerged)
		}
	}

	now = checkout.CreatedAt.Add(-time.Second)
	if _, response, _ := client.Repositories.Get(t.Context(), "acme", "checkout"); response.StatusCode != http.StatusNotFound {
		t.Errorf("before it is created a repository gives %d", response.StatusCode)
	}
}

func TestCompare(t *testing.T) {
	organization := New(Options{Seed: 1, Services: 6})
	client := client(t, serve(t, organization, ServerOptions{}), "")
	var invoices *Repository // has release branches
	for _, one := range organization.Repositories {
		if len(one.Branches) > 1 {
			invoices = one
			break
		}
	}
	name := strings.TrimPrefix(invoices.FullName, "acme/")
	release := invoices.Branches[1]
	root, fork := invoices.Commits[0].SHA, release.Heads[0].SHA
	for _, test := range []struct {
		base, head, status string
		mergeBase          string
		isAhead, isBehind  bool
	}{
		{"main", "main", "identical", invoices.Branches[0].head(organization.End), false, false},
		{root, "main", "ahead", root, true, false},
		{"main", root, "behind", root, false, true},
		{"main", release.Name, "diverged", fork, true, true},
		{fork, "acme:" + release.Name, "ahead", fork, true, false},
		{invoices.Tags[0].Name, "HEAD", "ahead", invoices.Tags[0].SHA, true, false},
	} {
		got, _, err := client.Repositories.CompareCommits(t.Context(), "acme", name, test.base, test.head, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got.GetStatus() != test.status || got.GetMergeBaseCommit().GetSHA() != test.mergeBase || got.GetAheadBy() > 0 != test.isAhead || got.GetBehindBy() > 0 != test.isBehind ||
			got.GetTotalCommits() != got.GetAheadBy() || len(got.Commits) != min(got.GetTotalCommits(), 250) {
			t.Errorf("%s...%s: %s from %s, %d ahead, %d behind, %d commits", test.base, test.head, got.GetStatus(), got.GetMergeBaseCommit().GetSHA(), got.GetAheadBy(), got.GetBehindBy(), len(got.Commits))
		}
	}

	// More than 250 commits come in pages, the oldest first.
	var total int
	commits := everything(t, func(ctx context.Context, options github.ListOptions) ([]*github.RepositoryCommit, *github.Response, error) {
		comparison, response, err := client.Repositories.CompareCommits(ctx, "acme", name, root, "main", &options)
		if err != nil {
			return nil, nil, err
		}
		total = comparison.GetTotalCommits()
		return comparison.Commits, response, nil
	})
	seen := map[string]bool{root: true}
	for _, commit := range commits {
		for _, parent := range commit.Parents {
			if !seen[parent.GetSHA()] {
				t.Errorf("%s comes before its parent", commit.GetSHA())
			}
		}
		seen[commit.GetSHA()] = true
	}
	if total <= 250 || len(commits) != total {
		t.Errorf("%d commits in pages, want %d and more than 250", len(commits), total)
	}
}

func TestCommitsAreFiltered(t *testing.T) {
	organization := small()
	client := client(t, serve(t, organization, ServerOptions{}), "")
	since, until := organization.End.AddDate(0, 0, -20), organization.End.AddDate(0, 0, -10)
	commits := everything(t, func(ctx context.Context, options github.ListOptions) ([]*github.RepositoryCommit, *github.Response, error) {
		return client.Repositories.ListCommits(ctx, "acme", "checkout", &github.CommitsListOptions{Since: since, Until: until, ListOptions: options})
	})
	want := 0
	checkout := newRepository(organization, organization.Repositories[0])
	head, _ := checkout.resolve("main", organization.End)
	for _, commit := range checkout.log(head) {
		if !commit.CommittedAt.Before(since) && !commit.CommittedAt.After(until) {
			want++
		}
	}
	if want == 0 || len(commits) != want {
		t.Errorf("%d commits between %s and %s, want %d", len(commits), since, until, want)
	}
	for _, commit := range commits {
		if at := commit.GetCommit().GetCommitter().GetDate(); at.Before(since) || at.After(until) {
			t.Errorf("a commit of %s, want none outside %s to %s", at, since, until)
		}
	}
}

func TestDeploymentsAreFiltered(t *testing.T) {
	organization := small()
	client := client(t, serve(t, organization, ServerOptions{}), "")
	want := organization.Repositories[0].Deployments[5]
	got, _, err := client.Repositories.ListDeployments(t.Context(), "acme", "checkout", &github.DeploymentsListOptions{SHA: want.SHA, Environment: want.Environment})
	if err != nil {
		t.Fatal(err)
	}
	if len(got) == 0 {
		t.Errorf("no deployment of %s to %s", want.SHA, want.Environment)
	}
	for _, deployment := range got {
		if deployment.GetSHA() != want.SHA || deployment.GetEnvironment() != want.Environment {
			t.Errorf("%v, want only those of %s to %s", deployment, want.SHA, want.Environment)
		}
	}
}
