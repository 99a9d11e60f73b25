package main

import (
	"cmp"
	_ "embed"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"text/template"
	"time"

	"github.com/goccy/go-yaml"

	"dorado/models"
)

// A proposal is a configuration with the evidence for it.
type proposal struct {
	questions
	Today    time.Time
	Services []proposedService
	Unmapped []string // PagerDuty services that nothing is named like
}

// A proposedService is a service, its rules, and why.
type proposedService struct {
	Name              string
	Team, TeamBy      string // "" where nothing says whose it is
	Repositories      []string
	Deployments       []models.Rule // none: the default rules
	PagerDutyServices []string      // the names of those that are called alike
	Evidence          []string

	isDecided bool // whether its records say how it is deployed
}

// newProposal returns the proposal before anything is known.
func newProposal(asked questions, now time.Time) proposal {
	return proposal{questions: asked, Today: now.UTC()}
}

// find proposes services from what the models made of what was collected.
func (m *proposal) find(listed serviceList, tested rulesTest) {
	tests := map[string]*serviceTest{}
	for _, test := range tested.Services {
		tests[test.Service] = test
	}
	m.Services = nil
	var pagers []string
	taken := map[string]bool{}
	for _, service := range listed.Services {
		made := proposedService{Name: service.Service}
		for _, mapped := range service.Mappings {
			switch mapped.Kind {
			case "repository":
				made.Repositories = append(made.Repositories, mapped.Name)
			case "pagerduty_service":
				made.PagerDutyServices = append(made.PagerDutyServices, withoutID(mapped.Name))
			case "team":
				made.Team = mapped.Name
				if mapped.MappedBy != nil {
					made.TeamBy = *mapped.MappedBy
				}
			}
		}
		if len(made.Repositories) == 0 {
			pagers = append(pagers, made.PagerDutyServices...)
			continue
		}
		if _, short, isRepository := strings.Cut(made.Name, "/"); isRepository && !taken[short] {
			made.Name = short
		}
		taken[made.Name] = true
		if test := tests[service.Service]; test != nil {
			made.decide(test)
		}
		m.Services = append(m.Services, made)
	}
	m.Unmapped = nil
	for _, pager := range pagers {
		if alike := m.namedLike(pager); alike != nil {
			alike.PagerDutyServices = append(alike.PagerDutyServices, pager)
			continue
		}
		m.Unmapped = append(m.Unmapped, pager)
	}
}

// decide chooses the rules that say what a deployment of the service is: the
// default ones where they find production deployments, else what looks most like one.
func (s *proposedService) decide(test *serviceTest) {
	for _, rule := range test.Rules {
		if rule.Counted > 0 && rule.rule.IsProduction() {
			s.isDecided = true
			s.evidence("%s by %s, the last on %s", count(int(rule.Counted), "production deployment", "production deployments"), rule.Rule, day(*rule.Last))
		}
	}
	if !s.isDecided {
		for _, choose := range []func([]unmatched) (models.Rule, *unmatched){liveEnvironment, deployingWorkflow, everyTag, everyMerge} {
			if rule, found := choose(test.Unmatched); found != nil {
				s.Deployments = []models.Rule{rule}
				s.isDecided = rule.Kind != models.KindTag && rule.Kind != models.KindMergedPullRequest
				s.evidence("%s, the last on %s: %s", count(int(found.Records), "record", "records"), day(found.Last), describeRule(rule))
				if !s.isDecided {
					s.evidence("nothing says when it was deployed; say it better if you can")
				}
				break
			}
		}
	}
	var others []string
	for _, seen := range test.Unmatched {
		if seen.Kind == models.KindGitHubDeployment || seen.Kind == models.KindWorkflowRun {
			others = append(others, fmt.Sprintf("%d %s %s", seen.Records, strings.ReplaceAll(seen.Kind, "_", " "), seen.Group))
		}
	}
	const shown = 4
	if len(others) > 0 {
		s.evidence("also seen: %s", strings.Join(others[:min(shown, len(others))], ", "))
	}
	if len(test.Unmatched) == 0 && !s.isDecided {
		s.evidence("nothing that could be a deployment was seen")
	}
}

// evidence adds a line.
func (s *proposedService) evidence(format string, args ...any) {
	s.Evidence = append(s.Evidence, fmt.Sprintf(format, args...))
}

// looksLive is found in the names of environments that users see, where the names
// are not those that the default rules know.
var looksLive = regexp.MustCompile(`(?i)(^|[^a-z])(prod|production|prd|live|public|main)([^a-z]|$)`)

// most returns the group of a kind with the most records, of those that fit.
func most(groups []unmatched, kind string, fits func(unmatched) bool) *unmatched {
	var found *unmatched
	for i, group := range groups {
		if group.Kind == kind && fits(group) && (found == nil || group.Records > found.Records) {
			found = &groups[i]
		}
	}
	return found
}

// liveEnvironment finds GitHub deployments to an environment that looks like
// production, or to the only one that does not look like anything else.
func liveEnvironment(groups []unmatched) (models.Rule, *unmatched) {
	found := most(groups, models.KindGitHubDeployment, func(group unmatched) bool {
		return looksLive.MatchString(group.Group) && !notProduction.MatchString(group.Group)
	})
	if found == nil {
		found = most(groups, models.KindGitHubDeployment, func(group unmatched) bool { return !notProduction.MatchString(group.Group) })
	}
	if found == nil {
		return models.Rule{}, nil
	}
	isProduction := true
	return models.Rule{Kind: models.KindGitHubDeployment, Environment: regexp.QuoteMeta(found.Group), Production: &isProduction}, found
}

var deployingFile = regexp.MustCompile(`(?i)^` + deployWorkflows + `$`)

// deployingWorkflow finds runs of a workflow whose file sounds like deploying.
func deployingWorkflow(groups []unmatched) (models.Rule, *unmatched) {
	parts := func(group unmatched) (file, event string) {
		whole, event, _ := strings.Cut(group.Group, " on ")
		return path.Base(whole), event
	}
	found := most(groups, models.KindWorkflowRun, func(group unmatched) bool {
		file, event := parts(group)
		return deployingFile.MatchString(file) && !notProduction.MatchString(file) && event != "pull_request"
	})
	if found == nil {
		return models.Rule{}, nil
	}
	file, event := parts(*found)
	return models.Rule{Kind: models.KindWorkflowRun, Workflow: regexp.QuoteMeta(file), Event: event}, found
}

// everyTag finds tags.
func everyTag(groups []unmatched) (models.Rule, *unmatched) {
	found := most(groups, models.KindTag, func(unmatched) bool { return true })
	if found == nil {
		return models.Rule{}, nil
	}
	rule := models.Rule{Kind: models.KindTag}
	if versionTag.MatchString(found.Example) {
		rule.Tag = versionTag.String()[len("^"):]
	}
	return rule, found
}

var versionTag = regexp.MustCompile(`^v?\d+\.\d+\.\d+$`)

// everyMerge finds merges to the branch that most pull requests go into.
func everyMerge(groups []unmatched) (models.Rule, *unmatched) {
	found := most(groups, models.KindMergedPullRequest, func(unmatched) bool { return true })
	if found == nil {
		return models.Rule{}, nil
	}
	return models.Rule{Kind: models.KindMergedPullRequest, Branch: regexp.QuoteMeta(strings.TrimPrefix(found.Group, "into "))}, found
}

// namedLike returns the service whose name, or whose repository's, is that of a
// PagerDuty service but for case, separators and words that say nothing.
func (m *proposal) namedLike(pager string) *proposedService {
	wanted := bareName(pager)
	index := slices.IndexFunc(m.Services, func(service proposedService) bool {
		return bareName(service.Name) == wanted ||
			slices.ContainsFunc(service.Repositories, func(name string) bool { return bareName(path.Base(name)) == wanted })
	})
	if index < 0 {
		return nil
	}
	return &m.Services[index]
}

// withoutID returns the name of a PagerDuty service that is listed as NAME (ID).
func withoutID(listed string) string {
	if place := strings.LastIndex(listed, " ("); place > 0 {
		return listed[:place]
	}
	return listed
}

var saysNothing = regexp.MustCompile(`(?i)\b(service|production|prod|team)\b`)
var separators = regexp.MustCompile(`[^a-z0-9]+`)

// bareName returns what is left of a name to compare.
func bareName(name string) string {
	words := separators.ReplaceAllString(strings.ToLower(name), " ")
	return separators.ReplaceAllString(saysNothing.ReplaceAllString(words, ""), "")
}

// day returns the day of an instant, in UTC.
func day(instant time.Time) string { return instant.UTC().Format(time.DateOnly) }

//go:embed init_template.yaml
var configTemplate string

// config returns the configuration as YAML with comments.
func (m proposal) config() ([]byte, error) {
	var text strings.Builder
	made, err := template.New("").Funcs(template.FuncMap{
		"yaml": func(value any) (string, error) {
			text, err := yaml.MarshalWithOptions(value, yaml.Flow(true), yaml.OmitEmpty())
			return strings.TrimSpace(string(text)), err
		},
		"exactly": func(names []string) []string {
			patterns := make([]string, len(names))
			for i, name := range names {
				patterns[i] = regexp.QuoteMeta(name)
			}
			return patterns
		},
		"comment": func(text string) string { return strings.ReplaceAll(text, "\n", " ") },
		"day":     day,
	}).Parse(configTemplate)
	if err != nil {
		return nil, fmt.Errorf("write the configuration: %w", err)
	}
	if err := made.Execute(&text, m); err != nil {
		return nil, fmt.Errorf("write the configuration: %w", err)
	}
	return []byte(text.String()), nil
}

// Since is the first day to read.
func (m proposal) Since() time.Time { return m.Today.AddDate(0, 0, -m.Days) }

// Patterns are the repositories to read, as the configuration names them.
func (m proposal) Patterns() []string {
	var patterns []string
	for _, name := range m.GitHub {
		owner, repository, _ := strings.Cut(name, "/")
		patterns = append(patterns, owner+"/"+cmp.Or(repository, "*"))
	}
	return patterns
}
