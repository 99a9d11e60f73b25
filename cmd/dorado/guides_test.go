package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// guideConfig is a whole configuration in a guide.
var guideConfig = regexp.MustCompile("(?s)```yaml\n(# dorado\\.yaml\n.*?)```")

// TestGuides reads every configuration in docs/ as dorado would.
func TestGuides(t *testing.T) {
	pages, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range guideConfig.FindAllStringSubmatchIndex(string(text), -1) {
			found++
			config := writeConfig(t, string(text[block[2]:block[3]]))
			if got := dorado(t, "", "config", "check", "--config", config); got.code != 0 {
				t.Errorf("%s:%d: %s", filepath.Base(page), strings.Count(string(text[:block[2]]), "\n")+1, got.stderr)
			}
		}
	}
	if found < 7 {
		t.Errorf("only %d configurations were found", found)
	}
}
