package main

import (
	"fmt"
	"slices"
	"strings"

	"dorado/collectors/github"
	"dorado/models"
)

func validateServiceRepositories(v *validation, path string, service models.Service, collected []string) {
	for i, repository := range service.Repositories {
		path := fmt.Sprintf("%s.repositories[%d]", path, i)
		isSame := func(other string) bool { return strings.EqualFold(other, repository.Name) }
		switch text := wrongRepository(repository.Name); {
		case text != "":
			v.add(path, "%s", text)
		case slices.ContainsFunc(service.Repositories[:i], func(other models.ServiceRepository) bool { return isSame(other.Name) }):
			v.add(path, "%q is listed twice", repository.Name)
		case len(collected) > 0 && !github.Matches(collected, repository.Name):
			v.add(path, "service %q is built from %q, which is not collected: add it to github.repositories", service.Name, repository.Name)
		}
		validatePaths(v, path+".paths", repository.Paths)
	}
}

// validatePaths checks globs of paths in a repository.
func validatePaths(v *validation, path string, globs []string) {
	for i, glob := range globs {
		path := fmt.Sprintf("%s[%d]", path, i)
		switch {
		case strings.Trim(glob, "/") == "":
			v.add(path, "give a path or a glob such as services/checkout/**")
		case strings.HasPrefix(glob, "/") || strings.HasPrefix(glob, "./"):
			v.add(path, "%q: paths begin at the root of the repository: write it without %q", glob, glob[:strings.Index(glob, "/")+1])
		case strings.HasPrefix(glob, "!"):
			v.add(path, "%q: nothing can be taken out: list the paths that belong to the service", glob)
		case strings.ContainsAny(glob, `[]{}\`):
			v.add(path, "%q: a glob has *, ** and ? only", glob)
		}
	}
}

// ruleKinds are the names of the kinds of rules.
func ruleKinds() []string {
	var names []string
	for _, kind := range models.RuleKinds {
		names = append(names, kind.Name)
	}
	return names
}

// A rulePattern is a regular expression of a rule.
type rulePattern struct{ key, pattern string }

// rulePatterns returns the regular expressions of a rule but that of its
// environment.
func rulePatterns(rule models.Rule) []rulePattern {
	return []rulePattern{
		{"tag", rule.Tag}, {"workflow", rule.Workflow}, {"branch", rule.Branch},
		{"event", rule.Event}, {"conclusion", rule.Conclusion}, {"job", rule.Job},
	}
}

func validateRule(v *validation, path string, rule models.Rule) {
	at := slices.IndexFunc(models.RuleKinds, func(kind models.RuleKind) bool { return kind.Name == rule.Kind })
	if at < 0 {
		if rule.Kind == "" {
			v.add(path+".kind", "say what the rule looks at, one of %s", strings.Join(ruleKinds(), ", "))
		}
		v.oneOf(path+".kind", rule.Kind, ruleKinds()...)
		return
	}
	kind := models.RuleKinds[at]
	validateRuleEnvironment(v, path+".environment", kind, rule.Environment)
	if kind.Name == models.KindWorkflowRun && rule.Workflow == "" {
		v.add(path+".workflow", "give the file or the name of the workflow that deploys, such as deploy.yml")
	}
	validatePaths(v, path+".paths", rule.Paths)
	for _, given := range rulePatterns(rule) {
		if given.pattern != "" && !slices.Contains(kind.Keys, given.key) {
			v.add(path+"."+given.key, "a rule of kind %s has no %s: it has %s", kind.Name, given.key,
				strings.Join(append([]string{"environment"}, kind.Keys...), ", "))
			continue
		}
		validatePattern(v, path+"."+given.key, given.pattern)
	}
}

// notInNames are the characters by which a regular expression is told from the
// name of an environment.
const notInNames = `()[]{}|*+?^$\`

func validateRuleEnvironment(v *validation, path string, kind models.RuleKind, environment string) {
	switch {
	case kind.HasEnvironment && environment == "":
		v.add(path, "give a regular expression for the names of the environments, such as '%s'", models.ProductionPattern)
	case kind.HasEnvironment:
		validatePattern(v, path, environment)
	case strings.ContainsAny(environment, notInNames):
		v.add(path, "a %s has no environment: name the one that a match goes to, such as production; %q is a pattern", kind.Name, environment)
	}
}

// validatePattern checks a regular expression.
func validatePattern(v *validation, path, pattern string) {
	if text := models.WrongPattern(pattern); text != "" {
		v.add(path, "%s", text)
	}
}
