package models

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"dorado/warehouse"
)

// A ReportedTotal is a row of raw.metric_history: a number as a publish reported
// it, where no publish before it had. The raw store keeps them for ever, because
// no later build can tell what was known at the time.
type ReportedTotal struct {
	Metric          string    `db:"metric,key"`           // named as its macro
	ByDimension     string    `db:"by_dimension,key"`     // service, team or none
	Dimension       string    `db:"dimension,key"`        // the group
	Grain           string    `db:"grain,key"`            // month or total
	PeriodStart     time.Time `db:"period_start,key"`     // a day
	AsOf            time.Time `db:"as_of,key"`            // of the publish
	DefinitionsHash string    `db:"definitions_hash,key"` // what the number means
	Value           *float64  `db:"value"`
	N               int64     `db:"n"`
	Snapshot        string    `db:"snapshot"` // the file's name
}

// Table returns the table's name.
func (ReportedTotal) Table() string { return "metric_history" }

// NewTotals returns what the snapshot reports and no publish before it had.
func NewTotals(ctx context.Context, snapshot *warehouse.Snapshot) (totals []ReportedTotal, err error) {
	rows, err := snapshot.Query(ctx, `
		select
			totals.metric, totals.by_dimension, totals.dimension, totals.grain, totals.period_start,
			snapshot.as_of, snapshot.definitions_hash, totals.value, totals.n
		from marts.metric_totals as totals
		cross join core.snapshot as snapshot
		where totals.is_new`)
	if err != nil {
		return nil, fmt.Errorf("read what the snapshot reports: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		total := ReportedTotal{Snapshot: filepath.Base(snapshot.Path)}
		if err := rows.Scan(&total.Metric, &total.ByDimension, &total.Dimension, &total.Grain, &total.PeriodStart,
			&total.AsOf, &total.DefinitionsHash, &total.Value, &total.N); err != nil {
			return nil, fmt.Errorf("read what the snapshot reports: %w", err)
		}
		totals = append(totals, total)
	}
	return totals, rows.Err()
}

// IsReported reports whether the history has what a publish for the same as-of
// time and definitions reported. That stays: to build for an earlier time again,
// with what has come to be known since, does not change what was reported then.
func IsReported(ctx context.Context, raw *warehouse.Raw, total ReportedTotal) (bool, error) {
	found, err := raw.Strings(ctx, "select metric from metric_history where as_of = ? and definitions_hash = ? limit 1",
		total.AsOf, total.DefinitionsHash)
	return len(found) > 0, err
}
