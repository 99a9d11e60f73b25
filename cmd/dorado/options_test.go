package main

import (
	"os"
	"strings"
	"testing"

	"dorado/models"
)

// TestOptionsAreDocumented keeps the tables of options in README.md equal to the
// options that the models declare.
func TestOptionsAreDocumented(t *testing.T) {
	const file = "../../README.md"
	const begin, end = "<!-- options: written by make update -->\n", "<!-- end of options -->\n"
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, hasBegin := strings.Cut(string(data), begin)
	written, after, hasEnd := strings.Cut(rest, end)
	if !hasBegin || !hasEnd {
		t.Fatalf("%s lacks the lines %sand %s", file, begin, end)
	}
	want := models.OptionsMarkdown() + "\n"
	if *update {
		written = want
		if err := os.WriteFile(file, []byte(before+begin+want+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if written != want {
		t.Errorf("the options have changed; run make update. README.md has\n%s\nwant\n%s", written, want)
	}
}
