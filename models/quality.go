package models

// Quality says how good the data must be for the numbers to be published, and to
// be believed. What is measured is said at core.coverage_counts and
// marts.freshness.
type Quality struct {
	Days                       int   `yaml:"days"`                          // how many days before the as-of time the shares are taken over; default 90
	Minimum                    int   `yaml:"minimum"`                       // shares of fewer records than this are not judged; default 5
	DeploymentsWithSHA         Limit `yaml:"deployments_with_sha"`          // share of production deployments whose SHA is known; default warn: 0.95
	DeploymentsWithKnownCommit Limit `yaml:"deployments_with_known_commit"` // share of production deployments whose commit is stored; default warn: 0.95
	ChangesWithLeadTime        Limit `yaml:"changes_with_lead_time"`        // share of changes that have a lead time; no default
	ChangesWithPullRequest     Limit `yaml:"changes_with_pull_request"`     // share of changes that came by a pull request; no default
	PullRequestsDeployed       Limit `yaml:"pull_requests_deployed"`        // share of merged pull requests that a production deployment shipped; no default
	IncidentsWithService       Limit `yaml:"incidents_with_service"`        // share of incidents that belong to a service; default warn: 0.8
	IncidentsAttributed        Limit `yaml:"incidents_attributed"`          // share of qualifying incidents of a service that are attributed to a deployment; no default
	CollectorLagHours          Limit `yaml:"collector_lag_hours"`           // hours since a collector last ended well; default warn: 36
}

// A Limit is how bad something may be.
type Limit struct {
	Warn  *float64 `yaml:"warn"`  // beyond it the snapshot is published with a warning
	Error *float64 `yaml:"error"` // beyond it nothing is published, and the last snapshot stays
}

// DefaultQuality is what holds where the configuration says nothing else.
func DefaultQuality() Quality {
	share, mapped, hours := 0.95, 0.8, 36.0
	return Quality{
		Days:                       90,
		Minimum:                    5,
		DeploymentsWithSHA:         Limit{Warn: &share},
		DeploymentsWithKnownCommit: Limit{Warn: &share},
		IncidentsWithService:       Limit{Warn: &mapped},
		CollectorLagHours:          Limit{Warn: &hours},
	}
}

// A Gate is a Limit with its name.
type Gate struct {
	Name    string // its key in the configuration
	IsShare bool   // a share of 0 to 1, which must not be below the limit; else a quantity that must not be above it
	Limit   Limit
}

// Gates returns the limits by their names.
func (q Quality) Gates() []Gate {
	return []Gate{
		{"deployments_with_sha", true, q.DeploymentsWithSHA},
		{"deployments_with_known_commit", true, q.DeploymentsWithKnownCommit},
		{"changes_with_lead_time", true, q.ChangesWithLeadTime},
		{"changes_with_pull_request", true, q.ChangesWithPullRequest},
		{"pull_requests_deployed", true, q.PullRequestsDeployed},
		{"incidents_with_service", true, q.IncidentsWithService},
		{"incidents_attributed", true, q.IncidentsAttributed},
		{"collector_lag_hours", false, q.CollectorLagHours},
	}
}

// tables returns the gates as the models read them.
func (q Quality) tables() []settingsTable {
	if q == (Quality{}) {
		q = DefaultQuality()
	}
	quality := settingsTable{name: "config.quality", columns: "days bigint, minimum bigint", rows: [][]any{{q.Days, q.Minimum}}}
	gates := settingsTable{name: "config.quality_gates", columns: "gate varchar, warn_limit double, error_limit double"}
	for _, gate := range q.Gates() {
		row := []any{gate.Name, nil, nil}
		if gate.Limit.Warn != nil {
			row[1] = *gate.Limit.Warn
		}
		if gate.Limit.Error != nil {
			row[2] = *gate.Limit.Error
		}
		gates.rows = append(gates.rows, row)
	}
	return []settingsTable{quality, gates}
}
