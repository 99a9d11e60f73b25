package server

import (
	"context"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"dorado/server/wire"
)

// How often the memory of the process is looked at while SQL runs, and how much it may
// grow meanwhile beside what DuckDB counts itself: it does not count the texts that
// functions make, so that a few lines of s || s could fill any machine.
const (
	memoryInterval  = 50 * time.Millisecond
	memoryAllowance = 1 << 30
)

// A memoryWatch interrupts the SQL that runs where the process grows too fast.
type memoryWatch struct {
	mutex   sync.Mutex
	running map[*context.CancelCauseFunc]bool
	base    int64 // bytes, when the first of those that run began
}

// watchMemory returns a context that ends where the memory of the process grows by more
// than queries may use while it is watched. Where the system does not say how large the
// process is, nothing is watched.
func (s *Server) watchMemory(ctx context.Context) (watched context.Context, stop func()) {
	watched, cancel := context.WithCancelCause(ctx)
	size, isKnown := residentBytes()
	if !isKnown {
		return watched, func() { cancel(nil) }
	}
	limit := sizeBytes(s.config.Limits.Memory) + memoryAllowance
	s.memory.mutex.Lock()
	defer s.memory.mutex.Unlock()
	if len(s.memory.running) == 0 {
		s.memory.base = size
		go s.memory.run(limit)
	}
	s.memory.running[&cancel] = true
	return watched, func() {
		s.memory.mutex.Lock()
		defer s.memory.mutex.Unlock()
		delete(s.memory.running, &cancel)
		cancel(nil)
	}
}

// run looks until nothing runs.
func (m *memoryWatch) run(limit int64) {
	for {
		time.Sleep(memoryInterval)
		size, _ := residentBytes()
		m.mutex.Lock()
		if len(m.running) == 0 {
			m.mutex.Unlock()
			return
		}
		if size-m.base > limit {
			for cancel := range m.running {
				(*cancel)(unprocessable(wire.ProblemTooMuchMemory, "the queries that ran needed more memory than they may use: ask for less"))
			}
		}
		m.mutex.Unlock()
	}
}

// residentBytes returns how much memory the process has, on Linux.
func residentBytes() (int64, bool) {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, false
	}
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0, false
	}
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize()), err == nil
}

// sizeBytes returns how many bytes a size such as 1.5GB or 512MiB is.
func sizeBytes(size string) int64 {
	parts := memorySize.FindStringSubmatch(size)
	if parts == nil {
		return 0
	}
	number, _ := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(size, parts[2])), 64)
	factor := 1000.0
	if strings.Contains(parts[2], "i") {
		factor = 1024
	}
	for _, letter := range "KMGT" {
		number *= factor
		if strings.HasPrefix(parts[2], string(letter)) {
			break
		}
	}
	return int64(number)
}
