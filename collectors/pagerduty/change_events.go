package pagerduty

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/PagerDuty/go-pagerduty"

	"dorado/collectors"
)

// A ChangeEvent is a row of raw.pagerduty_change_events: a deployment or another
// change that a tool told PagerDuty of. Its routing_key, with which anybody can
// send events, is not read.
type ChangeEvent struct {
	ID            string                `json:"id" db:"id,key"`
	Account       string                `json:"-" db:"account,key"` // Config.Name
	Summary       *string               `json:"summary" db:"summary"`
	At            *time.Time            `json:"timestamp" db:"timestamp"` // as the tool gave it
	Source        *string               `json:"source" db:"source"`
	Services      []pagerduty.APIObject `json:"services"`
	ServiceIDs    string                `json:"-" db:"service_ids"` // a JSON list
	Links         json.RawMessage       `json:"links"`
	LinksText     *string               `json:"-" db:"links"` // a JSON list of {href, text}
	Details       json.RawMessage       `json:"custom_details"`
	CustomDetails *string               `json:"-" db:"custom_details"` // JSON, of any shape
	HTMLURL       *string               `json:"html_url" db:"html_url"`
}

// Table returns the table's name.
func (ChangeEvent) Table() string { return "pagerduty_change_events" }

// row returns the change event as it is stored.
func (e ChangeEvent) row(s *source) ChangeEvent {
	e.Account = s.config.Name
	e.ServiceIDs = ids(e.Services)
	e.LinksText = jsonText(e.Links)
	e.CustomDetails = jsonText(e.Details)
	return e
}

// jsonText returns JSON as text, nil where there is none.
func jsonText(raw json.RawMessage) *string {
	text := string(raw)
	if text == "" || text == "null" {
		return nil
	}
	return &text
}

// A RelatedChangeEvent is a row of raw.pagerduty_related_change_events: PagerDuty
// thinks that a change has to do with an incident.
type RelatedChangeEvent struct {
	IncidentID        string  `json:"-" db:"incident_id,key"`
	ChangeEventID     string  `json:"-" db:"change_event_id,key"`
	Account           string  `json:"-" db:"account,key"`        // Config.Name
	CorrelationReason *string `json:"-" db:"correlation_reason"` // most_recent, related_service or intelligent
}

// Table returns the table's name.
func (RelatedChangeEvent) Table() string { return "pagerduty_related_change_events" }

// lateChangeEvents is how long before the last run's end change events, and those
// related to incidents, are read again: the time of a change event is the tool's,
// which may send it late.
const lateChangeEvents = 24 * time.Hour

// changeEvents reads all since a day before the last run.
func (s *source) changeEvents(ctx context.Context, state untilState) iter.Seq2[page[untilState], error] {
	return func(yield func(page[untilState], error) bool) {
		from := later(s.config.Since, state.Until.Add(-lateChangeEvents))
		for found, err := range windows[ChangeEvent](ctx, s, "/change_events", "change_events", nil, from, s.now()) {
			if isUnavailable(err) {
				return
			}
			if err != nil {
				yield(page[untilState]{}, err)
				return
			}
			var rows []collectors.Row
			for _, event := range found.items {
				if s.includesAny(event.Services) {
					rows = append(rows, event.row(s))
				}
			}
			if !yield(reached(rows, state, found.through), nil) {
				return
			}
		}
	}
}

// includesAny reports whether what belongs to services is to be stored. What
// belongs to none is.
func (s *source) includesAny(services []pagerduty.APIObject) bool {
	for _, service := range services {
		if s.includes(service) {
			return true
		}
	}
	return len(services) == 0
}

// relatedChangeEvents asks for those of each incident that was created since a day
// before the last run, as long as the account has change events at all: each
// incident takes a request.
func (s *source) relatedChangeEvents(ctx context.Context, state untilState) iter.Seq2[page[untilState], error] {
	return func(yield func(page[untilState], error) bool) {
		now := s.now()
		isUsed, err := s.hasChangeEvents(ctx, now)
		if err != nil {
			yield(page[untilState]{}, err)
			return
		}
		if !isUsed {
			return
		}
		from := later(s.config.Since, state.Until.Add(-lateChangeEvents))
		all := url.Values{"sort_by": {"created_at:asc"}}
		for found, err := range windows[Incident](ctx, s, "/incidents", "incidents", all, from, now) {
			if err != nil {
				yield(page[untilState]{}, err)
				return
			}
			rows, err := s.relatedTo(ctx, found.items)
			if !yield(reached(rows, state, found.through), err) || err != nil {
				return
			}
		}
	}
}

// hasChangeEvents reports whether any happened in the last months.
func (s *source) hasChangeEvents(ctx context.Context, now time.Time) (bool, error) {
	query := url.Values{
		"limit": {"1"},
		"since": {later(s.config.Since, now.Add(-longestWindow)).UTC().Format(time.RFC3339)},
		"until": {now.UTC().Format(time.RFC3339)},
	}
	found, err := list[ChangeEvent](ctx, s, "/change_events", "change_events", query, 0)
	if isUnavailable(err) {
		return false, nil
	}
	return len(found.items) > 0, err
}

// relatedTo reads the change events related to incidents.
func (s *source) relatedTo(ctx context.Context, incidents []Incident) ([]collectors.Row, error) {
	type related struct {
		ID     string `json:"id"`
		Reason *struct {
			Reason *string `json:"reason"`
		} `json:"correlation_reason"`
	}
	answers := make([]struct {
		ChangeEvents []related `json:"change_events"`
	}, len(incidents))
	all := url.Values{"limit": {strconv.Itoa(perPage)}} // the list has no pages
	err := each(ctx, len(incidents), func(ctx context.Context, i int) (err error) {
		if !s.includes(incidents[i].Service) {
			return nil
		}
		_, err = s.get(ctx, &answers[i], "/incidents/"+url.PathEscape(incidents[i].ID)+"/related_change_events", all)
		if status(err) == http.StatusNotFound {
			return nil // deleted in the meantime
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	var rows []collectors.Row
	for i, answer := range answers {
		for _, event := range answer.ChangeEvents {
			row := RelatedChangeEvent{IncidentID: incidents[i].ID, ChangeEventID: event.ID, Account: s.config.Name}
			if event.Reason != nil {
				row.CorrelationReason = event.Reason.Reason
			}
			rows = append(rows, row)
		}
	}
	return rows, nil
}
