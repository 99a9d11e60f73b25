package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"dorado/collectors/github"
)

// TestCompareDefinitions compares two configurations on two releases, of which the
// second ships a change that was written ten days and committed two days before.
func TestCompareDefinitions(t *testing.T) {
	folder, home := t.TempDir(), filepath.Dir(absolute(t, "compare_test.go"))
	t.Chdir(folder) // the files' names are printed
	day := func(n int) time.Time { return time.Date(2026, 1, n, 10, 0, 0, 0, time.UTC) }
	release := func(id int64, tag string, n int) github.Release {
		at := day(n)
		return github.Release{ID: id, Repository: "example/api", TagName: tag, PublishedAt: &at}
	}
	putRaw(t, filepath.Join(folder, "data"),
		github.Repository{ID: 1, FullName: "example/api"},
		release(1, "v1", 1), release(2, "v2", 20), release(3, "nightly", 21),
		github.Tag{Repository: "example/api", Name: "v1", SHA: "a"},
		github.Tag{Repository: "example/api", Name: "v2", SHA: "b"},
		github.Tag{Repository: "example/api", Name: "nightly", SHA: "b"},
		github.Commit{Repository: "example/api", SHA: "a", AuthoredAt: day(1), CommittedAt: day(1)},
		github.Commit{Repository: "example/api", SHA: "b", AuthoredAt: day(10), CommittedAt: day(18)},
		github.CommitParent{Repository: "example/api", SHA: "b", ParentSHA: "a"},
	)
	for name, text := range map[string]string{
		"a.yaml": "github: {repositories: [example/api]}\nservices: [{name: api, repositories: [example/api], deployments: [{kind: release}]}]\n",
		"b.yaml": "github: {repositories: [example/api]}\ndefinitions: {change_lead_time: {start: committed}}\n" +
			"services: [{name: api, repositories: [example/api], deployments: [{kind: release, tag: 'v\\d'}]}]\n" +
			"incidents: [{urgency: high}, {source: github_issue, label: outage}, {source: ingested, maintenance: false}]\noverrides: overrides.yaml\n",
		"overrides.yaml": "overrides:\n- {action: failed, deployment: 'https://github.com/example/api/releases/tag/v2', who: ana, why: it lost orders}\n",
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	written := map[string]string{}
	for _, format := range []string{"table", "json"} {
		got := dorado(t, "", "compare-definitions", "a.yaml", "b.yaml", "--as-of", "2026-02-01T00:00:00Z", "--from", "2026-01-01", "--format", format, "--log-format", "json")
		if got.code != 0 {
			t.Fatalf("got %+v", got)
		}
		written["compare."+format] = got.stdout
	}
	same := dorado(t, "", "compare-definitions", "a.yaml", "a.yaml", "--as-of", "2026-02-01T00:00:00Z")
	if want := "No definition differs between a.yaml and a.yaml.\n"; same.code != 0 || same.stdout[:len(want)] != want {
		t.Errorf("got %+v", same)
	}
	missing := dorado(t, "", "compare-definitions", "a.yaml", "c.yaml")
	if want := "dorado: no configuration at c.yaml: dorado init writes one, or name another with --config\n"; missing.code == 0 || missing.stderr != want {
		t.Errorf("it builds the first before it misses the second: %+v", missing)
	}
	if _, err := os.Stat(filepath.Join("data", "published")); !os.IsNotExist(err) {
		t.Errorf("something was published: %v", err)
	}
	t.Chdir(home)
	for name, text := range written {
		golden(t, name, text)
	}
}

func absolute(t *testing.T, path string) string {
	t.Helper()
	whole, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return whole
}
