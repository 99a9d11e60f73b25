package models

import "time"

// Settings is what a build depends on besides the raw store. The models read it
// as tables of the schema config.
type Settings struct {
	AsOf        time.Time   // the build sees nothing later; UTC
	TimeZone    string      // IANA name of the zone whose calendar days, weeks and months the numbers are counted in
	Services    []Service   // none: every repository is one service
	Definitions Definitions // what the metrics mean where a service does not say otherwise
}

// A Service is a thing a team deploys.
type Service struct {
	Name              string      `yaml:"name"`               // its service_id, unique
	Team              string      `yaml:"team"`               // the team that owns it; "" where unknown
	Repositories      []string    `yaml:"repositories"`       // owner/name of each repository it is built from
	Deployments       []Rule      `yaml:"deployments"`        // what counts as its production deployments; none: DefaultRules
	PagerDutyServices []string    `yaml:"pagerduty_services"` // regular expressions, any of which the whole name or id of a PagerDuty service matches, in any case; none: the one of the same name
	Definitions       Definitions `yaml:"definitions"`        // where this service's definitions differ from the defaults
}

// Definitions are the options of the metrics. An empty value means the default,
// or for a service what the warehouse's definitions say.
type Definitions struct {
	ChangeLeadTime ChangeLeadTime `yaml:"change_lead_time"`
}

// ChangeLeadTime are the options of change lead time.
type ChangeLeadTime struct {
	Start        string `yaml:"start"`         // where the clock starts: authored (default) or committed
	MergeCommits *bool  `yaml:"merge_commits"` // whether merge commits count as changes; default false
	Squash       string `yaml:"squash"`        // what a squash merge ships: pull_request_commits (default) or squash_commit
	Base         string `yaml:"base"`          // what a deployment is compared with: previous (default) deployment or nearest ancestor deployment
}
