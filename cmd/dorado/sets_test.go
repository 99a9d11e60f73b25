package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"dorado/collectors/ingested"
	"dorado/reports"
)

// setsStore returns a configuration with two definition sets, and a warehouse in which
// api was deployed twice in production and once in live.
func setsStore(t *testing.T, live string) (config string) {
	t.Helper()
	config = writeConfig(t, "services: [{name: api, team: payments, repositories: [acme/api]}]\ndefinition_sets: {live: live.yaml, strict: strict.yaml}\n")
	for name, text := range map[string]string{
		"live.yaml":   live,
		"strict.yaml": "definitions: {levels: {minimum_sample: 1}}\n",
	} {
		if err := os.WriteFile(filepath.Join(filepath.Dir(config), name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for i, environment := range []string{"production", "production", "live"} {
		at := time.Date(2026, 1, 5+i, 10, 0, 0, 0, time.UTC)
		storeRows(t, config, ingested.Deployment{ID: strings.Repeat("x", i+1), Service: pointer("api"), Environment: environment, Status: "success", FinishedAt: &at})
	}
	return config
}

const liveSet = "services: [{name: api, team: payments, repositories: [acme/api], deployments: [{kind: ingested, environment: live, production: true}]}]\n"

func TestDefinitionSets(t *testing.T) {
	config := setsStore(t, liveSet)
	got := dorado(t, "", "build", "--config", config, "--as-of", "2026-02-01T00:00:00Z")
	if got.code != 0 || !strings.Contains(got.stdout, "the definition set live") || !strings.Contains(got.stdout, "the definition set strict") {
		t.Fatalf("%+v", got)
	}
	for set, want := range map[string]string{"": "2", "live": "1", "strict": "2"} {
		got := dorado(t, "", "query", "--config", config, "--definition-set", set, "--format", "csv",
			"select deployments from metrics.deployment_frequency(timestamp '2026-01-01', timestamp '2026-02-01')")
		if got.stdout != "deployments\n"+want+"\n" {
			t.Errorf("%q: %+v; want %s deployments", set, got, want)
		}
	}
	for _, command := range []string{"report", "explain deployment_frequency"} {
		got := dorado(t, "", append(strings.Fields(command), "--config", config, "--definition-set", "live", "--from", "2026-01-01", "--to", "2026-01-31", "--format", "json")...)
		if got.code != 0 || !strings.Contains(got.stdout, `"n": 1`) {
			t.Errorf("%s: %+v", command, got)
		}
	}
	if got := dorado(t, "", "report", "--config", config, "--definition-set", "lives"); got.stderr != "dorado: there is no definition set \"lives\" (did you mean \"live\"?)\n" {
		t.Errorf("%+v", got)
	}
	t.Run("one that is no longer named is removed", func(t *testing.T) {
		text, err := os.ReadFile(config)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(config, []byte(strings.Replace(string(text), "live: live.yaml, ", "", 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		buildAsOf(t, config, "2026-02-01T00:00:00Z")
		entries, err := os.ReadDir(filepath.Join(filepath.Dir(config), "data", "sets"))
		if err != nil || len(entries) != 1 || entries[0].Name() != "strict" {
			t.Errorf("%v, %v", entries, err)
		}
	})
}

func TestDefinitionSetProblems(t *testing.T) {
	for _, test := range []struct{ name, live, want string }{
		{"an unknown key", "definition: {}\n", "live.yaml:1: unknown key \"definition\""},
		{"an unknown option", "definitions: {levels: {minimum: 1}}\n", "live.yaml:1: "},
		{"a service without a name", "services: [{team: a}]\n", "live.yaml:1: "},
	} {
		t.Run(test.name, func(t *testing.T) {
			config := writeConfig(t, "services: [{name: api, repositories: [acme/api]}]\ndefinition_sets: {live: live.yaml}\n")
			if err := os.WriteFile(filepath.Join(filepath.Dir(config), "live.yaml"), []byte(test.live), 0o600); err != nil {
				t.Fatal(err)
			}
			if got := dorado(t, "", "config", "check", "--config", config); got.code == 0 || !strings.Contains(got.stderr, test.want) {
				t.Errorf("%+v; want %q", got, test.want)
			}
		})
	}
	t.Run("a name that is none", func(t *testing.T) {
		config := writeConfig(t, "services: [{name: api, repositories: [acme/api]}]\ndefinition_sets: {../live: live.yaml}\n")
		if got := dorado(t, "", "config", "check", "--config", config); got.code == 0 || !strings.Contains(got.stderr, "is no name for a definition set") {
			t.Errorf("%+v", got)
		}
	})
}

// TestExplainUnderDefinitionSets holds that the records behind a number, what was
// left out with the reason, and the options in force are those of the set that is
// asked for.
func TestExplainUnderDefinitionSets(t *testing.T) {
	config := setsStore(t, liveSet+"definitions: {change_fail_rate: {rollbacks: false}}\n")
	buildAsOf(t, config, "2026-02-01T00:00:00Z")
	explain := func(t *testing.T, metric, set string) (found reports.Explanation) {
		parse(t, runDorado(t, "explain", metric, "--config", config, "--definition-set", set, "--from", "2026-01-01", "--to", "2026-01-31", "--format", "json"), &found)
		return found
	}
	for _, test := range []struct{ set, counted, leftOut, rollbacks string }{
		{"", "x xx", "xxx", "true"},
		{"live", "xxx", "x xx", "false"},
		{"strict", "x xx", "xxx", "true"},
	} {
		t.Run(test.set, func(t *testing.T) {
			frequency := explain(t, "deployment_frequency", test.set)
			var counted, leftOut []string
			for _, record := range frequency.Records {
				id := strings.TrimPrefix(record.Record, "api/ingested:")
				if record.IsCounted {
					counted = append(counted, id)
					continue
				}
				leftOut = append(leftOut, id)
				if record.ExcludedReason == nil || *record.ExcludedReason != "not production" {
					t.Errorf("%s is left out because %v", id, record.ExcludedReason)
				}
			}
			slices.Sort(counted)
			slices.Sort(leftOut)
			if strings.Join(counted, " ") != test.counted || strings.Join(leftOut, " ") != test.leftOut || frequency.N != int64(len(counted)) {
				t.Errorf("%v count and %v do not, n is %d; want %s and %s", counted, leftOut, frequency.N, test.counted, test.leftOut)
			}
			options := explain(t, "change_fail_rate", test.set).Options
			place := slices.IndexFunc(options, func(one reports.ExplainedOption) bool { return one.Option == "rollbacks" })
			if place < 0 || options[place].Value != test.rollbacks {
				t.Errorf("the options are %+v, want rollbacks %s", options, test.rollbacks)
			}
		})
	}
}
