package models

import (
	"regexp"
	"strings"
)

// A Rule says which records of one kind are deployments of a service, and to
// which environment. The first rule, in the order written, that matches a record
// takes it. For each repository of the service the first rule that matches any
// record decides the kind of its production deployments; records of other kinds
// then count for none, so that a deployment that is announced both as a GitHub
// deployment and as a release counts once.
//
// Patterns are regular expressions that match in any case; one that is left out
// matches everything.
type Rule struct {
	Kind        string   `yaml:"kind"`        // what it looks at, see Kinds
	Environment string   `yaml:"environment"` // github_deployment, ingested: pattern of the whole name; the other kinds: the name of the environment that a match goes to, default production
	Production  *bool    `yaml:"production"`  // whether a match is a production deployment; default true, but for an environment that a rule names: whether the name looks like production
	Tag         string   `yaml:"tag"`         // release, tag: pattern that the tag begins with; a release without it: all but prereleases
	Workflow    string   `yaml:"workflow"`    // workflow_run: pattern of the workflow's file, its file's name or its name, of the whole of it
	Branch      string   `yaml:"branch"`      // workflow_run: pattern of the whole name of the branch or tag it ran for; merged_pull_request: of the branch it was merged into, default main or master
	Event       string   `yaml:"event"`       // workflow_run: pattern of what started it, of the whole of it: push, release, workflow_dispatch, …
	Conclusion  string   `yaml:"conclusion"`  // workflow_run: pattern of how it ended, of the whole of it; what ended otherwise then is no deployment, not a failed one
	Job         string   `yaml:"job"`         // workflow_run: pattern of the whole names of the jobs that are the deployment
	Paths       []string `yaml:"paths"`       // globs, instead of those of the service's repository: only changes that touch one of them are the service's, and only such a merged_pull_request is a deployment
}

// The kinds of a Rule.
const (
	KindGitHubDeployment  = "github_deployment"
	KindRelease           = "release"
	KindTag               = "tag"
	KindMergedPullRequest = "merged_pull_request"
	KindWorkflowRun       = "workflow_run"
	KindIngested          = "ingested"
)

// A RuleKind says what a kind of rule may say besides kind, environment and
// production.
type RuleKind struct {
	Name           string
	Keys           []string // the keys of a Rule that it reads
	HasEnvironment bool     // whether its records have an environment of their own, so that environment is a pattern
}

// RuleKinds are all kinds of rules.
var RuleKinds = []RuleKind{
	{Name: KindGitHubDeployment, HasEnvironment: true},
	{Name: KindWorkflowRun, Keys: []string{"workflow", "branch", "event", "conclusion", "job"}},
	{Name: KindRelease, Keys: []string{"tag"}},
	{Name: KindTag, Keys: []string{"tag"}},
	{Name: KindMergedPullRequest, Keys: []string{"branch"}},
	{Name: KindIngested, HasEnvironment: true},
}

// ProductionPattern matches the whole names of the environments that are
// production where nobody says otherwise.
const ProductionPattern = `prod(uction)?([-_/].*)?`

// DefaultRules are the rules of a service that has none of its own.
var DefaultRules = []Rule{
	{Kind: KindIngested, Environment: ProductionPattern}, // who takes the trouble to ingest deployments means them
	{Kind: KindGitHubDeployment, Environment: ProductionPattern},
	{Kind: KindRelease},
}

// The defaults of what a rule leaves out.
const (
	defaultEnvironment = "production"
	defaultBranch      = "main|master"
)

// WorkflowPattern returns the regular expression that the file of the rule's workflow, its
// path or its name matches, "" where every workflow is meant.
func (r Rule) WorkflowPattern() string { return whole(r.Workflow) }

var production = regexp.MustCompile(whole(ProductionPattern))

// IsProduction reports whether what the rule matches is a production deployment.
func (r Rule) IsProduction() bool {
	if r.Production != nil {
		return *r.Production
	}
	name := r.environmentName()
	return name == "" || production.MatchString(name)
}

// environmentName returns the environment that a match goes to, "" where the
// record has one of its own.
func (r Rule) environmentName() string {
	for _, kind := range RuleKinds {
		if kind.Name == r.Kind && kind.HasEnvironment {
			return ""
		}
	}
	if r.Environment == "" {
		return defaultEnvironment
	}
	return strings.TrimSpace(r.Environment)
}

// whole returns a pattern that matches the whole of a text, in any case.
func whole(pattern string) string {
	if pattern == "" {
		return ""
	}
	return "(?i)^(?:" + pattern + ")$"
}

// beginning returns a pattern that matches the beginning of a text, in any case.
func beginning(pattern string) string {
	if pattern == "" {
		return ""
	}
	return "(?i)^(?:" + pattern + ")"
}

// rulesTable returns config.deployment_rules, with the patterns as they are
// matched. The rules of a service_id that is NULL are those of every service that
// has none of its own.
func rulesTable(services []Service) settingsTable {
	table := settingsTable{
		name: "config.deployment_rules",
		columns: "service_id varchar, position bigint, kind varchar, environment varchar, is_production boolean, " +
			"environment_pattern varchar, tag_pattern varchar, workflow_pattern varchar, branch_pattern varchar, " +
			"event_pattern varchar, conclusion_pattern varchar, job_pattern varchar, paths_pattern varchar",
	}
	table.rows = rulesRows(nil, DefaultRules)
	for _, service := range services {
		table.rows = append(table.rows, rulesRows(service.Name, service.Deployments)...)
	}
	return table
}

func rulesRows(service any, rules []Rule) [][]any {
	var rows [][]any
	for i, rule := range rules {
		environmentPattern, branch := "", rule.Branch
		if rule.environmentName() == "" {
			environmentPattern = rule.Environment
		}
		if rule.Kind == KindMergedPullRequest && branch == "" {
			branch = defaultBranch
		}
		rows = append(rows, []any{
			service, int64(i + 1), rule.Kind, nullable(rule.environmentName()), rule.IsProduction(),
			nullable(whole(environmentPattern)), nullable(beginning(rule.Tag)), nullable(whole(rule.Workflow)), nullable(whole(branch)),
			nullable(whole(rule.Event)), nullable(whole(rule.Conclusion)), nullable(whole(rule.Job)), nullable(pathsPattern(rule.Paths)),
		})
	}
	return rows
}
