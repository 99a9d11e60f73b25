package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"dorado/reports"
	"dorado/warehouse"
	"dorado/warehouse/results"
)

// explainLimit is how many rows of each part a table shows if the command line does not say.
const explainLimit = 20

func explainCommand(p *program) *cobra.Command {
	var asked explanation
	var from, to string
	format := choice{value: "table", allowed: []string{"table", "markdown", "json", "csv"}}
	limit := explainLimit
	command := &cobra.Command{
		Use:   "explain METRIC",
		Short: "Show the rows behind a number, and those left out with the reason",
		Long: `Print a metric of the newest snapshot with n and the definition in force, then
every record it stands on with the rule that placed it, then the records that
were considered and left out, by reason. The rows come to the printed value.

The range is that of dorado report. The formats json and csv hold all rows; a
table shows the first of each part, and says how many there are.`,
		Example: `  dorado explain change_lead_time --service checkout
  dorado explain deployment_frequency --team payments --from 2026-01-01 --to 2026-03-31
  dorado explain change_lead_time --format csv > rows.csv`,
		Args: func(command *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError{command: command.CommandPath(), problem: "name the METRIC to explain, such as change_lead_time"}
			}
			return atMost(1)(command, args)
		},
		RunE: func(command *cobra.Command, args []string) error {
			if asked.Service != "" && asked.Team != "" {
				return usageError{command: command.CommandPath(), problem: "a service belongs to one team: give --service or --team"}
			}
			asked.Metric = args[0]
			snapshot, err := p.openSnapshot(command.Context())
			if err != nil {
				return err
			}
			err = asked.find(command.Context(), snapshot, from, to)
			if err = errors.Join(err, snapshot.Close()); err != nil {
				return err
			}
			return asked.write(p.stdout, format.value, limit)
		},
	}
	flags := command.Flags()
	flags.StringVar(&asked.Service, "service", "", "only this `SERVICE`")
	flags.StringVar(&asked.Team, "team", "", "only this `TEAM`")
	rangeFlags(flags, &from, &to)
	flags.Var(&format, "format", "how the rows are printed")
	flags.IntVar(&limit, "limit", explainLimit, "how many `ROWS` of each part a table shows; 0 for all")
	return command
}

// An explanation is a metric's value and the records behind it.
type explanation struct {
	reports.Days
	Metric     string            `json:"metric"`
	Service    string            `json:"service,omitempty"`
	Team       string            `json:"team,omitempty"`
	Value      *float64          `json:"value"` // nil where it is not known
	Unit       string            `json:"unit"`
	N          int64             `json:"n"`
	Definition string            `json:"definition"` // what the metric is
	Options    []explainedOption `json:"options"`
	Records    []explainedRecord `json:"records"`
}

// An explainedOption is an option of the metric in force.
type explainedOption struct {
	Option   string `json:"option"`
	Value    string `json:"value"`
	Services int64  `json:"services"` // how many services it is in force for
}

// An explainedRecord is a row of metrics.explain_….
type explainedRecord struct {
	Service        string    `json:"service_id"`
	Team           *string   `json:"team"`
	Repository     *string   `json:"repository"`
	Environment    *string   `json:"environment"`
	Deployment     *string   `json:"deployment_id"`
	Record         string    `json:"record"`
	IsCounted      bool      `json:"is_counted"`
	IsNumerator    *bool     `json:"is_numerator"`
	ValueSeconds   *float64  `json:"value_seconds"`
	Rule           *string   `json:"rule"`
	ExcludedReason *string   `json:"excluded_reason"`
	SourceURL      *string   `json:"source_url"`
	RecordAt       time.Time `json:"record_at"`
}

// find asks the snapshot for the explanation of the metric, service and team that
// e names, from the first to the last day.
func (e *explanation) find(ctx context.Context, snapshot *warehouse.Snapshot, first, last string) (err error) {
	if e.Days, err = reports.NewDays(ctx, snapshot, first, last); err != nil {
		return err
	}
	for _, step := range []func(context.Context, *warehouse.Snapshot) error{e.check, e.findValue, e.findOptions, e.findRecords} {
		if err := step(ctx, snapshot); err != nil {
			return fmt.Errorf("explain %s: %w", e.Metric, err)
		}
	}
	return nil
}

// check returns an error where the snapshot has no such metric, service or team,
// and finds what the metric is.
func (e *explanation) check(ctx context.Context, snapshot *warehouse.Snapshot) error {
	metrics, err := columnOf(ctx, snapshot, `
		select distinct substring(function_name, length('explain_') + 1) from duckdb_functions()
		where schema_name = 'metrics' and starts_with(function_name, 'explain_') order by 1`)
	if err != nil {
		return err
	}
	if !slices.Contains(metrics, e.Metric) {
		return fmt.Errorf("there is no such metric%s; there are %s", didYouMean(e.Metric, metrics), strings.Join(metrics, ", "))
	}
	for _, named := range []struct{ kind, name, query string }{
		{"service", e.Service, "select service_id from core.services order by 1"},
		{"team", e.Team, "select distinct coalesce(team, 'no team') from core.services order by 1"},
	} {
		if named.name == "" {
			continue
		}
		known, err := columnOf(ctx, snapshot, named.query)
		if err != nil {
			return err
		}
		if !slices.Contains(known, named.name) {
			return fmt.Errorf("there is no %s %q%s", named.kind, named.name, didYouMean(named.name, known))
		}
	}
	definition, err := columnOf(ctx, snapshot, "select comment from duckdb_functions() where schema_name = 'metrics' and function_name = ?", e.Metric)
	if err != nil || len(definition) == 0 {
		return err
	}
	// The first paragraph says what a row is; the next what the metric is.
	if _, notes, found := strings.Cut(definition[0], "\n\n"); found {
		e.Definition, _, _ = strings.Cut(notes, "\n\n")
	}
	return nil
}

// columnOf returns the first column, a text, of the rows that query gives.
func columnOf(ctx context.Context, snapshot *warehouse.Snapshot, query string, args ...any) ([]string, error) {
	rows, err := snapshot.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var texts []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		texts = append(texts, text)
	}
	return texts, rows.Err()
}

// findValue finds the value in the row that reports print.
func (e *explanation) findValue(ctx context.Context, snapshot *warehouse.Snapshot) error {
	by := "none"
	switch {
	case e.Service != "":
		by = "service"
	case e.Team != "":
		by = "team"
	}
	rows, err := snapshot.Query(ctx, `
		select value, unit, n from metrics.totals(?::timestamp, ?::timestamp, by_dimension := ?)
		where metric = ? and dimension = ?`,
		e.FromAt, e.ToAt, by, e.Metric, cmp.Or(e.Service, e.Team, "all"))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(&e.Value, &e.Unit, &e.N); err != nil {
			return err
		}
	}
	return rows.Err()
}

// findOptions finds the options in force, and for how many services.
func (e *explanation) findOptions(ctx context.Context, snapshot *warehouse.Snapshot) error {
	rows, err := snapshot.Query(ctx, `
		select definitions.option, definitions.value, count(*) from core.definitions as definitions
		join core.services as services on definitions.service_id = services.service_id
		where definitions.metric = ? and ? in ('', services.service_id) and ? in ('', coalesce(services.team, 'no team'))
		group by all order by all`, e.Metric, e.Service, e.Team)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var option explainedOption
		if err := rows.Scan(&option.Option, &option.Value, &option.Services); err != nil {
			return err
		}
		e.Options = append(e.Options, option)
	}
	return rows.Err()
}

// findRecords finds the records, counted or not.
func (e *explanation) findRecords(ctx context.Context, snapshot *warehouse.Snapshot) error {
	rows, err := snapshot.Query(ctx, fmt.Sprintf(`
		select
			coalesce(service_id, ''), team, repository, environment, deployment_id, record,
			is_counted, is_numerator, value_seconds::double, rule, excluded_reason, source_url, record_at
		from metrics.explain_%s(?::timestamp, ?::timestamp)
		where ? in ('', service_id) and ? in ('', coalesce(team, 'no team'))`, e.Metric),
		e.FromAt, e.ToAt, e.Service, e.Team)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var r explainedRecord
		if err := rows.Scan(&r.Service, &r.Team, &r.Repository, &r.Environment, &r.Deployment, &r.Record,
			&r.IsCounted, &r.IsNumerator, &r.ValueSeconds, &r.Rule, &r.ExcludedReason, &r.SourceURL, &r.RecordAt); err != nil {
			return err
		}
		e.Records = append(e.Records, r)
	}
	return rows.Err()
}

// writeCSV writes the records, the columns as in the snapshot.
func (e *explanation) writeCSV(out io.Writer) error {
	buffered := bufio.NewWriter(out)
	var columns []results.Column
	kind := reflect.TypeFor[explainedRecord]()
	for i := range kind.NumField() {
		columns = append(columns, results.Column{Name: kind.Field(i).Tag.Get("json")})
	}
	writer, err := results.NewWriter(buffered, results.FormatCSV, columns)
	if err != nil {
		return err
	}
	for _, record := range e.Records {
		fields, values := reflect.ValueOf(record), make([]any, len(columns))
		for i := range values {
			field := fields.Field(i)
			if field.Kind() != reflect.Pointer {
				values[i] = field.Interface()
			} else if !field.IsNil() {
				values[i] = field.Elem().Interface()
			}
		}
		if err := writer.Row(values); err != nil {
			return err
		}
	}
	return errors.Join(writer.End(), buffered.Flush())
}

// write writes the explanation in one of the command's formats.
func (e *explanation) write(out io.Writer, format string, limit int) error {
	switch format {
	case "json":
		encoder := json.NewEncoder(out)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		return encoder.Encode(e)
	case "csv":
		return e.writeCSV(out)
	}
	if _, err := fmt.Fprintln(out, strings.Join(e.heading(), "\n")); err != nil {
		return err
	}
	for _, part := range e.parts() {
		if _, err := fmt.Fprintf(out, "\n%s\n", part.render(format == "markdown", limit, e.Service == "")); err != nil {
			return err
		}
	}
	return nil
}

// heading returns the lines on top: the value, the range, the definition.
func (e *explanation) heading() []string {
	of := ""
	if name := cmp.Or(e.Service, e.Team); name != "" {
		of = " of " + name
	}
	lines := []string{
		fmt.Sprintf("%s%s: %s, n = %d", cmp.Or(reports.Titles[e.Metric], e.Metric), of, reports.Value(e.Value, e.Unit), e.N),
		e.Days.String(),
	}
	for line := range strings.Lines(text.WrapSoft(e.Definition, 100)) {
		lines = append(lines, strings.TrimRight(line, " \n"))
	}
	if len(e.Options) == 0 {
		return lines
	}
	several := map[string]int{}
	for _, option := range e.Options {
		several[option.Option]++
	}
	var options []string
	for _, option := range e.Options {
		written := option.Option + " = " + option.Value
		if several[option.Option] > 1 {
			written += " (" + count(int(option.Services), "service", "services") + ")"
		}
		options = append(options, written)
	}
	return append(lines, "Options: "+strings.Join(options, ", "))
}

// An explainedPart is records that were treated alike.
type explainedPart struct {
	title   string
	records []explainedRecord
}

// parts sorts the records into those that count and, by reason, those left out.
func (e *explanation) parts() []explainedPart {
	var parts []explainedPart
	add := func(title string, record explainedRecord) {
		at := slices.IndexFunc(parts, func(p explainedPart) bool { return p.title == title })
		if at < 0 {
			at = len(parts)
			parts = append(parts, explainedPart{title: title})
		}
		parts[at].records = append(parts[at].records, record)
	}
	for _, record := range e.Records {
		switch {
		case record.IsCounted && (record.IsNumerator == nil || *record.IsNumerator):
			add("Counted", record)
		case record.IsCounted:
			add("Counted in n only", record)
		case record.ExcludedReason != nil:
			add("Left out: "+*record.ExcludedReason, record)
		}
	}
	slices.SortStableFunc(parts, func(a, b explainedPart) int {
		return cmp.Or(strings.Compare(a.title[:1], b.title[:1]), strings.Compare(a.title, b.title))
	})
	return parts
}

// render draws the first records of the part, up to limit unless that is 0.
func (p explainedPart) render(isMarkdown bool, limit int, withService bool) string {
	lines := newTable(fmt.Sprintf("%s (%d)", p.title, len(p.records)))
	hasValue := slices.ContainsFunc(p.records, func(r explainedRecord) bool { return r.ValueSeconds != nil })
	hasRule := slices.ContainsFunc(p.records, func(r explainedRecord) bool { return r.Rule != nil })
	row := func(service, at, record, value, rule, source any) table.Row {
		cells := table.Row{}
		if withService {
			cells = append(cells, service)
		}
		cells = append(cells, at, record)
		if hasValue {
			cells = append(cells, value)
		}
		if hasRule {
			cells = append(cells, rule)
		}
		return append(cells, source)
	}
	lines.AppendHeader(row("service", "at", "record", "value", "rule", "source"))
	shown := p.records
	if limit > 0 && len(shown) > limit {
		shown = shown[:limit]
	}
	for _, record := range shown {
		value := ""
		if record.ValueSeconds != nil {
			value = reports.Seconds(*record.ValueSeconds)
		}
		lines.AppendRow(row(record.Service, record.RecordAt.Format(time.RFC3339), shortRecord(record), value, given(record.Rule), given(record.SourceURL)))
	}
	rendered, gap := lines.Render(), "\n"
	if isMarkdown {
		rendered, gap = lines.RenderMarkdown(), "\n\n" // else the line would be a row
	}
	if more := len(p.records) - len(shown); more > 0 {
		rendered += fmt.Sprintf("%sand %d more; --limit 0 shows all", gap, more)
	}
	return rendered
}

// shortRecord shortens a SHA and leaves the service, which stands beside it, out
// of a deployment's id.
func shortRecord(record explainedRecord) string {
	if len(record.Record) == 40 && !strings.ContainsAny(record.Record, ":/") {
		return record.Record[:12]
	}
	return printable(strings.TrimPrefix(record.Record, record.Service+"/"))
}

// given returns the text pointed to, without control characters, "" for nil.
func given(content *string) string {
	if content == nil {
		return ""
	}
	return printable(*content)
}
