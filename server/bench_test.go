package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"dorado/models"
	"dorado/models/large"
	"dorado/server/wire"
	"dorado/sql"
	"dorado/warehouse"
)

const (
	// benchmarkClients is how many ask at once.
	benchmarkClients = 32
	// benchmarkServices is how many services the warehouse has that they ask.
	benchmarkServices = 500
	// benchmarkPulls is how many pull requests each of these has in two years, unless
	// DORADO_BENCH_PULLS says otherwise: with as many as a large organisation has, the
	// build alone takes minutes.
	benchmarkPulls = 500
	// benchmarkViews is how many dashboards each client opens, one after the other.
	benchmarkViews = 8
)

// Variables of the environment.
const (
	// buildVariable tells a process to do nothing but build the warehouse in a folder.
	buildVariable = "DORADO_BENCH_BUILD"
	// folderVariable is where the warehouse is kept from one run to the next.
	folderVariable = "DORADO_BENCH_FOLDER"
)

// buildLarge builds and publishes a snapshot of the raw store in folder, as dorado build
// does.
func buildLarge(ctx context.Context, folder string) error {
	loaded, err := models.Load(sql.Files)
	if err != nil {
		return err
	}
	_, err = warehouse.Publish(ctx, folder, 2, func(ctx context.Context, db *warehouse.Database) error {
		if err := db.Limit(ctx, warehouse.Resources{MemoryLimit: "10GB", Threads: 2}); err != nil {
			return err
		}
		_, err := models.Build(ctx, db, loaded, models.Settings{AsOf: large.AsOf, TimeZone: "Europe/Berlin"}, func(int, int, string) {})
		return err
	})
	return err
}

// largeWarehouse returns the folder of the warehouse of a large organisation.
func largeWarehouse(b *testing.B) string {
	b.Helper()
	folder := cmp.Or(os.Getenv(folderVariable), b.TempDir())
	kept, err := warehouse.List(folder)
	if err != nil {
		b.Fatal(err)
	}
	if len(kept) > 0 {
		return folder
	}
	pulls, err := strconv.Atoi(cmp.Or(os.Getenv("DORADO_BENCH_PULLS"), strconv.Itoa(benchmarkPulls)))
	if err == nil {
		err = os.MkdirAll(folder, 0o755)
	}
	if err == nil {
		err = large.Fill(context.Background(), folder, benchmarkServices, pulls)
	}
	if err == nil {
		err = buildLarge(context.Background(), folder)
	}
	if err != nil {
		b.Fatal(err)
	}
	return folder
}

// A question is a request of a dashboard.
type question struct{ method, path, body string }

// questionsOf returns what the panels of a dashboard ask that shows the days until to.
func questionsOf(days int, to time.Time) []question {
	from := to.AddDate(0, 0, -days).Format(time.RFC3339)
	metric := func(query string) question {
		return question{http.MethodPost, wire.PathMetricQuery, fmt.Sprintf(`{%s, "from": %q, "to": %q}`, query, from, to.Format(time.RFC3339))}
	}
	return []question{
		metric(`"metric": "dora"`),
		metric(`"metric": "dora", "by": "service"`),
		metric(`"metric": "deployment_frequency", "grain": "week"`),
		metric(`"metric": "change_lead_time", "grain": "week", "statistic": "*"`),
		metric(`"metric": "change_fail_rate", "grain": "month"`),
		metric(`"metric": "failed_deployment_recovery_time", "grain": "month"`),
		metric(`"metric": "time_to_restore", "by": "service"`),
		{http.MethodGet, wire.PathDimensions + "service", ""},
		{http.MethodGet, wire.PathAnnotations + "?limit=100&from=" + from + "&to=" + to.Format(time.RFC3339), ""},
		{http.MethodGet, wire.PathFreshness, ""},
		{http.MethodPost, wire.PathQuery, `{"sql": "select service_id, count(*) as deployments from core.deployments group by all order by all"}`},
	}
}

// offered are the ranges that people choose from.
var offered = []int{7, 30, 90, 180, 365, 730}

// BenchmarkDashboards lets clients ask what dashboards ask of 500 services over ranges of
// up to two years, and prints the time that half and 99 of 100 of the requests do not
// exceed, how many a second there are, how many of 100 questions were answered from the
// cache, and the memory of the process: when nothing else happens, while the warehouse
// is built anew as the unit of systemd does it, and while snapshots switch all the time.
// One dashboard in ten has a range that nobody has asked for; in "varied" all have. No
// request may fail.
func BenchmarkDashboards(b *testing.B) {
	folder := largeWarehouse(b)
	for _, test := range []struct {
		name      string
		odd       int // one dashboard in so many has a range of its own
		meanwhile func(b *testing.B, server *Server, done <-chan struct{})
		isWhole   bool // clients ask until it is over
	}{
		{"idle", 10, nil, false},
		{"rebuild", 10, func(b *testing.B, _ *Server, done <-chan struct{}) { rebuild(b, folder, done) }, false},
		{"switches", 10, switchOften, true},
		{"varied", 1, nil, false},
	} {
		b.Run(test.name, func(b *testing.B) {
			served := b.TempDir()
			link(b, folder, served, 1)
			server, listening, _ := serve(b, served, func(o *Options) {
				o.Config.Limits.Waiting, o.Config.Limits.FailuresInMinute = benchmarkClients, benchmarkClients
			})
			http.DefaultTransport.(*http.Transport).MaxIdleConnsPerHost = benchmarkClients
			done, over := make(chan struct{}), make(chan struct{})
			if test.meanwhile == nil {
				close(over)
			} else {
				go func() {
					defer close(over)
					test.meanwhile(b, server, done)
				}()
			}
			goesOn := func() bool {
				select {
				case <-over:
					return false
				default:
					return test.isWhole
				}
			}
			b.ResetTimer()
			took := make([][]time.Duration, benchmarkClients)
			var clients sync.WaitGroup
			var shown, failed atomic.Int64
			for client := range benchmarkClients {
				clients.Go(func() {
					for views := 0; views < b.N*benchmarkViews || goesOn(); views++ {
						dashboard := int(shown.Add(1))
						days, to := offered[dashboard%len(offered)], large.AsOf
						if dashboard%test.odd == 0 {
							to = to.Add(-time.Duration(dashboard) * time.Second)
						}
						for _, question := range questionsOf(days, to) {
							began := time.Now()
							if got := ask(b, question.method, listening.URL+question.path, question.body); got.status != http.StatusOK {
								failed.Add(1)
								b.Errorf("%s %s: %d %s", question.path, question.body, got.status, got.body)
							}
							took[client] = append(took[client], time.Since(began))
						}
					}
				})
			}
			clients.Wait()
			b.StopTimer()
			close(done)
			<-over
			all := slices.Sorted(slices.Values(slices.Concat(took...)))
			b.ReportMetric(float64(all[len(all)/2].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(all[len(all)*99/100].Microseconds())/1000, "p99-ms")
			b.ReportMetric(float64(len(all))/b.Elapsed().Seconds(), "requests/s")
			b.ReportMetric(float64(failed.Load()), "failed")
			b.ReportMetric(cachedPercent(b, server), "cached-%")
			if bytes, isKnown := residentBytes(); isKnown {
				b.ReportMetric(float64(bytes)/(1<<20), "MiB")
			}
		})
	}
}

// cachedPercent returns how many of 100 questions were answered from the cache.
func cachedPercent(b *testing.B, server *Server) float64 {
	b.Helper()
	hits, misses := count(b, server.telemetry.asked.WithLabelValues("hit")), count(b, server.telemetry.asked.WithLabelValues("miss"))
	return 100 * hits / (hits + misses)
}

// rebuild builds the warehouse in folder over and over, in a process of its own.
func rebuild(b *testing.B, folder string, done <-chan struct{}) {
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		<-done
		stop()
	}()
	for {
		command := exec.CommandContext(ctx, "nice", "-n", "10", os.Args[0])
		command.Env = append(os.Environ(), buildVariable+"="+folder)
		output, err := command.CombinedOutput()
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			b.Errorf("build: %v\n%s", err, output)
			return
		}
	}
}

// switchOften publishes 50 snapshots, each once the one before is served.
func switchOften(b *testing.B, server *Server, _ <-chan struct{}) {
	folder := server.options.Warehouse
	for number := 2; number <= 51; number++ {
		link(b, folder, folder, number)
		want := fmt.Sprintf("%06d", number)
		for {
			held, err := server.holders[""].acquire()
			if err != nil {
				b.Error(err)
				return
			}
			held.release()
			if held.Number == want {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		if err := os.Remove(filepath.Join(folder, "published", fmt.Sprintf("%06d.duckdb", number-1))); err != nil { // as publishing prunes
			b.Error(err)
		}
	}
}

// link publishes the newest snapshot of a warehouse under a number in another, without
// copying it.
func link(b *testing.B, from, folder string, number int) {
	b.Helper()
	kept, err := warehouse.List(from)
	if err != nil {
		b.Fatal(err)
	}
	name := fmt.Sprintf("%06d.duckdb", number)
	current := filepath.Join(folder, "current.duckdb")
	err = errors.Join(os.MkdirAll(filepath.Join(folder, "published"), 0o755),
		os.Link(kept[0].Path, filepath.Join(folder, "published", name)),
		os.Symlink(filepath.Join("published", name), current+".next"),
		os.Rename(current+".next", current))
	if err != nil {
		b.Fatal(err)
	}
}
