package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDocs looks for what must be found on each page.
func TestDocs(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "docs")
	if got, want := runDorado(t, "docs", "--output", folder), "wrote 8 pages to "+folder+"\n"; got != want {
		t.Errorf("it prints %q, want %q", got, want)
	}
	for page, wanted := range map[string][]string{
		"metrics.md":       {"## change_lead_time\n", "Formula: sql/macros/change_lead_time.sql", "Worked example: Over both services the median is that of all changes", "| `median_seconds` | double | seconds |"},
		"tables.md":        {"## core.deployments\n", "One row for each: `deployment_id`.", "| `finished_at` | timestamp | instant, UTC |", "## core.shipped_commits\n"},
		"checks.md":        {"| `no_lead_time_is_negative` | warn |", "| `a_change_counts_once` | error |"},
		"lineage.md":       {"```mermaid\n", "core_deployments[core.deployments] --> core_changes[core.changes]", "| `staging.github_tags` | `raw.github_tags` |"},
		"sources.md":       {"## raw.github_deployments\n", "## staging.github_deployments\n"},
		"configuration.md": {"| `warehouse.timezone` | text |", "| `quality.deployments_with_sha.error` | number |", "| `start` |"},
		"api.md":           {"| [`POST /api/v1/query`](#querysql) |", "| `is_complete` | boolean |"},
		"README.md":        {"[`core`](tables.md)"},
	} {
		text, err := os.ReadFile(filepath.Join(folder, page))
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range wanted {
			if !strings.Contains(string(text), want) {
				t.Errorf("%s does not have %q", page, want)
			}
		}
	}
}

// TestDocsAreCurrent keeps the folder docs, once make docs has written it, equal
// to what the program says of itself.
func TestDocsAreCurrent(t *testing.T) {
	const folder = "../../docs"
	if _, err := os.Stat(folder); err != nil && !*update {
		t.Skip("there is no folder docs: make docs writes it")
	}
	if *update {
		runDorado(t, "docs", "--output", folder)
	}
	written := t.TempDir()
	runDorado(t, "docs", "--output", written)
	pages, err := os.ReadDir(written)
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range pages {
		got, err := os.ReadFile(filepath.Join(written, page.Name()))
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(filepath.Join(folder, page.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != string(want) {
			t.Errorf("docs/%s is not current: run make docs, and look at the difference", page.Name())
		}
	}
}
