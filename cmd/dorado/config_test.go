package main

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"dorado/collectors/github"
	"dorado/models"
	"dorado/warehouse/results"
)

// today is the day on which the configurations of these tests are read.
var today = time.Date(2026, 2, 1, 12, 0, 0, 0, time.UTC)

// writeConfig writes a configuration and returns its path.
func writeConfig(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "dorado.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestConfigWithEveryKey(t *testing.T) {
	file := writeConfig(t, `
warehouse: {path: store, timezone: Europe/Berlin, keep_snapshots: 5, memory_limit: 4GB, threads: 2}
github:
  base_url: https://github.example.com/api/v3
  token_env: GHES_TOKEN
  since: 2023-01-01T02:00:00+02:00
  repositories: [example/api, example/web.site]
teams:
  - name: payments
    timezone: America/New_York
    definitions: {change_lead_time: {merge_commits: false}}
services:
  - name: checkout
    team: payments
    repositories:
      - Example/API   # GitHub's names are the same in any case
    deployments: &rules
      - {kind: github_deployment, environment: '^production$'}
      - {kind: release, tag: '^v\d'}
      - {kind: tag, tag: 'v', environment: staging}
      - {kind: merged_pull_request, branch: main, environment: canary, production: true}
    definitions:
      change_lead_time: {start: committed}
  - name: site
    repositories: [{repository: example/web.site, paths: [site/**, go.mod]}]
    deployments: *rules
quality: {days: 30, minimum: 10, deployments_with_sha: {error: 0.5}}
definitions:
  change_lead_time: {start: authored, merge_commits: true, squash: squash_commit, base: ancestor}
`)
	got, err := loadConfig(file, today)
	if err != nil {
		t.Fatal(err)
	}
	isProduction, half := true, 0.5
	quality := models.DefaultQuality()
	quality.Days, quality.Minimum, quality.DeploymentsWithSHA.Error = 30, 10, &half
	rules := []models.Rule{
		{Kind: models.KindGitHubDeployment, Environment: "^production$"},
		{Kind: models.KindRelease, Tag: `^v\d`},
		{Kind: models.KindTag, Tag: "v", Environment: "staging"},
		{Kind: models.KindMergedPullRequest, Branch: "main", Environment: "canary", Production: &isProduction},
	}
	want := &Config{
		Warehouse: Warehouse{Path: filepath.Join(filepath.Dir(file), "store"), TimeZone: "Europe/Berlin", KeepSnapshots: 5, MemoryLimit: "4GB", Threads: 2},
		GitHub: &github.Config{
			BaseURL:      "https://github.example.com/api/v3",
			TokenEnv:     "GHES_TOKEN",
			Since:        time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC),
			Repositories: []string{"example/api", "example/web.site"},
		},
		Teams: []models.Team{{
			Name: "payments", TimeZone: "America/New_York",
			Definitions: models.Definitions{"change_lead_time": {"merge_commits": false}},
		}},
		Services: []models.Service{
			{
				Name: "checkout", Team: "payments", Repositories: []models.ServiceRepository{{Name: "Example/API"}}, Deployments: rules,
				Definitions: models.Definitions{"change_lead_time": {"start": "committed"}},
			},
			{Name: "site", Repositories: []models.ServiceRepository{{Name: "example/web.site", Paths: []string{"site/**", "go.mod"}}}, Deployments: rules},
		},
		Definitions: models.Definitions{"change_lead_time": {
			"start": "authored", "merge_commits": true, "squash": "squash_commit", "base": "ancestor",
		}},
		Quality: quality,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("configuration\n%s\nwant\n%s", results.JSON(got), results.JSON(want))
	}
}

// TestConfigOfThePeer reads the configuration that defines things as Apache
// DevLake does, which tests of package models build with.
func TestConfigOfThePeer(t *testing.T) {
	config, err := loadConfig(filepath.Join("..", "..", "models", "testdata", "devlake.yaml"), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if len(config.Services) != 5 || config.Definitions["change_lead_time"]["unit"] != "pull_request" {
		t.Errorf("it says %+v", config)
	}
}

func TestConfigDefaults(t *testing.T) {
	file := writeConfig(t, "github: {repositories: [example/api], since: 2023-01-01}\nservices:\n")
	got, err := loadConfig(file, today)
	if err != nil {
		t.Fatal(err)
	}
	want := &Config{
		Warehouse: Warehouse{Path: filepath.Join(filepath.Dir(file), "data"), TimeZone: "UTC", KeepSnapshots: 3},
		GitHub: &github.Config{
			BaseURL:      "https://api.github.com",
			TokenEnv:     "GITHUB_TOKEN",
			Since:        time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC),
			Repositories: []string{"example/api"},
		},
		Quality: models.DefaultQuality(),
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("configuration\n%s\nwant\n%s", results.JSON(got), results.JSON(want))
	}
}

func TestConfigFromAnotherFolder(t *testing.T) {
	file := writeConfig(t, "warehouse: {path: /var/lib/dorado}\ngithub: {repositories: [example/api], token_file: token}\n")
	config, err := loadConfig(file, today)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := config.Warehouse.Path, "/var/lib/dorado"; got != want {
		t.Errorf("warehouse.path is %s, want %s", got, want)
	}
	if got, want := config.GitHub.TokenFile, filepath.Join(filepath.Dir(file), "token"); got != want {
		t.Errorf("github.token_file is %s, want %s", got, want)
	}
}

func TestConfigProblems(t *testing.T) {
	for name, test := range map[string]struct {
		config string
		want   []string // without "dorado.yaml:" in front
	}{
		"empty": {
			config: "# nothing\n",
			want:   []string{` github: there is nothing to collect: list repositories under github.repositories`},
		},
		"unknown key": {
			config: "github:\n  repositores: [example/api]\n",
			want:   []string{`2: unknown key "repositores" (did you mean "repositories"?)`},
		},
		"unknown key on top": {
			config: "githb:\n  repositories: [example/api]\n",
			want:   []string{`1: unknown key "githb" (did you mean "github"?)`},
		},
		"unknown keys, none near, and a problem elsewhere": {
			config: "grafana: {}\ngithub:\n  repositories: [example/api]\n  colour: red\n  since: 2026-02-02\n",
			want: []string{
				`1: unknown key "grafana"`,
				`4: unknown key "colour"`,
				`5: github.since: 2026-02-02T00:00:00Z is in the future: nothing would be collected`,
			},
		},
		"duplicate key": {
			config: "github:\n  repositories: [example/api]\n  repositories: [example/web]\n",
			want:   []string{`3: not YAML: mapping key "repositories" already defined at [2:3]`},
		},
		"not YAML": {
			config: "github:\n  repositories: [example/api\nservices: []\n",
			want:   []string{`3: not YAML: ',' or ']' must be specified`},
		},
		"two documents": {
			config: "github: {repositories: [example/api]}\n---\nservices: []\n",
			want:   []string{` 2 YAML documents; one is wanted, without lines of ---`},
		},
		"not a mapping": {
			config: "- github\n",
			want:   []string{`1: wants keys and values, not a list`},
		},
		"wrong types": {
			config: `warehouse:
  path: [data]
  keep_snapshots: three
github:
  repositories: example/api
  since: last year
services:
  - name: 0123
    repositories: {example/api: true}
  - checkout
definitions:
  change_lead_time:
    merge_commits: yes
`,
			want: []string{
				`2: warehouse.path: wants text, not a list`,
				`3: warehouse.keep_snapshots: wants a whole number, not "three"`,
				`5: github.repositories: wants a list, not "example/api"`,
				`6: github.since: wants a date like 2023-01-31 or an instant like 2023-01-31T09:00:00Z, not "last year"`,
				`8: services[0].name: wants text; put 0123 in quotes`,
				`9: services[0].repositories: wants a list, not keys and values`,
				`10: services[1]: wants keys and values, not "checkout"`,
				`13: definitions.change_lead_time.merge_commits: wants true or false, not "yes"`,
			},
		},
		"half a snapshot": {
			config: "warehouse: {keep_snapshots: 1.5}\ngithub: {repositories: [example/api]}\n",
			want:   []string{`1: warehouse.keep_snapshots: wants a whole number, not 1.5`},
		},
		"alias without anchor": {
			config: "github:\n  repositories: *all\n",
			want:   []string{`2: github.repositories: there is no &all before this *all`},
		},
		"alias of itself": {
			config: "github: {repositories: [example/api]}\nservices: &all\n  - *all\n",
			want:   []string{`3: services[0]: there is no &all before this *all`},
		},
		"warehouse": {
			config: "warehouse:\n  path: ''\n  timezone: Europe/Berln\n  keep_snapshots: 0\n  memory_limit: 80%\n  threads: -1\ngithub: {repositories: [example/api]}\n",
			want: []string{
				`2: warehouse.path: name the folder to keep the data in`,
				`3: warehouse.timezone: "Europe/Berln" is not the IANA name of a time zone, such as UTC or Europe/Berlin`,
				`4: warehouse.keep_snapshots: 0 is too few: at least 1 snapshot is kept`,
				`5: warehouse.memory_limit: "80%" is not a size of memory, such as 4GB`,
				`6: warehouse.threads: -1 is too few: a build needs 1 thread`,
			},
		},
		"the machine's time zone": {
			config: "warehouse: {timezone: Local}\ngithub: {repositories: [example/api]}\n",
			want:   []string{`1: warehouse.timezone: "Local" is not the IANA name of a time zone, such as UTC or Europe/Berlin`},
		},
		"objectives": {
			config: `github: {repositories: [example/api]}
slos:
  repositories:
    - {repository: example, paths: ["slo/*.yaml"]}
    - repository: example/slo
    - repository: example/slo
      paths: ["slo/[.yaml", /slo/a.yaml]
`,
			want: []string{
				`4: slos.repositories[0].repository: "example" is not a repository; write it as owner/name`,
				`5: slos.repositories[1].paths: give the patterns of the files, such as slo/*.yaml`,
				`7: slos.repositories[2].paths[0]: "slo/[.yaml" is not a pattern of files such as slo/*.yaml`,
				`7: slos.repositories[2].paths[1]: "/slo/a.yaml" is not a pattern of files such as slo/*.yaml`,
			},
		},
		"objectives from nowhere": {
			config: "github: {repositories: [example/api]}\nslos: {folder: ''}\n",
			want:   []string{`2: slos: name repositories or a folder with OpenSLO files`},
		},
		"no repositories": {
			config: "github:\n  since: 2023-01-01\n",
			want:   []string{`1: github.repositories: list at least one repository, as owner/name, or owner/* for all that an owner has`},
		},
		"repositories": {
			config: `github:
  repositories:
    - example/api
    - "*/api"
    - https://github.com/example/api
    - Example/API
    -
    - example/*
    - example/[a
  include: [api]
  reread_days: -1
`,
			want: []string{
				`4: github.repositories[1]: "*/api" matches no repository; write owner/* or owner/part-*, with the whole name of the owner`,
				`5: github.repositories[2]: "https://github.com/example/api" is not a repository; write it as owner/name`,
				`6: github.repositories[3]: "Example/API" is listed twice, first as github.repositories[0]`,
				`7: github.repositories[4]: "" is not a repository; write it as owner/name`,
				`9: github.repositories[6]: "example/[a" matches no repository; write owner/* or owner/part-*, with the whole name of the owner`,
				`10: github.include[0]: "api" matches no repository; write a pattern of owner/name, such as acme/api-*`,
				`11: github.reread_days: -1 days cannot be read again: give a number of days, or 0 for none`,
			},
		},
		"several ways in": {
			config: `github:
  token_env: GITHUB_TOKEN
  repositories: [example/api]
  tokens:
    - {token_env: A, token_file: b}
    - {}
  app: {id: 12, private_key_env: not a name}
`,
			want: []string{
				`1: github: access comes from one token (token_env or token_file), from tokens or from app: keep one of them`,
				`5: github.tokens[0].token_file: the token comes from token_env or from token_file, not from both: remove one of them`,
				`6: github.tokens[1]: say where the token is: token_env or token_file`,
				`7: github.app.installation_id: give the number of the App's installation, with which its address ends`,
				`7: github.app.private_key_env: this is not the name of an environment variable, such as GITHUB_TOKEN`,
			},
		},
		"address without scheme": {
			config: "github:\n  base_url: github.example.com/api/v3\n  repositories: [example/api]\n",
			want:   []string{`2: github.base_url: this is not the address of a REST API, such as https://api.github.com or https://HOST/api/v3`},
		},
		"address with a password": {
			config: "github:\n  base_url: https://me:secret@github.example.com/api/v3\n  repositories: [example/api]\n",
			want:   []string{`2: github.base_url: secrets do not belong in this file: take the user and password out of the address`},
		},
		"address with a query": {
			config: "github:\n  base_url: https://github.example.com/api/v3?token=secret\n  repositories: [example/api]\n",
			want:   []string{`2: github.base_url: the address of a REST API has nothing after its path: remove what begins with ? or #`},
		},
		"token in the file": {
			config: "github:\n  token_env: ghp_0123456789abcdefghij\n  repositories: [example/api, 7]\n",
			want:   []string{`2: this looks like a token: secrets do not belong in this file; name an environment variable in github.token_env`},
		},
		"token in a comment": {
			config: "github:\n  repositories: [example/api]\n# github_pat_0123456789abcdefghij_klmn\n",
			want:   []string{`3: this looks like a token: secrets do not belong in this file; name an environment variable in github.token_env`},
		},
		"token of the old kind": {
			config: "github:\n  token_env: abcdef0123456789abcdef0123456789abcdef01\n  repositories: [example/api]\n",
			want:   []string{`2: github.token_env: this is not the name of an environment variable, such as GITHUB_TOKEN`},
		},
		"two places of the token": {
			config: "github:\n  token_env: GITHUB_TOKEN\n  token_file: token\n  repositories: [example/api]\n",
			want:   []string{`3: github.token_file: the token comes from token_env or from token_file, not from both: remove one of them`},
		},
		"services": {
			config: `github: {repositories: [example/api]}
services:
  - name: checkout
    repositories: [example/api, example/web]
  - name: checkout
    repositories: [example/api, EXAMPLE/api, example]
  - team: payments
  - name: mono
    repositories: [{repository: example/api, path: x}, [example/api], {repositry: x}]
`,
			want: []string{
				`4: services[0].repositories[1]: service "checkout" is built from "example/web", which is not collected: add it to github.repositories`,
				`5: services[1].name: "checkout" is also the name of services[0]; names are unique`,
				`6: services[1].repositories[1]: "EXAMPLE/api" is listed twice`,
				`6: services[1].repositories[2]: "example" is not a repository; write it as owner/name`,
				`7: services[2].name: name the service, without spaces around the name`,
				`7: services[2].repositories: list the repositories that "" is built from, as owner/name`,
				`9: unknown key "path" (did you mean "paths"?)`,
				`9: services[3].repositories[1]: wants text, not a list`,
				`9: unknown key "repositry" (did you mean "repository"?)`,
			},
		},
		"rules": {
			config: `github: {repositories: [example/api]}
services:
  - name: checkout
    repositories: [example/api]
    deployments:
      - {kind: relase, tag: '^v'}
      - {kind: workflow}
      - {environment: production}
      - kind: github_deployment
        tag: '^v'
      - kind: release
        environment: prod.*
      - kind: merged_pull_request
        tag: v1
      - {kind: workflow_run, branch: main}
      - {kind: ingested, workflow: deploy}
      - {kind: tag, paths: [/src, '!docs', 'a{b,c}', '']}
`,
			want: []string{
				`6: services[0].deployments[0].kind: "relase" is not one of github_deployment, workflow_run, release, tag, merged_pull_request, ingested (did you mean "release"?)`,
				`7: services[0].deployments[1].kind: "workflow" is not one of github_deployment, workflow_run, release, tag, merged_pull_request, ingested (did you mean "workflow_run"?)`,
				`8: services[0].deployments[2].kind: say what the rule looks at, one of github_deployment, workflow_run, release, tag, merged_pull_request, ingested`,
				`9: services[0].deployments[3].environment: give a regular expression for the names of the environments, such as 'prod(uction)?([-_/].*)?'`,
				`10: services[0].deployments[3].tag: a rule of kind github_deployment has no tag: it has environment`,
				`12: services[0].deployments[4].environment: a release has no environment: name the one that a match goes to, such as production; "prod.*" is a pattern`,
				`14: services[0].deployments[5].tag: a rule of kind merged_pull_request has no tag: it has environment, branch`,
				`15: services[0].deployments[6].workflow: give the file or the name of the workflow that deploys, such as deploy.yml`,
				`16: services[0].deployments[7].environment: give a regular expression for the names of the environments, such as 'prod(uction)?([-_/].*)?'`,
				`16: services[0].deployments[7].workflow: a rule of kind ingested has no workflow: it has environment`,
				`17: services[0].deployments[8].paths[0]: "/src": paths begin at the root of the repository: write it without "/"`,
				`17: services[0].deployments[8].paths[1]: "!docs": nothing can be taken out: list the paths that belong to the service`,
				`17: services[0].deployments[8].paths[2]: "a{b,c}": a glob has *, ** and ? only`,
				`17: services[0].deployments[8].paths[3]: give a path or a glob such as services/checkout/**`,
			},
		},
		"regular expressions": {
			config: `github: {repositories: [example/api]}
services:
  - name: checkout
    repositories: [example/api]
    deployments:
      - {kind: github_deployment, environment: '^prod(uction$'}
      - {kind: release, tag: 'v[0-9'}
      - {kind: release, tag: '^(?!rc)'}
`,
			want: []string{
				`6: services[0].deployments[0].environment: the regular expression "^prod(uction$" does not compile: missing closing ), at character 1: "^prod(uction$"`,
				`7: services[0].deployments[1].tag: the regular expression "v[0-9" does not compile: missing closing ], at character 2: "[0-9"`,
				`8: services[0].deployments[2].tag: the regular expression "^(?!rc)" does not compile: invalid or unsupported Perl syntax, at character 2: "(?!"`,
			},
		},
		"teams": {
			config: `github: {repositories: [example/api]}
teams:
  - {name: payments, timezone: Berlin}
  - {name: payments}
`,
			want: []string{
				`3: teams[0].timezone: "Berlin" is not the IANA name of a time zone, such as UTC or Europe/Berlin`,
				`4: teams[1].name: "payments" is also the name of teams[0]; names are unique`,
			},
		},
		"unknown definitions": {
			config: `github: {repositories: [example/api]}
teams:
  - name: payments
    definitions: {change_leadtime: {start: committed}}
definitions:
  change_lead_time:
    starts: committed
`,
			want: []string{
				`4: teams[0].definitions.change_leadtime: unknown key "change_leadtime" (did you mean "change_lead_time"?)`,
				`7: definitions.change_lead_time.starts: unknown key "starts" (did you mean "start"?)`,
			},
		},
		"definitions": {
			config: `github: {repositories: [example/api]}
services:
  - name: checkout
    repositories: [example/api]
    definitions: {change_lead_time: {start: deployed}}
definitions:
  change_lead_time:
    start: commit
    squash: squash
    base: none
`,
			want: []string{
				`5: services[0].definitions.change_lead_time.start: "deployed" is not one of authored, committed, first_commit, opened, ready, merged`,
				`8: definitions.change_lead_time.start: "commit" is not one of authored, committed, first_commit, opened, ready, merged (did you mean "committed"?)`,
				`9: definitions.change_lead_time.squash: "squash" is not one of pull_request_commits, squash_commit (did you mean "squash_commit"?)`,
				`10: definitions.change_lead_time.base: "none" is not one of previous, ancestor`,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			file := writeConfig(t, test.config)
			_, err := loadConfig(file, today)
			if err == nil {
				t.Fatal("no error")
			}
			got := strings.Split(strings.ReplaceAll(err.Error(), file+":", ""), "\n")
			if !slices.Equal(got, test.want) {
				t.Errorf("problems\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}

func TestConfigMissing(t *testing.T) {
	_, err := loadConfig("nowhere/dorado.yaml", today)
	want := "no configuration at nowhere/dorado.yaml: dorado init writes one, or name another with --config"
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestGitHubToken(t *testing.T) {
	folder := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	t.Setenv("DORADO_TEST_TOKEN", " s3cret\n")
	t.Setenv("DORADO_TEST_EMPTY", "")
	t.Setenv("DORADO_TEST_TWO", "s3cret s3cret")
	const hosted = "https://api.github.com"
	for name, test := range map[string]struct {
		config github.Config
		want   string
		err    string
	}{
		"variable":                      {config: github.Config{BaseURL: hosted, TokenEnv: "DORADO_TEST_TOKEN"}, want: "s3cret"},
		"variable unset":                {config: github.Config{BaseURL: hosted, TokenEnv: "DORADO_TEST_UNSET"}, err: "the environment variable DORADO_TEST_UNSET (github.token_env) is not set"},
		"variable empty":                {config: github.Config{BaseURL: hosted, TokenEnv: "DORADO_TEST_EMPTY"}, err: "the environment variable DORADO_TEST_EMPTY (github.token_env) is empty"},
		"two words":                     {config: github.Config{BaseURL: hosted, TokenEnv: "DORADO_TEST_TWO"}, err: "the environment variable DORADO_TEST_TWO (github.token_env) holds something else than a token: it has spaces or other strange characters inside"},
		"variable unset, loopback":      {config: github.Config{BaseURL: "http://127.0.0.1:8080", TokenEnv: "DORADO_TEST_UNSET"}, want: ""},
		"variable unset, IPv6 loopback": {config: github.Config{BaseURL: "http://[::1]:8080/api/v3", TokenEnv: "DORADO_TEST_UNSET"}, want: ""},
		"variable, loopback":            {config: github.Config{BaseURL: "http://localhost:8080", TokenEnv: "DORADO_TEST_TOKEN"}, want: "s3cret"},
		"file":                          {config: github.Config{BaseURL: hosted, TokenFile: file("good", "s3cret\n")}, want: "s3cret"},
		"file empty":                    {config: github.Config{BaseURL: hosted, TokenFile: file("empty", "\n")}, err: "the file " + filepath.Join(folder, "empty") + " (github.token_file) is empty"},
		"file missing":                  {config: github.Config{BaseURL: hosted, TokenFile: filepath.Join(folder, "none")}, err: "read the token (github.token_file): open " + filepath.Join(folder, "none") + ": no such file or directory"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := readToken("github", test.config.TokenFile, test.config.TokenEnv, test.config.BaseURL)
			if got != test.want {
				t.Errorf("token %q, want %q", got, test.want)
			}
			if message := errorText(err); message != test.err {
				t.Errorf("error %q, want %q", message, test.err)
			}
		})
	}
}

func TestGitHubCredentials(t *testing.T) {
	t.Setenv("DORADO_TEST_ONE", "one")
	t.Setenv("DORADO_TEST_KEY", "-----BEGIN")
	got, err := githubCredentials(github.Config{Tokens: []github.Token{{TokenEnv: "DORADO_TEST_ONE"}, {TokenEnv: "DORADO_TEST_ONE"}}})
	if err != nil || !slices.Equal(got.Tokens, []string{"one", "one"}) {
		t.Errorf("several tokens: %v (%v)", got, err)
	}
	_, err = githubCredentials(github.Config{Tokens: []github.Token{{TokenEnv: "DORADO_TEST_UNSET"}}})
	if want := "the environment variable DORADO_TEST_UNSET (github.tokens[0].token_env) is not set"; errorText(err) != want {
		t.Errorf("error %v, want %s", err, want)
	}
	got, err = githubCredentials(github.Config{App: &github.App{PrivateKeyEnv: "DORADO_TEST_KEY"}})
	if err != nil || string(got.AppKey) != "-----BEGIN" {
		t.Errorf("app: %v (%v)", got, err)
	}
	_, err = githubCredentials(github.Config{App: &github.App{PrivateKeyEnv: "DORADO_TEST_UNSET"}})
	if want := "the environment variable DORADO_TEST_UNSET (github.app.private_key_env) is not set or empty"; errorText(err) != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

// errorText returns the text of an error, "" for none.
func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
