package simulator

import (
	"context"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

// Faults are what goes wrong on the way. The zero value is a perfect server.
type Faults struct {
	Seed           uint64        // of the choice of requests; the same one spoils the same requests, if they come in the same order
	FailRate       float64       // the share of requests that get 500, 502 or 503 instead of an answer
	TruncateRate   float64       // the share of answers that break off half-way
	SecondaryEvery int           // every so many requests one meets a secondary rate limit, 403 or 429 by turns; 0: never
	IsForgiving    bool          // whether a secondary limit of GitHub lets ask again at once; else after a second
	Slow           time.Duration // how long every request waits first
	MaxNodes       int           // a query that may give more gets 502, as what takes GitHub too long; 0: as many as GitHub allows
}

// A spoiler decides what goes wrong with each request.
type spoiler struct {
	faults Faults
	mutex  sync.Mutex
	random *rand.Rand
	count  int // of requests so far
}

// A spoiling is what goes wrong with one request.
type spoiling struct {
	status      int // 500, 502 or 503; 0 where it does not fail
	secondary   int // 403 or 429; 0 where it meets no secondary limit
	isTruncated bool
}

// newSpoiler returns the spoiler of faults.
func newSpoiler(faults Faults) *spoiler {
	return &spoiler{faults: faults, random: rand.New(rand.NewPCG(faults.Seed, 0))}
}

// next decides about the next request, after waiting as long as it has to.
func (s *spoiler) next(ctx context.Context) (spoiling, error) {
	if s.faults.Slow > 0 {
		timer := time.NewTimer(s.faults.Slow)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return spoiling{}, ctx.Err()
		}
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.count++
	fails, kind, truncates := s.random.Float64(), s.random.IntN(3), s.random.Float64()
	var found spoiling
	if fails < s.faults.FailRate {
		found.status = []int{http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable}[kind]
	}
	if every := s.faults.SecondaryEvery; every > 0 && s.count%every == 0 {
		found.secondary = []int{http.StatusTooManyRequests, http.StatusForbidden}[s.count/every%2]
	}
	found.isTruncated = truncates < s.faults.TruncateRate
	return found, nil
}
