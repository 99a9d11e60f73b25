package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"dorado/collectors/simulator"
)

// cookbookBlock is a query of the cookbook with its answer, if there is one yet.
var cookbookBlock = regexp.MustCompile("(?s)```sql\n(.*?)```\n(?:\n((?:\\|[^\n]*\n)+))?")

// shownRows is how many rows of an answer the cookbook shows.
const shownRows = 6

// TestCookbook runs every query of docs/cookbook.md on the organisation of the demo
// and compares the answers.
func TestCookbook(t *testing.T) {
	t.Parallel()
	file := filepath.Join(root, "docs", "cookbook.md")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	end := time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
	organization := simulator.New(simulator.Options{Seed: 1, End: end})
	address, stop, err := serveDemo(organization)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	configured, err := demoConfig(organization, address)
	if err != nil {
		t.Fatal(err)
	}
	config := writeConfig(t, string(configured))
	runDorado(t, "collect", "--config", config)
	runDorado(t, "build", "--config", config, "--as-of", end.Format(time.RFC3339))
	questions := 0
	answered := cookbookBlock.ReplaceAllStringFunc(string(text), func(block string) string {
		questions++
		query := cookbookBlock.FindStringSubmatch(block)[1]
		lines := strings.SplitAfter(runDorado(t, "query", "--config", config, "--format", "markdown", query), "\n")
		return "```sql\n" + query + "```\n\n" + strings.Join(lines[:min(len(lines), shownRows+2)], "")
	})
	if numbered := strings.Count(string(text), "\n## "); questions != numbered || questions < 25 {
		t.Errorf("%d questions have %d queries", numbered, questions)
	}
	if *update {
		if err := os.WriteFile(file, []byte(answered), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if answered != string(text) {
		t.Errorf("the answers are not those of %s: run go test ./cmd/dorado -run TestCookbook -update and look at the difference\n%s", file, firstDifference(string(text), answered))
	}
}

// firstDifference returns the first line that differs between two texts.
func firstDifference(want, got string) string {
	wanted, gotten := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(wanted), len(gotten)) {
		if wanted[i] != gotten[i] {
			return fmt.Sprintf("line %d: %q, now %q", i+1, wanted[i], gotten[i])
		}
	}
	return fmt.Sprintf("%d lines, now %d", len(wanted), len(gotten))
}
