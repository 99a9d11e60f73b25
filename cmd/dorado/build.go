package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"dorado/models"
	"dorado/sql"
	"dorado/warehouse"
)

func buildCommand(p *program) *cobra.Command {
	var asOf string
	command := &cobra.Command{
		Use:   "build",
		Short: "Build the numbers from what was collected and publish them",
		Long: `Build all models from the raw store into a new snapshot, hold them to their
headers, run the checks, and publish the snapshot. Where anything fails the last
snapshot stays the current one.

The result depends only on the raw store, the configuration and the as-of time.`,
		Example: `  dorado build
  dorado build --as-of 2026-01-31T00:00:00Z`,
		Args: atMost(0),
		RunE: func(command *cobra.Command, _ []string) error {
			config, err := p.config()
			if err != nil {
				return err
			}
			at, err := p.asOf(asOf)
			if err != nil {
				return usageError{command: command.CommandPath(), problem: err.Error()}
			}
			defer p.progress.stop()
			built, err := p.build(command.Context(), config, at)
			p.progress.stop()
			return errors.Join(err, built.print(p.stdout))
		},
	}
	command.Flags().StringVar(&asOf, "as-of", "", "`TIME` (RFC 3339) that the build sees nothing later than (default now)")
	return command
}

// asOf reads the flag of that name.
func (p *program) asOf(text string) (time.Time, error) {
	if text == "" {
		return p.now().UTC().Truncate(time.Second), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("--as-of %s is not an RFC 3339 time such as 2026-01-31T00:00:00Z", text)
	}
	return at.UTC(), nil
}

// A built is what a build did.
type built struct {
	asOf     time.Time
	took     time.Duration
	result   models.Result
	snapshot warehouse.Published
	sets     []built // of the definition sets
	set      string  // the name of the definition set, "" for the configuration's own
}

// build builds all models and publishes the snapshot, and one for each definition
// set. One of these that fails does not keep the others from being published.
func (p *program) build(ctx context.Context, config *Config, asOf time.Time) (built, error) {
	if err := p.ensureTables(ctx, config); err != nil {
		return built{}, err
	}
	done, err := p.buildSet(ctx, config, definitionSet{config: config}, asOf)
	if err != nil {
		return built{}, err
	}
	failed := []error{p.keepTotals(ctx, config)}
	for _, set := range config.sets {
		made, err := p.buildSet(ctx, config, set, asOf)
		if err != nil {
			failed = append(failed, fmt.Errorf("definition set %s: %w", set.name, err))
			continue
		}
		done.sets = append(done.sets, made)
	}
	return done, errors.Join(append(failed, removeOtherSets(config))...)
}

// buildSet builds all models under the definitions of a set and publishes them.
func (p *program) buildSet(ctx context.Context, config *Config, set definitionSet, asOf time.Time) (built, error) {
	done := built{asOf: asOf, set: set.name}
	started := time.Now()
	task := p.progress.start(strings.TrimSpace("build "+set.name), "models")
	var err error
	done.snapshot, err = warehouse.PublishSet(ctx, config.Warehouse.Path, set.name, config.Warehouse.KeepSnapshots, filling(set.config, asOf, task, &done.result))
	task.done(err)
	if err != nil {
		return built{}, fmt.Errorf("build: %w", err)
	}
	done.took = time.Since(started)
	return done, nil
}

// removeOtherSets removes the snapshots of definition sets that the configuration no
// longer names: nobody builds them any more.
func removeOtherSets(config *Config) error {
	there, err := warehouse.Sets(config.Warehouse.Path)
	if err != nil {
		return err
	}
	for _, name := range there {
		if _, isNamed := config.DefinitionSets[name]; !isNamed {
			if err := warehouse.RemoveSet(config.Warehouse.Path, name); err != nil {
				return err
			}
		}
	}
	return nil
}

// filling returns what fills a snapshot as the configuration says, tells task of
// each model and leaves in result what it found.
func filling(config *Config, asOf time.Time, task *task, result *models.Result) func(context.Context, *warehouse.Database) error {
	return func(ctx context.Context, db *warehouse.Database) error {
		definitions, err := models.Load(sql.Files)
		if err != nil {
			return err
		}
		if err := db.Limit(ctx, config.Warehouse.resources()); err != nil {
			return err
		}
		*result, err = models.Build(ctx, db, definitions, config.settings(asOf), func(n, all int, name string) {
			task.expect(all)
			task.update(n)
			task.note(name)
		})
		return err
	}
}

// keepTotals appends what the snapshot that was just published reports anew to
// the history. The raw store is opened again for it, because a build only reads
// it; a publish that cannot write leaves it to the next one, which finds that the
// same is new.
func (p *program) keepTotals(ctx context.Context, config *Config) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("the snapshot is published, but its numbers are not in the history: %w", err)
		}
	}()
	snapshot, err := warehouse.Open(ctx, config.Warehouse.Path)
	if err != nil {
		return err
	}
	totals, err := models.NewTotals(ctx, snapshot)
	if err = errors.Join(err, snapshot.Close()); err != nil {
		return err
	}
	if len(totals) == 0 {
		return nil
	}
	raw, err := warehouse.OpenRaw(ctx, config.Warehouse.Path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, raw.Close()) }()
	isKept, err := models.IsReported(ctx, raw, totals[0])
	if err != nil || isKept {
		return err
	}
	rows := make([]warehouse.Row, len(totals))
	for i, total := range totals {
		rows[i] = total
	}
	return raw.Put(ctx, "", rows, "")
}

// settings returns what a build as of an instant depends on.
func (c *Config) settings(asOf time.Time) models.Settings {
	return models.Settings{
		AsOf:        asOf,
		TimeZone:    c.Warehouse.TimeZone,
		Teams:       c.Teams,
		Services:    c.Services,
		Incidents:   c.Incidents,
		Definitions: c.Definitions,
		Overrides:   c.overrides,
		Quality:     c.Quality,
	}
}

// ensureTables makes the raw tables that an older dorado did not know of, so that
// models find them, if only empty.
func (p *program) ensureTables(ctx context.Context, config *Config) error {
	raw, err := warehouse.OpenRaw(ctx, config.Warehouse.Path)
	if err != nil {
		return err
	}
	if err := raw.Ensure(ctx, rawTables()...); err != nil {
		return errors.Join(err, raw.Close())
	}
	return raw.Close()
}

// print writes the closing lines of a build, none where nothing was published.
func (b built) print(out io.Writer) error {
	if b.snapshot.Path == "" {
		return nil
	}
	checks := fmt.Sprintf("%d hold", b.result.Checks-len(b.result.Findings))
	if len(b.result.Findings) > 0 {
		checks += ", " + count(len(b.result.Findings), "warning", "warnings")
	}
	_, err := fmt.Fprintf(out, "built      %d models in %s as of %s\nchecks     %s\n",
		b.result.Models, b.took.Round(10*time.Millisecond), b.asOf.Format(time.RFC3339), checks)
	if err != nil {
		return err
	}
	for _, finding := range b.result.Findings {
		if _, err := fmt.Fprintf(out, "           %s does not hold for %s, the first is %s\n",
			finding.Check, count(finding.Rows, "row", "rows"), finding.First); err != nil {
			return err
		}
	}
	of := ""
	if b.set != "" {
		of = ", the definition set " + b.set
	}
	if _, err := fmt.Fprintf(out, "published  %s (%.1f MB)%s\n", b.snapshot.Path, float64(b.snapshot.Bytes)/1e6, of); err != nil {
		return err
	}
	for _, set := range b.sets {
		if err := set.print(out); err != nil {
			return err
		}
	}
	return nil
}
