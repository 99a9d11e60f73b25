// Package reports asks a snapshot for the metrics that reports show, and writes
// them as people read them. How a report looks, on a terminal or as a page, is left
// to its users.
package reports

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"
)

// DefaultDays is how long the range of a report is if nobody says.
const DefaultDays = 90

// A Snapshot runs one SELECT over a published snapshot.
type Snapshot interface {
	Query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// A Report is the metrics of a range of days.
type Report struct {
	Days
	By      string   `json:"by"` // service, team or repository
	Metrics []Metric `json:"metrics"`
}

// A Metric is one metric of one group; a nil value is not known.
type Metric struct {
	Group         string   `json:"group"`
	Metric        string   `json:"metric"`
	Value         *float64 `json:"value"`
	Unit          string   `json:"unit"`
	N             *int64   `json:"n"`
	LowerValue    *float64 `json:"lower_value"` // of a share the ends of its 95 % interval
	UpperValue    *float64 `json:"upper_value"`
	PreviousValue *float64 `json:"previous_value"`
	PreviousN     *int64   `json:"previous_n"`
	IsEnough      bool     `json:"is_enough"` // n is large enough for a level and a score
	Level         *string  `json:"level"`
	Score         *float64 `json:"score"` // in DORA's Quick Check, 0 to 10
}

// New asks the snapshot for the metrics from the first to the last day,
// both "" for the default.
func New(ctx context.Context, snapshot Snapshot, first, last, by string) (Report, error) {
	days, err := NewDays(ctx, snapshot, first, last)
	if err != nil {
		return Report{}, err
	}
	metrics, err := Metrics(ctx, snapshot, days, by)
	return Report{Days: days, By: by, Metrics: metrics}, err
}

// Metrics asks the snapshot for the metrics of each service, team, repository or
// environment, or of all together (none), sorted by group.
func Metrics(ctx context.Context, snapshot Snapshot, days Days, by string) ([]Metric, error) {
	rows, err := snapshot.Query(ctx, `
		select dimension, metric, value, unit, n, lower_value, upper_value, previous_value, previous_n, is_enough, level, score
		from metrics.dora($1::timestamp, $2::timestamp, by_dimension := $3)
		union all by name
		select dimension, metric, value, unit, n, previous_value, previous_n, true as is_enough
		from metrics.incident_times($1::timestamp, $2::timestamp, by_dimension := $3)`, days.FromAt, days.ToAt, by)
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	defer rows.Close()
	var metrics []Metric
	for rows.Next() {
		var m Metric
		if err := rows.Scan(&m.Group, &m.Metric, &m.Value, &m.Unit, &m.N, &m.LowerValue, &m.UpperValue,
			&m.PreviousValue, &m.PreviousN, &m.IsEnough, &m.Level, &m.Score); err != nil {
			return nil, fmt.Errorf("report: %w", err)
		}
		metrics = append(metrics, m)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	slices.SortStableFunc(metrics, func(a, b Metric) int { return strings.Compare(a.Group, b.Group) })
	return metrics, nil
}

// Days are a range of days that a snapshot is asked about.
type Days struct {
	From     string    `json:"from"` // first day: "2026-01-01"
	To       string    `json:"to"`   // last day
	TimeZone string    `json:"time_zone"`
	AsOf     time.Time `json:"as_of"`    // the snapshot sees nothing later
	Warnings int       `json:"warnings"` // how many checks of the snapshot do not hold

	FromAt time.Time      `json:"-"` // the instant that the range begins with, UTC
	ToAt   time.Time      `json:"-"` // the instant that it ends before, UTC
	Zone   *time.Location `json:"-"` // of TimeZone
}

// NewDays returns the range from the first to the last day, both "" for the
// default, in the snapshot's time zone. A range that is none is a [BadRange].
func NewDays(ctx context.Context, snapshot Snapshot, first, last string) (days Days, err error) {
	err = QueryRow(ctx, snapshot, "select as_of, time_zone, (select count(*) from marts.checks where not is_held) from core.snapshot",
		&days.AsOf, &days.TimeZone, &days.Warnings)
	if err != nil {
		return Days{}, err
	}
	if days.Zone, err = time.LoadLocation(days.TimeZone); err != nil {
		return Days{}, fmt.Errorf("the snapshot's time zone: %w", err)
	}
	from, to, err := reportRange(first, last, days.AsOf.In(days.Zone))
	if err != nil {
		return Days{}, err
	}
	days.From, days.To = from.Format(time.DateOnly), to.Format(time.DateOnly)
	days.FromAt, days.ToAt = from.UTC(), to.AddDate(0, 0, 1).UTC()
	return days, nil
}

// Length returns the range of n days that ends with the same day.
func (d Days) Length(n int) Days {
	end := d.ToAt.In(d.Zone)
	from := time.Date(end.Year(), end.Month(), end.Day()-n, 0, 0, 0, 0, d.Zone)
	d.From, d.FromAt = from.Format(time.DateOnly), from.UTC()
	return d
}

// String writes the range as the titles of reports do.
func (d Days) String() string {
	written := fmt.Sprintf("%s to %s (%s), as of %s", d.From, d.To, d.TimeZone, d.AsOf.Format(time.RFC3339))
	if d.Warnings > 0 {
		plural := "warnings"
		if d.Warnings == 1 {
			plural = "warning"
		}
		written += fmt.Sprintf(", %d %s in marts.checks", d.Warnings, plural)
	}
	return written
}

// A BadRange says why a range of days that somebody asked for is none.
type BadRange string

// Error returns the reason.
func (b BadRange) Error() string { return string(b) }

// QueryRow scans the one row that query gives.
func QueryRow(ctx context.Context, snapshot Snapshot, query string, places ...any) error {
	rows, err := snapshot.Query(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return err
		}
		return fmt.Errorf("%s: %w", query, sql.ErrNoRows)
	}
	if err := rows.Scan(places...); err != nil {
		return err
	}
	return rows.Close()
}

// reportRange returns the midnights that the first and the last day of the range
// begin with, in asOf's zone.
func reportRange(first, last string, asOf time.Time) (from, to time.Time, err error) {
	day := func(name, text string, fallback time.Time) (time.Time, error) {
		if text == "" {
			return fallback, nil
		}
		parsed, err := time.ParseInLocation(time.DateOnly, text, asOf.Location())
		if err != nil {
			return time.Time{}, BadRange(fmt.Sprintf("%s: %s is not a day such as 2026-01-31", name, text))
		}
		return parsed, nil
	}
	yesterday := time.Date(asOf.Year(), asOf.Month(), asOf.Day()-1, 0, 0, 0, 0, asOf.Location())
	if to, err = day("to", last, yesterday); err != nil {
		return from, to, err
	}
	if from, err = day("from", first, to.AddDate(0, 0, 1-DefaultDays)); err != nil {
		return from, to, err
	}
	if to.Before(from) {
		return from, to, BadRange(fmt.Sprintf("the range ends on %s, before it begins on %s", to.Format(time.DateOnly), from.Format(time.DateOnly)))
	}
	return from, to, nil
}
