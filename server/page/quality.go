package page

import (
	"database/sql"
	"time"

	"golang.org/x/sync/errgroup"

	"dorado/reports"
)

// quality is the page of how good the data is.
type quality struct {
	*view
	Checks     []check
	Collectors []collector
	Coverage   []coverage
	Definition string // its hash
}

// A check is a claim about the data, and whether it holds.
type check struct {
	Name, Claim, Severity string
	IsHeld                bool
	Rows                  int64
	First                 *string
}

// A collector is what reads one kind of record.
type collector struct {
	Name             string
	IsFailing        bool
	Error            *string
	Succeeded        *time.Time
	Newest           *time.Time
	Lag, RecordLag   string
	LagSort, NewSort string
}

// A coverage is how much of the data a metric can rest on.
type coverage struct {
	Kind, Subject, Ratio string
	Covered, Records     int64
	Reasons              *string
	Share                float64
}

func (s *Pages) quality(r *request) (string, any, error) {
	v := r.view
	v.Title, v.Page = "Data quality", "quality"
	made := quality{view: v}
	group, ctx := errgroup.WithContext(r.Context())
	group.Go(func() (err error) {
		made.Checks, err = all(ctx, r.snapshot, func(rows *sql.Rows) (c check, err error) {
			err = rows.Scan(&c.Name, &c.Claim, &c.Severity, &c.IsHeld, &c.Rows, &c.First)
			return c, err
		}, "select replace(check_name, '_', ' '), claim, severity, is_held, offending_rows, first_row from marts.checks order by is_held, check_name")
		return err
	})
	group.Go(func() (err error) {
		made.Collectors, err = all(ctx, r.snapshot, func(rows *sql.Rows) (c collector, err error) {
			var lag, recordLag *float64
			err = rows.Scan(&c.Name, &c.IsFailing, &c.Error, &c.Succeeded, &c.Newest, &lag, &recordLag)
			c.Lag, c.RecordLag = reports.Value(lag, "seconds"), reports.Value(recordLag, "seconds")
			return c, err
		}, `
			select collector, is_failing, last_error, last_succeeded_at, newest_record_at, lag_seconds::double, record_lag_seconds::double
			from marts.freshness order by is_failing desc, collector`)
		return err
	})
	group.Go(func() (err error) {
		made.Coverage, err = all(ctx, r.snapshot, func(rows *sql.Rows) (c coverage, err error) {
			var ratio *float64
			err = rows.Scan(&c.Kind, &c.Subject, &c.Covered, &c.Records, &ratio, &c.Reasons)
			c.Ratio = reports.Value(ratio, "ratio")
			if ratio != nil {
				c.Share = *ratio
			}
			return c, err
		}, `
			select
				replace(coverage.kind, '_', ' '), coverage.subject, coverage.covered, coverage.records, coverage.coverage_ratio,
				(
					select string_agg(gaps.reason || ': ' || gaps.records, ', ' order by gaps.records desc, gaps.reason)
					from marts.coverage_gaps as gaps where gaps.kind = coverage.kind and gaps.subject = coverage.subject
				)
			from marts.coverage as coverage order by coverage.kind, coverage.coverage_ratio nulls last, coverage.subject`)
		return err
	})
	group.Go(func() error {
		return reports.QueryRow(ctx, r.snapshot, "select definitions_hash from core.snapshot", &made.Definition)
	})
	if err := group.Wait(); err != nil {
		return "", nil, err
	}
	return "quality", made, nil
}
