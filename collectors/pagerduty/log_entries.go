package pagerduty

import (
	"context"
	"iter"
	"regexp"
	"time"

	"github.com/PagerDuty/go-pagerduty"

	"dorado/collectors"
)

// A LogEntry is a row of raw.pagerduty_log_entries: something that happened to an
// incident. Its event_details are not read: their values may be of any type, and
// they may hold anything.
type LogEntry struct {
	ID          string                `json:"id" db:"id,key"`
	Account     string                `json:"-" db:"account,key"` // Config.Name
	Type        string                `json:"type" db:"type"`     // such as trigger_log_entry; whatever comes is kept
	Incident    pagerduty.APIObject   `json:"incident"`
	IncidentID  string                `json:"-" db:"incident_id"`
	Service     pagerduty.APIObject   `json:"service"` // not always there
	ServiceID   *string               `json:"-" db:"service_id"`
	CreatedAt   time.Time             `json:"created_at" db:"created_at"` // to the microsecond; may be a second before its incident's
	Agent       *pagerduty.APIObject  `json:"agent"`
	AgentID     *string               `json:"-" db:"agent_id"`
	AgentType   *string               `json:"-" db:"agent_type"` // such as user_reference, service_reference, integration_reference
	Channel     *channel              `json:"channel"`
	ChannelType *string               `json:"-" db:"channel_type"` // how it came about: auto, timeout, website, api, …
	NotifiedBy  *string               `json:"-" db:"notified_by"`  // of a notification: email, sms, phone, push_notification, …
	User        *pagerduty.APIObject  `json:"user"`
	UserID      *string               `json:"-" db:"user_id"` // who was notified
	Assignees   []pagerduty.APIObject `json:"assignees"`
	AssigneeIDs string                `json:"-" db:"assignee_ids"` // a JSON list
	Teams       []pagerduty.APIObject `json:"teams"`
	TeamIDs     string                `json:"-" db:"team_ids"`      // a JSON list
	Summary     *string               `json:"summary" db:"summary"` // only with Config.StoreNames: "Notified Kim Doe by email."
}

// Table returns the table's name.
func (LogEntry) Table() string { return "pagerduty_log_entries" }

// channel is the means by which something happened. Its type may be null.
type channel struct {
	Type         *string `json:"type"`
	Notification *struct {
		Type *string `json:"type"`
	} `json:"notification"`
}

// notifiedBy is how the summary of a notification ends, which is all that says by
// what means it went out where the channel does not: "Notified Kim Doe by email."
var notifiedBy = regexp.MustCompile(`^Notified .* by ([^ ]+?)\.?$`)

// row returns the log entry as it is stored.
func (e LogEntry) row(s *source) LogEntry {
	e.Account = s.config.Name
	e.IncidentID = e.Incident.ID
	e.ServiceID = idOf(&e.Service)
	e.AgentID = idOf(e.Agent)
	if e.Agent != nil && e.Agent.Type != "" {
		e.AgentType = &e.Agent.Type
	}
	if e.Channel != nil {
		e.ChannelType = e.Channel.Type
	}
	if e.Channel != nil && e.Channel.Notification != nil {
		e.NotifiedBy = e.Channel.Notification.Type
	} else if e.Summary != nil {
		if found := notifiedBy.FindStringSubmatch(*e.Summary); found != nil {
			e.NotifiedBy = &found[1]
		}
	}
	e.UserID = idOf(e.User)
	e.AssigneeIDs = ids(e.Assignees)
	e.TeamIDs = ids(e.Teams)
	if !s.config.StoreNames {
		e.Summary = nil
	}
	return e
}

// lateEntries is how long before the last run's end log entries are read again: a
// copy of PagerDuty's database that answers may be behind.
const lateEntries = time.Hour

// untilState is until when all that was created is stored, UTC.
type untilState struct{ Until time.Time }

// logEntries reads all that were made since shortly before the last run. An
// incident that something happened to although this run did not read it, because
// it was reopened and resolved again since the last one, is read with them.
func (s *source) logEntries(ctx context.Context, state untilState) iter.Seq2[page[untilState], error] {
	return func(yield func(page[untilState], error) bool) {
		from := later(s.config.Since, state.Until).Add(-lateEntries)
		for found, err := range windows[LogEntry](ctx, s, "/log_entries", "log_entries", nil, from, s.now()) {
			if err != nil {
				yield(page[untilState]{}, err)
				return
			}
			var rows []collectors.Row
			for _, entry := range found.items {
				if s.includes(entry.Service) {
					rows = append(rows, entry.row(s))
				}
			}
			if !state.Until.IsZero() {
				changed, err := s.changedIncidents(ctx, found.items)
				if err != nil {
					yield(page[untilState]{}, err)
					return
				}
				rows = append(rows, changed...)
			}
			if !yield(reached(rows, state, found.through), nil) {
				return
			}
		}
	}
}

// changedIncidents returns the rows of the incidents of log entries that this run
// has looked for and not read. Older ones than since are no part of the store.
func (s *source) changedIncidents(ctx context.Context, entries []LogEntry) ([]collectors.Row, error) {
	if s.read == nil {
		return nil, nil
	}
	var unread []string
	for _, entry := range entries {
		if id := entry.Incident.ID; id != "" && !s.read[id] && s.includes(entry.Service) {
			s.read[id] = true
			unread = append(unread, id)
		}
	}
	incidents, _, err := s.readIncidents(ctx, unread)
	if err != nil {
		return nil, err
	}
	var rows []collectors.Row
	for _, incident := range incidents {
		if !incident.CreatedAt.Before(s.config.Since) && s.includes(incident.Service) {
			rows = append(rows, incident.row(s))
		}
	}
	return rows, nil
}

// reached returns the page with rows, and with the state that all until through
// is stored if that is later than what was.
func reached(rows []collectors.Row, state untilState, through time.Time) page[untilState] {
	if !through.After(state.Until) {
		return page[untilState]{rows: rows}
	}
	return page[untilState]{rows: rows, state: &untilState{Until: through}}
}
