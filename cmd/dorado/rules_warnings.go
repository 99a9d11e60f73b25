package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"dorado/models"
)

// trapNames are environments that are not production, and that careless patterns
// for production match.
var trapNames = []string{"nonprod", "non-production", "pre-prod", "preprod", "product-x", "staging", "github-pages"}

// trapTags begin as versions do, and are none.
var trapTags = []string{"vendor-update", "version-test", "nightly", "v1.0.0-rc1"}

// notProduction is found in the names of most environments that are not production.
var notProduction = regexp.MustCompile(`(?i)non|pre|stag|test|dev|qa|sandbox|canary|demo|pages`)

// warn finds what looks like a mistake in the rules of the service.
func (s *serviceTest) warn() {
	for _, test := range s.Rules {
		add := func(format string, args ...any) {
			s.Warnings = append(s.Warnings, fmt.Sprintf("rule %d: ", test.Position)+fmt.Sprintf(format, args...))
		}
		// Of the default rules some never match, which is what they are for.
		switch {
		case s.IsDefault:
		case test.Taken == 0 && test.Shadowed > 0:
			add("takes nothing: earlier rules take all %s it matches; put it before them, or remove it", count(int(test.Shadowed), "record", "records"))
		case test.Taken == 0:
			add("matches nothing: see below what there is, or --since an earlier day; remove it if nothing will come")
		}
		if test.Taken > test.Counted {
			add("%s taken by it are left out, because the repository's deployments to the same environment are of another kind by an earlier rule",
				count(int(test.Taken-test.Counted), "record", "records"))
		}
		warnOfPatterns(test, add)
	}
	if !slices.ContainsFunc(s.Rules, func(test ruleTest) bool { return test.Counted > 0 && test.rule.IsProduction() }) {
		s.Warnings = append(s.Warnings, "no rule takes any production deployment of these days: the service has no metrics for them; --since looks further back")
	}
}

// warnOfPatterns finds patterns that match more than they seem to.
func warnOfPatterns(test ruleTest, add func(format string, args ...any)) {
	rule := test.rule
	hasOwn := slices.ContainsFunc(models.RuleKinds, func(kind models.RuleKind) bool { return kind.Name == rule.Kind && kind.HasEnvironment })
	if hasOwn && rule.IsProduction() {
		if traps := matchedBy("(?i)^(?:"+rule.Environment+")$", trapNames); len(traps) > 0 {
			add("environment: %s also matches %s as production; patterns match the whole name, so %s is enough for names that begin like production",
				rule.Environment, strings.Join(traps, ", "), models.ProductionPattern)
		}
		for environment := range strings.SplitSeq(test.Environments, ", ") {
			if notProduction.MatchString(environment) && !slices.Contains(trapNames, environment) {
				add("takes the environment %s as production, whose name does not look like it; if it is none, put a rule with production: false before this one", environment)
			}
		}
	}
	if rule.Tag != "" {
		if traps := matchedBy("(?i)^(?:"+rule.Tag+")", trapTags); len(traps) > 0 {
			add(`tag: %s matches the beginning of a tag, so %s too; say more, such as v\d+\.\d+\.\d+$`, rule.Tag, strings.Join(traps, ", "))
		}
	}
	if rule.Kind == models.KindWorkflowRun && rule.Branch == "" && rule.Event == "" {
		add("takes the runs for every branch and event, those of pull requests too: add branch or event")
	}
	for _, given := range rulePatterns(rule) {
		if given.key != "tag" && (strings.HasPrefix(given.pattern, ".*") || strings.HasPrefix(given.pattern, "^.*")) {
			add("%s: %s begins with .*, which takes the anchor away: it matches whatever ends so", given.key, given.pattern)
		}
	}
}

// matchedBy returns those of names that the pattern matches.
func matchedBy(pattern string, names []string) []string {
	compiled, err := regexp.Compile(pattern)
	if err != nil {
		return nil // the configuration has been checked
	}
	var matched []string
	for _, name := range names {
		if compiled.MatchString(name) {
			matched = append(matched, name)
		}
	}
	return matched
}
