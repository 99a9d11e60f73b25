package pagerduty

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"time"

	"github.com/PagerDuty/go-pagerduty"

	"dorado/collectors"
)

// A Note is a row of raw.pagerduty_notes: what somebody wrote about an incident.
// Notes are read only with Config.StoreNotes: they may hold anything.
type Note struct {
	ID         string               `json:"id" db:"id,key"`
	Account    string               `json:"-" db:"account,key"` // Config.Name
	IncidentID string               `json:"-" db:"incident_id"`
	Content    string               `json:"content" db:"content"`
	User       *pagerduty.APIObject `json:"user"`
	UserID     *string              `json:"-" db:"user_id"` // who wrote it
	CreatedAt  time.Time            `json:"created_at" db:"created_at"`
}

// Table returns the table's name.
func (Note) Table() string { return "pagerduty_notes" }

// notes reads the notes of the incidents that were given one since shortly before
// the last run: the log says which, not what.
func (s *source) notes(ctx context.Context, state untilState) iter.Seq2[page[untilState], error] {
	return func(yield func(page[untilState], error) bool) {
		if !s.config.StoreNotes {
			return
		}
		from := later(s.config.Since, state.Until).Add(-lateEntries)
		for found, err := range windows[LogEntry](ctx, s, "/log_entries", "log_entries", nil, from, s.now()) {
			if err != nil {
				yield(page[untilState]{}, err)
				return
			}
			var incidents []string
			isSeen := map[string]bool{}
			for _, entry := range found.items {
				id := entry.Incident.ID
				if entry.Type == "annotate_log_entry" && s.includes(entry.Service) && !isSeen[id] {
					isSeen[id] = true
					incidents = append(incidents, id)
				}
			}
			rows, err := s.notesOf(ctx, incidents)
			if !yield(reached(rows, state, found.through), err) || err != nil {
				return
			}
		}
	}
}

// notesOf reads the notes of incidents.
func (s *source) notesOf(ctx context.Context, incidents []string) ([]collectors.Row, error) {
	answers := make([]struct{ Notes []Note }, len(incidents))
	err := each(ctx, len(incidents), func(ctx context.Context, i int) error {
		_, err := s.get(ctx, &answers[i], "/incidents/"+url.PathEscape(incidents[i])+"/notes", nil)
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
		for _, note := range answer.Notes {
			note.Account, note.IncidentID, note.UserID = s.config.Name, incidents[i], idOf(note.User)
			rows = append(rows, note)
		}
	}
	return rows, nil
}
