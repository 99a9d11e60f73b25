package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"dorado/reports"
	"dorado/warehouse"
)

func queryCommand(p *program) *cobra.Command {
	format := choice{value: "table", allowed: []string{"table", "csv", "json", "ndjson", "markdown", "parquet"}}
	output := ""
	command := &cobra.Command{
		Use:   "query [SQL]",
		Short: "Ask the newest snapshot in SQL",
		Long: `Run one SELECT on the newest snapshot, read-only, and print its rows. The SQL is
DuckDB's; without an argument, or with -, it is read from standard input.

Instants are printed in UTC. NULL is empty in the formats table, csv and
markdown. The formats csv, json and ndjson print rows as they come. Parquet is
written to the file that --output names.`,
		Example: `  dorado query "select service_id, count(*) as deployments from core.deployments group by all"
  dorado query --format parquet --output changes.parquet "from core.changes"
  dorado query --format csv < report.sql > report.csv`,
		Args: atMost(1),
		RunE: func(command *cobra.Command, args []string) error {
			if format.value == "parquet" && output == "" {
				return usageError{command: command.CommandPath(), problem: "--format parquet needs --output FILE"}
			}
			query, err := queryText(p.stdin, args)
			if err != nil {
				return err
			}
			if strings.TrimSpace(query) == "" {
				return usageError{command: command.CommandPath(), problem: "no SQL: give it as an argument or on standard input"}
			}
			return p.query(command.Context(), query, format.value, output)
		},
	}
	command.Flags().Var(&format, "format", "how the rows are printed")
	p.definitionSetFlag(command.Flags())
	command.Flags().StringVar(&output, "output", "", "write the rows to `FILE`, which appears when it is complete")
	return command
}

// queryText returns the SQL that the command line gives or refers to, "" if
// there is none.
func queryText(stdin io.Reader, args []string) (string, error) {
	if len(args) == 1 && args[0] != "-" {
		return args[0], nil
	}
	if _, isTerminal := terminalWidth(stdin); isTerminal && len(args) == 0 {
		return "", nil
	}
	query, err := io.ReadAll(stdin)
	if err != nil {
		return "", fmt.Errorf("read the SQL: %w", err)
	}
	return string(query), nil
}

// query runs a query and prints its rows, to standard output for output "".
func (p *program) query(ctx context.Context, query, format, output string) (err error) {
	defer func() { err = alignCaret(err) }()
	snapshot, err := p.openSnapshot(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, snapshot.Close()) }()
	if format == "parquet" {
		return replaceFile(output, func(path string) error {
			return snapshot.ExportParquet(ctx, query, path)
		})
	}
	rows, err := snapshot.Query(ctx, query)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	if output == "" {
		return writeRows(p.stdout, format, rows)
	}
	return replaceFile(output, func(path string) error {
		return writeFile(path, func(file io.Writer) error { return writeRows(file, format, rows) })
	})
}

// definitionSetFlag adds the flag that names a definition set.
func (p *program) definitionSetFlag(flags *pflag.FlagSet) {
	flags.StringVar(&p.definitionSet, "definition-set", "", "the numbers under this definition set; `NAME`")
}

// openSnapshot opens the newest snapshot of the configured warehouse, and tells
// where a newer build has failed.
func (p *program) openSnapshot(ctx context.Context) (*warehouse.Snapshot, error) {
	config, err := p.config()
	if err != nil {
		return nil, err
	}
	if _, isKnown := config.DefinitionSets[p.definitionSet]; !isKnown && p.definitionSet != "" {
		return nil, fmt.Errorf("there is no definition set %q%s", p.definitionSet, didYouMean(p.definitionSet, slices.Sorted(maps.Keys(config.DefinitionSets))))
	}
	folder := warehouse.SetFolder(config.Warehouse.Path, p.definitionSet)
	snapshot, err := warehouse.Open(ctx, folder)
	if errors.Is(err, warehouse.ErrNoSnapshot) {
		err = fmt.Errorf("%w; dorado run makes the first one", err)
		if last, lastErr := warehouse.LastBuild(folder); lastErr == nil && last != nil {
			err = fmt.Errorf("%w; %s", err, failureOf(last))
		}
	}
	if err != nil {
		return nil, err
	}
	failure, err := lastFailure(ctx, folder, snapshot)
	if err != nil {
		return nil, errors.Join(err, snapshot.Close())
	}
	if failure != "" {
		fmt.Fprintln(p.stderr, "dorado: "+failure)
	}
	return snapshot, nil
}

// lastFailure says what the snapshot's numbers are of and that a newer build failed,
// and why; "" where none did.
func lastFailure(ctx context.Context, folder string, snapshot *warehouse.Snapshot) (string, error) {
	last, err := warehouse.LastBuild(folder)
	if err != nil || last == nil || last.IsPublished {
		return "", err
	}
	var asOf time.Time
	if err := reports.QueryRow(ctx, snapshot, "select as_of from core.snapshot", &asOf); err != nil {
		return "", err
	}
	return fmt.Sprintf("these are the numbers of snapshot %s as of %s: %s",
		strings.TrimSuffix(filepath.Base(snapshot.Path), ".duckdb"), asOf.UTC().Format(time.RFC3339), failureOf(last)), nil
}

// failureOf says when and why a build failed.
func failureOf(build *warehouse.BuildOutcome) string {
	return fmt.Sprintf("the newest build failed at %s:\n  %s", build.FinishedAt.Format(time.RFC3339), strings.ReplaceAll(build.Problem, "\n", "\n  "))
}

// alignCaret puts the caret in DuckDB's message about a query under its place,
// where the query has tabs:
//
//	LINE 2: 	one, two
//	             ^
//
// DuckDB takes a tab to have no width, a terminal shows it as wide as it likes.
func alignCaret(err error) error {
	if err == nil {
		return nil
	}
	lines := strings.Split(err.Error(), "\n")
	for i := 1; i < len(lines); i++ {
		before, after, _ := strings.Cut(lines[i], "^")
		if !strings.HasPrefix(lines[i-1], "LINE ") || strings.TrimSpace(before+after) != "" {
			continue
		}
		width, tabs := 0, 0
		for _, r := range lines[i-1] {
			if r == '\t' && width <= len(before) {
				tabs++
				continue
			}
			width += text.RuneWidth(r)
		}
		lines[i-1] = strings.ReplaceAll(lines[i-1], "\t", " ")
		lines[i] = strings.Repeat(" ", tabs) + lines[i]
	}
	if aligned := strings.Join(lines, "\n"); aligned != err.Error() {
		return errors.New(aligned)
	}
	return err
}
