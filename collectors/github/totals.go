package github

import (
	"time"

	"dorado/collectors"
)

// A SourceTotal is a row of raw.github_source_totals: how many records of a kind
// GitHub says that a repository has. It comes with the overview of GraphQL, and only
// for what is read whole, whatever Config.Since says; by REST it would cost requests.
type SourceTotal struct {
	Repository string    `db:"repository,key"` // owner/name
	Kind       string    `db:"kind,key"`       // releases, with drafts where the token may see them, or tags
	Records    int64     `db:"records"`
	CountedAt  time.Time `db:"counted_at"` // before they were read
}

// Table returns the table's name.
func (SourceTotal) Table() string { return "github_source_totals" }

// totals returns what an overview says of how many records there are; nothing for none.
func (o *overview) totals() []collectors.Row {
	if o == nil || o.err != nil {
		return nil
	}
	total := func(kind string, records int) collectors.Row {
		return SourceTotal{Repository: o.repository.FullName, Kind: kind, Records: int64(records), CountedAt: o.at}
	}
	return []collectors.Row{total("releases", o.releaseCount), total("tags", o.tagCount)}
}
