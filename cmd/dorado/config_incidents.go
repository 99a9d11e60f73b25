package main

import (
	"fmt"

	"dorado/models"
)

func validateIncidentRules(v *validation, path string, rules []models.IncidentRule) {
	for i, rule := range rules {
		path := fmt.Sprintf("%s[%d]", path, i)
		v.oneOf(path+".source", rule.Source, models.IncidentSources...)
		isIssue := rule.Source == models.SourceGitHubIssue
		if isIssue && rule.Label == "" && rule.Title == "" {
			v.add(path, "say which issues are incidents: give a label or a title, such as label: incident")
		}
		if isIssue && rule.Maintenance != nil {
			v.add(path+".maintenance", "an issue has no maintenance: it has title, label and service")
		}
		for _, key := range []struct {
			name, pattern string
			ofIssues      bool
			ofOthers      bool
		}{
			{"urgency", rule.Urgency, false, true},
			{"priority", rule.Priority, false, true},
			{"title", rule.Title, true, true},
			{"label", rule.Label, true, false},
			{"service", rule.Service, true, true},
		} {
			switch path := path + "." + key.name; {
			case key.pattern == "":
			case isIssue && !key.ofIssues:
				v.add(path, "an issue has no %s: it has title, label and service", key.name)
			case !isIssue && !key.ofOthers:
				v.add(path, "only issues have a %s: add source: %s", key.name, models.SourceGitHubIssue)
			default:
				validatePattern(v, path, key.pattern)
			}
		}
	}
}
