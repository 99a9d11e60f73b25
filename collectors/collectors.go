// Package collectors says what a collector is and runs it.
//
// A collector reads the records of one kind from one outside system, page by
// page. Run keeps each page together with the cursor that says how far it got,
// so that a run may be stopped after any page and the next one goes on from
// there. How records are read is left to the sources (the folders below this
// one), how they are kept to the Store.
package collectors

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"
)

// A Collector reads the records of one kind from one outside system.
type Collector interface {
	// Name is its name in cursors, logs and errors: "github_deployments".
	Name() string
	// Pages yields what is new since cursor (the Cursor of the last page
	// stored, "" the first time) and ends after the first error.
	Pages(ctx context.Context, cursor string) iter.Seq2[Page, error]
}

// A Row is one record of a raw table. It is a struct whose fields carry the
// tags json (the API's name) and db (the column, followed by ",key" where it is
// part of the key, and by ",version" where it says when the source changed the
// record last); a pointer field is a nullable column. It is passed around by value.
type Row interface {
	// Table is the name of the raw table: "github_deployments".
	Table() string
}

// A Row whose table is not filled by the collector of the same name says by which one:
// it reads everything again where the stored rows are of no use any more.
type ofCollector interface {
	Collector() string
}

// Of returns the name of the collector that fills the table of row.
func Of(row Row) string {
	if named, isNamed := row.(ofCollector); isNamed {
		return named.Collector()
	}
	return row.Table()
}

// An Outcome is a row of raw.collector_runs: how one run of a collector ended.
// Who runs collectors keeps them, so that the numbers can say how fresh they are.
type Outcome struct {
	Collector  string    `db:"collector,key"`
	StartedAt  time.Time `db:"started_at,key"`
	FinishedAt time.Time `db:"finished_at"`
	Rows       int       `db:"rows"`  // stored
	Error      *string   `db:"error"` // nil where it ended well
	// What it asked, nil where it asked nobody: whom, how many requests it sent, and
	// how many of these, and points of GraphQL, the source last said it would still
	// take, nil too where it never said.
	Source       *string `db:"source"`
	Requests     *int64  `db:"requests"`
	RequestsLeft *int64  `db:"requests_left"`
	PointsLeft   *int64  `db:"points_left"`
}

// Table returns the table's name.
func (Outcome) Table() string { return "collector_runs" }

// A Page is what one request brought. Rows and Cursor are kept together or not
// at all; Cursor "" keeps the old one. The rows may belong to several tables.
type Page struct {
	Rows   []Row
	Cursor string
}

// A Store keeps rows and cursors.
type Store interface {
	// Cursor returns the cursor last put for the collector, "" if there is none.
	Cursor(ctx context.Context, collector string) (string, error)
	// Put keeps rows, replacing those with the same key, and the cursor in one
	// transaction: after an error neither is kept.
	Put(ctx context.Context, collector string, rows []Row, cursor string) error
}

// ErrSpent says that a run has sent as many requests as it may. A collector that comes
// upon it ends without an error, and the next run goes on there.
var ErrSpent = errors.New("the run may send no more requests")

// Run stores all pages of c and returns how many rows that were. After each
// page that is stored it calls stored with the number of rows so far.
func Run(ctx context.Context, s Store, c Collector, stored func(rows int)) (n int, err error) {
	cursor, err := s.Cursor(ctx, c.Name())
	if err != nil {
		return 0, fmt.Errorf("cursor of %s: %w", c.Name(), err)
	}
	for page, err := range c.Pages(ctx, cursor) {
		if err != nil {
			return n, fmt.Errorf("collect %s after %d rows: %w", c.Name(), n, err)
		}
		if err := s.Put(ctx, c.Name(), page.Rows, page.Cursor); err != nil {
			return n, fmt.Errorf("store %s: %w", c.Name(), err)
		}
		n += len(page.Rows)
		stored(n)
	}
	return n, nil
}
