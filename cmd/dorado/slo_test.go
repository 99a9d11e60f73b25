package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCheckSLOs prints every problem of every file, and fails where there is one.
func TestCheckSLOs(t *testing.T) {
	folder := t.TempDir()
	good, bad := filepath.Join(folder, "good.yaml"), filepath.Join(folder, "bad.yaml")
	for file, text := range map[string]string{
		good: "apiVersion: openslo/v1\nkind: SLO\nmetadata: {name: a}\nspec:\n  service: b\n  budgetingMethod: Occurrences\n  objectives:\n    - {target: 0.9, indicatorRef: c, compositeWeight: 1}\n",
		bad:  "apiVersion: openslo/v1\nkind: Service\nmetadata: {name: a b}\nspec: {}\n---\nkind: Dashboard\n",
	} {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got := dorado(t, "", "slo", "check", bad, good)
	want := `bad.yaml:3: metadata.name: "a b" is not a name: letters, digits and - . _ | / \ inside, at most 255 of them
bad.yaml:6: kind: "Dashboard" is not one of Service, SLO, SLI, DataSource, AlertPolicy, AlertCondition, AlertNotificationTarget
good.yaml:8: note: spec.objectives[0].compositeWeight: weights are not computed with: each objective has a budget of its own
good.yaml: ok
`
	if stdout := strings.ReplaceAll(got.stdout, folder+string(filepath.Separator), ""); stdout != want {
		t.Errorf("printed\n%s\nwant\n%s", stdout, want)
	}
	if got.code != 1 || got.stderr != "dorado: 2 problems in 1 file\n" {
		t.Errorf("exits with %d and says %q", got.code, got.stderr)
	}
	if got := dorado(t, "", "slo", "check", good); got.code != 0 || got.stderr != "" {
		t.Errorf("a good file: exits with %d and says %q", got.code, got.stderr)
	}
	if got := dorado(t, "", "slo", "check"); got.code != 2 || !strings.Contains(got.stderr, "name the files to check") {
		t.Errorf("no file: exits with %d and says %q", got.code, got.stderr)
	}
	if got := dorado(t, "", "slo", "check", filepath.Join(folder, "gone.yaml")); got.code != 1 || !strings.Contains(got.stderr, "gone.yaml") {
		t.Errorf("no such file: exits with %d and says %q", got.code, got.stderr)
	}
}
