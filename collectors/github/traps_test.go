package github_test

import (
	"bytes"
	"crypto/sha1"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"dorado/collectors"
	"dorado/collectors/github"
	"dorado/collectors/simulator"
	"dorado/warehouse"
)

// A trap is a small organisation, and a server of it that tests may come between.
type trap struct {
	*simulator.Organization
	now     time.Time
	address string
	// between, where it is not nil, may answer in the place of the simulator; it
	// reports whether it did.
	between func(w http.ResponseWriter, r *http.Request) bool
}

// day returns ten o'clock of a day of March 2026.
func day(n int) time.Time { return time.Date(2026, 3, n, 10, 0, 0, 0, time.UTC) }

// sha returns the SHA of the commit with a name.
func sha(name string) string { return fmt.Sprintf("%x", sha1.Sum([]byte(name))) }

// newTrap serves an organisation whose repositories have no commits yet.
func newTrap(t *testing.T, names ...string) *trap {
	t.Helper()
	s := &trap{now: day(31), Organization: &simulator.Organization{Name: "acme", Start: day(1), End: day(31), People: []simulator.Person{{ID: 1, Login: "ana"}}}}
	for i, name := range names {
		s.Repositories = append(s.Repositories, &simulator.Repository{ID: int64(i + 1), FullName: name, DefaultBranch: "main", CreatedAt: day(1),
			Records: &simulator.Records{Timelines: map[int][]simulator.TimelineEntry{}, Changed: map[string][]string{}}})
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", s.now.Format(http.TimeFormat))
		if s.between == nil || !s.between(w, r) {
			simulator.Handler(s.Organization, simulator.ServerOptions{RateLimit: -1, Now: func() time.Time { return s.now }}).ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	s.address = server.URL
	return s
}

// commit makes a commit of the first repository on a branch, "" for none.
func (s *trap) commit(branch string, at time.Time, name string, parents ...string) {
	one := s.Repositories[0]
	made := &simulator.Commit{SHA: sha(name), Author: "ana", Committer: "ana", AuthoredAt: at, CommittedAt: at, Message: name}
	for _, parent := range parents {
		made.Parents = append(made.Parents, sha(parent))
	}
	one.Commits = append(one.Commits, made)
	if branch != "" {
		s.point(branch, at, name)
	}
}

// point lets a branch point to a commit from a time on.
func (s *trap) point(branch string, at time.Time, name string) {
	one := s.Repositories[0]
	place := slices.IndexFunc(one.Branches, func(b *simulator.Branch) bool { return b.Name == branch })
	if place < 0 {
		place = len(one.Branches)
		one.Branches = append(one.Branches, &simulator.Branch{Name: branch})
	}
	one.Branches[place].Heads = append(one.Branches[place].Heads, simulator.Head{At: at, SHA: sha(name)})
}

// deploy deploys a commit.
func (s *trap) deploy(id int64, at time.Time, name string) {
	s.Repositories[0].Deployments = append(s.Repositories[0].Deployments, &simulator.Deployment{ID: id, SHA: sha(name), Ref: "main", Environment: "production", Creator: "ana", CreatedAt: at,
		Statuses: []simulator.DeploymentStatus{{ID: 10 * id, State: "success", At: at.Add(time.Minute)}}})
}

// try collects what is new and returns the errors.
func (s *trap) try(t *testing.T, store *warehouse.Raw, usage *github.Usage, set ...func(*github.Config)) error {
	t.Helper()
	config := github.Config{BaseURL: s.address, Pause: time.Millisecond, Repositories: []string{"acme/*"}}
	for _, change := range set {
		change(&config)
	}
	client, err := github.NewClient(config, github.Credentials{}, store, usage, func(time.Time, string) {})
	if err != nil {
		t.Fatal(err)
	}
	all, err := github.New(config, client, usage, store)
	if err != nil {
		t.Fatal(err)
	}
	var failed []error
	for _, one := range all {
		_, err := collectors.Run(t.Context(), store, one, func(int) {})
		failed = append(failed, err)
	}
	return errors.Join(failed...)
}

// byREST lets a server be asked by REST only.
func byREST(config *github.Config) { config.API = "rest" }

// collect collects what is new.
func (s *trap) collect(t *testing.T, store *warehouse.Raw, set ...func(*github.Config)) {
	t.Helper()
	if err := s.try(t, store, &github.Usage{}, set...); err != nil {
		t.Fatal(err)
	}
}

// same fails the test where a query does not give what is wanted.
func same(t *testing.T, store *warehouse.Raw, query string, want ...string) {
	t.Helper()
	got, err := store.Strings(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s\ngot %q, want %q", query, got, want)
	}
}

const messages = "select message from github_commits order by message"

// roads are both ways to read.
var roads = map[string]func(*github.Config){"graphql": func(config *github.Config) { config.API = "graphql" }, "rest": byREST}

// TestNoCommonAncestor deploys a commit of a branch that shares nothing with the
// default branch, where a comparison answers 404.
func TestNoCommonAncestor(t *testing.T) {
	for name, road := range roads {
		t.Run(name, func(t *testing.T) {
			s := newTrap(t, "acme/site")
			s.commit("main", day(2), "a")
			s.commit("pages", day(3), "root")
			s.commit("pages", day(4), "leaf", "root")
			s.deploy(1, day(5), "a")
			s.deploy(2, day(5), "leaf")
			store := openStore(t)
			s.collect(t, store, road)
			same(t, store, messages, "a", "leaf", "root")
		})
	}
}

// TestForcedBackWithoutTheBase forces the branch to where an old commit is, and
// forgets the commit that it was at, so that the comparison with it answers 404.
func TestForcedBackWithoutTheBase(t *testing.T) {
	s := newTrap(t, "acme/api")
	s.commit("main", day(2), "x0")
	s.commit("main", day(10), "x1", "x0")
	s.commit("", day(3), "y0", "x0") // older than what was read last
	s.commit("main", day(12), "y1", "y0")
	store := openStore(t)
	s.now = day(11)
	s.collect(t, store, byREST)
	same(t, store, messages, "x0", "x1")
	s.now = day(13)
	compared := 0
	s.between = func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.URL.Path, "/compare/"+sha("x1")) {
			return false
		}
		compared++
		http.Error(w, `{"message": "Not Found"}`, http.StatusNotFound)
		return true
	}
	s.collect(t, store, byREST)
	same(t, store, messages, "x0", "x1", "y0", "y1")
	if compared == 0 {
		t.Error("nothing was compared")
	}
}

// TestDeployedBeforeSinceAndGone reads from a day on; the oldest deployment since
// then is of a commit that is gone.
func TestDeployedBeforeSinceAndGone(t *testing.T) {
	s := newTrap(t, "acme/api")
	s.commit("main", day(2), "old")
	s.commit("main", day(11), "x", "old")
	s.commit("", day(3), "late", "old") // merged only later
	s.commit("main", day(14), "merge", "x", "late")
	s.deploy(1, day(12), "x")
	s.deploy(2, day(15), "merge")
	s.between = func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.URL.Path, "/compare/"+sha("x")) {
			return false
		}
		http.Error(w, `{"message": "Not Found"}`, http.StatusNotFound)
		return true
	}
	store := openStore(t)
	s.collect(t, store, byREST, func(config *github.Config) { config.Since = day(10) })
	same(t, store, messages, "late", "merge", "old", "x")
}

// TestMovedTags moves a tag twice, the second time back.
func TestMovedTags(t *testing.T) {
	for name, road := range roads {
		t.Run(name, func(t *testing.T) {
			s := newTrap(t, "acme/cli")
			s.commit("main", day(2), "a")
			s.commit("main", day(3), "b", "a")
			store := openStore(t)
			for i, at := range []string{"a", "b", "b", "a"} {
				s.now = day(5 + i)
				s.point("main", s.now, "b") // a push, which GitHub notes too when a tag moves
				s.Repositories[0].Tags = []simulator.Tag{{Name: "live", SHA: sha(at), At: day(3)}}
				s.collect(t, store, road)
			}
			same(t, store, "select concat_ws(' ', message, day(seen_at)) from github_tag_targets join github_commits using (repository, sha) order by seen_at", "a 5", "b 6", "a 8")
			same(t, store, "select message from github_tags join github_commits using (repository, sha)", "a")
		})
	}
}

// TestRenamedBetweenRuns renames a repository after a run, and goes on by the old
// name and by the new one.
func TestRenamedBetweenRuns(t *testing.T) {
	for name, road := range roads {
		t.Run(name, func(t *testing.T) {
			s := newTrap(t, "acme/old")
			s.commit("main", day(2), "a")
			s.deploy(1, day(5), "a")
			store := openStore(t)
			old := func(config *github.Config) { config.Repositories = []string{"acme/old"} }
			s.now = day(6)
			s.collect(t, store, road, old)
			s.Repositories[0].FullName, s.Repositories[0].FormerNames = "acme/new", []string{"acme/old"}
			s.commit("main", day(7), "b", "a")
			s.deploy(2, day(8), "b")
			s.now = day(9)
			for range 2 {
				s.collect(t, store, road, old)
				same(t, store, "select concat_ws(' ', repository, id) from github_deployments order by id", "acme/new 1", "acme/new 2")
				same(t, store, "select concat_ws(' ', repository, message) from github_commits order by message", "acme/new a", "acme/new b")
				same(t, store, "select full_name from github_repositories", "acme/new")
			}
		})
	}
}

// TestSilentEdits changes a deployment's status so that nothing shows it; only the
// reading of a week later finds it.
func TestSilentEdits(t *testing.T) {
	for name, road := range roads {
		t.Run(name, func(t *testing.T) {
			s := newTrap(t, "acme/api")
			s.commit("main", day(2), "a")
			s.deploy(3, day(4), "a") // the statuses of the oldest and of the newest are read always by REST
			s.deploy(1, day(5), "a")
			s.deploy(2, day(6), "a")
			store := openStore(t)
			deep := func(config *github.Config) { config.RereadDays = 30 }
			const states = "select state from github_deployment_statuses where deployment_id = 1"
			s.now = day(10)
			s.collect(t, store, road, deep)
			s.Repositories[0].Deployments[1].Statuses[0].State = "failure"
			s.now = day(12)
			s.collect(t, store, road, deep)
			same(t, store, states, "success")
			s.now = day(18)
			s.collect(t, store, road, deep)
			same(t, store, states, "failure")
		})
	}
}

// TestRepositoriesOfAUser finds the repositories of an owner who is no organisation.
func TestRepositoriesOfAUser(t *testing.T) {
	s := newTrap(t, "acme/api", "acme/web")
	s.between = func(w http.ResponseWriter, r *http.Request) bool {
		switch {
		case strings.HasPrefix(r.URL.Path, "/orgs/"):
			http.Error(w, `{"message": "Not Found"}`, http.StatusNotFound)
			return true
		case r.URL.Path == "/users/acme/repos" && r.URL.Query().Get("type") == "owner":
			r.URL.Path = "/orgs/acme/repos" // the answer is the same
		}
		return false
	}
	store := openStore(t)
	s.collect(t, store)
	same(t, store, "select full_name from github_repositories order by 1", "acme/api", "acme/web")
}

// TestMoreIssuesThanTenPages reads more issues than GitHub lists by number of page.
func TestMoreIssuesThanTenPages(t *testing.T) {
	s := newTrap(t, "acme/api")
	for i := range 1300 {
		s.Repositories[0].Records.Issues = append(s.Repositories[0].Records.Issues,
			&simulator.Issue{ID: int64(i + 1), Number: i + 1, Title: "down", Author: "ana", CreatedAt: day(5).Add(time.Duration(i/7) * time.Second)})
	}
	store := openStore(t)
	s.collect(t, store, func(config *github.Config) { config.Needs.Issues = []string{"*/*"} })
	same(t, store, "select count(*)::varchar from github_issues", "1300")
}

// TestSpentPointsAreWaitedFor answers queries with 200 and the error that the quota
// is spent, and goes on when that is over.
func TestSpentPointsAreWaitedFor(t *testing.T) {
	s := newTrap(t, "acme/api")
	s.commit("main", day(2), "a")
	limited := 0
	s.between = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/graphql" || limited == 1 {
			return false
		}
		limited++
		w.Header().Set("X-RateLimit-Remaining", "0")
		w.Header().Set("X-RateLimit-Reset", fmt.Sprint(s.now.Unix()))
		_, _ = io.WriteString(w, `{"errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded for user ID 1."}]}`)
		return true
	}
	store, usage := openStore(t), &github.Usage{}
	if err := s.try(t, store, usage, roads["graphql"]); err != nil {
		t.Fatal(err)
	}
	same(t, store, messages, "a")
	if limited != 1 || usage.Waited() != time.Second {
		t.Errorf("limited %d times, waited %s", limited, usage.Waited())
	}
}

// TestOneRepositoryOfManyIsGone asks for several at once, of which one is not there.
func TestOneRepositoryOfManyIsGone(t *testing.T) {
	for name, road := range roads {
		t.Run(name, func(t *testing.T) {
			s := newTrap(t, "acme/api")
			s.commit("main", day(2), "a")
			s.deploy(1, day(5), "a")
			store := openStore(t)
			err := s.try(t, store, &github.Usage{}, road, func(config *github.Config) { config.Repositories = []string{"acme/gone", "acme/api"} })
			if err == nil || !strings.Contains(err.Error(), "repository acme/gone: not found") {
				t.Errorf("the error is %v", err)
			}
			same(t, store, messages, "a")
			same(t, store, "select repository from github_deployments", "acme/api")
		})
	}
}

// TestQueriesShrinkAndGrow lets the server fail where a page has more than 20 items,
// and then no more: what is asked for becomes less, and again more.
func TestQueriesShrinkAndGrow(t *testing.T) {
	s := newTrap(t, "acme/api")
	s.commit("main", day(2), "a")
	for i := range 900 {
		s.deploy(int64(i+1), day(3).Add(time.Duration(i)*time.Minute), "a")
	}
	var sizes []int
	failures := 0
	s.between = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/graphql" {
			return false
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		var sent struct{ Query string }
		if err := json.Unmarshal(body, &sent); err != nil {
			t.Error(err)
		}
		_, list, isList := strings.Cut(sent.Query, "list: deployments(first: ")
		if !isList {
			return false
		}
		size := 0
		if _, err := fmt.Sscan(strings.Split(list, ",")[0], &size); err != nil {
			t.Error(err)
		}
		sizes = append(sizes, size)
		if size > 20 && failures < 3 {
			failures++
			w.WriteHeader([]int{http.StatusBadGateway, http.StatusGatewayTimeout}[failures%2])
			return true
		}
		return false
	}
	store := openStore(t)
	s.collect(t, store, roads["graphql"])
	same(t, store, "select concat_ws(' ', count(*), count(distinct id)) from github_deployments", "900 900")
	if len(sizes) < 4 || !slices.Equal(sizes[:4], []int{100, 50, 25, 12}) || slices.Max(sizes[4:]) <= 25 {
		t.Errorf("asked for %v", sizes)
	}
}

// TestJobsOfNeededWorkflows reads the jobs of the runs that a rule looks at, and no
// others; those of another workflow once a rule looks at that too.
func TestJobsOfNeededWorkflows(t *testing.T) {
	s := newTrap(t, "acme/api")
	s.commit("main", day(2), "a")
	for i, file := range []string{"deploy.yml", "test.yml", "it's-slow.yml"} {
		attempt := simulator.Attempt{Conclusion: "success", StartedAt: day(3), FinishedAt: day(3).Add(time.Minute)}
		attempt.Jobs = []simulator.Job{{ID: int64(i + 1), Name: "job of " + file, Conclusion: "success", StartedAt: attempt.StartedAt, FinishedAt: attempt.FinishedAt}}
		s.Repositories[0].Records.WorkflowRuns = append(s.Repositories[0].Records.WorkflowRuns, &simulator.WorkflowRun{ID: int64(10 + i), Number: i + 1,
			Workflow: strings.TrimSuffix(file, ".yml"), Path: ".github/workflows/" + file, Event: "push", Branch: "main", SHA: sha("a"), Actor: "ana",
			CreatedAt: attempt.StartedAt, Attempts: []simulator.Attempt{attempt}})
	}
	asked := 0
	s.between = func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/jobs") {
			asked++
		}
		return false
	}
	store := openStore(t)
	for _, test := range []struct {
		patterns []string // nil: all workflows
		asked    int      // with those asked for before
		want     []string
	}{
		{[]string{"(?i)^(?:Deploy)$"}, 1, []string{"job of deploy.yml"}},
		{[]string{"(?i)^(?:deploy.yml)$", `(?i)^(?:\.github/workflows/it's.*)$`}, 2, []string{"job of deploy.yml", "job of it's-slow.yml"}},
		{nil, 3, []string{"job of deploy.yml", "job of it's-slow.yml", "job of test.yml"}},
	} {
		s.collect(t, store, func(config *github.Config) {
			config.Needs = github.Needs{Jobs: []string{"acme/api"}}
			if test.patterns != nil {
				config.Needs.JobWorkflows = map[string][]string{"Acme/API": test.patterns}
			}
		})
		same(t, store, "select name from github_workflow_jobs order by name", test.want...)
		if asked != test.asked {
			t.Errorf("for %q the jobs of %d runs were asked for, want %d", test.patterns, asked, test.asked)
		}
	}
}

// TestOwnerFiles reads them by either road: after they came, after one was changed and
// one removed, and where a link leads.
func TestOwnerFiles(t *testing.T) {
	for name, road := range roads {
		t.Run(name, func(t *testing.T) {
			s := newTrap(t, "acme/api", "acme/other")
			s.commit("main", day(2), "a")
			files := &s.Repositories[0].Records.Files
			*files = []simulator.File{
				{Path: ".github/CODEOWNERS", Content: "* @ana", At: day(2)},
				{Path: "CODEOWNERS", Content: "* @bob", At: day(2)},
				{Path: "catalog-info.yaml", Content: "kind: Component\nx: 'pagerduty.com/integration-key'", At: day(2)},
				{Path: "README.md", Content: "x", At: day(2)},
			}
			contents, isLink := 0, false
			s.between = func(w http.ResponseWriter, r *http.Request) bool {
				if strings.Contains(r.URL.Path, "/contents/") {
					contents++
				}
				if r.Method != http.MethodPost || !isLink {
					return false
				}
				body, err := io.ReadAll(r.Body)
				r.Body = io.NopCloser(bytes.NewReader(body))
				if err != nil || !bytes.Contains(body, []byte("isTruncated")) {
					return false
				}
				_, _ = io.WriteString(w, `{"data": {"a0": {"defaultBranchRef": {"target": {"e0": {"oid": "link", "mode": 40960, "object": {"text": ".github/CODEOWNERS", "isTruncated": false}}}}}}}`)
				return true
			}
			store := openStore(t)
			run := func(at time.Time) {
				s.now = at
				s.collect(t, store, road, func(config *github.Config) { config.Needs.Owners = []string{"*/api"} })
			}
			const query = "select concat_ws(' ', repository, path, coalesce(content, 'NULL'), sha is not null) from github_owner_files order by 1"
			run(day(3))
			none := "acme/api docs/CODEOWNERS NULL false"
			catalog := "acme/api catalog-info.yaml kind: Component\nx: 'pagerduty.com/integration-key' true"
			before, err := store.Strings(t.Context(), query)
			if err != nil {
				t.Fatal(err)
			}
			before = slices.DeleteFunc(before, func(line string) bool { return line == none })
			if want := []string{"acme/api .github/CODEOWNERS * @ana true", "acme/api CODEOWNERS * @bob true", catalog}; !slices.Equal(before, want) {
				t.Errorf("first there are %q, want %q", before, want)
			}
			s.commit("main", day(4), "b", "a")
			*files = append(*files, simulator.File{Path: ".github/CODEOWNERS", Content: "* @eve", At: day(4)}, simulator.File{Path: "catalog-info.yaml", At: day(4)})
			run(day(5))
			same(t, store, query+" limit 3", "acme/api .github/CODEOWNERS * @eve true", "acme/api CODEOWNERS * @bob true", "acme/api catalog-info.yaml NULL false")
			if isGraph := name == "graphql"; (contents == 0) != isGraph {
				t.Errorf("%d requests of REST for contents", contents)
			}
			s.commit("main", day(6), "c", "b")
			*files = append(*files, simulator.File{Path: "CODEOWNERS", Content: "* @zoe", At: day(6)})
			isLink = true
			run(day(7))
			same(t, store, query+" limit 2", "acme/api .github/CODEOWNERS * @eve true", "acme/api CODEOWNERS * @zoe true")
		})
	}
}
