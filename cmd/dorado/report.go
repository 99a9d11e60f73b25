package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"dorado/reports"
	"dorado/server/page"
)

func reportCommand(p *program) *cobra.Command {
	var from, to string
	by := choice{value: "service", allowed: []string{"service", "team", "repository"}}
	format := choice{value: "table", allowed: []string{"table", "markdown", "json", "html"}}
	command := &cobra.Command{
		Use:   "report",
		Short: "Print the metrics with their trend and level",
		Long: fmt.Sprintf(`Print the metrics of the newest snapshot for a range of days, with n (how many
deployments or changes a number stands on; for a share also the 95 %% interval), the
change against the same number of days just before, the level of DORA's report that
the definitions name, and the score in DORA's Quick Check.

Days are days in the warehouse's time zone; --to is part of the range. Without
flags the range is the last %d days that were over when the snapshot was built.

The format html is one file with charts and error budgets that needs nothing else,
for a mail or an intranet; markdown is for a chat or a wiki.`, reports.DefaultDays),
		Example: `  dorado report
  dorado report --from 2026-01-01 --to 2026-03-31 --by team
  dorado report --format markdown > report.md
  dorado report --format html --by team > report.html`,
		Args: atMost(0),
		RunE: func(command *cobra.Command, _ []string) error {
			snapshot, err := p.openSnapshot(command.Context())
			if err != nil {
				return err
			}
			if format.value == "html" {
				err := page.WriteReport(command.Context(), p.stdout, snapshot, from, to, by.value, buildVersion())
				return errors.Join(err, snapshot.Close())
			}
			report, err := reports.New(command.Context(), snapshot, from, to, by.value)
			if err = errors.Join(err, snapshot.Close()); err != nil {
				return err
			}
			return writeReport(report, p.stdout, format.value)
		},
	}
	flags := command.Flags()
	rangeFlags(flags, &from, &to)
	p.definitionSetFlag(flags)
	flags.Var(&by, "by", "what the numbers are grouped by")
	flags.Var(&format, "format", "how the report is written")
	return command
}

// rangeFlags adds the flags that name a range of days.
func rangeFlags(flags *pflag.FlagSet, from, to *string) {
	flags.StringVar(from, "from", "", "first `DAY` of the range: 2026-01-01")
	flags.StringVar(to, "to", "", "last `DAY` of the range")
}

// writeReport writes the report in one of the command's formats.
func writeReport(r reports.Report, out io.Writer, format string) error {
	if format == "json" {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(r)
	}
	lines := newTable(r.Days.String())
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
			m.Group, reports.Titles[m.Metric], reports.Value(m.Value, m.Unit) + reports.Interval(m.LowerValue, m.UpperValue), reports.Count(m.N),
			reports.Value(m.PreviousValue, m.Unit), reports.Change(m.Value, m.PreviousValue, m.Unit), reports.Level(m.Level, m.IsEnough), reports.Score(m.Score),
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
