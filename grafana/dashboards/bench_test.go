package dashboards

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/config"

	"dorado/grafana"
	"dorado/grafana/host"
)

// startPlugin builds the backend, starts it, and stops it when the test ends.
func startPlugin(t testing.TB) *host.Host {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "gpx_dorado")
	command := exec.Command("go", "build", "-trimpath", "-tags", "arrow_json_stdlib", "-o", binary, "dorado/cmd/gpx_dorado")
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("build the backend: %v\n%s", err, output)
	}
	running, err := host.Start(binary, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(running.Stop)
	return running
}

// settings are the data source's, as Grafana passes them to the backend.
func (w *warehouse) settings() backend.PluginContext {
	return backend.PluginContext{
		OrgID: 1, PluginID: grafana.PluginID, GrafanaConfig: config.NewGrafanaCfg(map[string]string{}),
		DataSourceInstanceSettings: &backend.DataSourceInstanceSettings{ID: 1, UID: "dorado", Type: grafana.PluginID, URL: w.address, JSONData: []byte("{}")},
	}
}

// benchmarkReaders is how many open a dashboard at once.
const benchmarkReaders = 32

// atOnce is how many requests a browser makes at once of one server over HTTP/1.1.
const atOnce = 6

// BenchmarkPlugin lets readers open a dashboard each, all at once, through the built
// backend: all its panels. Readers of the same dashboard ask for the same range, which
// is another each time, so that the server's cache has no answer at first. It prints the time that half and 99 of 100 of the panels do not exceed,
// and the most memory that the backend took. No panel may fail, and the backend keeps
// below 150 MB.
func BenchmarkPlugin(b *testing.B) {
	all, err := All()
	if err != nil {
		b.Fatal(err)
	}
	w := serveDemo(b)
	running := startPlugin(b)
	opened := make([][][]backend.DataQuery, len(all)) // by dashboard and panel
	for i, made := range all {
		values := w.valuesOf(b, made.Templating.List)
		for _, placed := range made.Panels {
			if placed.Panel == nil {
				continue
			}
			var queries []backend.DataQuery
			for _, target := range placed.Panel.Targets {
				queries = append(queries, w.filled(b, queryOf(b, target), values))
			}
			opened[i] = append(opened[i], queries)
		}
	}
	var mutex sync.Mutex
	var took []time.Duration
	var failed atomic.Int64
	later := time.Duration(0)
	ask := func(queries []backend.DataQuery) {
		queries = slices.Clone(queries)
		for i := range queries {
			queries[i].TimeRange.From = queries[i].TimeRange.From.Add(later)
		}
		began := time.Now()
		answers, err := running.QueryData(b.Context(), &backend.QueryDataRequest{PluginContext: w.settings(), Queries: queries})
		elapsed := time.Since(began)
		if err != nil {
			failed.Add(1)
			b.Error(err)
			return
		}
		for _, answer := range answers.Responses {
			if answer.Error != nil {
				failed.Add(1)
				b.Error(answer.Error)
			}
		}
		mutex.Lock()
		defer mutex.Unlock()
		took = append(took, elapsed)
	}
	for b.Loop() {
		later += time.Second
		var readers sync.WaitGroup
		for reader := range benchmarkReaders {
			readers.Go(func() {
				turns := make(chan struct{}, atOnce)
				var panels sync.WaitGroup
				for _, queries := range opened[reader%len(opened)] {
					turns <- struct{}{}
					panels.Go(func() {
						defer func() { <-turns }()
						ask(queries)
					})
				}
				panels.Wait()
			})
		}
		readers.Wait()
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(float64(len(took))/b.Elapsed().Seconds(), "panels/s")
	b.ReportMetric(float64(failed.Load()), "failed")
	if megabytes, isKnown := mostMegabytes(running.ProcessID()); isKnown {
		b.ReportMetric(megabytes, "plugin-MB")
		if megabytes >= 150 {
			b.Errorf("the backend took %.0f MB", megabytes)
		}
	}
}

// mostMegabytes returns the most memory that a process had; only Linux tells.
func mostMegabytes(process int) (float64, bool) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", process))
	if err != nil {
		return 0, false
	}
	found := regexp.MustCompile(`(?m)^VmHWM:\s*(\d+) kB$`).FindSubmatch(text)
	if found == nil {
		return 0, false
	}
	kibibytes, err := strconv.ParseFloat(string(found[1]), 64)
	return kibibytes * 1024 / 1e6, err == nil
}
