package github_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"dorado/collectors"
	"dorado/collectors/github"
	"dorado/collectors/simulator"
)

// TestHints checks that a list is read although the overview says that it is as it
// was, where a hint says that it has changed, and once only.
func TestHints(t *testing.T) {
	organization := simulator.New(simulator.Options{Seed: 3, Services: 3, Days: 20})
	end := organization.End.Add(time.Hour) // when all has settled
	handler := simulator.Handler(organization, simulator.ServerOptions{RateLimit: -1, Now: func() time.Time { return end }})
	var mutex sync.Mutex
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mutex.Lock()
		asked++
		mutex.Unlock()
		handler.ServeHTTP(w, r)
	}))
	defer server.Close()
	store := openStore(t)
	collect(t, store, organization, server.URL)
	requests := func() int {
		mutex.Lock()
		defer mutex.Unlock()
		asked = 0
		mutex.Unlock()
		collect(t, store, organization, server.URL)
		mutex.Lock()
		return asked
	}
	requests()
	quiet := requests()
	repository := organization.Repositories[0].FullName
	at := time.Date(2026, 1, 31, 9, 0, 0, 0, time.UTC)
	newer, err := store.Newer(t.Context(), []collectors.Row{
		collectors.Hint{Collector: "github_releases", Record: repository, OccurredAt: at},
		collectors.Hint{Collector: "github_tags", Record: repository, OccurredAt: at},
	})
	if err != nil || len(newer) != 2 {
		t.Fatal(newer, err)
	}
	if err := store.Put(t.Context(), "", newer, ""); err != nil {
		t.Fatal(err)
	}
	if hinted := requests(); hinted <= quiet {
		t.Errorf("%d requests with a hint, %d without", hinted, quiet)
	}
	if again := requests(); again != quiet {
		t.Errorf("%d requests after the hint, %d before", again, quiet)
	}
	open, err := store.Strings(t.Context(), "select collector from hints where read_at is null")
	if err != nil || len(open) > 0 {
		t.Errorf("%q are not read (%v)", open, err)
	}
	// The same hint again, as of a delivery that comes twice, says nothing new.
	if newer, err = store.Newer(t.Context(), newer); err != nil || len(newer) > 0 {
		t.Errorf("%v is new (%v)", newer, err)
	}
}

// TestPushedCopies checks which of two copies of a record stays.
func TestPushedCopies(t *testing.T) {
	store := openStore(t)
	receiver := github.NewReceiver(github.Config{Repositories: []string{"acme/new"}}, store)
	err := store.Put(t.Context(), "", []collectors.Row{
		github.Repository{ID: 1, FullName: "acme/old"},
		github.Deployment{ID: 7, Repository: "acme/old", Environment: "collected", UpdatedAt: time.Date(2026, 1, 31, 9, 0, 0, 0, time.UTC)},
		github.Release{ID: 8, Repository: "acme/old", TagName: "collected"},
	}, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ name, kind, body, want string }{
		{"older", "deployment", `"deployment": {"id": 7, "environment": "pushed", "updated_at": "2026-01-31T08:59:59Z"}`, "collected acme/old"},
		{"as old", "deployment", `"deployment": {"id": 7, "environment": "pushed", "updated_at": "2026-01-31T09:00:00Z"}`, "collected acme/old"},
		{"newer", "deployment", `"deployment": {"id": 7, "environment": "pushed", "updated_at": "2026-01-31T09:00:01Z"}`, "pushed acme/old"},
		{"without a time", "release", `"release": {"id": 8, "tag_name": "pushed", "published_at": "2026-01-31T09:00:00Z"}`, "collected acme/old"},
	} {
		event := collectors.Event{Source: "github", Kind: test.kind, ReceivedAt: time.Now(), Body: []byte(`{"repository": {"id": 1, "full_name": "acme/new"}, ` + test.body + `}`)}
		rows, unread, err := receiver.Receive(t.Context(), []collectors.Event{event})
		if err != nil || len(unread) > 0 {
			t.Fatal(unread, err)
		}
		if err := store.Put(t.Context(), "", rows, ""); err != nil {
			t.Fatal(err)
		}
		query := "select environment || ' ' || repository from github_deployments"
		if test.kind == "release" {
			query = "select tag_name || ' ' || repository from github_releases"
		}
		got, err := store.Strings(t.Context(), query)
		if err != nil || strings.Join(got, ",") != test.want {
			t.Errorf("%s: %q is stored, want %q (%v)", test.name, got, test.want, err)
		}
	}
}
