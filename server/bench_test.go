package server

import (
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"
)

// benchmarkClients is how many ask at once.
const benchmarkClients = 32

// BenchmarkDashboards lets clients ask what dashboards ask, over ranges of their own so
// that the cache does not answer all, and prints the time that half and 99 of 100 of the
// requests do not exceed, how many a second there are, and the memory of the process:
// when nothing else happens, while the warehouse is built anew, and while snapshots
// switch all the time. No request may fail.
func BenchmarkDashboards(b *testing.B) {
	for _, test := range []struct {
		name      string
		meanwhile func(b *testing.B, folder string, done <-chan struct{})
	}{
		{"idle", nil},
		{"rebuild", rebuild},
		{"switches", switchOften},
	} {
		b.Run(test.name, func(b *testing.B) {
			folder := b.TempDir()
			publish(b, folder, 1, 0)
			server, listening, _ := serve(b, folder, func(o *Options) { o.Config.Limits.Waiting = benchmarkClients })
			http.DefaultTransport.(*http.Transport).MaxIdleConnsPerHost = benchmarkClients
			done := make(chan struct{})
			var busy sync.WaitGroup
			if test.meanwhile != nil {
				busy.Go(func() { test.meanwhile(b, folder, done) })
			}
			held, err := server.holders[""].acquire()
			if err != nil {
				b.Fatal(err)
			}
			to := held.asOf
			held.release()
			b.ResetTimer()
			took := make([][]time.Duration, benchmarkClients)
			var clients sync.WaitGroup
			for client := range benchmarkClients {
				clients.Go(func() {
					for i := client; i < b.N; i += benchmarkClients {
						question := dashboard[i%len(dashboard)]
						if question.method == http.MethodPost && i%3 == 0 { // a range that nobody asked for
							question.body = fmt.Sprintf(`{"metric": "dora", "by": "team", "from": %q}`, to.Add(-20*24*time.Hour+time.Duration(i)*time.Second).Format(time.RFC3339))
							question.path = "/api/v1/metrics/query"
						}
						began := time.Now()
						if got := ask(b, question.method, listening.URL+question.path, question.body); got.status != http.StatusOK {
							b.Errorf("%s %s: %d %s", question.path, question.body, got.status, got.body)
						}
						took[client] = append(took[client], time.Since(began))
					}
				})
			}
			clients.Wait()
			b.StopTimer()
			close(done)
			busy.Wait()
			all := slices.Sorted(slices.Values(slices.Concat(took...)))
			b.ReportMetric(float64(all[len(all)/2].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(all[len(all)*99/100].Microseconds())/1000, "p99-ms")
			b.ReportMetric(float64(len(all))/b.Elapsed().Seconds(), "requests/s")
			if bytes, isKnown := residentBytes(); isKnown {
				b.ReportMetric(float64(bytes)/(1<<20), "MiB")
			}
		})
	}
}

// rebuild builds the simulated organisation's warehouse over and over, in a process of
// its own.
func rebuild(b *testing.B, _ string, done <-chan struct{}) {
	folder := filepath.Dir(filepath.Dir(organisation))
	for {
		select {
		case <-done:
			return
		default:
		}
		command := exec.Command(filepath.Join(folder, "dorado"), "build", "--config", filepath.Join(folder, "demo", "dorado.yaml"))
		if output, err := command.CombinedOutput(); err != nil {
			b.Errorf("build: %v\n%s", err, output)
			return
		}
	}
}

// switchOften publishes 50 snapshots, one after the other.
func switchOften(b *testing.B, folder string, done <-chan struct{}) {
	for number := 2; number <= 51; number++ {
		publish(b, folder, number, 0)
		select {
		case <-done:
			return
		case <-time.After(200 * time.Millisecond):
		}
	}
}
