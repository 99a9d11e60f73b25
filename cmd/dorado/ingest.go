package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"dorado/collectors"
	"dorado/collectors/ingested"
	"dorado/collectors/landing"
	"dorado/warehouse"
)

func ingestCommand(p *program) *cobra.Command {
	group := &cobra.Command{
		Use:   "ingest",
		Short: "Take deployments, changes, incidents and measurements from files",
		Long: `Take what other systems know of deployments, changes and incidents from files,
for whoever deploys with GitLab, Jenkins, Argo or a script. The next build counts
it as if it had been collected.`,
		Example: `  dorado ingest deployments builds.csv`,
		Args:    cobra.ArbitraryArgs,
		RunE:    groupHelp,
	}
	group.AddCommand(
		ingestKindCommand(p, ingestKind{
			name: "deployments", schema: ingested.Deployments,
			long: `One record is one deployment. It belongs to the service that it names, else to
those that are built from its repository, and counts where a rule of kind ingested
takes its environment; by default production, prod, prod-eu and the like.`,
			example: `  dorado ingest deployments builds.csv
  curl -s https://jenkins.example.com/builds.ndjson | dorado ingest deployments -`,
		}),
		ingestKindCommand(p, ingestKind{
			name: "changes", schema: ingested.Changes,
			long: `One record is one commit that an ingested deployment ships. It is for deployments
of repositories that are not collected; where they are, the changes of a deployment
are found by its sha.`,
			example: `  dorado ingest changes changes.parquet`,
		}),
		ingestKindCommand(p, ingestKind{
			name: "incidents", schema: ingested.Incidents,
			long:    `One record is one incident.`,
			example: `  dorado ingest incidents pages-2025.ndjson pages-2026.ndjson`,
		}),
		ingestKindCommand(p, ingestKind{
			name: "sli", schema: ingested.SLI,
			long: `One record is what was counted for an SLO in some time. It is for indicators whose
source dorado does not ask itself, such as Prometheus: whatever their metricSource
is, their objectives are judged by what is ingested under the SLO's name.`,
			example: `  dorado ingest sli checkout-requests.csv`,
		}),
	)
	return group
}

// An ingestKind is a kind of record that can be ingested.
type ingestKind struct {
	name          string
	schema        *ingested.Schema
	long, example string
}

func ingestKindCommand(p *program, kind ingestKind) *cobra.Command {
	format := choice{allowed: []string{"ndjson", "csv", "parquet"}}
	command := &cobra.Command{
		Use:   kind.name + " FILE...",
		Short: "Take " + kind.name + " from NDJSON, CSV or Parquet files",
		Long: kind.long + `

A file is NDJSON (one JSON object a line), CSV (the first line names the columns)
or Parquet, as its name ends; - reads NDJSON, or what --format says, from standard
input. These are the columns; those with * must be given:

` + describeFields(kind.schema) + `
An instant is written with its zone, like 2026-01-31T09:00:00Z; in Parquet it is a
timestamp, in UTC. Nothing, in CSV, is an empty field.

A record that comes again replaces the earlier one with the same key. A bad record
is told on standard error with its file and line (in Parquet its row) and left out;
the good ones are stored, and the exit code is then not 0.`,
		Example: kind.example,
		Args: func(command *cobra.Command, files []string) error {
			if len(files) == 0 {
				return usageError{command: command.CommandPath(), problem: "no file: name one, or - for standard input"}
			}
			return nil
		},
		RunE: func(command *cobra.Command, files []string) error {
			formats := make([]string, len(files))
			for i, file := range files {
				var problem string
				if formats[i], problem = ingestFormat(file, format.value); problem != "" {
					return usageError{command: command.CommandPath(), problem: problem}
				}
			}
			return p.ingest(command.Context(), kind, files, formats)
		},
	}
	command.Flags().Var(&format, "format", "what the files are, whatever their names end in")
	return command
}

// describeFields lists the fields of a schema for help.
func describeFields(schema *ingested.Schema) string {
	var lines strings.Builder
	for _, field := range schema.Fields {
		mark, kind := " ", field.Kind
		if field.IsRequired {
			mark = "*"
		}
		if len(field.OneOf) > 0 {
			kind = strings.Join(field.OneOf, ", ")
		}
		if field.Default != "" {
			kind += "; default " + field.Default
		}
		fmt.Fprintf(&lines, "  %s %-20s %s (%s)\n", mark, field.Name, field.Meaning, kind)
	}
	return lines.String()
}

// ingestFormat returns what a file is, or what is wrong with the command line.
func ingestFormat(file, given string) (format, problem string) {
	format = given
	if format == "" {
		switch strings.ToLower(filepath.Ext(file)) {
		case ".csv":
			format = "csv"
		case ".parquet":
			format = "parquet"
		case ".ndjson", ".jsonl", ".json":
			format = "ndjson"
		}
	}
	switch {
	case file == "-" && format == "":
		format = "ndjson"
	case file == "-" && format == "parquet":
		problem = "Parquet is not read from standard input: name a file"
	case format == "":
		problem = fmt.Sprintf("the name of %s does not say what it is: add --format", file)
	}
	return format, problem
}

// ingestBatch is how many records are stored together.
const ingestBatch = 10_000

// ingest stores the records of files and tells of the bad ones. Where a file
// cannot be read the others are; the error is that of all that failed.
func (p *program) ingest(ctx context.Context, kind ingestKind, files, formats []string) (err error) {
	config, err := p.config()
	if err != nil {
		return err
	}
	raw, err := warehouse.OpenRaw(ctx, config.Warehouse.Path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, raw.Close()) }()
	if err := raw.Ensure(ctx, rawTables()...); err != nil {
		return err
	}
	if err := p.takeLanded(ctx, config, raw); err != nil {
		return err
	}
	good, bad := 0, 0
	var failed []error
	for i, file := range files {
		stored, wrong, err := p.ingestFile(ctx, raw, kind, file, formats[i])
		good, bad = good+stored, bad+wrong
		failed = append(failed, err)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	if _, err := fmt.Fprintf(p.stdout, "ingested   %s of %s, %d bad\n", count(good, "record", "records"), kind.name, bad); err != nil {
		return err
	}
	if bad > 0 {
		failed = append(failed, fmt.Errorf("%s left out; the others are stored", count(bad, "bad record was", "bad records were")))
	}
	return errors.Join(failed...)
}

// takeLanded stores what was pushed before, so that what is ingested now replaces it
// and not the other way round.
func (p *program) takeLanded(ctx context.Context, config *Config, raw *warehouse.Raw) error {
	if !landing.Exists(config.Warehouse.Path) {
		return nil
	}
	landed, err := landedSource(config, raw, p.now, p.complain)
	if err != nil {
		return err
	}
	for _, collector := range landed.collectors {
		if _, err := collectors.Run(ctx, raw, collector, func(int) {}); err != nil {
			return err
		}
	}
	return nil
}

// ingestFile stores the good records of one file and tells of the bad ones.
func (p *program) ingestFile(ctx context.Context, raw *warehouse.Raw, kind ingestKind, file, format string) (good, bad int, err error) {
	records, name, done, err := p.openRecords(ctx, raw, kind.schema, file, format)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, done()) }()
	var rows []collectors.Row
	store := func() error {
		err := raw.Put(ctx, "ingest_"+kind.name, rows, "")
		if err == nil {
			good += len(rows)
		}
		rows = rows[:0]
		return err
	}
	for record, err := range records {
		if err != nil {
			return good, bad, errors.Join(fmt.Errorf("%s: %w", name, err), store())
		}
		row, wrong := collectors.Row(nil), record.Err
		if wrong == nil {
			row, wrong = kind.schema.Row(record.Values)
		}
		if wrong != nil {
			bad++
			fmt.Fprintf(p.stderr, "%s:%d: %s\n", name, record.Line, wrong)
			continue
		}
		if rows = append(rows, row); len(rows) == ingestBatch {
			if err := store(); err != nil {
				return good, bad, err
			}
		}
	}
	return good, bad, store()
}

// openRecords returns the records of a file, what it is called, and what closes
// it.
func (p *program) openRecords(ctx context.Context, raw *warehouse.Raw, schema *ingested.Schema, file, format string) (records iter.Seq2[ingested.Record, error], name string, done func() error, err error) {
	nothing := func() error { return nil }
	if format == "parquet" {
		return parquetRecords(raw.Parquet(ctx, file), schema), file, nothing, nil
	}
	reader, name, done := p.stdin, "standard input", nothing
	if file != "-" {
		opened, err := os.Open(file)
		if err != nil {
			return nil, file, nil, err
		}
		reader, name, done = opened, file, opened.Close
	}
	if format == "csv" {
		return ingested.CSV(reader, schema), name, done, nil
	}
	return ingested.NDJSON(reader), name, done, nil
}

// parquetRecords returns the rows of a Parquet file as records, whose lines are
// their numbers.
func parquetRecords(rows iter.Seq2[map[string]any, error], schema *ingested.Schema) iter.Seq2[ingested.Record, error] {
	return func(yield func(ingested.Record, error) bool) {
		line := 0
		for values, err := range rows {
			line++
			if !yield(ingested.Record{Line: line, Values: values}, err) {
				return
			}
		}
	}
}
