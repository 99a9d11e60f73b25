package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"dorado/collectors"
	"dorado/collectors/transport"
	"dorado/warehouse"
)

func collectCommand(p *program) *cobra.Command {
	fromStart := false
	command := &cobra.Command{
		Use:   "collect [COLLECTOR...]",
		Short: "Collect what is new from the sources",
		Long: `Read what is new from the sources into the raw store: from all collectors, or
from those named. Each page is stored together with how far the collector has
got, so that a run may be stopped at any time and the next one goes on there.

What others have pushed to dorado serve waits in the landing folder until it is
taken in first, by the collector named landing, which asks nobody anything.`,
		Example: `  dorado collect
  dorado collect github_deployments github_releases
  dorado collect landing                             # only what was pushed
  dorado collect --from-start github_pull_requests   # read everything again`,
		RunE: func(command *cobra.Command, names []string) error {
			config, err := p.config()
			if err != nil {
				return err
			}
			defer p.progress.stop()
			collected, err := p.collect(command.Context(), config, names, fromStart)
			p.progress.stop()
			return errors.Join(err, collected.print(p.stdout))
		},
	}
	command.Flags().BoolVar(&fromStart, "from-start", false, "forget how far the collectors have got and read everything again")
	return command
}

// worthTelling is how long a wait must be to be told in the log each time, and not only
// the first.
const worthTelling = 30 * time.Second

// A collected is what a collection brought.
type collected struct {
	isOpened bool // whether the raw store could be opened at all
	counts   []collectedRows
	sources  []source
}

// A collectedRows is how many rows a collector stored.
type collectedRows struct {
	collector string
	rows      int
}

// collect runs the collectors that are named, or all. One that fails does not
// keep the others from running, unless no connection to their source can be made; the
// error is that of all that failed.
func (p *program) collect(ctx context.Context, config *Config, names []string, fromStart bool) (done collected, err error) {
	raw, err := warehouse.OpenRaw(ctx, config.Warehouse.Path)
	if err != nil {
		return collected{}, err
	}
	done.isOpened = true
	defer func() { err = errors.Join(err, raw.Close()) }()
	if err := raw.Ensure(ctx, rawTables()...); err != nil {
		return done, err
	}
	for _, aside := range raw.SetAside() {
		p.logger.Warn("the table has another key in this version: it was set aside, and its collector reads everything again",
			"table", aside.Table, "kept_as", aside.Kept, "collector", aside.Collector)
	}
	defer p.answerBackups(ctx, config.Warehouse.Path, raw)()
	var current *task         // the collector that runs
	told := map[string]bool{} // the waits that the log tells of, each once in a run
	var telling sync.Mutex
	done.sources, err = sources(config, raw, p.now, p.pause, func(until time.Time, why string) {
		current.note(fmt.Sprintf("waits for %s until %s", why, until.Format(time.TimeOnly)))
		telling.Lock()
		defer telling.Unlock()
		if isLong := time.Until(until) > worthTelling; isLong || !told[why] {
			told[why] = true
			p.logger.Warn("waits", "collector", current.name, "for", why, "until", until.UTC().Format(time.RFC3339))
		}
	}, p.complain)
	if err != nil {
		return done, err
	}
	known := collectorNames(done.sources)
	for _, name := range names {
		if !slices.Contains(known, name) {
			return done, fmt.Errorf("there is no collector %q%s; there are %v", name, didYouMean(name, known), known)
		}
	}
	var failed []error
	for _, source := range done.sources {
		var unreachable error // why the source was given up
		for _, collector := range source.collectors {
			if len(names) > 0 && !slices.Contains(names, collector.Name()) {
				continue
			}
			outcome := collectors.Outcome{Collector: collector.Name(), StartedAt: wholeSecond(p.now())}
			sent := source.sent()
			rows, err := 0, unreachable
			if unreachable == nil {
				rows, err = p.runCollector(ctx, raw, collector, fromStart, &current)
				failed = append(failed, err)
			}
			if unreachable == nil && errors.Is(err, transport.ErrUnreachable) {
				unreachable = fmt.Errorf("not tried after %w", err)
			}
			done.counts = append(done.counts, collectedRows{collector: collector.Name(), rows: rows})
			outcome.Rows = rows
			source.account(&outcome, sent)
			failed = append(failed, p.keepOutcome(ctx, raw, outcome, err))
			if ctx.Err() != nil {
				return done, ctx.Err()
			}
		}
	}
	for _, source := range done.sources {
		if source.isSpent != nil && source.isSpent() {
			p.logger.Warn("stopped at github.max_requests_per_run, the next run goes on", "source", source.name, "requests", source.usage.Requests.Load())
		}
	}
	return done, errors.Join(failed...)
}

// runCollector runs one collector, which is the current task for as long.
func (p *program) runCollector(ctx context.Context, raw *warehouse.Raw, collector collectors.Collector, fromStart bool, current **task) (int, error) {
	if fromStart {
		if err := raw.Forget(ctx, collector.Name()); err != nil {
			return 0, err
		}
	}
	running := p.progress.start(collector.Name(), "rows")
	*current = running
	rows, err := collectors.Run(ctx, raw, collector, func(rows int) {
		running.update(rows)
		running.note("")
	})
	running.done(err)
	return rows, err
}

// keepOutcome keeps how a run of a collector ended, also where it was interrupted.
func (p *program) keepOutcome(ctx context.Context, raw *warehouse.Raw, outcome collectors.Outcome, failure error) error {
	outcome.FinishedAt = wholeSecond(p.now())
	if failure != nil {
		text := failure.Error()
		outcome.Error = &text
	}
	if err := raw.Put(context.WithoutCancel(ctx), "", []collectors.Row{outcome}, ""); err != nil {
		return fmt.Errorf("keep how %s ended: %w", outcome.Collector, err)
	}
	return nil
}

// wholeSecond returns a time as those are that builds are made for.
func wholeSecond(at time.Time) time.Time { return at.UTC().Truncate(time.Second) }

// complain tells of what was pushed and cannot be read.
func (p *program) complain(problem string) {
	p.logger.Warn("what was pushed cannot be read, and is set aside in the landing folder", "problem", problem)
}

// print writes the closing lines of a collection.
func (c collected) print(out io.Writer) error {
	width := 0
	for _, counted := range c.counts {
		width = max(width, len(counted.collector))
	}
	for _, counted := range c.counts {
		if _, err := fmt.Fprintf(out, "collected  %-*s %8d rows\n", width, counted.collector, counted.rows); err != nil {
			return err
		}
	}
	for _, source := range c.sources {
		if source.usage == nil || source.asks != source.name { // that one tells of all
			continue
		}
		if _, err := fmt.Fprintf(out, "asked      %s\n", source.summary()); err != nil {
			return err
		}
	}
	return nil
}
