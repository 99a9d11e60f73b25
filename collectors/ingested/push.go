package ingested

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"dorado/collectors"
)

// Source is the source of events that hold ingested records.
const Source = "ingested"

// KindCDEvents is the kind of events that hold CDEvents. Those of the others are the
// names in Kinds.
const KindCDEvents = "cdevents"

// Kinds are the schemas of what can be ingested, by name.
var Kinds = map[string]*Schema{"deployments": Deployments, "changes": Changes, "incidents": Incidents, "sli": SLI}

// A Receiver makes rows of ingested records that were pushed, which are read as those
// of files are: one that comes again replaces the earlier. The body of an event is a
// list of records, of CDEvents for KindCDEvents, all of which were checked.
type Receiver struct{ store PushStore }

// A PushStore says what is stored of what is pushed.
type PushStore interface {
	// Strings returns the first column, a text, of the rows that an SQL query
	// over the raw tables gives.
	Strings(ctx context.Context, query string, args ...any) ([]string, error)
}

// NewReceiver returns the receiver.
func NewReceiver(store PushStore) *Receiver { return &Receiver{store: store} }

// Receive returns the rows of events, in their order.
func (r *Receiver) Receive(ctx context.Context, events []collectors.Event) (rows []collectors.Row, unread []error, err error) {
	incidents := map[string]*Incident{} // as they are after the rows so far
	for _, event := range events {
		var records []json.RawMessage
		if err := json.Unmarshal(event.Body, &records); err != nil {
			unread = append(unread, fmt.Errorf("%s received at %s: not a list: %w", event.Kind, event.ReceivedAt, err))
			continue
		}
		if event.Kind == KindCDEvents {
			made, wrong, err := r.delivered(ctx, records, incidents)
			if err != nil {
				return nil, nil, err
			}
			rows, unread = append(rows, made...), append(unread, wrong...)
			continue
		}
		schema, isKnown := Kinds[event.Kind]
		if !isKnown {
			unread = append(unread, fmt.Errorf("nothing is known of %q", event.Kind))
			continue
		}
		for _, record := range records {
			row, err := schema.read(record)
			if err != nil {
				unread = append(unread, fmt.Errorf("%s received at %s: %w", event.Kind, event.ReceivedAt, err))
				continue
			}
			if incident, isIncident := row.(Incident); isIncident {
				incidents[incident.ID] = &incident
			}
			rows = append(rows, row)
		}
	}
	return rows, unread, nil
}

// read returns the row of a record in JSON.
func (s *Schema) read(record []byte) (collectors.Row, error) {
	values, err := object(record)
	if err != nil {
		return nil, err
	}
	return s.Row(values)
}

// delivered returns the rows of CDEvents. Those of incidents add to what is in
// incidents or stored; the events that one begins with are looked at first.
func (r *Receiver) delivered(ctx context.Context, records []json.RawMessage, incidents map[string]*Incident) (rows []collectors.Row, unread []error, err error) {
	var events []CDEvent
	for _, record := range records {
		event, isRead, err := ReadCDEvent(record)
		if err != nil {
			unread = append(unread, err)
		} else if isRead {
			events = append(events, event)
		}
	}
	slices.SortStableFunc(events, func(a, b CDEvent) int {
		return rank(a) - rank(b)
	})
	for _, event := range events {
		if !event.isIncident() {
			row, err := event.deployment()
			if err != nil {
				unread = append(unread, err)
				continue
			}
			rows = append(rows, row)
			continue
		}
		id := event.incidentID()
		if incidents[id] == nil {
			if incidents[id], err = r.incident(ctx, id); err != nil {
				return nil, nil, err
			}
		}
		incident, err := event.add(incidents[id])
		if err != nil {
			unread = append(unread, err)
			continue
		}
		incidents[id] = &incident
		rows = append(rows, incident)
	}
	return rows, unread, nil
}

// rank is 1 for what ends an incident.
func rank(event CDEvent) int {
	if event.kind() == "incident.resolved" {
		return 1
	}
	return 0
}

// incident returns an incident that is stored, nil where it is not.
func (r *Receiver) incident(ctx context.Context, id string) (*Incident, error) {
	var fields []string
	for _, field := range Incidents.Fields {
		value := field.Name
		if field.Kind == "instant" {
			value = "strftime(" + field.Name + ", '%Y-%m-%dT%H:%M:%S.%fZ')"
		}
		fields = append(fields, fmt.Sprintf("'%s': %s", field.Name, value))
	}
	stored, err := r.store.Strings(ctx, "select to_json({"+strings.Join(fields, ", ")+"})::varchar from ingested_incidents where id = ?", id)
	if err != nil || len(stored) == 0 {
		return nil, err
	}
	row, err := Incidents.read(bytes.TrimSpace([]byte(stored[0])))
	if err != nil {
		return nil, fmt.Errorf("stored incident %s: %w", id, err)
	}
	incident := row.(Incident)
	return &incident, nil
}
