package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"dorado/collectors"
	"dorado/collectors/ingested"
	"dorado/collectors/landing"
	"dorado/collectors/simulator"
	"dorado/server/push"
	"dorado/warehouse"
)

// A delivery is a webhook as GitHub or PagerDuty sends it.
type delivery struct {
	path, event, id string
	body            []byte
}

// pushSecret is what the deliveries of tests are signed with.
const pushSecret = "it is a secret to everybody"

// request returns the request of a delivery.
func (d delivery) request() *http.Request {
	mac := hmac.New(sha256.New, []byte(pushSecret))
	mac.Write(d.body)
	request := httptest.NewRequest(http.MethodPost, d.path, strings.NewReader(string(d.body)))
	request.Header.Set("Content-Type", "application/json")
	if d.path == push.PathGitHub {
		request.Header.Set("X-GitHub-Event", d.event)
		request.Header.Set("X-GitHub-Delivery", d.id)
		request.Header.Set("X-Hub-Signature-256", fmt.Sprintf("sha256=%x", mac.Sum(nil)))
	} else {
		request.Header.Set("X-PagerDuty-Signature", fmt.Sprintf("v1=00,v1=%x", mac.Sum(nil)))
	}
	return request
}

// pushHandler receives for the warehouse of a configuration, and counts.
func pushHandler(t *testing.T, configFile string, now func() time.Time, counts map[string]int) http.Handler {
	t.Helper()
	config, err := loadConfig(configFile, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	accounts, err := pagerDutyReceivers(config, nil)
	if err != nil {
		t.Fatal(err)
	}
	return push.Handler(push.Options{
		Landing:   landing.New(config.Warehouse.Path, now),
		GitHub:    githubReceiver(config, nil),
		PagerDuty: accounts,
		Secrets:   push.Secrets{GitHub: [][]byte{[]byte("older"), []byte(pushSecret)}, PagerDuty: []push.AccountSecret{{Secret: []byte(pushSecret)}}},
		Now:       now,
		Logger:    slog.New(slog.NewTextHandler(io.Discard, nil)),
		Caller:    func(*http.Request) string { return "test" },
		Count:     func(source, outcome string) { counts[source+" "+outcome]++ },
	})
}

// deliver sends a delivery and returns the status of the answer.
func deliver(handler http.Handler, d delivery) int {
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, d.request())
	return answer.Code
}

// A deliverer makes the deliveries of a simulated organisation from what its APIs
// answer when the events happen.
type deliverer struct {
	t       *testing.T
	handler http.Handler
	now     time.Time
	made    []delivery
}

// get returns what the API answers at a time.
func (d *deliverer) get(at time.Time, path string, args ...any) json.RawMessage {
	d.t.Helper()
	d.now = at
	answer := httptest.NewRecorder()
	d.handler.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, fmt.Sprintf(path, args...), nil))
	if answer.Code != http.StatusOK {
		d.t.Fatalf("%s: %d %s", fmt.Sprintf(path, args...), answer.Code, answer.Body)
	}
	return answer.Body.Bytes()
}

// add makes a delivery of GitHub.
func (d *deliverer) add(event string, body map[string]any) {
	d.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		d.t.Fatal(err)
	}
	d.made = append(d.made, delivery{push.PathGitHub, event, fmt.Sprintf("%x", sha256.Sum256(append([]byte(event), text...))), text})
}

// deliveries returns what the organisation's sources send of what happens after one
// time and before another, in order of the kinds.
func deliveries(t *testing.T, organization *simulator.Organization, after, before time.Time) []delivery {
	t.Helper()
	d := &deliverer{t: t}
	d.handler = simulator.Handler(organization, simulator.ServerOptions{RateLimit: -1, Now: func() time.Time { return d.now }})
	isIn := func(at time.Time) bool { return at.After(after) && at.Before(before) }
	for _, repository := range organization.Repositories {
		name := repository.FullName
		for _, one := range repository.Deployments {
			deployment := func(at time.Time) json.RawMessage { return d.get(at, "/repos/%s/deployments/%d", name, one.ID) }
			if isIn(one.CreatedAt) {
				d.add("deployment", map[string]any{"action": "created", "repository": d.get(one.CreatedAt, "/repos/%s", name), "deployment": deployment(one.CreatedAt)})
			}
			for _, status := range one.Statuses {
				if !isIn(status.At) {
					continue
				}
				var statuses []json.RawMessage
				if err := json.Unmarshal(d.get(status.At, "/repos/%s/deployments/%d/statuses", name, one.ID), &statuses); err != nil {
					t.Fatal(err)
				}
				d.add("deployment_status", map[string]any{"action": "created", "repository": d.get(status.At, "/repos/%s", name), "deployment": deployment(status.At), "deployment_status": statuses[0]})
			}
		}
		for _, one := range repository.PullRequests {
			for _, at := range []*time.Time{&one.CreatedAt, one.ClosedAt} {
				if at != nil && isIn(*at) {
					d.add("pull_request", map[string]any{"action": "opened", "repository": d.get(*at, "/repos/%s", name), "pull_request": d.get(*at, "/repos/%s/pulls/%d", name, one.Number)})
				}
			}
		}
		for _, one := range repository.Releases {
			if isIn(one.PublishedAt) {
				var releases []json.RawMessage
				if err := json.Unmarshal(d.get(one.PublishedAt, "/repos/%s/releases?per_page=100", name), &releases); err != nil {
					t.Fatal(err)
				}
				for _, release := range releases {
					if strings.Contains(string(release), fmt.Sprintf(`"id":%d,`, one.ID)) {
						d.add("release", map[string]any{"action": "published", "repository": d.get(one.PublishedAt, "/repos/%s", name), "release": release})
					}
				}
			}
		}
		for _, one := range repository.Tags {
			if isIn(one.At) {
				d.add("push", map[string]any{"ref": "refs/tags/" + one.Name, "repository": d.get(one.At, "/repos/%s", name), "commits": []any{}})
			}
		}
	}
	for _, one := range organization.Incidents {
		for i, entry := range one.Entries {
			if !isIn(entry.At) || entry.At.Before(one.CreatedAt) {
				continue
			}
			var answer struct{ Incident json.RawMessage }
			if err := json.Unmarshal(d.get(entry.At, "/pagerduty/incidents/%s", one.ID), &answer); err != nil {
				t.Fatal(err)
			}
			id := fmt.Sprintf("01%s%d", one.ID, i)
			text, err := json.Marshal(map[string]any{"event": map[string]any{
				"id": id, "event_type": "incident." + entry.Kind + "d", "resource_type": "incident", "occurred_at": entry.At, "data": answer.Incident,
			}})
			if err != nil {
				t.Fatal(err)
			}
			d.made = append(d.made, delivery{push.PathPagerDuty, "", id, text})
		}
	}
	return d.made
}

// TestPushedAndCollected pushes what happens between two collections, in any order,
// some of it twice, and with what was collected already among it. The tables must be
// those of the two collections alone, and of a warehouse that takes in what was
// pushed before each of several collections.
func TestPushedAndCollected(t *testing.T) {
	t.Parallel()
	s := simulate(t)
	middle := s.organization.End.Add(-s.organization.End.Sub(s.organization.Start) / 4)
	s.now.Store(&middle)
	alone := s.anew(t)
	runDorado(t, "collect", "--config", alone)
	pushed, often := s.anew(t), s.anew(t)
	copyWarehouse(t, alone, pushed)
	copyWarehouse(t, alone, often)
	s.now.Store(&s.organization.End)
	want := s.collectAndBuild(t, alone)

	fresh := deliveries(t, s.organization, middle, s.organization.End)
	stale := deliveries(t, s.organization, middle.Add(-10*24*time.Hour), middle)
	all := append(append(append([]delivery{}, fresh...), stale...), fresh[:len(fresh)/10]...)
	random := rand.New(rand.NewPCG(4, 0))
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	end := func() time.Time { return s.organization.End }

	t.Run("merged by the next collection", func(t *testing.T) {
		counts := map[string]int{}
		handler := pushHandler(t, pushed, end, counts)
		for _, one := range all {
			if status := deliver(handler, one); status != http.StatusAccepted {
				t.Fatalf("%s %.300s: %d", one.event, one.body, status)
			}
		}
		t.Logf("%d deliveries: %v", len(all), counts)
		if counts["github taken"] < 500 || counts["pagerduty taken"] < 50 || counts["github known"] < 30 {
			t.Errorf("too little was pushed: %v", counts)
		}
		samePrints(t, s.collectAndBuild(t, pushed), want)
		nothingWaits(t, pushed)
	})
	t.Run("without a collection", func(t *testing.T) {
		handler := pushHandler(t, often, end, map[string]int{})
		for len(all) > 0 {
			some := all[:min(len(all), 400)]
			all = all[len(some):]
			for _, one := range some {
				deliver(handler, one)
			}
			runDorado(t, "collect", "--config", often, "landing")
		}
		// Deployments are there at once, as they will be.
		runDorado(t, "build", "--config", often, "--as-of", s.organization.End.Format(time.RFC3339))
		const deployments = "select deployment_id, status, finished_at from core.deployments where is_production and deployment_id like '%github_deployment%' order by all"
		if got, want := fmt.Sprint(query(t, often, deployments)), fmt.Sprint(query(t, alone, deployments)); got != want {
			t.Errorf("the deployments that were pushed are\n%s\nwant\n%s", got, want)
		}
		samePrints(t, s.collectAndBuild(t, often), want)
		nothingWaits(t, often)
	})
}

// nothingWaits checks that all that landed was taken.
func nothingWaits(t *testing.T, config string) {
	t.Helper()
	waiting, err := landing.New(filepath.Join(filepath.Dir(config), defaultPath), time.Now).Waiting()
	if err != nil || waiting != (landing.Waiting{}) {
		t.Errorf("%+v is left in the landing folder (%v)", waiting, err)
	}
}

// TestPushedRecords ingests records over HTTP, which must be the rows that the
// command makes of files.
func TestPushedRecords(t *testing.T) {
	file := writeConfig(t, "services: [{name: checkout, repositories: [acme/checkout]}]\n")
	handler := pushHandler(t, writeConfig(t, "github: {repositories: [acme/checkout]}\nwarehouse: {path: "+filepath.Join(filepath.Dir(file), defaultPath)+"}\n"), time.Now, map[string]int{})
	send := func(kind, contentType, body string) string {
		request := httptest.NewRequest(http.MethodPost, push.PathIngest+kind, strings.NewReader(body))
		request.Header.Set("Content-Type", contentType)
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, request)
		return fmt.Sprint(answer.Code, " ", strings.TrimSpace(answer.Body.String()))
	}
	for _, test := range []struct{ kind, contentType, body, want string }{
		{"deployments", "text/csv", "id,service,finished_at\nb1,checkout,2026-01-31T09:00:00Z\nb2,,2026-01-31T09:00:00Z\nb3,checkout,2026-01-31T11:00:00+01:00\n",
			`207 {"taken":2,"was_taken_before":false,"problems":[{"line":3,"text":"service: give the service, or the repository that it is built from"}]}`},
		{"sli", "application/json", `[{"slo": "uptime", "started_at": "2026-01-31T09:00:00Z", "good": 1, "total": 2}]`, `200 {"taken":1,"was_taken_before":false,"problems":[]}`},
		{"incidents", "application/x-ndjson", "{\"id\": \"i1\", \"triggered_at\": \"2026-01-31T09:00:00Z\"}\n", `200 {"taken":1,"was_taken_before":false,"problems":[]}`},
		{"incidents", "application/x-ndjson", "{\"id\": \"i1\", \"triggered_at\": \"2026-01-31T08:00:00Z\"}\n", `200 {"taken":1,"was_taken_before":false,"problems":[]}`},
		{"cdevents", "application/cloudevents+json", `{"specversion": "1.0", "data": {"context": {"id": "e1", "source": "/ci", "type": "dev.cdevents.service.deployed.0.2.0", "timestamp": "2026-02-01T09:00:00Z"},
			"subject": {"id": "/service/checkout", "content": {"environment": {"id": "/prod"}, "artifactId": "pkg:github/acme/checkout@4f2a9c1"}}}}`, `200 {"taken":1,"was_taken_before":false,"problems":[]}`},
		{"cdevents", "application/json", `[{"context": {"id": "e3", "source": "/ci", "type": "dev.cdevents.incident.resolved.0.2.0", "timestamp": "2026-02-01T11:00:00Z"}, "subject": {"id": "42", "content": {}}},
			{"context": {"id": "e2", "source": "/ci", "type": "dev.cdevents.incident.detected.0.2.0", "timestamp": "2026-02-01T10:00:00Z"}, "subject": {"id": "42", "content": {"description": "slow", "service": {"id": "/service/checkout"}}}}]`,
			`200 {"taken":2,"was_taken_before":false,"problems":[]}`},
	} {
		if got := send(test.kind, test.contentType, test.body); got != test.want {
			t.Errorf("%s: got\n%s\nwant\n%s", test.kind, got, test.want)
		}
	}
	// What is ingested by hand later replaces what was pushed, although that is
	// merged only now.
	records := filepath.Join(t.TempDir(), "deployments.csv")
	if err := os.WriteFile(records, []byte("id,service,version,finished_at\nb3,checkout,newer,2026-01-31T10:00:00Z\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	runDorado(t, "ingest", "deployments", records, "--config", file)
	send("cdevents", "application/json", `{"context": {"id": "e4", "source": "/ci", "type": "dev.cdevents.incident.resolved.0.2.0", "timestamp": "2026-02-01T12:00:00Z"}, "subject": {"id": "42", "content": {}}}`)
	runDorado(t, "collect", "--config", file, "landing")
	got := ""
	for _, query := range []string{
		"select concat_ws(' ', id, service, repository, environment, sha, version, finished_at) from ingested_deployments order by 1",
		"select concat_ws(' ', id, service, title, triggered_at, resolved_at) from ingested_incidents order by 1",
		"select slo || ' ' || good from ingested_sli",
	} {
		got += strings.Join(rawStrings(t, file, query), "\n") + "\n"
	}
	const want = `/ci/e1 checkout acme/checkout prod 4f2a9c1 4f2a9c1 2026-02-01 09:00:00
b1 checkout production 2026-01-31 09:00:00
b3 checkout production newer 2026-01-31 10:00:00
/ci/42 checkout slow 2026-02-01 10:00:00 2026-02-01 12:00:00
i1 2026-01-31 08:00:00
uptime 1.0
`
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// rawStrings returns the first column of a query over the raw store of a
// configuration.
func rawStrings(t *testing.T, configFile, query string) []string {
	t.Helper()
	raw, err := warehouse.OpenRaw(t.Context(), filepath.Join(filepath.Dir(configFile), defaultPath))
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	texts, err := raw.Strings(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

// TestKilledMerges kills runs that take what was pushed, wherever they are, while
// more is pushed. All of it is in the store in the end, once.
func TestKilledMerges(t *testing.T) {
	t.Parallel() // it waits more than it works
	loops := 5
	if text := os.Getenv("DORADO_KILL_LOOPS"); text != "" {
		var err error
		if loops, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	config := writeConfig(t, "services: [{name: checkout, repositories: [acme/checkout]}]\n")
	folder := landing.New(filepath.Join(filepath.Dir(config), defaultPath), time.Now)
	pushed := 0
	land := func() {
		for range 300 {
			body := fmt.Sprintf(`[{"id": "%d", "service": "checkout", "finished_at": "2026-01-31T09:00:00Z"}]`, pushed)
			if _, err := folder.Append(collectors.Event{Source: ingested.Source, Kind: "deployments", Body: json.RawMessage(body)}, landing.Key{Name: body}); err != nil {
				t.Fatal(err)
			}
			pushed++
		}
	}
	land()
	merge := func() *exec.Cmd {
		job := exec.Command(os.Args[0], "collect", "landing", "--config", config)
		job.Env = append(os.Environ(), childVariable+"=1")
		return job
	}
	started := time.Now()
	if text, err := merge().CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	whole := time.Since(started)
	killed := 0
	for n := range loops {
		job := merge()
		if err := job.Start(); err != nil {
			t.Fatal(err)
		}
		ended := time.AfterFunc(whole*time.Duration(n+1)/time.Duration(loops+1), func() { _ = job.Process.Kill() })
		land()
		if job.Wait() != nil {
			killed++
		}
		ended.Stop()
	}
	runDorado(t, "collect", "landing", "--config", config)
	got := rawStrings(t, config, "select count(*) || ' ' || count(distinct id) from ingested_deployments")
	if want := fmt.Sprint(pushed, " ", pushed); got[0] != want {
		t.Errorf("stored and distinct deployments: %s, want %s", got[0], want)
	}
	nothingWaits(t, config)
	t.Logf("%d of %d runs were killed, %d records were pushed", killed, loops, pushed)
}
