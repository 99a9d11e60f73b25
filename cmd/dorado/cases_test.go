package main

import (
	"context"
	"crypto/sha1"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"dorado/collectors"
	"dorado/collectors/github"
	"dorado/collectors/simulator"
	"dorado/warehouse"
)

// A story is the history of one repository, told step by step.
type story struct {
	*simulator.Repository
	records *simulator.Records
}

// at reads an instant such as "03-02 12:51", UTC in 2026.
func at(text string) time.Time {
	instant, err := time.Parse("2006-01-02 15:04", "2026-"+text)
	if err != nil {
		panic(err)
	}
	return instant
}

// shaOf returns the SHA of the commit with a name, which is also its message.
func shaOf(name string) string { return fmt.Sprintf("%x", sha1.Sum([]byte(name))) }

// commit makes a commit, and moves a branch to it.
func (s *story) commit(branch, when, name string, parents ...string) {
	made := &simulator.Commit{SHA: shaOf(name), Author: "ana", Committer: "ana", AuthoredAt: at(when), CommittedAt: at(when), Message: name}
	for _, parent := range parents {
		made.Parents = append(made.Parents, shaOf(parent))
	}
	s.Commits = append(s.Commits, made)
	if branch == "" {
		return
	}
	place := slices.IndexFunc(s.Branches, func(b *simulator.Branch) bool { return b.Name == branch })
	if place < 0 {
		place = len(s.Branches)
		s.Branches = append(s.Branches, &simulator.Branch{Name: branch})
	}
	s.Branches[place].Heads = append(s.Branches[place].Heads, simulator.Head{At: at(when), SHA: made.SHA})
}

// rebase makes a copy of a commit, which keeps its message and the time it was
// written.
func (s *story) rebase(branch, when, name, parent string) {
	s.commit(branch, when, name+" rebased", parent)
	for _, original := range s.Commits {
		if original.SHA == shaOf(name) {
			made := s.Commits[len(s.Commits)-1]
			made.AuthoredAt, made.Message = original.AuthoredAt, original.Message
		}
	}
}

// deploy deploys a commit. The statuses are such as "success 03-02 12:51".
func (s *story) deploy(id int64, environment, when, name string, statuses ...string) {
	deployment := &simulator.Deployment{ID: id, SHA: shaOf(name), Ref: "main", Environment: environment, Creator: "ana", CreatedAt: at(when)}
	for i, status := range statuses {
		state, when, _ := strings.Cut(status, " ")
		deployment.Statuses = append(deployment.Statuses, simulator.DeploymentStatus{ID: 100*id + int64(i), State: state, At: at(when)})
	}
	s.Deployments = append(s.Deployments, deployment)
}

// merge merges a pull request of commits as one commit of main.
func (s *story) merge(number int, when, commit string, commits ...string) {
	closed := at(when)
	pull := &simulator.PullRequest{ID: 10_000*s.ID + int64(number), Number: number, Title: commit, Author: "ana", Branch: "topic", Base: "main",
		BaseSHA: s.Commits[0].SHA, CreatedAt: closed.Add(-time.Hour), ClosedAt: &closed, MergedBy: "bob", MergeCommit: shaOf(commit), TestMerge: shaOf(commit + " test")}
	for _, name := range commits {
		pull.Commits = append(pull.Commits, shaOf(name))
	}
	s.PullRequests = append(s.PullRequests, pull)
}

// run makes a run of a workflow. An attempt is such as "success 03-02 12:00 03-02
// 12:10"; its jobs are those of the last argument.
func (s *story) run(id int64, file, name string, jobs []string, attempts ...string) {
	run := &simulator.WorkflowRun{ID: id, Number: len(s.records.WorkflowRuns) + 1, Workflow: strings.TrimSuffix(file, ".yml"), Path: ".github/workflows/" + file,
		Event: "push", Branch: "main", SHA: shaOf(name), Actor: "ana"}
	for i, text := range attempts {
		words := strings.Fields(text)
		attempt := simulator.Attempt{Conclusion: words[0], StartedAt: at(words[1] + " " + words[2]), FinishedAt: at(words[3] + " " + words[4])}
		for j, job := range jobs {
			attempt.Jobs = append(attempt.Jobs, simulator.Job{ID: 1000*id + int64(100*i+j), Name: job, Conclusion: words[0], StartedAt: attempt.StartedAt, FinishedAt: attempt.FinishedAt})
		}
		run.Attempts = append(run.Attempts, attempt)
	}
	run.CreatedAt = run.Attempts[0].StartedAt
	s.records.WorkflowRuns = append(s.records.WorkflowRuns, run)
}

// The cases are collected at two times and once at the second.
var firstCollection, secondCollection = at("03-10 12:00"), at("03-20 12:00")

// caseOrganization tells the cases, each in a repository of its own.
func caseOrganization() *simulator.Organization {
	organization := &simulator.Organization{
		Name: "acme", Start: at("03-01 00:00"), End: secondCollection,
		People: []simulator.Person{{ID: 1, Login: "ana", Name: "Ana"}, {ID: 2, Login: "bob", Name: "Bob"}, {ID: 3, Login: "robot[bot]", Name: "Robot", IsBot: true}},
	}
	tell := func(name string) *story {
		records := &simulator.Records{Timelines: map[int][]simulator.TimelineEntry{}, Changed: map[string][]string{}}
		one := &simulator.Repository{ID: int64(len(organization.Repositories) + 1), FullName: "acme/" + name, DefaultBranch: "main", CreatedAt: at("03-01 00:00"), Records: records}
		organization.Repositories = append(organization.Repositories, one)
		return &story{Repository: one, records: records}
	}
	line := func(s *story, names ...string) { // of commits, one an hour
		for i, name := range names {
			s.commit("main", fmt.Sprintf("03-01 %02d:00", i+1), s.FullName+" "+name, strings.Fields(strings.Join(names[max(i-1, 0):i], " "))...)
			if i > 0 {
				last := s.Commits[len(s.Commits)-1]
				last.Parents = []string{shaOf(s.FullName + " " + names[i-1])}
			}
		}
	}

	rollback := tell("rollback")
	line(rollback, "v1", "v2", "v3", "d", "e")
	for i, name := range []string{"v1", "v2", "v3", "v1", "v1", "e", "d"} {
		day := fmt.Sprintf("03-%02d 10:", i+5)
		rollback.deploy(int64(101+i), "production", day+"00", "acme/rollback "+name, "success "+day+"05")
	}

	timeline := tell("timeline")
	line(timeline, "a")
	timeline.deploy(201, "production", "03-10 11:40", "acme/timeline a", "queued 03-10 11:41", "in_progress 03-10 11:45", "success 03-10 12:51", "inactive 03-11 09:00")

	never := tell("never")
	line(never, "a")
	never.deploy(301, "production", "03-05 10:00", "acme/never a", "queued 03-05 10:01", "in_progress 03-05 10:02", "inactive 03-06 10:00")

	late := tell("late")
	line(late, "a", "b")
	late.run(401, "deploy.yml", "acme/late a", nil, "success 03-05 10:00 03-05 10:10")
	late.run(402, "deploy.yml", "acme/late b", nil, "failure 03-09 11:00 03-09 11:05", "success 03-10 11:50 03-10 12:30")
	late.run(403, "deploy.yml", "acme/late b", nil, "success 03-10 11:59 03-18 12:00")

	older := tell("older")
	line(older, "a", "b", "c")
	older.deploy(500, "production", "03-04 10:00", "acme/older a", "success 03-04 10:05")
	older.deploy(501, "production", "03-09 10:00", "acme/older b", "in_progress 03-09 10:01", "success 03-11 10:00")
	older.deploy(502, "production", "03-09 11:00", "acme/older c", "success 03-09 11:05")

	busy := tell("busy")
	line(busy, "a")
	for i := range 1500 { // 25 a minute
		when := fmt.Sprintf("03-08 09:%02d", i/25)
		busy.run(int64(60_000+i), "ci.yml", "acme/busy a", nil, "success "+when+" "+when)
	}
	jobs := tell("jobs")
	line(jobs, "a")
	var names []string
	for i := range 35 {
		names = append(names, fmt.Sprintf("deploy (%d)", i))
	}
	jobs.run(650, "deploy.yml", "acme/jobs a", names, "success 03-08 10:00 03-08 10:30")

	merges := tell("merges")
	merges.commit("main", "03-01 10:00", "m0")
	merges.commit("topic-1", "03-02 10:00", "p1", "m0")
	merges.commit("topic-1", "03-02 11:00", "p2", "p1")
	merges.commit("main", "03-02 12:00", "squashed (#1)", "m0")
	merges.commit("topic-2", "03-03 10:00", "q1", "squashed (#1)")
	merges.commit("main", "03-03 12:00", "Merge pull request #2", "squashed (#1)", "q1")
	merges.commit("topic-3", "03-04 10:00", "r1", "squashed (#1)")
	merges.commit("topic-3", "03-04 11:00", "r2", "r1")
	merges.rebase("", "03-04 12:00", "r1", "Merge pull request #2")
	merges.rebase("main", "03-04 12:00", "r2", "r1 rebased")
	merges.commit("main", "03-05 10:00", "direct", "r2 rebased")
	merges.commit("main", "03-05 11:00", `Revert "direct"`, "direct")
	merges.commit("release", "03-06 10:00", "direct picked", "squashed (#1)")
	merges.merge(1, "03-02 12:00", "squashed (#1)", "p1", "p2")
	merges.merge(2, "03-03 12:00", "Merge pull request #2", "q1")
	merges.merge(3, "03-04 12:00", "r2 rebased", "r1", "r2")
	merges.deploy(701, "production", "03-01 12:00", "m0", "success 03-01 12:05")
	merges.deploy(702, "production", "03-05 12:00", `Revert "direct"`, "success 03-05 12:05")
	merges.deploy(703, "production", "03-06 12:00", "direct picked", "success 03-06 12:05")

	forced := tell("forced")
	forced.commit("main", "03-01 10:00", "x0")
	forced.commit("main", "03-02 10:00", "x1", "x0")
	forced.commit("main", "03-12 10:00", "y1", "x0")
	forced.deploy(751, "production", "03-01 12:00", "x0", "success 03-01 12:05")
	forced.deploy(752, "production", "03-02 12:00", "x1", "success 03-02 12:05")
	forced.deploy(753, "production", "03-12 12:00", "y1", "success 03-12 12:05")

	order := tell("order")
	line(order, "a", "b")
	order.deploy(801, "production", "03-05 10:00", "acme/order b", "success 03-05 11:00")
	order.deploy(802, "production", "03-05 10:10", "acme/order a", "success 03-05 10:20")

	regions := tell("regions")
	line(regions, "a", "b")
	for i, region := range []string{"prod-eu", "prod-us"} {
		regions.deploy(int64(811+i), region, "03-05 10:00", "acme/regions a", "success 03-05 10:05")
		regions.deploy(int64(813+i), region, "03-06 10:00", "acme/regions b", fmt.Sprintf("success 03-06 10:0%d", i+5))
	}

	mono := tell("mono")
	line(mono, "a", "web", "api")
	mono.records.Changed = map[string][]string{shaOf("acme/mono a"): {"README.md"}, shaOf("acme/mono web"): {"web/index.html"}, shaOf("acme/mono api"): {"api/main.go"}}
	mono.deploy(821, "production", "03-05 10:00", "acme/mono a", "success 03-05 10:05")
	mono.deploy(822, "production", "03-06 10:00", "acme/mono api", "success 03-06 10:05")

	for i, side := range []string{"left", "right"} {
		half := tell(side)
		line(half, "a", "b")
		half.deploy(int64(831+2*i), "production", "03-05 10:00", "acme/"+side+" a", "success 03-05 10:05")
		half.deploy(int64(832+2*i), "production", "03-06 10:00", "acme/"+side+" b", "success 03-06 10:05")
	}

	first := tell("first")
	line(first, "a", "b", "c")
	first.deploy(901, "production", "03-05 10:00", "acme/first c", "success 03-05 10:05")

	reviews := tell("reviews")
	reviews.commit("main", "03-01 10:00", "reviews 0")
	entry := func(number int, event, actor, when string, set ...func(*simulator.TimelineEntry)) {
		made := simulator.TimelineEntry{ID: int64(1000*number + len(reviews.records.Timelines[number])), Event: event, Actor: actor, At: at(when)}
		for _, change := range set {
			change(&made)
		}
		reviews.records.Timelines[number] = append(reviews.records.Timelines[number], made)
	}
	state := func(text string) func(*simulator.TimelineEntry) {
		return func(e *simulator.TimelineEntry) { e.State = text }
	}
	reviewer := func(name string) func(*simulator.TimelineEntry) {
		return func(e *simulator.TimelineEntry) { e.Reviewer = name }
	}
	for number, when := range map[int]string{1: "03-05 12:00", 2: "03-06 12:00", 3: "03-07 12:00"} {
		name := fmt.Sprintf("reviews %d", number)
		reviews.Commits = append(reviews.Commits, &simulator.Commit{SHA: shaOf(name), Author: "ana", Committer: "ana",
			AuthoredAt: at(when), CommittedAt: at(when), Message: name, Parents: []string{shaOf("reviews 0")}})
		reviews.merge(number, when, name, name)
	}
	entry(2, "reviewed", "ana", "03-06 11:30", state("commented")) // its author
	entry(2, "reviewed", "robot[bot]", "03-06 11:40", state("approved"))
	entry(3, "labeled", "ana", "03-07 10:00")
	entry(3, "ready_for_review", "ana", "03-07 10:30")
	entry(3, "review_requested", "ana", "03-07 10:40", reviewer("bob"))
	entry(3, "review_requested", "ana", "03-07 10:41", reviewer("@payments"))
	entry(3, "reviewed", "bob", "03-07 11:00", state("approved"))
	entry(3, "merged", "bob", "03-07 12:00")

	issues := tell("issues")
	line(issues, "a")
	closed := at("03-15 10:00")
	for i := range 230 { // more than two pages, all in one second
		issues.records.Issues = append(issues.records.Issues, &simulator.Issue{ID: int64(i + 1), Number: i + 1, Title: "down", Author: "bob", CreatedAt: at("03-05 10:00")})
	}
	issues.records.Issues[0].Labels = []simulator.Label{{Name: "incident", At: at("03-14 10:00")}}
	issues.records.Issues[0].ClosedAt = &closed

	owned := tell("owned")
	line(owned, "a")
	owned.commit("main", "03-15 10:00", "acme/owned b", "acme/owned a") // it is pushed to again
	owned.records.Files = []simulator.File{
		{Path: "README.md", Content: "read me", At: at("03-01 00:00")},
		{Path: ".github/CODEOWNERS", Content: "* @acme/old", At: at("03-01 00:00")},
		{Path: "docs/CODEOWNERS", Content: "* @acme/docs", At: at("03-01 00:00")},
		{Path: "catalog-info.yaml", Content: "kind: Component", At: at("03-01 00:00")},
		{Path: ".github/CODEOWNERS", Content: "* @acme/new", At: at("03-15 10:00")},
		{Path: "docs/CODEOWNERS", Content: "", At: at("03-15 10:00")},
	}
	organization.Teams = []simulator.Team{{Name: "payments", Members: []string{"ana"}, Repositories: []string{"acme/owned", "acme/issues"}}}

	environments := tell("environments")
	line(environments, "a")
	for i, name := range []string{"production", "prod-eu", "Production ", "nonprod", "pre-prod", "product-x", "github-pages"} {
		environments.deploy(int64(1401+i), name, "03-05 10:00", "acme/environments a", "success 03-05 10:05")
		environments.records.Environments = append(environments.records.Environments, simulator.Environment{ID: int64(i + 1), Name: name, CreatedAt: at("03-05 09:00")})
	}
	return organization
}

// caseServices says which services the organisation has, beside one for each
// repository that is none of these.
const caseServices = `
  - {name: web, repositories: [{repository: acme/mono, paths: ['web/**']}]}
  - {name: api, repositories: [{repository: acme/mono, paths: ['api/**']}]}
  - {name: pair, repositories: [acme/left, acme/right]}
  - {name: late, repositories: [acme/late], deployments: [{kind: workflow_run, workflow: deploy.yml}]}
  - {name: jobs, repositories: [acme/jobs], deployments: [{kind: workflow_run, workflow: deploy.yml, job: 'deploy .*'}]}
`

// A caseServer serves the cases as of a time, with faults or without.
type caseServer struct {
	organization *simulator.Organization
	handler      atomic.Pointer[http.Handler]
	address      string
}

// serveCases serves the cases until the test ends.
func serveCases(t *testing.T) *caseServer {
	t.Helper()
	s := &caseServer{organization: caseOrganization()}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*s.handler.Load()).ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	s.address = server.URL
	return s
}

// as serves the cases as of now from here on.
func (s *caseServer) as(now time.Time, faults simulator.Faults) {
	made := simulator.Handler(s.organization, simulator.ServerOptions{RateLimit: -1, Faults: faults, Now: func() time.Time { return now }})
	s.handler.Store(&made)
}

// config writes a configuration for a warehouse of its own.
func (s *caseServer) config(t *testing.T) string {
	t.Helper()
	text := "github:\n  base_url: " + s.address + "\n  repositories: ['acme/*']\nservices:" + caseServices
	for _, repository := range s.organization.Repositories {
		if !strings.Contains(caseServices, repository.FullName) {
			text += fmt.Sprintf("  - {name: %s, repositories: [%s]}\n", strings.TrimPrefix(repository.FullName, "acme/"), repository.FullName)
		}
	}
	return writeConfig(t, text)
}

var errKilled = errors.New("killed")

// A mortal store fails after some pages, as a process that is killed would.
type mortal struct {
	*warehouse.Raw
	left int // how many pages it lives for; negative: forever
}

// Put keeps rows, as long as it lives.
func (m *mortal) Put(ctx context.Context, collector string, rows []collectors.Row, cursor string) error {
	if m.left == 0 {
		return errKilled
	}
	m.left--
	return m.Raw.Put(ctx, collector, rows, cursor)
}

// collect collects what the cases need, living for so many pages.
func (s *caseServer) collect(t *testing.T, file string, left int) error {
	t.Helper()
	config, err := loadConfig(file, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	raw, err := warehouse.OpenRaw(t.Context(), config.Warehouse.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := raw.Close(); err != nil {
			t.Error(err)
		}
	}()
	if err := raw.Ensure(t.Context(), rawTables()...); err != nil {
		t.Fatal(err)
	}
	server := *config.GitHub
	server.Pause = time.Millisecond
	all := []string{"*/*"}
	server.Needs = github.Needs{Environments: all, WorkflowRuns: all, Jobs: []string{"acme/jobs"}, Paths: []string{"acme/mono"}, Issues: all, Owners: all}
	made, err := githubSource(server, raw, &github.Usage{}, func(time.Time, string) {})
	if err != nil {
		t.Fatal(err)
	}
	store := &mortal{Raw: raw, left: left}
	for _, one := range made.collectors {
		if _, err := collectors.Run(t.Context(), store, one, func(int) {}); err != nil {
			return err
		}
	}
	return nil
}

// TestGoldenCases reads the cases in which other tools go wrong from a server that
// answers as GitHub does.
func TestGoldenCases(t *testing.T) {
	t.Parallel()
	server := serveCases(t)
	config := server.config(t)
	server.as(secondCollection, simulator.Faults{})
	server.published(t, config, -1)
	var names []string // of each commit after its SHA
	for _, repository := range server.organization.Repositories {
		for _, commit := range repository.Commits {
			names = append(names, commit.SHA, strings.TrimPrefix(commit.Message, repository.FullName+" "))
		}
	}
	for _, test := range goldenCases {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			if test.isRaw {
				store, err := warehouse.OpenRaw(t.Context(), filepath.Join(filepath.Dir(config), "data"))
				if err != nil {
					t.Fatal(err)
				}
				defer store.Close()
				if got, err = store.Strings(t.Context(), test.sql); err != nil {
					t.Fatal(err)
				}
			} else {
				for _, row := range query(t, config, test.sql) {
					got = append(got, strings.NewReplacer(names...).Replace(strings.Join(row, " | ")))
				}
			}
			slices.Sort(got)
			if !slices.Equal(got, test.want) {
				t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(test.want, "\n  "))
			}
		})
	}
}

// TestCase13_TwoCollectionsWithFaultsAndKillsEqualOne reads the cases once at the
// end, and in two steps with faults and kills on the way.
func TestCase13_TwoCollectionsWithFaultsAndKillsEqualOne(t *testing.T) {
	t.Parallel()
	server := serveCases(t)
	server.as(secondCollection, simulator.Faults{})
	atOnce := server.published(t, server.config(t), -1)

	stepped := server.config(t)
	for i, now := range []time.Time{firstCollection, secondCollection} {
		server.as(now, simulator.Faults{Seed: uint64(i), FailRate: 0.01, TruncateRate: 0.01})
		kills := 0
		for left := 3; ; left *= 2 {
			err := server.collect(t, stepped, left)
			if err == nil {
				break
			}
			if !errors.Is(err, errKilled) {
				t.Fatal(err)
			}
			kills++
		}
		if kills < 3 {
			t.Errorf("it was killed only %d times", kills)
		}
	}
	samePrints(t, server.published(t, stepped, -1), atOnce)
}

// published collects, builds and returns what is published.
func (s *caseServer) published(t *testing.T, config string, left int) map[string]string {
	t.Helper()
	if err := s.collect(t, config, left); err != nil {
		t.Fatal(err)
	}
	runDorado(t, "build", "--config", config, "--as-of", secondCollection.Format(time.RFC3339))
	return published(fingerprint(t, config))
}

// deploymentsOf lists the deployments of a service.
func deploymentsOf(service string) string {
	return fmt.Sprintf(`
		select split_part(deployment_id, '/', 2), status, strftime(finished_at, '%%m-%%d %%H:%%M')
		from core.deployments where service_id = '%s'`, service)
}

// changesOf lists the changes that deployments of a service ship.
func changesOf(service string) string {
	return fmt.Sprintf("select split_part(deployment_id, '/', 2), sha, coalesce(excluded_reason, 'counts') from core.changes where service_id = '%s'", service)
}

// goldenCases say what the cases must come to, sorted; each is small enough to be
// worked out by hand from caseOrganization. Of case 6, PagerDuty's 10,001 incidents in
// more than six months are in collectors/pagerduty, in a test named for it.
var goldenCases = []struct {
	name  string
	sql   string
	isRaw bool // of the raw store, not of the snapshot
	want  []string
}{
	{name: "Case01_V1_V2_V3_V1_NothingIsShippedTwice", sql: changesOf("rollback"), want: []string{
		"github_deployment:101 | v1 | first deployment",
		"github_deployment:102 | v2 | counts",
		"github_deployment:103 | v3 | counts",
		"github_deployment:106 | d | counts", // it was never deployed by itself before 107
		"github_deployment:106 | e | counts",
	}},
	{name: "Case01_V1_V2_V3_V1_TheFirstAfterTheTargetFailed", sql: `
		select split_part(rollback.deployment_id, '/', 2), split_part(failed.deployment_id, '/', 2)
		from core.rollbacks as rollbacks
		join core.deployments as rollback on rollbacks.deployment_number = rollback.deployment_number
		join core.deployments as failed on rollbacks.rolled_back_deployment_number = failed.deployment_number
		where rollback.service_id = 'rollback'`, want: []string{
		"github_deployment:104 | github_deployment:102", // and 105, V1 again, is none
		"github_deployment:107 | github_deployment:106", // to an ancestor that was never deployed
	}},
	{name: "Case02_FinishedAtTheFirstSuccess", sql: deploymentsOf("timeline"), want: []string{"github_deployment:201 | success | 03-10 12:51"}},
	{name: "Case03_NeverSuccessfulThenInactive", sql: deploymentsOf("never"), want: []string{"github_deployment:301 | cancelled | "}},
	{name: "Case04_InProgressThenSuccess", sql: deploymentsOf("late"), want: []string{
		"workflow_run:401 | success | 03-05 10:10",
		"workflow_run:402 | success | 03-10 12:30", // its second attempt; the first failed
		"workflow_run:403 | success | 03-18 12:00",
	}},
	{name: "Case05_OnlyTheOlderChanged", sql: deploymentsOf("older"), want: []string{
		"github_deployment:500 | success | 03-04 10:05",
		"github_deployment:501 | success | 03-11 10:00",
		"github_deployment:502 | success | 03-09 11:05",
	}},
	{name: "Case06_1500RunsInAnHour_35Jobs", isRaw: true, sql: `
		select concat_ws(' ', 'runs', count(*), count(distinct id)) from github_workflow_runs where repository = 'acme/busy'
		union all select concat_ws(' ', 'jobs', count(*), count(distinct name)) from github_workflow_jobs`, want: []string{"jobs 35 35", "runs 1500 1500"}},
	{name: "Case06_35JobsAreOneDeployment", sql: deploymentsOf("jobs"), want: []string{"workflow_run:650 | success | 03-08 10:30"}},
	{name: "Case07_SquashRebaseMergeDirectPushRevertCherryPick", sql: changesOf("merges"), want: []string{
		"github_deployment:701 | m0 | first deployment",
		"github_deployment:702 | Merge pull request #2 | merge commit",
		`github_deployment:702 | Revert "direct" | counts`,
		"github_deployment:702 | direct | counts",
		"github_deployment:702 | p1 | counts", // and p2: what was squashed counts for what it became
		"github_deployment:702 | p2 | counts",
		"github_deployment:702 | q1 | counts",
		"github_deployment:702 | r1 | counts", // once, although there are two of it, and of r2
		"github_deployment:702 | r2 | counts",
		"github_deployment:703 | direct picked | counts", // from the release branch, which ships nothing else again
	}},
	{name: "Case07_ForcePushed", sql: changesOf("forced"), want: []string{
		"github_deployment:751 | x0 | first deployment",
		"github_deployment:752 | x1 | counts",
		"github_deployment:753 | y1 | counts", // the part that is ahead of what they share
	}},
	{name: "Case08_OutOfOrder", sql: changesOf("order"), want: []string{
		"github_deployment:801 | b | counts",
		"github_deployment:802 | a | first deployment", // asked for later, finished before
	}},
	{name: "Case08_ParallelRegions", sql: changesOf("regions"), want: []string{
		"github_deployment:811 | a | first deployment",
		"github_deployment:812 | a | first deployment",
		"github_deployment:813 | b | counts",
		"github_deployment:814 | b | counts",
	}},
	{name: "Case08_TwoServicesInARepository", sql: changesOf("web") + " union all " + changesOf("api"), want: []string{
		"github_deployment:821 | a | first deployment",
		"github_deployment:821 | a | first deployment",
		"github_deployment:822 | api | counts",
		"github_deployment:822 | api | other paths",
		"github_deployment:822 | web | counts",
		"github_deployment:822 | web | other paths",
	}},
	{name: "Case08_OneServiceFromTwoRepositories", sql: changesOf("pair"), want: []string{
		"github_deployment:831 | a | first deployment",
		"github_deployment:832 | b | counts",
		"github_deployment:833 | a | first deployment",
		"github_deployment:834 | b | counts",
	}},
	{name: "Case09_TheFirstDeploymentHasNoLeadTime", sql: changesOf("first") + " and lead_time_seconds is null", want: []string{
		"github_deployment:901 | a | first deployment",
		"github_deployment:901 | b | first deployment",
		"github_deployment:901 | c | first deployment",
	}},
	{name: "Case10_ReviewsRequestsAndReadiness", isRaw: true, sql: `
		select concat_ws(' | ', number, 'reviewed', author_login, author_type, state) from github_reviews
		union all
		select concat_ws(' | ', number, event, coalesce(requested_reviewer_login, requested_team_slug)) from github_pull_request_events`, want: []string{
		"2 | reviewed | ana | User | commented", // by its author and by a bot; nobody reviewed 1
		"2 | reviewed | robot[bot] | Bot | approved",
		"3 | merged",
		"3 | ready_for_review",
		"3 | review_requested | bob",
		"3 | review_requested | payments",
		"3 | reviewed | bob | User | approved",
	}},
	{name: "Issues_LabelledAndClosedLater", isRaw: true, sql: `
		select concat_ws(' | ', count(*), labels, state) from github_issues group by labels, state`, want: []string{
		`1 | ["incident"] | closed`,
		"229 | [] | open",
	}},
	{name: "OwnerFiles", isRaw: true, sql: "select concat_ws(' | ', path, content) from github_owner_files where content is not null", want: []string{
		".github/CODEOWNERS | * @acme/new",
		"catalog-info.yaml | kind: Component",
	}},
	{name: "Teams", isRaw: true, sql: "select concat_ws(' | ', organization, team_slug, repository, role_name) from github_team_repositories", want: []string{
		"acme | payments | acme/issues | write",
		"acme | payments | acme/owned | write",
	}},
	{name: "Case14_EnvironmentNames", sql: "select environment, is_production from core.deployments where service_id = 'environments'", want: []string{
		"Production | true",
		"github-pages | false",
		"nonprod | false",
		"pre-prod | false",
		"prod-eu | true",
		"product-x | false",
		"production | true",
	}},
}
