package server

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
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
		meanwhile func(b *testing.B, server *Server, done <-chan struct{})
		isWhole   bool // clients ask until it is over, however few requests are wanted
	}{
		{"idle", nil, false},
		{"rebuild", rebuild, false},
		{"switches", switchOften, true},
	} {
		b.Run(test.name, func(b *testing.B) {
			folder := b.TempDir()
			publish(b, folder, 1, 0)
			server, listening, _ := serve(b, folder, func(o *Options) { o.Config.Limits.Waiting = benchmarkClients })
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
			held, err := server.holders[""].acquire()
			if err != nil {
				b.Fatal(err)
			}
			to := held.asOf
			held.release()
			b.ResetTimer()
			took := make([][]time.Duration, benchmarkClients)
			var clients sync.WaitGroup
			var failed atomic.Int64
			for client := range benchmarkClients {
				clients.Go(func() {
					for i := client; i < b.N || goesOn(); i += benchmarkClients {
						question := dashboard[i%len(dashboard)]
						if question.method == http.MethodPost && i%3 == 0 { // a range that nobody asked for
							question.body = fmt.Sprintf(`{"metric": "dora", "by": "team", "from": %q}`, to.Add(-20*24*time.Hour+time.Duration(i)*time.Second).Format(time.RFC3339))
							question.path = "/api/v1/metrics/query"
						}
						began := time.Now()
						if got := ask(b, question.method, listening.URL+question.path, question.body); got.status != http.StatusOK {
							failed.Add(1)
							b.Errorf("%s %s: %d %s", question.path, question.body, got.status, got.body)
						}
						took[client] = append(took[client], time.Since(began))
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
			if bytes, isKnown := residentBytes(); isKnown {
				b.ReportMetric(float64(bytes)/(1<<20), "MiB")
			}
		})
	}
}

// rebuild builds the simulated organisation's warehouse over and over, in a process of
// its own.
func rebuild(b *testing.B, _ *Server, done <-chan struct{}) {
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

// switchOften publishes 50 snapshots, each once the one before is served.
func switchOften(b *testing.B, server *Server, _ <-chan struct{}) {
	folder := server.options.Warehouse
	for number := 2; number <= 51; number++ {
		publish(b, folder, number, 0)
		want := fmt.Sprintf("%06d", number)
		eventually(b, "snapshot "+want+" is served", func() bool {
			held, err := server.holders[""].acquire()
			if err != nil {
				return false
			}
			defer held.release()
			return held.Number == want
		})
		if err := os.Remove(filepath.Join(folder, "published", fmt.Sprintf("%06d.duckdb", number-1))); err != nil { // as publishing prunes
			b.Error(err)
		}
	}
}
