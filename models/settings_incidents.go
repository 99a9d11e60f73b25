package models

// An IncidentRule says which incidents count in the metrics. An incident counts
// where any rule of its service takes it; one takes it where all that the rule
// says fits. Patterns are regular expressions that match in any case; one that is
// left out matches everything.
type IncidentRule struct {
	Source      string `yaml:"source"`      // whose incidents it looks at, see IncidentSources; "" those of PagerDuty and the ingested ones
	Urgency     string `yaml:"urgency"`     // pattern of the whole urgency
	Priority    string `yaml:"priority"`    // pattern of the whole name of the priority
	Title       string `yaml:"title"`       // pattern that is found in the title
	Label       string `yaml:"label"`       // github_issue: pattern of a whole label
	Service     string `yaml:"service"`     // pattern of the whole name or id of the service in the source; of an issue the repository, owner/name
	Maintenance *bool  `yaml:"maintenance"` // whether it was triggered in a maintenance window of its service; left out: either
}

// The sources of incidents, as rules and core.incidents name them.
const (
	SourcePagerDuty   = "pagerduty"
	SourceGitHubIssue = "github_issue" // issues are incidents only where a rule takes them
	SourceIngested    = "ingested"
)

// IncidentSources are all sources of incidents.
var IncidentSources = []string{SourcePagerDuty, SourceGitHubIssue, SourceIngested}

// DefaultIncidentRules are the rules where the configuration has none.
var DefaultIncidentRules = []IncidentRule{{Urgency: "high"}}

// incidentRulesTable returns config.incident_rules, with the patterns as they are
// matched. The rules of a service_id that is NULL are those of every service that
// has none of its own, and of what belongs to no service.
func incidentRulesTable(rules []IncidentRule, services []Service) settingsTable {
	table := settingsTable{
		name: "config.incident_rules",
		columns: "service_id varchar, position bigint, source varchar, urgency_pattern varchar, priority_pattern varchar, " +
			"title_pattern varchar, label_pattern varchar, service_pattern varchar, in_maintenance boolean",
	}
	add := func(service any, rules []IncidentRule) {
		for i, rule := range rules {
			title, maintenance := any(nil), any(nil)
			if rule.Title != "" {
				title = "(?i)" + rule.Title
			}
			if rule.Maintenance != nil {
				maintenance = *rule.Maintenance
			}
			table.rows = append(table.rows, []any{
				service, int64(i + 1), nullable(rule.Source), nullable(whole(rule.Urgency)), nullable(whole(rule.Priority)),
				title, nullable(whole(rule.Label)), nullable(whole(rule.Service)), maintenance,
			})
		}
	}
	if len(rules) == 0 {
		rules = DefaultIncidentRules
	}
	add(nil, rules)
	for _, service := range services {
		add(service.Name, service.Incidents)
	}
	return table
}

// pagerDutyServicesTable returns config.pagerduty_services: which PagerDuty
// services are whose, with the patterns as they are matched.
func pagerDutyServicesTable(services []Service) settingsTable {
	table := settingsTable{name: "config.pagerduty_services", columns: "service_id varchar, position bigint, pattern varchar"}
	for i, service := range services {
		for _, pattern := range service.PagerDutyServices {
			table.rows = append(table.rows, []any{service.Name, int64(i + 1), whole(pattern)})
		}
	}
	return table
}
