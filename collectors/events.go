package collectors

import (
	"encoding/json"
	"time"
)

// An Event is something that a source sent by itself, or that somebody sent in its
// place, and that was accepted: a webhook's delivery, or ingested records. It is
// kept as it came until a run makes rows of it.
type Event struct {
	Source     string          `json:"source"`            // whose it is: github, pagerduty or ingested
	Account    string          `json:"account,omitempty"` // which of several, as the configuration names it
	Kind       string          `json:"kind"`              // what it is, in the source's words: deployment_status
	ID         string          `json:"id"`                // the delivery's; "" where it has none
	ReceivedAt time.Time       `json:"received_at"`       // UTC
	Body       json.RawMessage `json:"body"`              // as it came
}

// A Hint is a row of raw.hints: an event said that a record has changed, without
// saying all of it. The collector that it names reads the record again, in its next
// run, even where it sees no reason to.
type Hint struct {
	Collector  string     `db:"collector,key"`       // whom it is for: github_releases
	Record     string     `db:"record,key"`          // what to read: a repository as owner/name, an incident's id
	OccurredAt time.Time  `db:"occurred_at,version"` // when the record changed, UTC
	ReadAt     *time.Time `db:"read_at"`             // when it was read again; NULL until then
}

// Table returns the table's name.
func (Hint) Table() string { return "hints" }
