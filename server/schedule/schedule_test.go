package schedule

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"time"
)

// A clock is one that only waiting moves.
type clock struct {
	now  time.Time
	stop time.Time // when the context ends
}

func (c *clock) sleep(_ context.Context, d time.Duration) error {
	c.now = c.now.Add(d)
	if c.now.After(c.stop) {
		return context.Canceled
	}
	return nil
}

var errBusy = errors.New("busy")

// run runs a schedule from one time to another and returns when jobs started and what
// became of the times. Each job takes what job says.
func run(t *testing.T, folder string, config Config, from, to string, job func(n int) (time.Duration, error)) (starts, outcomes []string) {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	at := func(text string) time.Time {
		parsed, err := time.ParseInLocation("2006-01-02 15:04", text, zone)
		if err != nil {
			t.Fatal(err)
		}
		return parsed
	}
	c := &clock{now: at(from), stop: at(to)}
	err = Run(t.Context(), Options{
		Config: config, Zone: zone, Folder: folder, Now: func() time.Time { return c.now }, Sleep: c.sleep,
		Logger: slog.New(slog.DiscardHandler), IsBusy: func(err error) bool { return errors.Is(err, errBusy) },
		Planned: func(time.Time) {}, Ended: func(outcome string, _ time.Duration) { outcomes = append(outcomes, outcome) },
	}, func(context.Context) error {
		starts = append(starts, c.now.In(zone).Format("01-02 15:04"))
		took, err := job(len(starts))
		c.now = c.now.Add(took)
		return err
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	return starts, outcomes
}

func TestRun(t *testing.T) {
	quick := func(int) (time.Duration, error) { return time.Minute, nil }
	nightly := Config{At: []string{"15 3 * * *"}}
	for _, test := range []struct {
		name             string
		config           Config
		from, to         string
		job              func(n int) (time.Duration, error)
		starts, outcomes []string
	}{
		{name: "each night", config: nightly, from: "2026-01-31 12:00", to: "2026-02-02 12:00", job: quick,
			starts: []string{"02-01 03:15", "02-02 03:15"}, outcomes: []string{Succeeded, Succeeded}},
		{name: "several expressions", config: Config{At: []string{"0 8 * * 1-5", "0 20 * * 5"}}, from: "2026-01-29 12:00", to: "2026-02-02 12:00", job: quick,
			starts: []string{"01-30 08:00", "01-30 20:00", "02-02 08:00"}, outcomes: []string{Succeeded, Succeeded, Succeeded}},
		{name: "over the change to summer time", config: Config{At: []string{"30 2 * * *"}}, from: "2026-03-28 00:00", to: "2026-03-30 12:00", job: quick,
			starts: []string{"03-28 02:30", "03-30 02:30"}, outcomes: []string{Succeeded, Succeeded}},
		{name: "over the change from summer time", config: Config{At: []string{"30 3 * * *"}}, from: "2026-10-24 12:00", to: "2026-10-26 12:00", job: quick,
			starts: []string{"10-25 03:30", "10-26 03:30"}, outcomes: []string{Succeeded, Succeeded}},
		{name: "longer than the time between", config: Config{At: []string{"0 * * * *"}}, from: "2026-01-31 11:30", to: "2026-01-31 15:30",
			job:    func(n int) (time.Duration, error) { return []time.Duration{130, 1}[min(n, 2)-1] * time.Minute, nil },
			starts: []string{"01-31 12:00", "01-31 15:00"}, outcomes: []string{Succeeded, Skipped, Skipped, Succeeded}},
		{name: "another process at work", config: Config{At: []string{"0 * * * *"}}, from: "2026-01-31 11:30", to: "2026-01-31 14:30",
			job:    func(n int) (time.Duration, error) { return 0, []error{errBusy, errors.New("failed"), nil}[n-1] },
			starts: []string{"01-31 12:00", "01-31 13:00", "01-31 14:00"}, outcomes: []string{Busy, FailedRun, Succeeded}},
	} {
		t.Run(test.name, func(t *testing.T) {
			starts, outcomes := run(t, t.TempDir(), test.config, test.from, test.to, test.job)
			if !slices.Equal(starts, test.starts) || !slices.Equal(outcomes, test.outcomes) {
				t.Errorf("started at %q with %q, want %q with %q", starts, outcomes, test.starts, test.outcomes)
			}
		})
	}
	t.Run("missed ones once", func(t *testing.T) {
		folder := t.TempDir()
		run(t, folder, nightly, "2026-01-31 12:00", "2026-01-31 13:00", quick) // nothing is due
		starts, _ := run(t, folder, nightly, "2026-02-05 12:00", "2026-02-06 12:00", quick)
		if want := []string{"02-05 12:00", "02-06 03:15"}; !slices.Equal(starts, want) {
			t.Errorf("started at %q, want %q", starts, want)
		}
		// The clock was set back: the times come as they do, and not at once.
		starts, _ = run(t, folder, nightly, "2026-02-03 12:00", "2026-02-04 12:00", quick)
		if want := []string{"02-04 03:15"}; !slices.Equal(starts, want) {
			t.Errorf("started at %q, want %q", starts, want)
		}
	})
	t.Run("with jitter", func(t *testing.T) {
		nightly.JitterMinutes = 30
		starts, _ := run(t, t.TempDir(), nightly, "2026-01-31 12:00", "2026-02-02 12:00", quick)
		if len(starts) != 2 || starts[0] < "02-01 03:15" || starts[0] > "02-01 03:45" {
			t.Errorf("started at %q", starts)
		}
	})
}

func TestCheck(t *testing.T) {
	for _, test := range []struct {
		config Config
		path   string
	}{
		{Config{At: []string{"15 3 * * *", "@daily", "*/15 8-18 * * MON-FRI"}}, ""},
		{Config{At: []string{"15 3 * *"}}, "at[0]"},
		{Config{At: []string{"@daily", "61 * * * *"}}, "at[1]"},
		{Config{At: []string{"TZ=0"}}, "at[0]"},
		{Config{At: []string{"CRON_TZ=Europe/Berlin 15 3 * * *"}}, "at[0]"},
		{Config{At: []string{"@every 1h"}}, "at[0]"},
		{Config{At: []string{""}}, "at[0]"},
		{Config{JitterMinutes: -1}, "jitter_minutes"},
	} {
		path := ""
		for _, wrong := range test.config.Check() {
			path += wrong.Path
		}
		if path != test.path {
			t.Errorf("%+v: wrong at %q, want %q", test.config, path, test.path)
		}
	}
}
