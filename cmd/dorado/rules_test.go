package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"dorado/collectors"
	"dorado/collectors/github"
	"dorado/warehouse"
)

// storeRows puts rows into the raw store of a configuration's warehouse.
func storeRows(t *testing.T, configFile string, rows ...collectors.Row) {
	t.Helper()
	config, err := loadConfig(configFile, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	raw, err := warehouse.OpenRaw(t.Context(), config.Warehouse.Path)
	if err != nil {
		t.Fatal(err)
	}
	if err := raw.Put(t.Context(), "test", rows, ""); err != nil {
		t.Error(err)
	}
	if err := raw.Close(); err != nil {
		t.Fatal(err)
	}
}

// pointer returns a pointer to a value, as rows want it where it may be NULL.
func pointer[T any](value T) *T { return &value }

// rulesStore fills the store of a configuration with deployments and runs of the
// last weeks, and returns the newest day.
func rulesStore(t *testing.T, config string) {
	t.Helper()
	now := time.Now().UTC().Truncate(time.Second)
	day := func(ago int) time.Time { return now.AddDate(0, 0, -ago) }
	rows := []collectors.Row{github.Repository{ID: 1, FullName: "example/api", DefaultBranch: "main", CreatedAt: day(400)}}
	for i, environment := range []string{"production", "production", "prod-eu", "nonprod", "production"} {
		id := int64(10 + i)
		ago := []int{3, 2, 2, 1, 200}[i]
		rows = append(rows,
			github.Deployment{ID: id, Repository: "example/api", SHA: fmt.Sprint("sha", i), Ref: fmt.Sprint("v", i), Environment: environment, CreatedAt: day(ago)},
			github.DeploymentStatus{NodeID: fmt.Sprint("s", i), DeploymentID: id, Repository: "example/api", State: "success", CreatedAt: day(ago)})
	}
	for i, event := range []string{"push", "pull_request"} {
		rows = append(rows, github.WorkflowRun{ID: int64(20 + i), RunAttempt: 1, Repository: "example/api", Name: pointer("Deploy"),
			Path: ".github/workflows/deploy.yml", RunNumber: i + 1, Event: event, HeadBranch: pointer("main"), HeadSHA: "sha0",
			Status: pointer("completed"), Conclusion: pointer("success"), CreatedAt: day(2), UpdatedAt: day(2)})
	}
	storeRows(t, config, rows...)
}

// testedRules runs dorado rules test on rules and returns what it says of the one
// service.
func testedRules(t *testing.T, rules string, flags ...string) *serviceTest {
	t.Helper()
	config := writeConfig(t, "github: {repositories: [example/api]}\nservices:\n  - name: api\n    team: payments\n    repositories: [example/api]\n"+rules)
	rulesStore(t, config)
	got := dorado(t, "", append([]string{"rules", "test", "--config", config, "--format", "json"}, flags...)...)
	if got.code != 0 {
		t.Fatalf("%+v", got)
	}
	var tested rulesTest
	if err := json.Unmarshal([]byte(got.stdout), &tested); err != nil {
		t.Fatal(err)
	}
	if len(tested.Services) != 1 {
		t.Fatalf("%d services: %s", len(tested.Services), got.stdout)
	}
	return tested.Services[0]
}

func TestRulesTestSaysWhatEachRuleTakes(t *testing.T) {
	t.Parallel()
	got := testedRules(t, "")
	if !got.IsDefault || len(got.Rules) != 3 || len(got.Warnings) != 0 {
		t.Fatalf("%+v", got)
	}
	rule := got.Rules[1]
	if rule.Taken != 3 || rule.Counted != 3 || rule.Environments != "prod-eu, production" || !strings.Contains(rule.Examples, "v1 to production") {
		t.Errorf("%+v", rule)
	}
	var groups []string
	for _, group := range got.Unmatched {
		groups = append(groups, fmt.Sprintf("%s %d %s: %s", group.Kind, group.Records, group.Group, group.Reason))
	}
	want := []string{
		"github_deployment 1 nonprod: no pattern of a rule of this kind matches",
		"workflow_run 1 .github/workflows/deploy.yml on pull_request: no rule of the service looks at this kind",
		"workflow_run 1 .github/workflows/deploy.yml on push: no rule of the service looks at this kind",
	}
	if !slices.Equal(groups, want) {
		t.Errorf("unmatched\n%s\nwant\n%s", strings.Join(groups, "\n"), strings.Join(want, "\n"))
	}
	if got := testedRules(t, "", "--since", "300d").Rules[1]; got.Taken != 4 {
		t.Errorf("in 300 days: %+v", got)
	}
}

func TestRulesTestWarns(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		rules string
		want  []string // the beginnings of the warnings
	}{
		"nonprod too": {"[{kind: github_deployment, environment: '.*prod.*'}]", []string{
			"rule 1: environment: .*prod.* also matches nonprod, non-production, pre-prod, preprod, product-x as production",
		}},
		"staging named as production": {"[{kind: github_deployment, environment: 'prod(uction)?|prod-eu|nonprod'}]", []string{
			"rule 1: environment: prod(uction)?|prod-eu|nonprod also matches nonprod as production",
		}},
		"shadowed": {"[{kind: github_deployment, environment: 'prod.*'}, {kind: github_deployment, environment: 'production'}]", []string{
			"rule 1: environment: prod.* also matches product-x as production",
			"rule 2: takes nothing: earlier rules take all 2 records it matches",
		}},
		"matches nothing": {"[{kind: github_deployment, environment: 'prod(uction)?([-_/].*)?'}, {kind: tag, tag: v}]", []string{
			"rule 2: matches nothing",
			`rule 2: tag: v matches the beginning of a tag, so vendor-update, version-test, v1.0.0-rc1 too`,
		}},
		"pull requests too, and another kind": {"[{kind: github_deployment, environment: 'prod(uction)?([-_/].*)?'}, {kind: workflow_run, workflow: deploy.yml}]", []string{
			"rule 2: 2 records taken by it are left out, because the repository's deployments to the same environment are of another kind",
			"rule 2: takes the runs for every branch and event",
		}},
		"unanchored": {"[{kind: workflow_run, workflow: '.*deploy.yml', branch: main, event: push}]", []string{
			"rule 1: workflow: .*deploy.yml begins with .*",
		}},
		"no production": {"[{kind: workflow_run, workflow: deploy.yml, event: push, environment: staging}]", []string{
			"no rule takes any production deployment of these days",
		}},
		"fine": {"[{kind: workflow_run, workflow: deploy.yml, event: push}]", nil},
	} {
		t.Run(name, func(t *testing.T) {
			got := testedRules(t, "    deployments: "+test.rules+"\n").Warnings
			isAsWanted := len(got) == len(test.want)
			for i := range min(len(got), len(test.want)) {
				isAsWanted = isAsWanted && strings.HasPrefix(got[i], test.want[i])
			}
			if !isAsWanted {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}

func TestRulesTestPrints(t *testing.T) {
	t.Parallel()
	config := writeConfig(t, "github: {repositories: [example/api]}\nservices:\n  - name: api\n    team: payments\n    repositories: [example/api]\n"+
		"    deployments: [{kind: github_deployment, environment: 'prod.*'}]\n")
	got := dorado(t, "", "rules", "test", "--config", config)
	if got.code != 0 || !strings.Contains(got.stdout, "warning: rule 1: matches nothing") {
		t.Errorf("before anything was collected: %+v", got)
	}
	rulesStore(t, config)
	got = dorado(t, "", "rules", "test", "--config", config)
	for _, want := range []string{"api, since ", "github_deployment, environment: prod.*", "taken by no rule", "nonprod", "warning: rule 1: environment: prod.* also matches product-x"} {
		if !strings.Contains(got.stdout, want) {
			t.Errorf("no %q in\n%s", want, got.stdout)
		}
	}
	want := ran{exitUsage, "", "dorado: --since yesterday is neither a number of days such as 90d nor a day such as 2026-01-31; see dorado rules test --help\n"}
	if got := dorado(t, "", "rules", "test", "--since", "yesterday"); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
