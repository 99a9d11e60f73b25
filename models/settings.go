package models

import "time"

// Settings is what a build depends on besides the raw store. The models read it
// as tables of the schema config.
type Settings struct {
	AsOf        time.Time      // the build sees nothing later; UTC
	TimeZone    string         // IANA name of the zone whose calendar days, weeks and months the numbers are counted in
	Teams       []Team         // what is known of teams besides their services
	Services    []Service      // none: every repository is one service
	Incidents   []IncidentRule // which incidents count where a service does not say; none: DefaultIncidentRules
	Definitions Definitions    // what the metrics mean where a service does not say otherwise
	Quality     Quality        // how good the data must be; the zero value: DefaultQuality
	Overrides   []Override     // what people know better about single incidents and deployments
}

// A Team owns services. One that only services name needs no entry.
type Team struct {
	Name        string      `yaml:"name"`        // as services name it, unique
	TimeZone    string      `yaml:"timezone"`    // IANA name of the zone it works in; "" for the warehouse's
	Definitions Definitions `yaml:"definitions"` // where the definitions of its services differ from the defaults
}

// A Service is a thing a team deploys.
type Service struct {
	Name              string              `yaml:"name"`               // its service_id, unique
	Team              string              `yaml:"team"`               // the team that owns it; "" where unknown
	Repositories      []ServiceRepository `yaml:"repositories"`       // the repositories it is built from
	Deployments       []Rule              `yaml:"deployments"`        // what counts as its production deployments; none: DefaultRules
	PagerDutyServices []string            `yaml:"pagerduty_services"` // regular expressions, any of which the whole name or id of a PagerDuty service matches, in any case; none: the one of the same name
	Incidents         []IncidentRule      `yaml:"incidents"`          // which incidents of it count; none: the rules of all services
	Definitions       Definitions         `yaml:"definitions"`        // where this service's definitions differ from its team's and the defaults
}
