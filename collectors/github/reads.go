package github

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"dorado/collectors"
)

// A Read is a row of raw.github_reads: what goes with a record, and needs requests
// of its own, has been read as of the record's version. What has no such row, or
// one with another version, is read next, so that a run may be stopped anywhere
// and nothing is asked for twice.
type Read struct {
	Kind       string `db:"kind,key"`       // what was read, by its collector: github_workflow_jobs
	Repository string `db:"repository,key"` // owner/name
	Record     string `db:"record,key"`     // what it goes with: a run's id and attempt, a commit's SHA
	Version    string `db:"version"`        // of the record, such as its updated_at
}

// Table returns the table's name.
func (Read) Table() string { return "github_reads" }

// unread are the records, of a query over the raw tables that gives their name,
// their version and when they changed last, whose details are not read as they
// are now. The newest come first.
const unread = `
	with records as (%s)
	select records.record || chr(10) || records.version
	from records
	left join github_reads as reads
		on reads.kind = $1
		and reads.repository = $2
		and records.record = reads.record
	where
		(
			records.version is distinct from reads.version
			or records.updated_at >= $3
		)
		and records.updated_at >= $4
	order by records.updated_at desc, records.record`

// detailsAtOnce is how many records are stored with their details at once.
const detailsAtOnce = 25

// details yields what goes with records that read reads for one of them.
// records is a query as in unread; $2 is the repository.
func (s *source) details(ctx context.Context, kind, repository, records string, read func(ctx context.Context, record string) ([]collectors.Row, error)) iter.Seq2[page[struct{}], error] {
	return func(yield func(page[struct{}], error) bool) {
		again, isDeep := deepFloor(ctx)
		if !isDeep {
			again = endOfTime
		}
		wanted, err := s.reader.Strings(ctx, fmt.Sprintf(unread, records), kind, repository, again, s.config.Since)
		if err != nil {
			yield(page[struct{}]{}, err)
			return
		}
		for len(wanted) > 0 {
			batch := wanted[:min(detailsAtOnce, len(wanted))]
			wanted = wanted[len(batch):]
			rows, err := s.detailsOf(ctx, kind, repository, batch, read)
			if !yield(page[struct{}]{rows: rows, state: &struct{}{}}, err) || err != nil {
				return
			}
		}
	}
}

// endOfTime is later than any record.
var endOfTime = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// detailsOf reads the details of some records, each a name and a version, and
// returns their rows with those that say so.
func (s *source) detailsOf(ctx context.Context, kind, repository string, records []string, read func(ctx context.Context, record string) ([]collectors.Row, error)) ([]collectors.Row, error) {
	found := make([][]collectors.Row, len(records))
	group, groupContext := errgroup.WithContext(ctx)
	group.SetLimit(sideRequests)
	for i, text := range records {
		group.Go(func() error {
			record, version, _ := strings.Cut(text, "\n")
			rows, err := read(groupContext, record)
			if err != nil {
				return fmt.Errorf("%s of %s: %w", kind, record, err)
			}
			found[i] = append(rows, Read{Kind: kind, Repository: repository, Record: record, Version: version})
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var rows []collectors.Row
	for _, some := range found {
		rows = append(rows, some...)
	}
	return rows, nil
}
