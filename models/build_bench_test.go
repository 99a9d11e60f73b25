package models

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"dorado/models/large"
	"dorado/sql"
	"dorado/warehouse"
)

// BenchmarkBuild builds and publishes a snapshot of an organisation with two threads
// and as much memory as DORADO_BENCH_MEMORY says, 4 GB without, and asks what an
// overview of it shows. DORADO_BENCH_SERVICES says how many services it has: 500
// have 2 million deployments, 22.5 million changes and 200,000 incidents. With
// DORADO_BENCH_STEPS it says how long each model and each query takes.
func BenchmarkBuild(b *testing.B) {
	services, err := strconv.Atoi(cmp.Or(os.Getenv("DORADO_BENCH_SERVICES"), "25"))
	if err != nil {
		b.Fatal(err)
	}
	memory := cmp.Or(os.Getenv("DORADO_BENCH_MEMORY"), "4GB")
	ctx := context.Background()
	folder := b.TempDir()
	if err := large.Fill(ctx, folder, services, large.Pulls); err != nil {
		b.Fatal(err)
	}
	models, err := Load(sql.Files)
	if err != nil {
		b.Fatal(err)
	}
	settings := Settings{AsOf: large.AsOf, TimeZone: "Europe/Berlin"}
	var published warehouse.Published
	steps := timings{}
	forgetPeak()
	processor := processorTime(b)
	for b.Loop() {
		published, err = warehouse.Publish(ctx, folder, 1, func(ctx context.Context, db *warehouse.Database) error {
			if err := db.Limit(ctx, warehouse.Resources{MemoryLimit: memory, Threads: 2}); err != nil {
				return err
			}
			last, lastProcessor := time.Now(), processorTime(b)
			_, err := Build(ctx, db, models, settings, func(_, _ int, name string) {
				now, processor := time.Now(), processorTime(b)
				steps[name] = timing{now.Sub(last), processor - lastProcessor}
				last, lastProcessor = now, processor
			})
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric((processorTime(b)-processor).Seconds()/float64(b.N), "processor-s/op")
	b.ReportMetric(peakMegabytes(b), "peak-MB")
	b.ReportMetric(float64(published.Bytes)/1e6, "snapshot-MB")
	queries := askOverview(b, folder)
	var slowest time.Duration
	for _, query := range queries {
		slowest = max(slowest, query.took)
	}
	b.ReportMetric(slowest.Seconds()*1000, "slowest-query-ms")
	if os.Getenv("DORADO_BENCH_STEPS") != "" {
		fmt.Fprintf(os.Stderr, "%d services\n%s\n%s", services, steps, queries) // of a benchmark's log only some lines are shown
	}
}

// A timing is how long something took, and how long processors worked on it: where
// others use the machine, too, the latter says more.
type timing struct{ took, processor time.Duration }

// timings are the timings of things by their names.
type timings map[string]timing

// String lists them, the most work first.
func (t timings) String() string {
	var text strings.Builder
	for _, name := range slices.SortedFunc(maps.Keys(t), func(a, b string) int {
		return cmp.Or(cmp.Compare(t[b].processor, t[a].processor), cmp.Compare(t[b].took, t[a].took))
	}) {
		fmt.Fprintf(&text, "%8d ms %8d ms of a processor  %s\n", t[name].took.Milliseconds(), t[name].processor.Milliseconds(), name)
	}
	return text.String()
}

// overview is what a page that sums up an organisation asks.
var overview = []string{
	"from metrics.dora(timestamp '2024-01-01', timestamp '2026-01-01', grain := 'month')",
	"from metrics.dora(timestamp '2025-12-01', timestamp '2026-01-01')",
	"from metrics.dora(timestamp '2025-12-01', timestamp '2026-01-01', by_dimension := 'service')",
	"from metrics.change_lead_time(timestamp '2024-01-01', timestamp '2026-01-01', grain := 'month')",
	"from metrics.deployment_frequency(timestamp '2024-01-01', timestamp '2026-01-01', grain := 'week')",
	"from metrics.change_fail_rate(timestamp '2024-01-01', timestamp '2026-01-01', grain := 'month')",
	"from metrics.failed_deployment_recovery_time(timestamp '2024-01-01', timestamp '2026-01-01', grain := 'month')",
	"from metrics.deployment_rework_rate(timestamp '2024-01-01', timestamp '2026-01-01', grain := 'month')",
	"from metrics.time_to_restore(timestamp '2024-01-01', timestamp '2026-01-01', grain := 'month')",
	"from metrics.pull_request_stages(timestamp '2025-12-01', timestamp '2026-01-01')",
	"from metrics.totals(timestamp '2025-12-01', timestamp '2026-01-01')",
	"from marts.metric_totals where by_dimension = 'none' and grain = 'month'",
}

// askOverview asks the current snapshot in folder each of overview three times and
// returns how long it took to answer the last time.
func askOverview(b *testing.B, folder string) timings {
	b.Helper()
	ctx := context.Background()
	snapshot, err := warehouse.Open(ctx, folder)
	if err != nil {
		b.Fatal(err)
	}
	defer snapshot.Close()
	took := timings{}
	for range 3 {
		for _, query := range overview {
			started, processor := time.Now(), processorTime(b)
			rows, err := snapshot.Query(ctx, query)
			if err != nil {
				b.Fatal(err)
			}
			for rows.Next() {
			}
			if err := errors.Join(rows.Err(), rows.Close()); err != nil {
				b.Fatal(err)
			}
			took[query] = timing{time.Since(started), processorTime(b) - processor}
		}
	}
	return took
}

// processorTime returns how long processors have worked for this process, to a
// hundredth of a second; 0 where nobody says.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	stat, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		return 0
	}
	_, after, _ := strings.Cut(string(stat), ") ") // the name of the program may hold anything
	fields := strings.Fields(after)
	var ticks time.Duration
	for _, field := range fields[11:13] { // as user and in the kernel
		count, err := strconv.Atoi(field)
		if err != nil {
			b.Fatal(err)
		}
		ticks += time.Duration(count)
	}
	return ticks * 10 * time.Millisecond
}

// forgetPeak makes the kernel forget how much memory the process has had. Elsewhere
// than on Linux it does nothing.
func forgetPeak() { _ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0o200) }

// peakMegabytes returns how much memory the process had at most since then, 0 where
// nobody says.
func peakMegabytes(b *testing.B) float64 {
	b.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, after, _ := strings.Cut(string(status), "VmHWM:")
	var kilobytes float64
	if _, err := fmt.Sscan(after, &kilobytes); err != nil {
		b.Fatal(err)
	}
	return kilobytes / 1e3
}
