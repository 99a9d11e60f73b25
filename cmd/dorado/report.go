package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"dorado/warehouse"
)

// reportDays is how long the range of a report is if the command line does not say.
const reportDays = 90

func reportCommand(p *program) *cobra.Command {
	var from, to string
	by := choice{value: "service", allowed: []string{"service", "team", "repository"}}
	format := choice{value: "table", allowed: []string{"table", "markdown", "json"}}
	command := &cobra.Command{
		Use:   "report",
		Short: "Print the metrics with their trend and level",
		Long: fmt.Sprintf(`Print the metrics of the newest snapshot for a range of days, with n (how many
deployments or changes a number stands on; for a share also the 95 %% interval), the
change against the same number of days just before, the level of DORA's report that
the definitions name, and the score in DORA's Quick Check.

Days are days in the warehouse's time zone; --to is part of the range. Without
flags the range is the last %d days that were over when the snapshot was built.`, reportDays),
		Example: `  dorado report
  dorado report --from 2026-01-01 --to 2026-03-31 --by team
  dorado report --format markdown > report.md`,
		Args: atMost(0),
		RunE: func(command *cobra.Command, _ []string) error {
			snapshot, err := p.openSnapshot(command.Context())
			if err != nil {
				return err
			}
			report, err := newReport(command.Context(), snapshot, from, to, by.value)
			if err = errors.Join(err, snapshot.Close()); err != nil {
				return err
			}
			return report.write(p.stdout, format.value)
		},
	}
	flags := command.Flags()
	rangeFlags(flags, &from, &to)
	flags.Var(&by, "by", "what the numbers are grouped by")
	flags.Var(&format, "format", "how the report is written")
	return command
}

// rangeFlags adds the flags that name a range of days.
func rangeFlags(flags *pflag.FlagSet, from, to *string) {
	flags.StringVar(from, "from", "", "first `DAY` of the range: 2026-01-01")
	flags.StringVar(to, "to", "", "last `DAY` of the range")
}

// A report is the metrics of a range of days.
type report struct {
	dayRange
	By      string         `json:"by"` // service, team or repository
	Metrics []reportMetric `json:"metrics"`
}

// A reportMetric is one metric of one group; a nil value is not known.
type reportMetric struct {
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

// newReport asks the snapshot for the metrics from the first to the last day,
// both "" for the default.
func newReport(ctx context.Context, snapshot *warehouse.Snapshot, first, last, by string) (report, error) {
	days, err := newDays(ctx, snapshot, first, last)
	if err != nil {
		return report{}, err
	}
	made := report{dayRange: days, By: by}
	rows, err := snapshot.Query(ctx, `
		select dimension, metric, value, unit, n, lower_value, upper_value, previous_value, previous_n, is_enough, level, score
		from metrics.dora($1::timestamp, $2::timestamp, by_dimension := $3)
		union all by name
		select dimension, metric, value, unit, n, previous_value, previous_n, true as is_enough
		from metrics.incident_times($1::timestamp, $2::timestamp, by_dimension := $3)`, days.fromAt, days.toAt, by)
	if err != nil {
		return report{}, fmt.Errorf("report: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var m reportMetric
		if err := rows.Scan(&m.Group, &m.Metric, &m.Value, &m.Unit, &m.N, &m.LowerValue, &m.UpperValue,
			&m.PreviousValue, &m.PreviousN, &m.IsEnough, &m.Level, &m.Score); err != nil {
			return report{}, fmt.Errorf("report: %w", err)
		}
		made.Metrics = append(made.Metrics, m)
	}
	if err := rows.Err(); err != nil {
		return report{}, fmt.Errorf("report: %w", err)
	}
	slices.SortStableFunc(made.Metrics, func(a, b reportMetric) int { return strings.Compare(a.Group, b.Group) })
	return made, nil
}

// A dayRange is a range of days that a snapshot is asked about.
type dayRange struct {
	From     string    `json:"from"` // first day: "2026-01-01"
	To       string    `json:"to"`   // last day
	TimeZone string    `json:"time_zone"`
	AsOf     time.Time `json:"as_of"`    // the snapshot sees nothing later
	Warnings int       `json:"warnings"` // how many checks of the snapshot do not hold

	fromAt, toAt time.Time // the instants that the range begins with and ends before, UTC
}

// newDays returns the range from the first to the last day, both "" for the
// default, in the snapshot's time zone.
func newDays(ctx context.Context, snapshot *warehouse.Snapshot, first, last string) (days dayRange, err error) {
	err = queryRow(ctx, snapshot, "select as_of, time_zone, (select count(*) from marts.checks where not is_held) from core.snapshot",
		&days.AsOf, &days.TimeZone, &days.Warnings)
	if err != nil {
		return dayRange{}, err
	}
	zone, err := time.LoadLocation(days.TimeZone)
	if err != nil {
		return dayRange{}, fmt.Errorf("the snapshot's time zone: %w", err)
	}
	from, to, err := reportRange(first, last, days.AsOf.In(zone))
	if err != nil {
		return dayRange{}, err
	}
	days.From, days.To = from.Format(time.DateOnly), to.Format(time.DateOnly)
	days.fromAt, days.toAt = from.UTC(), to.AddDate(0, 0, 1).UTC()
	return days, nil
}

// String writes the range as the titles of reports do.
func (d dayRange) String() string {
	written := fmt.Sprintf("%s to %s (%s), as of %s", d.From, d.To, d.TimeZone, d.AsOf.Format(time.RFC3339))
	if d.Warnings > 0 {
		written += ", " + count(d.Warnings, "warning", "warnings") + " in marts.checks"
	}
	return written
}

// queryRow scans the one row that query gives.
func queryRow(ctx context.Context, snapshot *warehouse.Snapshot, query string, places ...any) error {
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
	day := func(flag, text string, fallback time.Time) (time.Time, error) {
		if text == "" {
			return fallback, nil
		}
		parsed, err := time.ParseInLocation(time.DateOnly, text, asOf.Location())
		if err != nil {
			return time.Time{}, fmt.Errorf("--%s %s is not a day such as 2026-01-31", flag, text)
		}
		return parsed, nil
	}
	yesterday := time.Date(asOf.Year(), asOf.Month(), asOf.Day()-1, 0, 0, 0, 0, asOf.Location())
	if to, err = day("to", last, yesterday); err != nil {
		return from, to, err
	}
	if from, err = day("from", first, to.AddDate(0, 0, 1-reportDays)); err != nil {
		return from, to, err
	}
	if to.Before(from) {
		return from, to, fmt.Errorf("the range ends on %s, before it begins on %s", to.Format(time.DateOnly), from.Format(time.DateOnly))
	}
	return from, to, nil
}

// write writes the report in one of the command's formats.
func (r report) write(out io.Writer, format string) error {
	if format == "json" {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(r)
	}
	lines := newTable(r.dayRange.String())
	lines.AppendHeader(table.Row{r.By, "metric", "value", "n", "before", "change", "level", "score"})
	lines.SetColumnConfigs([]table.ColumnConfig{
		{Number: 1, AutoMerge: format == "table"},
		{Number: 3, Align: text.AlignRight, AlignHeader: text.AlignRight},
		{Number: 4, Align: text.AlignRight, AlignHeader: text.AlignRight},
		{Number: 5, Align: text.AlignRight, AlignHeader: text.AlignRight},
		{Number: 6, Align: text.AlignRight, AlignHeader: text.AlignRight},
		{Number: 8, Align: text.AlignRight, AlignHeader: text.AlignRight},
	})
	for _, m := range r.Metrics {
		lines.AppendRow(table.Row{
			m.Group, metricTitles[m.Metric], humanValue(m.Value, m.Unit) + humanInterval(m.LowerValue, m.UpperValue), humanCount(m.N),
			humanValue(m.PreviousValue, m.Unit), humanChange(m.Value, m.PreviousValue, m.Unit), humanLevel(m.Level, m.IsEnough), humanScore(m.Score),
		})
	}
	rendered := lines.Render
	if format == "markdown" {
		rendered = lines.RenderMarkdown
	}
	if _, err := fmt.Fprintln(out, rendered()); err != nil {
		return err
	}
	if len(r.Metrics) == 0 {
		_, err := fmt.Fprintln(out, "No production deployment is known up to the end of this range.")
		return err
	}
	return nil
}

// newTable returns a table with a title, in the style of all that the program
// draws.
func newTable(title string) table.Writer {
	lines := table.NewWriter()
	style := table.StyleLight
	style.Format.Header = text.FormatDefault
	style.Title.Format = text.FormatDefault
	lines.SetStyle(style)
	lines.SetTitle("%s", title)
	return lines
}

// metricTitles are the metrics' names as people write them.
var metricTitles = map[string]string{
	"deployment_frequency":            "Deployment frequency",
	"change_lead_time":                "Change lead time (median)",
	"change_fail_rate":                "Change fail rate",
	"failed_deployment_recovery_time": "Failed deployment recovery time (median)",
	"deployment_rework_rate":          "Deployment rework rate",
	"pull_request_stages":             "Pull request, first commit to production (median)",
	"time_to_restore":                 "Time to restore (median)",
	"time_to_acknowledge":             "Time to acknowledge (median)",
}

// noData stands where a value is not known.
const noData = "no data"

// humanValue writes a value with its unit: "1.2 / day", "3.4 days", "5.0 %".
func humanValue(value *float64, unit string) string {
	switch {
	case value == nil:
		return noData
	case unit == "seconds":
		return humanSeconds(*value)
	case unit == "ratio":
		return fmt.Sprintf("%.1f %%", *value*100)
	case *value == 0 || *value >= 0.995:
		return fmt.Sprintf("%.1f / day", *value)
	case *value*7 >= 0.995:
		return fmt.Sprintf("%.1f / week", *value*7)
	default:
		return fmt.Sprintf("%.1f / 30 days", *value*30)
	}
}

// humanSeconds writes a duration in the largest unit it fills.
func humanSeconds(seconds float64) string {
	for _, unit := range []struct {
		name    string
		seconds float64
	}{{"days", 86400}, {"hours", 3600}, {"minutes", 60}} {
		if math.Abs(seconds) >= unit.seconds {
			return fmt.Sprintf("%.1f %s", seconds/unit.seconds, unit.name)
		}
	}
	return fmt.Sprintf("%.0f seconds", seconds)
}

func humanCount(n *int64) string {
	if n == nil {
		return noData
	}
	return fmt.Sprint(*n)
}

// humanInterval writes the interval that a share lies in: " (2–15)".
func humanInterval(lower, upper *float64) string {
	if lower == nil || upper == nil {
		return ""
	}
	return fmt.Sprintf(" (%.0f–%.0f)", *lower*100, *upper*100)
}

// humanChange writes how much value differs from what it was, a share in
// percentage points.
func humanChange(value, before *float64, unit string) string {
	switch {
	case value == nil || before == nil:
		return ""
	case unit == "ratio":
		return fmt.Sprintf("%+.1f points", (*value-*before)*100)
	case *before == 0:
		return ""
	default:
		return fmt.Sprintf("%+.0f %%", (*value / *before - 1)*100)
	}
}

func humanLevel(level *string, isEnough bool) string {
	switch {
	case level != nil:
		return *level
	case isEnough: // the metric has no levels
		return ""
	default:
		return "not enough data"
	}
}

func humanScore(score *float64) string {
	if score == nil {
		return ""
	}
	return fmt.Sprintf("%.1f", *score)
}
