package openslo

import (
	"context"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"dorado/collectors"
)

// slo returns an SLO with the target.
func slo(target string) string {
	return `apiVersion: openslo/v1
kind: SLO
metadata: {name: uptime}
spec:
  service: checkout
  indicatorRef: uptime
  budgetingMethod: Occurrences
  objectives: [{target: ` + target + `}]
`
}

// A commit is one of a made-up repository: what files it leaves.
type commit struct {
	sha   string
	at    string
	files map[string]string
}

// gitHub serves the history of acme/slo as GitHub does, and counts requests. The
// test may make the history longer.
type gitHub struct {
	commits  []commit // the oldest first
	requests int
}

func (g *gitHub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.requests++
	head := g.commits[len(g.commits)-1]
	rest, isOurs := strings.CutPrefix(r.URL.Path, "/repos/acme/slo/")
	var answer any
	switch {
	case !isOurs:
	case rest == "git/trees/HEAD":
		entries := []map[string]string{{"path": "slo", "type": "tree", "sha": "folder"}}
		for file, text := range head.files {
			entries = append(entries, map[string]string{"path": file, "type": "blob", "sha": hash(text)})
		}
		answer = map[string]any{"sha": "tree of " + head.sha, "tree": entries, "truncated": false}
	case rest == "commits":
		answer = g.list(r.URL.Query().Get("path"))
	case strings.HasPrefix(rest, "contents/"):
		file := strings.TrimPrefix(rest, "contents/")
		at := slices.IndexFunc(g.commits, func(c commit) bool { return c.sha == r.URL.Query().Get("ref") })
		if text, ok := g.commits[at].files[file]; ok {
			answer = map[string]string{"type": "file", "encoding": "base64", "path": file,
				"content": base64.StdEncoding.EncodeToString([]byte(text)), "html_url": "https://example.invalid/" + g.commits[at].sha}
		}
	}
	if answer == nil {
		w.WriteHeader(http.StatusNotFound)
		answer = map[string]string{"message": "Not Found"}
	}
	_ = json.NewEncoder(w).Encode(answer)
}

// list returns the commits that changed a file, the newest first.
func (g *gitHub) list(file string) []any {
	found := []any{}
	last := ""
	for _, c := range g.commits {
		if c.files[file] != last {
			found = append(found, map[string]any{"sha": c.sha, "commit": map[string]any{"committer": map[string]string{"date": c.at}}})
		}
		last = c.files[file]
	}
	slices.Reverse(found)
	return found
}

func hash(text string) string {
	sum := sha1.Sum([]byte(text))
	return hex.EncodeToString(sum[:])
}

// A memory is a store that keeps all rows.
type memory struct {
	cursor string
	rows   []collectors.Row
}

func (m *memory) Cursor(context.Context, string) (string, error) { return m.cursor, nil }

func (m *memory) Put(_ context.Context, _ string, rows []collectors.Row, cursor string) error {
	m.rows = append(m.rows, rows...)
	if cursor != "" {
		m.cursor = cursor
	}
	return nil
}

// history returns what is stored, a line for each file, objective and problem.
func (m *memory) history() string {
	var lines []string
	for _, row := range m.rows {
		switch row := row.(type) {
		case File:
			lines = append(lines, fmt.Sprintf("%s %s from %s deleted %v", row.Path, row.Version, row.EffectiveFrom.Format(time.DateOnly), row.IsDeleted))
		case Objective:
			lines = append(lines, fmt.Sprintf("  %s %v", row.SLO, row.Target))
		case Problem:
			lines = append(lines, fmt.Sprintf("  line %d %s", row.Line, row.Text))
		}
	}
	return strings.Join(lines, "\n")
}

// collect runs the collector of config once.
func collect(t *testing.T, store *memory, config Config, address string, now time.Time) error {
	t.Helper()
	return collectBy(t, http.DefaultClient, store, config, address, now)
}

// collectBy runs the collector of config once, with requests sent by client.
func collectBy(t *testing.T, client *http.Client, store *memory, config Config, address string, now time.Time) error {
	t.Helper()
	found, err := New(config, client, address, func() time.Time { return now })
	if err != nil || len(found) != 1 {
		t.Fatalf("%d collectors, %v", len(found), err)
	}
	_, err = collectors.Run(t.Context(), store, found[0], func(int) {})
	return err
}

// TestRepositoryHistory reads a file whose target was raised, broken, deleted and
// written again, in two runs.
func TestRepositoryHistory(t *testing.T) {
	gitHub := &gitHub{commits: []commit{
		{"c1", "2026-01-01T09:00:00Z", map[string]string{"slo/a.yaml": slo("0.9"), "README.md": "x", "slo/deep/b.yaml": slo("0.5")}},
		{"c2", "2026-01-02T09:00:00Z", map[string]string{"slo/a.yaml": slo("0.9"), "README.md": "y"}},
		{"c3", "2026-01-03T09:00:00Z", map[string]string{"slo/a.yaml": slo("0.99")}},
	}}
	server := httptest.NewServer(gitHub)
	defer server.Close()
	config := Config{Repositories: []Repository{{Repository: "acme/slo", Paths: []string{"slo/*.yaml"}}}}
	store := &memory{}
	run := func(want string, requests int) {
		t.Helper()
		gitHub.requests, store.rows = 0, nil
		if err := collect(t, store, config, server.URL, time.Time{}); err != nil {
			t.Fatal(err)
		}
		if got := store.history(); got != strings.TrimPrefix(want, "\n") || gitHub.requests != requests {
			t.Errorf("after %d requests, want %d, there is\n%s\nwant%s", gitHub.requests, requests, got, want)
		}
	}
	run(`
slo/a.yaml c1 from 2026-01-01 deleted false
  uptime 0.9
slo/a.yaml c3 from 2026-01-03 deleted false
  uptime 0.99`, 4)
	run("", 1)
	gitHub.commits = append(gitHub.commits,
		commit{"c4", "2025-12-31T09:00:00Z", map[string]string{"slo/a.yaml": slo("1.5")}}, // a wrong clock
		commit{"c5", "2026-01-05T09:00:00Z", map[string]string{}},
		commit{"c6", "2026-01-06T09:00:00Z", map[string]string{"slo/a.yaml": slo("0.95"), "slo/c.yaml": "kind: [\n"}})
	run(`
slo/a.yaml c4 from 2026-01-03 deleted false
  line 8 1.5 is not a target: at least 0 and less than 1
slo/a.yaml c5 from 2026-01-05 deleted true
slo/a.yaml c6 from 2026-01-06 deleted false
  uptime 0.95
slo/c.yaml c6 from 2026-01-06 deleted false
  line 1 not YAML: sequence end token ']' not found`, 7)
	gitHub.commits = append(gitHub.commits, commit{"c7", "2026-01-07T09:00:00Z", map[string]string{"slo/a.yaml": slo("0.95")}})
	run("\nslo/c.yaml c7 from 2026-01-07 deleted true", 3)
}

// A budget sends so many requests and no more.
type budget struct{ left int }

func (b *budget) RoundTrip(request *http.Request) (*http.Response, error) {
	if b.left == 0 {
		return nil, collectors.ErrSpent
	}
	b.left--
	return http.DefaultTransport.RoundTrip(request)
}

// TestBudgetOfRequests stops without an error where no more may be sent, and goes on
// there until all is stored as by one run.
func TestBudgetOfRequests(t *testing.T) {
	gitHub := &gitHub{commits: []commit{
		{"c1", "2026-01-01T09:00:00Z", map[string]string{"a.yaml": slo("0.9"), "b.yaml": slo("0.8")}},
		{"c2", "2026-01-02T09:00:00Z", map[string]string{"a.yaml": slo("0.95"), "b.yaml": slo("0.8")}},
	}}
	server := httptest.NewServer(gitHub)
	defer server.Close()
	config := Config{Repositories: []Repository{{Repository: "acme/slo", Paths: []string{"*.yaml"}}}}
	whole, parts := &memory{}, &memory{}
	if err := collect(t, whole, config, server.URL, time.Time{}); err != nil {
		t.Fatal(err)
	}
	for run := 1; ; run++ {
		if err := collectBy(t, &http.Client{Transport: &budget{left: 4}}, parts, config, server.URL, time.Time{}); err != nil {
			t.Fatalf("run %d: %v", run, err)
		}
		if parts.cursor == whole.cursor {
			if run == 1 {
				t.Error("the first run was not stopped")
			}
			break
		}
		if run == 9 {
			t.Fatalf("after %d runs the cursor is %s, want %s", run, parts.cursor, whole.cursor)
		}
	}
	if got, want := parts.history(), whole.history(); got != want {
		t.Errorf("there is\n%s\nwant\n%s", got, want)
	}
}

// TestRepositoryThatCannotBeRead names it, and reads the others.
func TestRepositoryThatCannotBeRead(t *testing.T) {
	gitHub := &gitHub{commits: []commit{{"c1", "2026-01-01T09:00:00Z", map[string]string{"a.yaml": slo("0.9")}}}}
	server := httptest.NewServer(gitHub)
	defer server.Close()
	store := &memory{}
	err := collect(t, store, Config{Repositories: []Repository{
		{Repository: "acme/gone", Paths: []string{"*.yaml"}},
		{Repository: "acme/slo", Paths: []string{"*.yaml"}},
	}}, server.URL, time.Time{})
	if err == nil || !strings.Contains(err.Error(), "openslo: repository acme/gone: ") {
		t.Errorf("got the error %v", err)
	}
	if want := "a.yaml c1 from 2026-01-01 deleted false\n  uptime 0.9"; store.history() != want {
		t.Errorf("there is\n%s\nwant\n%s", store.history(), want)
	}
}

// TestFolderHistory keeps a version from the time a change was first seen.
func TestFolderHistory(t *testing.T) {
	folder := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	store := &memory{}
	run := func(day int, want string) {
		t.Helper()
		store.rows = nil
		if err := collect(t, store, Config{Folder: folder}, "", time.Date(2026, 1, day, 9, 0, 0, 0, time.UTC)); err != nil {
			t.Fatal(err)
		}
		if got := store.history(); got != want {
			t.Errorf("there is\n%s\nwant\n%s", got, want)
		}
	}
	write("team/a.yml", slo("0.9"))
	write("notes.txt", "x")
	run(1, "team/a.yml 2026-01-01T09:00:00Z from 2026-01-01 deleted false\n  uptime 0.9")
	run(2, "")
	write("team/a.yml", slo("0.99"))
	run(3, "team/a.yml 2026-01-03T09:00:00Z from 2026-01-03 deleted false\n  uptime 0.99")
	if err := os.Remove(filepath.Join(folder, "team/a.yml")); err != nil {
		t.Fatal(err)
	}
	run(4, "team/a.yml 2026-01-04T09:00:00Z from 2026-01-04 deleted true")
	run(5, "")
	write("team/a.yml", slo("0.99"))
	run(6, "team/a.yml 2026-01-06T09:00:00Z from 2026-01-06 deleted false\n  uptime 0.99")
	if err := collect(t, store, Config{Folder: filepath.Join(folder, "gone")}, "", time.Time{}); err == nil {
		t.Error("a folder that is not there is no error")
	}
}
