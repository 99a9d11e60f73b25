package pagerduty

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/PagerDuty/go-pagerduty"

	"dorado/collectors"
)

// A Receiver makes rows of what PagerDuty's webhooks (version 3) send. An event
// tells of an incident without much of what its row has (when it changed last, when
// it was resolved, its alerts) and of a note without who wrote it, so that nothing
// of it is stored as it comes: it is a hint, for which the incident is read again in
// the next run, however old it is. What happened to it comes with the log entries.
type Receiver struct {
	config Config
	source *source
	store  PushStore
}

// A PushStore says what is stored of what is pushed.
type PushStore interface {
	// Newer returns those of rows that the store has no row of, or an older one.
	Newer(ctx context.Context, rows []collectors.Row) ([]collectors.Row, error)
}

// NewReceiver returns the receiver for an account. store may be nil where only Wants
// is called.
func NewReceiver(config Config, store PushStore) (*Receiver, error) {
	source, err := newSource(config, nil, nil)
	if err != nil {
		return nil, err
	}
	return &Receiver{config: config, source: source, store: store}, nil
}

// An event is the body of a webhook.
type event struct {
	ID         string    `json:"id"`
	Type       string    `json:"event_type"`
	OccurredAt time.Time `json:"occurred_at"`
	Data       struct {
		ID       string               `json:"id"`
		Type     string               `json:"type"`
		Service  *pagerduty.APIObject `json:"service"`
		Incident *pagerduty.APIObject `json:"incident"` // of a note and the like
	} `json:"data"`
}

// readEvent decodes a body.
func readEvent(body []byte) (event, error) {
	var found struct {
		Event *event `json:"event"`
	}
	if err := json.Unmarshal(body, &found); err != nil {
		return event{}, fmt.Errorf("the body is no event: %w", err)
	}
	if found.Event == nil || found.Event.ID == "" || found.Event.Type == "" {
		return event{}, fmt.Errorf("the body is no event: it has no id or no event_type")
	}
	if strings.HasPrefix(found.Event.Type, "incident.") && found.Event.incident() == "" {
		return event{}, fmt.Errorf("the body is no %s event: it names no incident", found.Event.Type)
	}
	return *found.Event, nil
}

// incident returns the id of the incident that the event is about, "" for none.
func (e event) incident() string {
	if e.Data.Incident != nil {
		return e.Data.Incident.ID
	}
	return e.Data.ID
}

// Wants reports whether anything is to be kept of an event, and returns its id, by
// which one that comes again is known. The error says what is wrong with the body.
func (r *Receiver) Wants(body []byte) (id string, isWanted bool, err error) {
	found, err := readEvent(body)
	if err != nil {
		return "", false, err
	}
	return found.ID, r.reads(found), nil
}

// reads reports whether an event brings anything.
func (r *Receiver) reads(e event) bool {
	isRead := e.Data.Service == nil || r.source.includes(*e.Data.Service)
	return strings.HasPrefix(e.Type, "incident.") && isRead
}

// Receive returns the rows that events bring to the store as it is.
func (r *Receiver) Receive(ctx context.Context, events []collectors.Event) (rows []collectors.Row, unread []error, err error) {
	var found []collectors.Row
	for _, received := range events {
		one, err := readEvent(received.Body)
		if err != nil {
			unread = append(unread, fmt.Errorf("event %s: %w", received.ID, err))
			continue
		}
		if r.reads(one) {
			found = append(found, collectors.Hint{
				Collector:  r.config.collector(incidentsName),
				Record:     one.incident(),
				OccurredAt: received.ReceivedAt,
			})
		}
	}
	rows, err = r.store.Newer(ctx, found)
	return rows, unread, err
}
