package pagerduty

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/PagerDuty/go-pagerduty"

	"dorado/collectors"
)

// An Incident is a row of raw.pagerduty_incidents.
type Incident struct {
	ID                 string                `json:"id" db:"id,key"`
	Account            string                `json:"-" db:"account,key"` // Config.Name
	Number             int64                 `json:"incident_number" db:"number"`
	Title              *string               `json:"title" db:"title"`
	Status             string                `json:"status" db:"status"` // triggered, acknowledged or resolved; whatever else comes is kept
	Urgency            *string               `json:"urgency" db:"urgency"`
	Priority           *pagerduty.APIObject  `json:"priority"`
	PriorityID         *string               `json:"-" db:"priority_id"`
	PriorityName       *string               `json:"-" db:"priority_name"`
	Service            pagerduty.APIObject   `json:"service"`
	ServiceID          *string               `json:"-" db:"service_id"`
	ServiceName        *string               `json:"-" db:"service_name"` // when it was read
	EscalationPolicy   *pagerduty.APIObject  `json:"escalation_policy"`
	EscalationPolicyID *string               `json:"-" db:"escalation_policy_id"`
	Teams              []pagerduty.APIObject `json:"teams"`
	TeamIDs            string                `json:"-" db:"team_ids"` // a JSON list
	IncidentKey        *string               `json:"incident_key" db:"incident_key"`
	IncidentType       *named                `json:"incident_type"`
	IncidentTypeName   *string               `json:"-" db:"incident_type"`
	CreatedAt          time.Time             `json:"created_at" db:"created_at"`
	UpdatedAt          *time.Time            `json:"updated_at" db:"updated_at,version"`
	LastStatusChangeAt *time.Time            `json:"last_status_change_at" db:"last_status_change_at"`
	ResolvedAt         *time.Time            `json:"resolved_at" db:"resolved_at"` // was not sent before 2023, also for resolved incidents
	ResolveReason      *resolveReason        `json:"resolve_reason"`
	ResolveReasonType  *string               `json:"-" db:"resolve_reason"` // merge_resolve_reason or nothing
	MergedIntoID       *string               `json:"-" db:"merged_into_id"`
	AlertCounts        *alertCounts          `json:"alert_counts"`
	Alerts             *int64                `json:"-" db:"alerts"`
	TriggeredAlerts    *int64                `json:"-" db:"triggered_alerts"`
	ResolvedAlerts     *int64                `json:"-" db:"resolved_alerts"`
	HTMLURL            *string               `json:"html_url" db:"html_url"`
}

// Table returns the table's name.
func (Incident) Table() string { return "pagerduty_incidents" }

// named is an object of which only the name is wanted.
type named struct {
	Name *string `json:"name"`
}

// resolveReason says why an incident was resolved, and which one it was merged
// into.
type resolveReason struct {
	Type     *string              `json:"type"`
	Incident *pagerduty.APIObject `json:"incident"`
}

// alertCounts is how many alerts an incident has.
type alertCounts struct {
	All       *int64 `json:"all"`
	Triggered *int64 `json:"triggered"`
	Resolved  *int64 `json:"resolved"`
}

// row returns the incident as it is stored.
func (i Incident) row(s *source) Incident {
	i.Account = s.config.Name
	i.PriorityID = idOf(i.Priority)
	if i.PriorityID != nil {
		i.PriorityName = &i.Priority.Summary
	}
	i.ServiceID = idOf(&i.Service)
	if i.ServiceID != nil {
		i.ServiceName = &i.Service.Summary
	}
	i.EscalationPolicyID = idOf(i.EscalationPolicy)
	i.TeamIDs = ids(i.Teams)
	if i.IncidentType != nil {
		i.IncidentTypeName = i.IncidentType.Name
	}
	if i.ResolveReason != nil {
		i.ResolveReasonType = i.ResolveReason.Type
		i.MergedIntoID = idOf(i.ResolveReason.Incident)
	}
	if i.AlertCounts != nil {
		i.Alerts, i.TriggeredAlerts, i.ResolvedAlerts = i.AlertCounts.All, i.AlertCounts.Triggered, i.AlertCounts.Resolved
	}
	return i
}

// endedAt returns when the incident was resolved, zero while it is not.
func (i Incident) endedAt() time.Time {
	switch {
	case i.Status != "resolved":
		return time.Time{}
	case i.ResolvedAt != nil:
		return *i.ResolvedAt
	case i.LastStatusChangeAt != nil:
		return *i.LastStatusChangeAt
	default:
		return i.CreatedAt
	}
}

// incidentsName is the name of the collector of incidents, without the account's.
const incidentsName = "pagerduty_incidents"

// lateChanges is how long after its creation or its resolution an incident is
// still read again: it may be merged, renamed, or be given a priority. One that
// is reopened later is found among the open ones.
const lateChanges = 14 * 24 * time.Hour

// incidentsState is what is stored of the incidents.
type incidentsState struct {
	Until   time.Time            // all that were created before are stored; UTC
	Watched map[string]time.Time // by id those to read again: when they were resolved, zero for those that were not
}

// incidents reads the open incidents of old, all that were created since shortly
// before the last run, and one by one those that are watched but were in neither
// list.
func (s *source) incidents(ctx context.Context, state incidentsState) iter.Seq2[page[incidentsState], error] {
	return func(yield func(page[incidentsState], error) bool) {
		now := s.now()
		next := incidentsState{Until: state.Until, Watched: maps.Clone(state.Watched)}
		if next.Watched == nil {
			next.Watched = map[string]time.Time{}
		}
		isSeen := map[string]bool{}
		s.read = isSeen
		// keep returns the page for incidents that were read.
		keep := func(read []Incident) page[incidentsState] {
			var rows []collectors.Row
			for _, incident := range read {
				isSeen[incident.ID] = true
				if !s.includes(incident.Service) {
					delete(next.Watched, incident.ID)
					continue
				}
				endedAt := incident.endedAt()
				if endedAt.IsZero() || endedAt.After(now.Add(-lateChanges)) {
					next.Watched[incident.ID] = endedAt
				} else {
					delete(next.Watched, incident.ID)
				}
				rows = append(rows, incident.row(s))
			}
			stored := incidentsState{Until: next.Until, Watched: maps.Clone(next.Watched)}
			return page[incidentsState]{rows: rows, state: &stored}
		}

		recent := later(s.config.Since, now.Add(-lateChanges))
		if state.Until.Before(recent) {
			recent = later(s.config.Since, state.Until)
		}
		open := url.Values{"statuses[]": {"triggered", "acknowledged"}}
		for found, err := range windows[Incident](ctx, s, "/incidents", "incidents", open, s.config.Since, recent) {
			if err != nil {
				yield(page[incidentsState]{}, err)
				return
			}
			if !yield(keep(found.items), nil) {
				return
			}
		}
		// Oldest first: one that is created meanwhile moves no other to another page.
		all := url.Values{"sort_by": {"created_at:asc"}}
		for found, err := range windows[Incident](ctx, s, "/incidents", "incidents", all, recent, now) {
			if err != nil {
				yield(page[incidentsState]{}, err)
				return
			}
			next.Until = later(next.Until, found.through)
			if !yield(keep(found.items), nil) {
				return
			}
		}
		var unseen []string
		for id := range next.Watched {
			if !isSeen[id] {
				unseen = append(unseen, id)
			}
		}
		slices.Sort(unseen)
		for some := range slices.Chunk(unseen, perPage) {
			read, gone, err := s.readIncidents(ctx, some)
			if err != nil {
				yield(page[incidentsState]{}, err)
				return
			}
			for _, id := range gone {
				delete(next.Watched, id)
			}
			if !yield(keep(read), nil) {
				return
			}
		}
		s.hinted(ctx, isSeen, keep, yield)
	}
}

// hinted reads the incidents that hints are about, if they were not read anyway.
func (s *source) hinted(ctx context.Context, isSeen map[string]bool, keep func([]Incident) page[incidentsState], yield func(page[incidentsState], error) bool) {
	collector := s.config.collector(incidentsName)
	hints, err := s.reader.Strings(ctx,
		"select epoch_us(occurred_at)::varchar || ' ' || record from hints where collector = ? and read_at is null order by record", collector)
	if err != nil {
		yield(page[incidentsState]{}, err)
		return
	}
	for some := range slices.Chunk(hints, perPage) {
		var unseen []string
		var done []collectors.Row
		readAt := s.now().UTC()
		for _, hint := range some {
			occurred, id, _ := strings.Cut(hint, " ")
			microseconds, err := strconv.ParseInt(occurred, 10, 64)
			if err != nil {
				yield(page[incidentsState]{}, fmt.Errorf("hint %s: %w", hint, err))
				return
			}
			done = append(done, collectors.Hint{Collector: collector, Record: id, OccurredAt: time.UnixMicro(microseconds).UTC(), ReadAt: &readAt})
			if !isSeen[id] {
				unseen = append(unseen, id)
			}
		}
		read, _, err := s.readIncidents(ctx, unseen)
		if err != nil {
			yield(page[incidentsState]{}, err)
			return
		}
		// Older ones than since are no part of the store.
		read = slices.DeleteFunc(read, func(i Incident) bool { return i.CreatedAt.Before(s.config.Since) })
		stored := keep(read)
		stored.rows = append(stored.rows, done...)
		if !yield(stored, nil) {
			return
		}
	}
}

// readIncidents reads incidents by their ids and returns those that are gone, as
// the incidents of a deleted service are, apart.
func (s *source) readIncidents(ctx context.Context, ids []string) (read []Incident, gone []string, err error) {
	answers := make([]struct{ Incident *Incident }, len(ids))
	err = each(ctx, len(ids), func(ctx context.Context, i int) error {
		_, err := s.get(ctx, &answers[i], "/incidents/"+url.PathEscape(ids[i]), nil)
		if status(err) == http.StatusNotFound {
			return nil
		}
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	for i, answer := range answers {
		if answer.Incident == nil {
			gone = append(gone, ids[i])
			continue
		}
		read = append(read, *answer.Incident)
	}
	return read, gone, nil
}
