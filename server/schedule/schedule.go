// Package schedule runs a job at the times that cron expressions say. Runs never
// overlap; times that passed while nothing could run are caught up by one run.
package schedule

import (
	"context"
	_ "embed" // for ConfigSource
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// ConfigSource is this file: the documentation takes the comments of Config's fields
// from it.
//
//go:embed schedule.go
var ConfigSource string

// Config is the part `schedule:` of the configuration.
type Config struct {
	At            []string `yaml:"at"`             // cron expressions: minute, hour, day of month, month, day of week; none: nothing runs
	TimeZone      string   `yaml:"timezone"`       // IANA name of their zone; default that of the warehouse
	JitterMinutes float64  `yaml:"jitter_minutes"` // each run starts up to so much later, by chance; default 0
}

// Wrong is something that is wrong with a configuration.
type Wrong struct {
	Path string // at[0]
	Text string
}

// Check returns all that is wrong with the configuration.
func (c Config) Check() []Wrong {
	var wrong []Wrong
	for i, expression := range c.At {
		if _, err := parse(expression); err != nil {
			wrong = append(wrong, Wrong{fmt.Sprintf("at[%d]", i), fmt.Sprintf("%q is not a cron expression such as '15 3 * * *': %v", expression, err)})
		}
	}
	if c.JitterMinutes < 0 || c.JitterMinutes > 24*60 {
		wrong = append(wrong, Wrong{"jitter_minutes", "give minutes from 0 to a day's 1440"})
	}
	return wrong
}

// parse reads a cron expression. The library's own way to name a zone in it, which
// it panics on where it is cut short, is not taken: there is a key for it.
func parse(expression string) (cron.Schedule, error) {
	if strings.Contains(expression, "=") {
		return nil, errors.New("the zone is set by timezone")
	}
	if strings.HasPrefix(strings.TrimSpace(expression), "@every") {
		return nil, errors.New("@every counts from the program's start, and not by the clock")
	}
	return cron.ParseStandard(expression)
}

// next returns the first time after an instant that an expression names, the zero
// time where there is none for years. In the hour that a clock change repeats a time
// comes once, and one in the hour that it leaves out does not come.
func (c Config) next(after time.Time, zone *time.Location) (first time.Time, err error) {
	for _, expression := range c.At {
		parsed, err := parse(expression)
		if err != nil {
			return first, err
		}
		at := parsed.Next(after.In(zone))
		if !at.IsZero() && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	return first.UTC(), nil
}

// What became of a time to run.
const (
	Succeeded = "succeeded"
	FailedRun = "failed"
	Busy      = "busy"    // another process was at work; the next time it is tried again
	Skipped   = "skipped" // it passed while the run before was under way
)

// Options say when to run, and whom to tell.
type Options struct {
	Config Config
	Zone   *time.Location
	Folder string // of the warehouse, where the time of the last run is kept
	Now    func() time.Time
	Sleep  func(ctx context.Context, d time.Duration) error // waits, or returns the error of the context; nil for the clock
	Logger *slog.Logger
	IsBusy func(error) bool // whether a job failed because another process is at work
	// Planned is told of the time of the next run, and Ended of what became of
	// one, and how long it took.
	Planned func(at time.Time)
	Ended   func(outcome string, took time.Duration)
}

// fileName is the file in the warehouse's folder with the time of the last run.
const fileName = "schedule.json"

// state is what the file holds.
type state struct {
	DoneAt time.Time `json:"done_at"` // all times up to it have been run, or had their chance
}

// mostWaiting is how long one sleep is at most, so that a clock that is set, or a
// machine that was asleep, is noticed.
const mostWaiting = time.Minute

// Run runs the job at its times until the context ends, whose error it returns. A
// time that passed since the last run, while this program was not running, is made
// up for once, at the start. Several programs may do this for one warehouse: each
// time is run by the one that comes first.
func Run(ctx context.Context, options Options, job func(ctx context.Context) error) error {
	if options.Sleep == nil {
		options.Sleep = sleep
	}
	jitter := time.Duration(0)
	if longest := time.Duration(options.Config.JitterMinutes * float64(time.Minute)); longest > 0 {
		jitter = rand.N(longest)
	}
	for {
		done, err := read(options.Folder)
		if err != nil {
			return err
		}
		now := options.Now()
		if done.IsZero() || done.After(now) { // the first start of all, or the clock was set back
			done = now
			if err := write(options.Folder, done); err != nil {
				return err
			}
		}
		planned, err := options.Config.next(done, options.Zone)
		if err != nil {
			return err
		}
		if planned.IsZero() {
			return errors.New("schedule: no expression names a time that will come")
		}
		due := planned.Add(jitter)
		options.Planned(due)
		if wait := due.Sub(now); wait > 0 {
			if err := options.Sleep(ctx, min(wait, mostWaiting)); err != nil {
				return err
			}
			continue // another program may have run it meanwhile
		}
		if err := runOnce(ctx, options, planned, job); err != nil {
			return err
		}
		if jitter > 0 {
			jitter = rand.N(time.Duration(options.Config.JitterMinutes * float64(time.Minute)))
		}
	}
}

// runOnce runs the job for a time that has come, and for all that have passed.
func runOnce(ctx context.Context, options Options, planned time.Time, job func(ctx context.Context) error) error {
	started := options.Now()
	// It is noted before the run: one that is killed is not run again and again.
	if err := write(options.Folder, started); err != nil {
		return err
	}
	options.Logger.Info("scheduled run starts", "planned_at", planned.Format(time.RFC3339), "late_seconds", started.Sub(planned).Round(time.Second).Seconds())
	err := job(ctx)
	took := options.Now().Sub(started)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err == nil:
		options.Logger.Info("scheduled run succeeded", "seconds", took.Seconds())
		options.Ended(Succeeded, took)
	case options.IsBusy(err):
		options.Logger.Info("scheduled run did not start; it is tried again the next time", "reason", err)
		options.Ended(Busy, took)
	default:
		options.Logger.Error("scheduled run failed", "error", err, "seconds", took.Seconds())
		options.Ended(FailedRun, took)
	}
	// Runs do not overlap: what came due during this one is left out.
	for at := started; ; {
		next, err := options.Config.next(at, options.Zone)
		if err != nil {
			return err
		}
		if now := options.Now(); next.IsZero() || next.After(now) {
			return write(options.Folder, now)
		}
		options.Logger.Warn("a run was due while the one before was under way, and is left out", "planned_at", next.Format(time.RFC3339))
		options.Ended(Skipped, 0)
		at = next
	}
}

// sleep waits by the clock.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// read returns until when the times have been run, zero where that is not known.
func read(folder string) (time.Time, error) {
	text, err := os.ReadFile(filepath.Join(folder, fileName))
	if errors.Is(err, fs.ErrNotExist) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("schedule: %w", err)
	}
	var known state
	if err := json.Unmarshal(text, &known); err != nil {
		return time.Time{}, nil // cut short or spoilt: as if nothing were known
	}
	return known.DoneAt, nil
}

// write keeps until when the times have been run.
func write(folder string, done time.Time) error {
	text, err := json.Marshal(state{DoneAt: done.UTC()})
	if err != nil {
		return fmt.Errorf("schedule: %w", err)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("schedule: %w", err)
	}
	part := filepath.Join(folder, fileName+".part")
	if err := os.WriteFile(part, append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("schedule: %w", err)
	}
	if err := os.Rename(part, filepath.Join(folder, fileName)); err != nil {
		return fmt.Errorf("schedule: %w", err)
	}
	return nil
}
