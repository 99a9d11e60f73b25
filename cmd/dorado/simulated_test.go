package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"dorado/collectors/simulator"
	"dorado/warehouse"
)

// childVariable, when set, turns the test program into dorado.
const childVariable = "DORADO_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		if err := impatient(os.Stdin, os.Stdout, os.Stderr).run(ctx, os.Args[1:]); err != nil {
			os.Exit(printError(os.Stderr, err, ctx.Err() != nil))
		}
		stop()
		os.Exit(0)
	}
	code := m.Run()
	for _, clean := range slices.Backward(shared.cleanups) {
		clean()
	}
	os.Exit(code)
}

// shared is what several tests use.
var shared struct {
	mutex    sync.Mutex
	cleanups []func()
}

// atEnd lets something be done when all tests have ended.
func atEnd(clean func()) {
	shared.mutex.Lock()
	defer shared.mutex.Unlock()
	shared.cleanups = append(shared.cleanups, clean)
}

// sharedFolder returns a new folder that stays until all tests have ended.
func sharedFolder(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "dorado-shared-")
	if err != nil {
		t.Fatal(err)
	}
	atEnd(func() { _ = os.RemoveAll(folder) })
	return folder
}

// A simulated is a simulated organisation that is served.
type simulated struct {
	organization *simulator.Organization
	address      string // where it is served
	config       string // a configuration that reads it; one that names each of its services
	now          *atomic.Pointer[time.Time]
	requests     *requestLog
	serve        func(options simulator.ServerOptions) // serves it in another way from now on
}

// A requestLog keeps what was asked for, and the status of the answer.
type requestLog struct {
	mutex sync.Mutex
	lines []string // "304 GET /repos/acme/api/tags?per_page=100"
}

// take returns the lines and forgets them.
func (l *requestLog) take() []string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	taken := l.lines
	l.lines = nil
	return taken
}

// A statusWriter notes the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader begins the answer.
func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets handlers reach what the original can do.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// smallOrganization is the one that is simulated. No test changes it.
var smallOrganization = sync.OnceValue(func() *simulator.Organization {
	return simulator.New(simulator.Options{Seed: 3, Services: 6, Days: 60})
})

// simulate serves a small organisation until the test ends.
func simulate(t *testing.T) *simulated {
	t.Helper()
	s, stop := newSimulated(t, smallOrganization(), t.TempDir())
	t.Cleanup(stop)
	return s
}

// collectedOnce is what collectedSimulated makes.
var collectedOnce struct {
	sync.Once
	simulated *simulated
	prints    map[string]string
}

// collectedSimulated returns the small organisation as it is served, collected and
// built once for all tests, and the prints of its tables. Tests only read it:
// others take a copy.
func collectedSimulated(t *testing.T) (s *simulated, prints map[string]string) {
	t.Helper()
	collectedOnce.Do(func() {
		s, stop := newSimulated(t, smallOrganization(), sharedFolder(t))
		atEnd(stop)
		collectedOnce.prints = s.collectAndBuild(t, s.config)
		s.requests.take()
		collectedOnce.simulated = s
	})
	if collectedOnce.simulated == nil {
		t.Fatal("it could not be collected for an earlier test")
	}
	return collectedOnce.simulated, collectedOnce.prints
}

// newSimulated serves an organisation until stop is called. Its configuration is in
// a folder.
func newSimulated(t *testing.T, organization *simulator.Organization, folder string) (s *simulated, stop func()) {
	t.Helper()
	s = &simulated{
		organization: organization,
		now:          &atomic.Pointer[time.Time]{},
		requests:     &requestLog{},
	}
	s.now.Store(&s.organization.End)
	var handler atomic.Pointer[http.Handler]
	s.serve = func(options simulator.ServerOptions) {
		options.RateLimit = -1
		options.Now = func() time.Time { return *s.now.Load() }
		made := simulator.Handler(s.organization, options)
		handler.Store(&made)
	}
	s.serve(simulator.ServerOptions{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		noted := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		defer func() {
			s.requests.mutex.Lock()
			defer s.requests.mutex.Unlock()
			s.requests.lines = append(s.requests.lines, fmt.Sprintf("%d %s %s", noted.status, r.Method, r.URL.RequestURI()))
		}()
		(*handler.Load()).ServeHTTP(noted, r)
	}))
	s.address = server.URL
	text, err := demoConfig(s.organization, s.address)
	if err != nil {
		t.Fatal(err)
	}
	s.config = filepath.Join(folder, "dorado.yaml")
	if err := os.WriteFile(s.config, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return s, server.Close
}

// copied returns a copy of the configuration, with all that was collected and built,
// in a new folder.
func (s *simulated) copied(t *testing.T) (config string) {
	t.Helper()
	config = s.anew(t)
	copyWarehouse(t, s.config, config)
	return config
}

// copyWarehouse copies the warehouse beside one configuration to the folder of
// another.
func copyWarehouse(t *testing.T, from, to string) {
	t.Helper()
	if err := os.CopyFS(filepath.Join(filepath.Dir(to), defaultPath), os.DirFS(filepath.Join(filepath.Dir(from), defaultPath))); err != nil {
		t.Fatal(err)
	}
}

// anew returns a copy of the configuration, and so a warehouse, in a new folder.
func (s *simulated) anew(t *testing.T) (config string) {
	t.Helper()
	text, err := os.ReadFile(s.config)
	if err != nil {
		t.Fatal(err)
	}
	return writeConfig(t, string(text))
}

// collectAndBuild collects, builds as of the organisation's end and returns what
// the warehouse then holds.
func (s *simulated) collectAndBuild(t *testing.T, config string) map[string]string {
	t.Helper()
	runDorado(t, "collect", "--config", config)
	runDorado(t, "build", "--config", config, "--as-of", s.organization.End.Format(time.RFC3339))
	return fingerprint(t, config)
}

// TestSimulatedTruth compares what is published with what the organisation's
// makers know of it: every deployment, every change with its lead time, and the
// counts of every day.
func TestSimulatedTruth(t *testing.T) {
	t.Parallel()
	s, _ := collectedSimulated(t)
	truth := s.organization.Truth()
	var deployments, changes, days []string
	for _, shipment := range truth.Deployments {
		source := "github_deployment"
		switch {
		case shipment.Tag != "":
			source = "release"
		case shipment.IsRun:
			source = "workflow_run"
		}
		id := fmt.Sprintf("%s/%s:%d", shipment.Service, source, shipment.ID)
		deployments = append(deployments, fmt.Sprint([]string{id, shipment.Environment, shipment.Repository, shipment.FinishedAt.Format(time.DateTime)}))
		for _, change := range shipment.Changes {
			changes = append(changes, fmt.Sprint([]string{id, change.SHA, fmt.Sprint(change.Seconds)}))
		}
	}
	for _, day := range truth.Daily() {
		days = append(days, fmt.Sprint([]string{day.Service, day.Day.Format(time.DateOnly), fmt.Sprint(day.Deployments)}))
	}
	for _, test := range []struct {
		name string
		want []string
		sql  string
	}{
		{"deployments", deployments, `
			select deployment_id, environment, repository, strftime(finished_at, '%Y-%m-%d %H:%M:%S')
			from core.deployments
			where is_production and status = 'success'`},
		{"changes", changes, `
			select deployments.deployment_id, changes.sha, changes.lead_time_seconds
			from core.changes as changes
			join core.deployments as deployments on changes.deployment_id = deployments.deployment_id
			where deployments.is_production and changes.excluded_reason is null`},
		{"incidents", simulatedIncidents(truth), incidentsQuery},
		{"days", days, `
			select dimension, period_start, deployments
			from metrics.deployment_frequency(timestamp '2000-01-01', timestamp '2100-01-01', grain := 'day', by_dimension := 'service')
			where deployments > 0`},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, row := range query(t, s.config, test.sql) {
				got = append(got, fmt.Sprint(row))
			}
			slices.Sort(got)
			slices.Sort(test.want)
			if len(test.want) < 100 {
				t.Errorf("the organisation has only %d %s", len(test.want), test.name)
			}
			if missing, extra := lacking(test.want, got), lacking(got, test.want); len(missing)+len(extra) > 0 {
				t.Errorf("%d are missing and %d are too many of %d: %.5v %.5v", len(missing), len(extra), len(test.want), missing, extra)
			}
		})
	}
}

// lacking returns the lines of all that are not among some; both are sorted.
func lacking(all, some []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(line string) bool {
		_, found := slices.BinarySearch(some, line)
		return found
	})
}

// TestSimulatedCollections collects the same organisation in several ways, which
// must all end in the same tables.
func TestSimulatedCollections(t *testing.T) {
	t.Parallel()
	s := simulate(t)
	collected, clean := collectedSimulated(t)

	t.Run("again", func(t *testing.T) {
		samePrints(t, collected.collectAndBuild(t, collected.copied(t)), clean)
		// What is answered in full must be bounded by a cursor: the deployments
		// of the last days, statuses of those that may still change, the commits
		// of pull requests in whose second another may have changed, that a
		// repository is empty, and overviews. PagerDuty knows no conditional
		// requests; how many it is asked is held by the tests of its collectors.
		bounded := regexp.MustCompile(`^(304 .*|200 \S+ /pagerduty/.*|200 GET \S+/(deployments\S*|pulls/\d+/commits\S*)|200 POST \S*/graphql|409 .*)$`)
		all := collected.requests.take()
		full := slices.DeleteFunc(slices.Clone(all), bounded.MatchString)
		if len(full) > 0 || len(all) == 0 {
			t.Errorf("a second run sent %d requests, of which these were answered in full: %q", len(all), full)
		}
	})
	t.Run("in steps", func(t *testing.T) {
		config := s.anew(t)
		for _, share := range []time.Duration{2, 3, 4} {
			now := s.organization.End.Add(-s.organization.End.Sub(s.organization.Start) / share)
			s.now.Store(&now)
			runDorado(t, "collect", "--config", config)
		}
		s.now.Store(&s.organization.End)
		samePrints(t, published(s.collectAndBuild(t, config)), published(clean))
	})
	t.Run("with faults", func(t *testing.T) {
		s.serve(simulator.ServerOptions{Faults: simulator.Faults{Seed: 1, FailRate: 0.02, TruncateRate: 0.02, SecondaryEvery: 400, Slow: time.Millisecond}})
		defer s.serve(simulator.ServerOptions{})
		samePrints(t, s.collectAndBuild(t, s.anew(t)), clean)
	})
}

// TestKilledRuns ends the nightly job 20 times wherever it is, in two warehouses by
// either road: at once, and so that it can say good-bye. Run again, each must hold what
// one that was never ended does.
func TestKilledRuns(t *testing.T) {
	t.Parallel()
	s := simulate(t)
	_, clean := collectedSimulated(t)
	s.serve(simulator.ServerOptions{Faults: simulator.Faults{Slow: 2 * time.Millisecond}}) // which spreads the points
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	for _, road := range []string{"graphql", "rest"} {
		started := time.Now()
		if err := nightlyJob(s.byRoad(t, road)).Run(); err != nil {
			t.Fatal(err)
		}
		whole := time.Since(started)
		t.Logf("seed %d, a whole run by %s takes %s", seed, road, whole)
		for _, how := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM} {
			var waits []time.Duration
			for range 5 {
				waits = append(waits, time.Duration(random.Int64N(int64(whole/2))))
			}
			t.Run(fmt.Sprint(road, " ", how), func(t *testing.T) {
				t.Parallel()
				config := s.byRoad(t, road)
				ended := 0
				for _, wait := range waits {
					if runFor(t, nightlyJob(config), wait, how) {
						ended++
					}
				}
				t.Logf("%d of %d jobs were ended before they were done", ended, len(waits))
				samePrints(t, s.collectAndBuild(t, config), clean)
			})
		}
	}
}

// byRoad returns a copy of the configuration, and so a warehouse, in a new folder,
// that asks one API alone.
func (s *simulated) byRoad(t *testing.T, road string) (config string) {
	t.Helper()
	config = s.anew(t)
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(config, []byte(strings.Replace(string(text), "github:\n", "github:\n  api: "+road+"\n", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	return config
}

// runFor runs a job and ends it by a signal after a time. It reports whether the job
// was not done by then.
func runFor(t *testing.T, job *exec.Cmd, wait time.Duration, how syscall.Signal) (isEnded bool) {
	t.Helper()
	var said strings.Builder
	job.Stderr = &said
	if err := job.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(wait)
	if err := job.Process.Signal(how); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Fatal(err)
	}
	asked := time.Now()
	err := job.Wait()
	if took := time.Since(asked); took > 20*time.Second {
		t.Errorf("it ended %s after %s", took, how)
	}
	// One that had no time to listen to the signal ends without a word.
	if err != nil && job.ProcessState.ExitCode() != -1 && !strings.HasSuffix(said.String(), "dorado: interrupted\n") {
		t.Fatalf("the job ended by itself: %v\n%s", err, said.String())
	}
	return err != nil
}

// nightlyJob returns a process that is dorado run.
func nightlyJob(config string) *exec.Cmd {
	job := exec.Command(os.Args[0], "run", "--config", config)
	job.Env = append(os.Environ(), childVariable+"=1")
	job.Stderr = os.Stderr
	return job
}

// TestBadInput checks that what is wrong outside is one clear line, and that
// nothing that was there is lost.
func TestBadInput(t *testing.T) {
	s := simulate(t)
	collected, before := collectedSimulated(t)
	copyWarehouse(t, collected.config, s.config)
	text, err := os.ReadFile(s.config)
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Dir(s.config)
	t.Setenv("DORADO_TEST_TOKEN", "not-the-token")
	for _, test := range []struct {
		name   string
		change [2]string // in the configuration
		serve  simulator.ServerOptions
		args   string
		want   string // a line of what is printed to standard error
	}{
		{
			name:   "wrong token",
			change: [2]string{"github:\n", "github:\n  token_env: DORADO_TEST_TOKEN\n"},
			serve:  simulator.ServerOptions{Token: "right"},
			args:   "collect github_tags",
			want:   "dorado: collect github_tags after 0 rows: github: the token in DORADO_TEST_TOKEN was refused (401 Bad credentials)",
		},
		{
			name:   "no token",
			change: [2]string{"github:\n", "github:\n  token_env: DORADO_TEST_UNSET\n"},
			serve:  simulator.ServerOptions{Token: "right"},
			args:   "collect github_tags",
			want:   "wants a token, and none is set in DORADO_TEST_UNSET (401 ",
		},
		{
			name:   "no such repository",
			change: [2]string{"repositories:\n", "repositories:\n    - acme/chekout\n"},
			args:   "collect github_releases",
			want:   "github: repository acme/chekout: not found, or the token cannot see it (NOT_FOUND Could not resolve to a Repository with the name 'acme/chekout'.)",
		},
		{
			name: "no such collector",
			args: "collect github_tag",
			want: `dorado: there is no collector "github_tag" (did you mean "github_tags"?); there are`,
		},
		{
			name:   "since in the future",
			change: [2]string{"github:\n", "github:\n  since: 2999-01-01\n"},
			args:   "run",
			want:   "dorado.yaml:3: github.since: 2999-01-01T00:00:00Z is in the future: nothing would be collected",
		},
		{
			name:   "no pattern",
			change: [2]string{"services:\n", "services:\n  - {name: x, repositories: [acme/checkout], deployments: [{kind: release, tag: '^v(\\d'}]}\n"},
			args:   "run",
			want:   "services[0].deployments[0].tag: ",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.change[0] != "" && !strings.Contains(string(text), test.change[0]) {
				t.Fatalf("the configuration has no %q:\n%s", test.change[0], text)
			}
			s.serve(test.serve)
			defer s.serve(simulator.ServerOptions{})
			config := filepath.Join(folder, "dorado.yaml")
			if err := os.WriteFile(config, []byte(strings.Replace(string(text), test.change[0], test.change[1], 1)), 0o600); err != nil {
				t.Fatal(err)
			}
			got := dorado(t, "", append(strings.Fields(test.args), "--config", config)...)
			lines := strings.Split(strings.TrimSpace(got.stderr), "\n")
			if got.code != exitFailure || !slices.ContainsFunc(lines, func(line string) bool { return strings.Contains(line, test.want) }) {
				t.Errorf("exit code %d and\n%swant a line with\n%s", got.code, got.stderr, test.want)
			}
			if strings.Contains(got.stderr+got.stdout, "not-the-token") {
				t.Errorf("the token is shown:\n%s%s", got.stdout, got.stderr)
			}
		})
	}
	if err := os.WriteFile(s.config, text, 0o600); err != nil {
		t.Fatal(err)
	}
	samePrints(t, fingerprint(t, s.config), before)
}

// TestNewerRawStore checks that the store of a newer dorado is left alone.
func TestNewerRawStore(t *testing.T) {
	file := publish(t)
	config, err := loadConfig(file, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	raw, err := warehouse.OpenRaw(t.Context(), config.Warehouse.Path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := raw.Strings(t.Context(), "update store set version = 99 returning 'done'"); err != nil {
		t.Fatal(err)
	}
	if err := raw.Close(); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GITHUB_TOKEN", "unused")
	want := fmt.Sprintf("dorado: %s has version 99 and this dorado reads up to 1: it was written by a newer dorado, use that one\n",
		filepath.Join(config.Warehouse.Path, "raw.duckdb"))
	for _, command := range []string{"collect", "build", "run"} {
		if got := dorado(t, "", command, "--config", file); got != (ran{exitFailure, "", want}) {
			t.Errorf("%s: got %+v, want %q", command, got, want)
		}
	}
	if got := dorado(t, "", "query", "--config", file, "--format", "csv", "select 1 as one"); got != (ran{0, "one\n1\n", ""}) {
		t.Errorf("the snapshot is not served any more: %+v", got)
	}
}

// TestReportFormats compares the report of a simulated organisation with golden
// files.
func TestReportFormats(t *testing.T) {
	t.Parallel()
	s, _ := collectedSimulated(t)
	for _, format := range []string{"table", "markdown", "json"} {
		for _, by := range []string{"service", "team"} {
			t.Run(format+" by "+by, func(t *testing.T) {
				got := runDorado(t, "report", "--config", s.config, "--format", format, "--by", by, "--from", "2025-12-12", "--to", "2025-12-31")
				golden(t, "report_"+by+"."+format, got)
			})
		}
	}
	for _, test := range []struct{ args, want string }{
		{"--from yesterday", "dorado: from: yesterday is not a day such as 2026-01-31\n"},
		{"--from 2025-12-02 --to 2025-12-01", "dorado: the range ends on 2025-12-01, before it begins on 2025-12-02\n"},
	} {
		if got := dorado(t, "", append([]string{"report", "--config", s.config}, strings.Fields(test.args)...)...); got != (ran{exitFailure, "", test.want}) {
			t.Errorf("%s: got %+v, want %q", test.args, got, test.want)
		}
	}
	if got := runDorado(t, "report", "--config", s.config, "--to", "2020-01-31"); !strings.Contains(got, "No production deployment is known") {
		t.Errorf("before the first deployment:\n%s", got)
	}
}

// TestDemo runs the demo twice, the second time over the first, and keeps it
// from removing what no demo made.
func TestDemo(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "demo")
	for _, more := range [][]string{nil, {"--days", "40"}} {
		got := runDorado(t, append([]string{"demo", "--folder", folder}, more...)...)
		for _, want := range []string{"The simulated organisation acme", "published", "Deployment frequency", "What to try next", filepath.ToSlash(folder) + "/dorado.yaml"} {
			if !strings.Contains(got, want) {
				t.Errorf("the demo does not print %q:\n%s", want, got)
			}
		}
		if rows := query(t, filepath.Join(folder, "dorado.yaml"), "select (select count(*) > 1000 from core.changes) and (select count(*) > 100 from marts.error_budget_daily)"); rows[0][0] != "true" {
			t.Errorf("the demo left %v", rows)
		}
	}
	if got := dorado(t, "", "demo", "--folder", folder, "--days", "0"); got != (ran{exitFailure, "", "dorado: demo: --days 0 is too few: there is at least 1\n"}) {
		t.Errorf("got %+v", got)
	}
	file := writeConfig(t, "github: {repositories: [example/api]}\n")
	want := fmt.Sprintf("dorado: demo: %s is no demo's: name another folder with --folder\n", file)
	if got := dorado(t, "", "demo", "--folder", filepath.Dir(file)); got != (ran{exitFailure, "", want}) {
		t.Errorf("got %+v, want %q", got, want)
	}
}
