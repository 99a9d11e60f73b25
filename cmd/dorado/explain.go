package main

import (
	"bufio"
	"cmp"
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
	"dorado/warehouse/results"
)

// explainLimit is how many rows of each part a table shows if the command line does not say.
const explainLimit = 20

func explainCommand(p *program) *cobra.Command {
	var asked reports.Explanation
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
			if asked.Days, err = reports.NewDays(command.Context(), snapshot, from, to); err == nil {
				err = asked.Find(command.Context(), snapshot)
			}
			if err = errors.Join(err, snapshot.Close()); err != nil {
				return err
			}
			return writeExplanation(&asked, p.stdout, format.value, limit)
		},
	}
	flags := command.Flags()
	flags.StringVar(&asked.Service, "service", "", "only this `SERVICE`")
	flags.StringVar(&asked.Team, "team", "", "only this `TEAM`")
	rangeFlags(flags, &from, &to)
	p.definitionSetFlag(flags)
	flags.Var(&format, "format", "how the rows are printed")
	flags.IntVar(&limit, "limit", explainLimit, "how many `ROWS` of each part a table shows; 0 for all")
	return command
}

// writeExplanationCSV writes the records, the columns as in the snapshot.
func writeExplanationCSV(e *reports.Explanation, out io.Writer) error {
	buffered := bufio.NewWriter(out)
	var columns []results.Column
	kind := reflect.TypeFor[reports.ExplainedRecord]()
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

// writeExplanation writes the explanation in one of the command's formats.
func writeExplanation(e *reports.Explanation, out io.Writer, format string, limit int) error {
	switch format {
	case "json":
		encoder := json.NewEncoder(out)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		return encoder.Encode(e)
	case "csv":
		return writeExplanationCSV(e, out)
	}
	if _, err := fmt.Fprintln(out, strings.Join(explanationHeading(e), "\n")); err != nil {
		return err
	}
	for _, part := range e.Parts() {
		if _, err := fmt.Fprintf(out, "\n%s\n", renderPart(part, format == "markdown", limit, e.Service == "")); err != nil {
			return err
		}
	}
	return nil
}

// explanationHeading returns the lines on top: the value, the range, the definition.
func explanationHeading(e *reports.Explanation) []string {
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

// renderPart draws the first records of the part, up to limit unless that is 0.
func renderPart(p reports.ExplainedPart, isMarkdown bool, limit int, withService bool) string {
	lines := newTable(fmt.Sprintf("%s (%d)", p.Title, len(p.Records)))
	hasValue := slices.ContainsFunc(p.Records, func(r reports.ExplainedRecord) bool { return r.ValueSeconds != nil })
	hasRule := slices.ContainsFunc(p.Records, func(r reports.ExplainedRecord) bool { return r.Rule != nil })
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
	shown := p.Records
	if limit > 0 && len(shown) > limit {
		shown = shown[:limit]
	}
	for _, record := range shown {
		value := ""
		if record.ValueSeconds != nil {
			value = reports.Seconds(*record.ValueSeconds)
		}
		lines.AppendRow(row(record.Service, record.RecordAt.Format(time.RFC3339), printable(reports.ShortRecord(record)), value, given(record.Rule), given(record.SourceURL)))
	}
	rendered, gap := lines.Render(), "\n"
	if isMarkdown {
		rendered, gap = lines.RenderMarkdown(), "\n\n" // else the line would be a row
	}
	if more := len(p.Records) - len(shown); more > 0 {
		rendered += fmt.Sprintf("%sand %d more; --limit 0 shows all", gap, more)
	}
	return rendered
}

// given returns the text pointed to, without control characters, "" for nil.
func given(content *string) string {
	if content == nil {
		return ""
	}
	return printable(*content)
}
