// Package ingested takes deployments, changes, incidents and measurements of service
// level indicators from files, for systems that have no collector: NDJSON, CSV, or rows that somebody else has
// read. What the records mean is left to the models.
//
// The structs of this file are the schema of the files, the raw tables, and their
// documentation at once. A field that is no pointer must be given, unless it has
// a default.
package ingested

import (
	"math"
	"time"

	"dorado/collectors"
)

// A Deployment is a row of raw.ingested_deployments.
type Deployment struct {
	ID          string     `db:"id,key" doc:"tells it apart from the other ingested deployments; one that comes again replaces the earlier"`
	Service     *string    `db:"service" doc:"the service, as the configuration names it; needed where no repository is given"`
	Repository  *string    `db:"repository" doc:"owner/name; the services that are built from it get the deployment"`
	Environment string     `db:"environment" default:"production" doc:"where it was deployed to"`
	Status      string     `db:"status" default:"success" oneof:"success failure cancelled in_progress" doc:"how it ended"`
	SHA         *string    `db:"sha" doc:"the commit that was deployed"`
	Version     *string    `db:"version" doc:"what people call it: a tag, a build number"`
	URL         *string    `db:"url" doc:"a page that shows it"`
	StartedAt   *time.Time `db:"started_at" doc:"when it started; where it is left out, when it finished"`
	FinishedAt  *time.Time `db:"finished_at" doc:"when it finished; left out while it is in_progress"`
}

// Table returns the table's name.
func (Deployment) Table() string { return "ingested_deployments" }

// problem says what is wrong with the fields as a whole, "" if nothing is.
func (d Deployment) problem() string {
	switch {
	case d.Service == nil && d.Repository == nil:
		return "service: give the service, or the repository that it is built from"
	case d.Status == "in_progress" && d.FinishedAt != nil:
		return "finished_at: a deployment that is in_progress has not finished; leave one of the two out"
	case d.Status == "in_progress" && d.StartedAt == nil:
		return "started_at: say when a deployment that is in_progress was started"
	case d.Status != "in_progress" && d.FinishedAt == nil:
		return "finished_at: say when a deployment whose status is " + d.Status + " finished"
	case isBefore(d.FinishedAt, d.StartedAt):
		return "finished_at: it lies before started_at"
	}
	return ""
}

// A Change is a row of raw.ingested_changes: a commit that a deployment shipped
// first.
type Change struct {
	DeploymentID      string     `db:"deployment_id,key" doc:"the id of the ingested deployment that ships it"`
	SHA               string     `db:"sha,key" doc:"the commit"`
	Repository        *string    `db:"repository" doc:"owner/name; where it is left out, the deployment's"`
	PullRequestNumber *int64     `db:"pull_request_number" doc:"the merged pull or merge request that it belongs to"`
	Author            *string    `db:"author" doc:"who wrote it"`
	IsBot             bool       `db:"is_bot" default:"false" doc:"whether a bot wrote it"`
	IsMerge           bool       `db:"is_merge" default:"false" doc:"whether it has several parents"`
	AuthoredAt        time.Time  `db:"authored_at" doc:"when it was written"`
	CommittedAt       *time.Time `db:"committed_at" doc:"when it was committed; where it is left out, when it was written"`
}

// Table returns the table's name.
func (Change) Table() string { return "ingested_changes" }

func (Change) problem() string { return "" }

// An Incident is a row of raw.ingested_incidents.
type Incident struct {
	ID             string     `db:"id,key" doc:"tells it apart from the other ingested incidents; one that comes again replaces the earlier"`
	Service        *string    `db:"service" doc:"the service, as the configuration names it"`
	Title          *string    `db:"title" doc:"what happened, in a line"`
	Urgency        *string    `db:"urgency" oneof:"high low" doc:"whether somebody is called for it; left out counts as high"`
	Priority       *string    `db:"priority" doc:"its priority: P1"`
	TriggeredAt    time.Time  `db:"triggered_at" doc:"when it began"`
	AcknowledgedAt *time.Time `db:"acknowledged_at" doc:"when somebody first took it on"`
	ResolvedAt     *time.Time `db:"resolved_at" doc:"when it ended; left out while it is open"`
	ResolvedBy     *string    `db:"resolved_by" doc:"who resolved it"`
	MergedIntoID   *string    `db:"merged_into_id" doc:"the id of the ingested incident that it is part of"`
	DeploymentID   *string    `db:"deployment_id" doc:"the id of the ingested deployment that caused it"`
	URL            *string    `db:"url" doc:"a page that shows it"`
}

// Table returns the table's name.
func (Incident) Table() string { return "ingested_incidents" }

// problem says what is wrong with the fields as a whole, "" if nothing is.
func (i Incident) problem() string {
	switch {
	case isBefore(i.AcknowledgedAt, &i.TriggeredAt):
		return "acknowledged_at: it lies before triggered_at"
	case isBefore(i.ResolvedAt, &i.TriggeredAt):
		return "resolved_at: it lies before triggered_at"
	case i.MergedIntoID != nil && *i.MergedIntoID == i.ID:
		return "merged_into_id: an incident is no part of itself"
	}
	return ""
}

// A Measurement is a row of raw.ingested_sli: what is known of a service level
// indicator in some time.
type Measurement struct {
	SLO       string     `db:"slo,key" doc:"the name of the SLO; of one with an indicator for each objective, its objective: checkout/2"`
	StartedAt time.Time  `db:"started_at,key" doc:"when the time that was measured began"`
	EndedAt   *time.Time `db:"ended_at" doc:"when it ended; where it is left out, as long as the shortest time between two measurements"`
	Good      float64    `db:"good" doc:"how many events, seconds or whatever is counted were good"`
	Total     float64    `db:"total" doc:"how many there were"`
}

// Table returns the table's name.
func (Measurement) Table() string { return "ingested_sli" }

// problem says what is wrong with the fields as a whole, "" if nothing is.
func (m Measurement) problem() string {
	switch {
	case m.EndedAt != nil && !m.EndedAt.After(m.StartedAt):
		return "ended_at: it does not lie after started_at"
	case !(m.Good >= 0 && m.Good <= m.Total):
		return "good: it is less than 0 or more than total"
	case math.IsInf(m.Total, 0):
		return "total: it is no number to count with"
	}
	return ""
}

// isBefore reports whether both instants are known and a is before b.
func isBefore(a, b *time.Time) bool { return a != nil && b != nil && a.Before(*b) }

// Tables returns an empty row of every raw table that is filled from files.
func Tables() []collectors.Row {
	return []collectors.Row{Deployment{}, Change{}, Incident{}, Measurement{}}
}
