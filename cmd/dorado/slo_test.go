package main

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"dorado/collectors/openslo"
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

// TestDocumentedObjective keeps README.md from showing an objective that is refused.
func TestDocumentedObjective(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "```yaml\napiVersion: openslo/v1")
	shown, _, isShown := strings.Cut("apiVersion: openslo/v1"+rest, "```")
	if findings := openslo.Check([]byte(shown)); !isShown || len(findings) > 0 {
		t.Errorf("README.md shows %q, in which there are %+v", shown, findings)
	}
}

// TestObjectivesAllTheWay takes objectives from a folder and measurements from a
// file, and one with a query that may not run, to what is left of the budget.
func TestObjectivesAllTheWay(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	write := func(name, text string) string { return writeInto(t, folder, name, text) }
	config := write("dorado.yaml", "github: {repositories: [acme/shop], base_url: 'http://127.0.0.1:1'}\n"+
		"services: [{name: checkout, repositories: [acme/shop]}]\nslos: {folder: slo}\n")
	write("slo/checkout.yaml", `apiVersion: openslo/v1
kind: SLO
metadata: {name: requests}
spec:
  service: checkout
  indicator:
    metadata: {name: requests}
    spec:
      ratioMetric:
        good: {metricSource: {type: Prometheus, spec: {query: good}}}
        total: {metricSource: {type: Prometheus, spec: {query: total}}}
  timeWindow: [{duration: 30d, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{targetPercent: 99}]
---
apiVersion: openslo/v1
kind: SLO
metadata: {name: stolen}
spec:
  service: checkout
  indicator:
    metadata: {name: stolen}
    spec: {thresholdMetric: {metricSource: {type: DuckDB, spec: {query: "select * from read_csv('/etc/passwd')"}}}}
  budgetingMethod: Occurrences
  objectives: [{op: gt, value: 0, target: 0.5}]
`)
	write("slo/broken.yaml", "kind: [\n")
	measurements := write("sli.csv", "slo,started_at,good,total\nrequests,2026-01-01T10:00:00Z,995,1000\nrequests,2026-01-01T10:05:00Z,985,1000\n")
	runDorado(t, "collect", "openslo_folder", "--config", config)
	runDorado(t, "ingest", "sli", measurements, "--config", config)
	built := runDorado(t, "build", "--config", config, "--as-of", "2030-01-01T00:00:00Z")
	if want := "every_objective_can_be_measured does not hold for 2 rows, the first is origin=folder path=broken.yaml line=1"; !strings.Contains(built, want) {
		t.Errorf("the build prints\n%s\nwithout %s", built, want)
	}
	got := query(t, config, `
		select objective_id, day, service_id, good, total, round(burn_rate, 6), round(remaining_ratio, 6), is_exhausted, is_before_definition
		from marts.error_budget_daily order by day limit 1`)
	if want := [][]string{{"requests/1", "2026-01-01", "checkout", "1980", "2000", "1", "0", "false", "true"}}; !reflect.DeepEqual(got, want) {
		t.Errorf("the budget is %v, want %v", got, want)
	}
	got = query(t, config, "select path, line, objective_id, problem from core.slo_findings where severity = 'error' order by finding_number")
	want := [][]string{
		{"broken.yaml", "1", "", "not YAML: sequence end token ']' not found"},
		{"checkout.yaml", "25", "stolen/1", "value: it reads from the function read_csv; only unnest, generate_series, range may be read from"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the findings are %v, want %v", got, want)
	}
	got = query(t, config, "select period_start, dimension, objectives, objectives_met, attainment_ratio from metrics.slo_attainment(timestamp '2026-01-01', timestamp '2026-02-01', by_dimension := 'service')")
	if want := [][]string{{"2026-01-01", "checkout", "1", "1", "0.99"}}; !reflect.DeepEqual(got, want) {
		t.Errorf("the attainment is %v, want %v", got, want)
	}
}
