package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"dorado/models"
)

// initialized runs dorado init on the simulated organisation.
func initialized(t *testing.T, s *simulated, flags ...string) (config string, got ran) {
	t.Helper()
	t.Setenv("GITHUB_TOKEN", "made-up")
	t.Setenv("PAGERDUTY_TOKEN", "made-up")
	config = filepath.Join(t.TempDir(), "dorado.yaml")
	days := int(time.Since(s.organization.Start).Hours()/24) + 1
	return config, dorado(t, "", append([]string{"init", "--config", config, "--days", fmt.Sprint(days)}, flags...)...)
}

func TestInit(t *testing.T) {
	s := simulate(t)
	config, got := initialized(t, s, "--github", s.organization.Name, "--github-url", s.address,
		"--pagerduty-token-env", "PAGERDUTY_TOKEN", "--pagerduty-url", s.address+"/pagerduty", "--timezone", "Europe/Berlin", "--max-requests", "0")
	if got.code != 0 {
		t.Fatalf("%+v", got)
	}
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	for _, wanted := range []string{"repositories: [" + s.organization.Name + "/*]", "timezone: Europe/Berlin", "pagerduty_services: [", "production deployments by "} {
		if !strings.Contains(string(text), wanted) {
			t.Errorf("no %q in\n%s", wanted, text)
		}
	}
	if strings.Contains(string(text)+got.stdout+got.stderr, "made-up") {
		t.Error("the token is shown")
	}
	from := time.Now().UTC().AddDate(0, 0, -(int(time.Since(s.organization.Start).Hours()/24) + 1))
	if days := from.Format("2006-01"); !strings.Contains(got.stdout, days) {
		t.Errorf("the first numbers are not of the days that were read, from %s on:\n%s", days, got.stdout)
	}
	if !strings.Contains(got.stdout, "Deployment frequency") || !strings.Contains(got.stdout, "Time to restore") {
		t.Errorf("no first numbers in\n%s", got.stdout)
	}
	read, err := loadConfig(config, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for _, service := range s.organization.Services {
		index := slices.IndexFunc(read.Services, func(found models.Service) bool { return found.Name == service.Name })
		if index < 0 {
			t.Errorf("there is no service %s in\n%s", service.Name, text)
		}
	}
	if again := dorado(t, "", "init", "--config", config, "--github", "other"); again.code == 0 || !strings.Contains(again.stderr, "there is a configuration at") {
		t.Errorf("a configuration that is there: %+v", again)
	}
}

func TestInitDecides(t *testing.T) {
	last := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	group := func(kind, name string, records int64, example string) unmatched {
		return unmatched{Kind: kind, Group: name, Records: records, Last: last, Example: example}
	}
	for _, test := range []struct {
		name      string
		unmatched []unmatched
		want      string // the rule
		isDecided bool
	}{
		{"nothing", nil, "default rules", false},
		{"an environment that looks live", []unmatched{group("github_deployment", "live", 3, ""), group("github_deployment", "eu-west", 9, "")},
			"github_deployment, environment: live, production: true", true},
		{"the busiest that is not something else", []unmatched{group("github_deployment", "eu-west", 9, ""), group("github_deployment", "staging", 20, ""), group("github_deployment", "mainland", 2, "")},
			"github_deployment, environment: eu-west, production: true", true},
		{"a workflow that deploys", []unmatched{group("github_deployment", "staging", 20, ""), group("workflow_run", ".github/workflows/deploy.yml on push", 5, ""),
			group("workflow_run", ".github/workflows/deploy-staging.yml on push", 50, ""), group("workflow_run", ".github/workflows/release.yml on pull_request", 70, ""), group("tag", "", 9, "v1.2.3")},
			`workflow_run, workflow: deploy\.yml, event: push`, true},
		{"versions", []unmatched{group("tag", "", 9, "v1.2.3"), group("merged_pull_request", "into main", 30, "")}, `tag, tag: v?\d+\.\d+\.\d+$`, false},
		{"other tags", []unmatched{group("tag", "", 9, "2026-week-10")}, "tag", false},
		{"merges", []unmatched{group("merged_pull_request", "into trunk", 30, ""), group("merged_pull_request", "into next", 3, "")}, "merged_pull_request, branch: trunk", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			service := proposedService{Name: "checkout"}
			service.decide(&serviceTest{Unmatched: test.unmatched})
			if got := describeRules(service.Deployments); got != test.want || service.isDecided != test.isDecided {
				t.Errorf("got %s, decided %t; want %s, %t", got, service.isDecided, test.want, test.isDecided)
			}
			if len(service.Evidence) == 0 {
				t.Error("there is no evidence")
			}
		})
	}
}

func TestInitFindsPagers(t *testing.T) {
	listed := serviceList{Services: []*listedService{
		{Service: "acme/check-out", Mappings: []mapping{{Kind: "repository", Name: "acme/check-out"}, {Kind: "team", Name: "payments", MappedBy: pointer("codeowners")}}},
		{Service: "Checkout Service", Mappings: []mapping{{Kind: "pagerduty_service", Name: "Checkout Service (P1)"}}},
		{Service: "Mainframe", Mappings: []mapping{{Kind: "pagerduty_service", Name: "Mainframe (P2)"}}},
	}}
	made := newProposal(questions{GitHub: []string{"acme"}, GitHubURL: defaultBaseURL, GitHubTokenEnv: "GITHUB_TOKEN", PagerDutyTokenEnv: "PD", Days: 90, TimeZone: "UTC"},
		time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC))
	made.find(listed, rulesTest{})
	text, err := made.config()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "init.yaml", string(text))
	var printed strings.Builder
	if err := made.print(&printed); err != nil {
		t.Fatal(err)
	}
	if want := "\n1 PagerDuty service is named like none of these"; !strings.Contains(printed.String(), want) {
		t.Errorf("no %q in\n%s", want, printed.String())
	}
}

func TestInitMistakes(t *testing.T) {
	there := writeConfig(t, "github: {repositories: [acme/api]}\n")
	for _, test := range []struct {
		name string
		args []string
		want string
	}{
		{"no organisation", []string{"init", "--config", filepath.Join(t.TempDir(), "a.yaml")}, "dorado: name the organisation with --github OWNER; see dorado init --help\n"},
		{"no days", []string{"init", "--github", "acme", "--days", "0", "--config", filepath.Join(t.TempDir(), "a.yaml")}, "dorado: --days is at least 1; see dorado init --help\n"},
		{"a configuration", []string{"init", "--github", "acme", "--config", there}, "dorado: there is a configuration at " + there + ": change that one, or name another with --config\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := dorado(t, "", test.args...); got.code == 0 || got.stderr != test.want {
				t.Errorf("exit %d, %q; want %q", got.code, got.stderr, test.want)
			}
		})
	}
	t.Run("out of reach", func(t *testing.T) {
		config := filepath.Join(t.TempDir(), "dorado.yaml")
		got := dorado(t, "", "init", "--github", "acme", "--github-token-env", "DORADO_TEST_NO_SUCH_VARIABLE", "--config", config)
		if got.code == 0 || !strings.Contains(got.stdout, "FAIL") {
			t.Errorf("%+v", got)
		}
		if _, err := os.Stat(config); !os.IsNotExist(err) {
			t.Errorf("the draft stays: %v", err)
		}
	})
}
