package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"dorado/warehouse"
)

func exportCommand(p *program) *cobra.Command {
	format := choice{value: "parquet", allowed: warehouse.ExportFormats}
	var to, since string
	tables := []string{"core.*", "marts.*"}
	partitionRows := int64(100_000)
	command := &cobra.Command{
		Use:   "export",
		Short: "Write the tables of the newest snapshot as Parquet or CSV files",
		Long: `Write the tables of the newest snapshot into a folder, for a lake or another program:
a folder for each table, with one file, or in large tables that have a time with a
folder for each month (month=2026-01), as Hive has it. A table is replaced as a whole:
whoever reads finds the old one or the new one. manifest.json, written last, says which
snapshot it is, and lists the tables with their rows.`,
		Example: `  dorado export --to /lake/dorado
  dorado export --format csv --to numbers --tables 'marts.*' --since 2026-01-01`,
		Args: atMost(0),
		RunE: func(command *cobra.Command, _ []string) error {
			usage := func(problem string) error {
				return usageError{command: command.CommandPath(), problem: problem}
			}
			if to == "" {
				return usage("say where to write with --to FOLDER")
			}
			request := exportRequest{folder: to, format: format.value, patterns: tables, partitionRows: partitionRows}
			for _, pattern := range tables {
				if _, err := path.Match(pattern, ""); err != nil {
					return usage(fmt.Sprintf("--tables %s is not a pattern such as core.*", pattern))
				}
			}
			if since != "" {
				var err error
				if request.since, err = time.Parse(time.DateOnly, since); err != nil {
					return usage(fmt.Sprintf("--since %s is not a day such as 2026-01-31", since))
				}
			}
			return p.export(command.Context(), request)
		},
	}
	flags := command.Flags()
	flags.Var(&format, "format", "what the files are")
	flags.StringVar(&to, "to", "", "the `FOLDER` to write to")
	flags.StringSliceVar(&tables, "tables", tables, "which tables, by `PATTERN`; several may be given")
	flags.StringVar(&since, "since", "", "of tables that have a time only what happened from this `DAY` on (UTC)")
	flags.Int64Var(&partitionRows, "partition-rows", partitionRows, "from how many `ROWS` on a table with a time is written by month")
	return command
}

// An exportRequest says what to export.
type exportRequest struct {
	folder, format string
	patterns       []string  // of schema.name
	since          time.Time // zero for all
	partitionRows  int64
}

// An exportManifest says what is in the folder.
type exportManifest struct {
	Snapshot   string          `json:"snapshot"` // 000123
	AsOf       time.Time       `json:"as_of"`
	ExportedAt time.Time       `json:"exported_at"`
	Format     string          `json:"format"`
	Tables     []exportedTable `json:"tables"`
}

// An exportedTable is a table in the folder.
type exportedTable struct {
	Name          string  `json:"name"` // core.deployments, which is its folder too
	Rows          int64   `json:"rows"`
	TimeColumn    *string `json:"time_column"` // what since and the months go by
	IsPartitioned bool    `json:"is_partitioned"`
	Since         *string `json:"since"` // a day; null where all rows are there
}

// export writes the tables and the manifest.
func (p *program) export(ctx context.Context, request exportRequest) (err error) {
	config, err := p.config()
	if err != nil {
		return err
	}
	snapshot, err := warehouse.Open(ctx, config.Warehouse.Path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, snapshot.Close()) }()
	if err := os.MkdirAll(request.folder, 0o755); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	tables, err := exportedTables(ctx, snapshot, request.patterns)
	if err != nil {
		return fmt.Errorf("export: %w", err)
	}
	if len(tables) == 0 {
		return fmt.Errorf("export: no table of the snapshot matches %s", strings.Join(request.patterns, ", "))
	}
	manifest := exportManifest{
		Snapshot:   strings.TrimSuffix(filepath.Base(snapshot.Path), filepath.Ext(snapshot.Path)),
		ExportedAt: p.now().UTC().Truncate(time.Second), Format: request.format,
	}
	if err := queryRow(ctx, snapshot, "select as_of from core.snapshot", &manifest.AsOf); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	defer p.progress.stop()
	task := p.progress.start("export", "tables")
	task.expect(len(tables))
	total := int64(0)
	for i, table := range tables {
		task.note(table.Name)
		if err := exportTable(ctx, snapshot, request, &table); err != nil {
			task.done(err)
			return fmt.Errorf("export %s: %w", table.Name, err)
		}
		manifest.Tables = append(manifest.Tables, table)
		total += table.Rows
		task.update(i + 1)
	}
	task.done(nil)
	if err := writeManifest(request.folder, manifest); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	p.progress.stop()
	_, err = fmt.Fprintf(p.stdout, "exported   %d rows of %s of snapshot %s to %s\n", total, count(len(tables), "table", "tables"), manifest.Snapshot, request.folder)
	return err
}

// timeColumns are the columns that say when what a row is about happened, the best
// first.
var timeColumns = []string{
	"finished_at", "deployed_at", "merged_at", "triggered_at", "happened_at", "started_at", "record_at", "published_at",
	"committed_at", "created_at", "occurred_at", "day", "month", "period_start_at",
}

// exportedTables returns the tables and views that match, with their times.
func exportedTables(ctx context.Context, snapshot *warehouse.Snapshot, patterns []string) (tables []exportedTable, err error) {
	rows, err := snapshot.Query(ctx, `
		select schema_name || '.' || table_name, column_name
		from duckdb_columns()
		where schema_name in ('core', 'marts')
			and (data_type like 'TIMESTAMP%' or data_type = 'DATE' or column_index = 1)
		order by 1, column_index`)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var name, column string
		if err := rows.Scan(&name, &column); err != nil {
			return nil, err
		}
		isWanted := slices.ContainsFunc(patterns, func(pattern string) bool {
			matches, err := path.Match(pattern, name)
			return err == nil && matches
		})
		if !isWanted {
			continue
		}
		if len(tables) == 0 || tables[len(tables)-1].Name != name {
			tables = append(tables, exportedTable{Name: name})
		}
		table := &tables[len(tables)-1]
		rank := func(column string) int { return slices.Index(timeColumns, column) }
		if rank(column) >= 0 && (table.TimeColumn == nil || rank(column) < rank(*table.TimeColumn)) {
			table.TimeColumn = &column
		}
	}
	return tables, rows.Err()
}

// exportTable writes one table beside its place, and then moves it there.
func exportTable(ctx context.Context, snapshot *warehouse.Snapshot, request exportRequest, table *exportedTable) error {
	source, month := "from "+table.Name, ""
	if table.TimeColumn != nil && !request.since.IsZero() {
		day := request.since.Format(time.DateOnly)
		table.Since = &day
		source += fmt.Sprintf(" where %s >= date '%s'", *table.TimeColumn, day)
	}
	if err := queryRow(ctx, snapshot, "select count(*) "+source, &table.Rows); err != nil {
		return err
	}
	query := "select * " + source
	if table.TimeColumn != nil && table.Rows >= request.partitionRows {
		table.IsPartitioned, month = true, "month"
		query = fmt.Sprintf("select *, strftime(%s, '%%Y-%%m') as month %s", *table.TimeColumn, source)
		if *table.TimeColumn == "month" {
			query = "select * replace (strftime(month, '%Y-%m') as month) " + source
		}
	}
	target := filepath.Join(request.folder, table.Name)
	part := filepath.Join(request.folder, "."+table.Name+".part")
	if err := os.RemoveAll(part); err != nil { // what an export that was killed left
		return err
	}
	if err := snapshot.Export(ctx, query, part, request.format, month); err != nil {
		return errors.Join(err, os.RemoveAll(part))
	}
	if _, err := os.Stat(part); errors.Is(err, os.ErrNotExist) { // no row, no month
		if err := os.Mkdir(part, 0o755); err != nil {
			return err
		}
	}
	return replaceFolder(part, target)
}

// replaceFolder moves a folder to a place where another may be, which is removed.
func replaceFolder(from, to string) error {
	err := os.Rename(from, to)
	if err == nil {
		return nil
	}
	if _, statErr := os.Stat(to); statErr != nil {
		return err
	}
	if err := exchange(from, to); err != nil {
		return err
	}
	return os.RemoveAll(from)
}

// writeManifest writes the manifest in one step.
func writeManifest(folder string, manifest exportManifest) error {
	text, err := json.MarshalIndent(manifest, "", "  ")
	if err != nil {
		return err
	}
	part := filepath.Join(folder, ".manifest.json.part")
	if err := os.WriteFile(part, append(text, '\n'), 0o644); err != nil {
		return err
	}
	if err := os.Rename(part, filepath.Join(folder, manifestName)); err != nil {
		return err
	}
	return syncFolder(folder)
}

// queryRow reads the one row of a query.
func queryRow(ctx context.Context, snapshot *warehouse.Snapshot, query string, targets ...any) (err error) {
	rows, err := snapshot.Query(ctx, query)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	if !rows.Next() {
		return errors.Join(errors.New("a row is missing"), rows.Err())
	}
	return rows.Scan(targets...)
}

// exchangeInSteps lets two folders change places; for a moment neither is at to.
func exchangeInSteps(from, to string) error {
	between := from + ".old"
	if err := os.RemoveAll(between); err != nil {
		return err
	}
	return errors.Join(os.Rename(to, between), os.Rename(from, to), os.Rename(between, from))
}
