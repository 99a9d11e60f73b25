package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"dorado/collectors/replay"
	"dorado/collectors/simulator"
)

// copied is the real repository that is served many times over, and copies how often.
const (
	copied = "grafana/grafana-plugin-sdk-go"
	copies = 20
)

// memoryLimit is what a collection is to stay below, in megabytes, whatever there is to
// read.
const memoryLimit = 300

// BenchmarkCollectMemory collects copies of a real repository, and prints how much
// memory the process took at most: once for one of them, once for all, so that it
// shows whether it depends on how much there is to read.
func BenchmarkCollectMemory(b *testing.B) {
	base := replay.Serve(b, "--rate-limit", "100000000")
	server := httptest.NewServer(&copier{base: base, answers: map[string]copiedAnswer{}})
	defer server.Close()
	for _, count := range []int{1, copies} {
		b.Run(fmt.Sprintf("%d copies", count), func(b *testing.B) {
			for b.Loop() {
				collectMemory(b, fmt.Sprintf("base_url: %s/api/v3, repositories: [%s]", server.URL, strings.Join(copyNames(count), ", ")))
			}
		})
	}
}

// BenchmarkLongHistoryMemory does the same with one simulated repository, by either road,
// after ten days and after sixty.
func BenchmarkLongHistoryMemory(b *testing.B) {
	for _, days := range []int{10, 60} {
		organization := simulator.NewLoad(simulator.LoadOptions{Seed: 1, Repositories: 1, Days: days, Deployments: 20, PullRequests: 60})
		server := httptest.NewServer(simulator.Handler(organization, simulator.ServerOptions{RateLimit: -1}))
		defer server.Close()
		for _, road := range []string{"graphql", "rest"} {
			b.Run(fmt.Sprintf("%d days/%s", days, road), func(b *testing.B) {
				for b.Loop() {
					collectMemory(b, fmt.Sprintf("base_url: %s, api: %s, repositories: [%s]", server.URL, road, organization.Repositories[0].FullName))
				}
			})
		}
	}
}

// collectMemory prints how much memory it takes at most to collect from GitHub as the
// configuration says.
func collectMemory(b *testing.B, github string) {
	b.Helper()
	file := filepath.Join(b.TempDir(), "dorado.yaml")
	if err := os.WriteFile(file, []byte("github: {"+github+"}\n"), 0o600); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(peakOf(b, exec.Command(os.Args[0], "collect", "--config", file)), "peak-MB")
	b.ReportMetric(memoryLimit, "limit-MB")
}

// copyNames names the first copies.
func copyNames(count int) (names []string) {
	for i := range count {
		names = append(names, fmt.Sprintf("grafana/copy-%02d", i))
	}
	return names
}

// peakOf runs dorado in a process of its own and returns how much memory that had at
// most, in megabytes, as the system says while it runs.
func peakOf(b *testing.B, job *exec.Cmd) (megabytes float64) {
	b.Helper()
	var said strings.Builder
	job.Env, job.Stderr = append(os.Environ(), childVariable+"=1"), &said
	if err := job.Start(); err != nil {
		b.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- job.Wait() }()
	for {
		select {
		case err := <-ended:
			if err != nil {
				b.Fatalf("%v\n%s", err, said.String())
			}
			if megabytes == 0 {
				b.Skip("this system does not say how much memory a process has")
			}
			return megabytes
		case <-time.After(20 * time.Millisecond):
			status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", job.Process.Pid))
			if err != nil {
				continue // it has ended, or there is no such file here
			}
			if _, after, isThere := strings.Cut(string(status), "VmHWM:"); isThere {
				kilobytes, err := strconv.ParseFloat(strings.Fields(after)[0], 64)
				if err != nil {
					b.Fatal(err)
				}
				megabytes = kilobytes / 1e3
			}
		}
	}
}

// A copier serves what base says of one repository under the names of all copies. To
// each id it adds two digits, so that no two copies have the same. It asks base once for
// each page.
type copier struct {
	base    string
	mutex   sync.Mutex
	answers map[string]copiedAnswer // by address
}

type copiedAnswer struct {
	status int
	header http.Header
	body   string
}

var (
	copyName   = regexp.MustCompile(`grafana/copy-(\d\d)`)
	copiedID   = regexp.MustCompile(`("id": ?\d+)`)
	copiedLink = regexp.MustCompile(`(/repositories/\d+)`)
	askedID    = regexp.MustCompile(`/(\d{5,})(\d\d)(/|$)`)
)

// ServeHTTP answers as base does.
func (c *copier) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	number := ""
	if named := copyName.FindStringSubmatch(r.URL.Path); named != nil {
		number = named[1]
	} else if id := askedID.FindStringSubmatch(r.URL.Path); id != nil {
		number = id[2]
	}
	path := askedID.ReplaceAllString(copyName.ReplaceAllString(r.URL.Path, copied), "/$1$3")
	found, err := c.answer(path + "?" + r.URL.RawQuery)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	for _, name := range []string{"Content-Type", "ETag", "Date"} {
		if value := found.header.Get(name); value != "" {
			w.Header().Set(name, value)
		}
	}
	if link := found.header.Get("Link"); link != "" {
		w.Header().Set("Link", strings.ReplaceAll(copiedLink.ReplaceAllString(link, "${1}"+number), c.base, "http://"+r.Host))
	}
	w.WriteHeader(found.status)
	body := strings.ReplaceAll(found.body, copied, "grafana/copy-"+number)
	_, _ = io.WriteString(w, copiedID.ReplaceAllString(body, "${1}"+number)) // the client sees what is missing
}

// answer returns what base answers.
func (c *copier) answer(address string) (copiedAnswer, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if found, isKnown := c.answers[address]; isKnown {
		return found, nil
	}
	response, err := http.Get(c.base + address)
	if err != nil {
		return copiedAnswer{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return copiedAnswer{}, err
	}
	found := copiedAnswer{response.StatusCode, response.Header, string(body)}
	c.answers[address] = found
	return found, nil
}
