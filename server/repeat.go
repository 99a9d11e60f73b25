package server

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"net/http"
	"slices"
	"time"
)

// How many of the questions that were asked of one snapshot are asked of the next before
// it is served, and for how long at most. They take every other moment: who waits for an
// answer of the old snapshot needs the processors too.
const (
	mostRepeated = 200
	repeatLimit  = 30 * time.Second
)

// A repeatable is a request whose answer was kept.
type repeatable struct {
	request *http.Request
	body    []byte
	answer  func(http.ResponseWriter, *http.Request) error // of the endpoint
}

// repeatableOf returns what is needed to ask the same again.
func repeatableOf(r *http.Request) repeatable {
	known := requestOf(r)
	again := r.Clone(context.Background())
	again.Header = http.Header{}
	for _, name := range []string{"Accept", "Content-Type"} {
		again.Header[name] = r.Header[name]
	}
	return repeatable{request: again, body: known.body, answer: known.answer}
}

// repeat asks of a snapshot what was asked of the one before more than once, so that
// dashboards find their answers there, and before that for the pages; of the first
// snapshot, whose old is nil, only for these.
func (s *Server) repeat(ctx context.Context, old, opened *held) {
	ctx, cancel := context.WithTimeout(ctx, s.options.Repeat)
	defer cancel()
	if opened.set == "" {
		for _, one := range s.shown.Expected(ctx, opened.shown()) {
			began := time.Now()
			s.shown.ServeHTTP(&discarding{header: http.Header{}}, one)
			if !rest(ctx, time.Since(began)) {
				return
			}
		}
	}
	if old == nil {
		return
	}
	for _, one := range old.cache.popular(mostRepeated) {
		began := time.Now()
		known := &request{id: s.instance + "-repeat", repeats: opened, body: one.again.body, answer: one.again.answer}
		again := one.again.request.Clone(context.WithValue(ctx, requestKey{}, known))
		again.Body = io.NopCloser(bytes.NewReader(one.again.body))
		if err := one.again.answer(&discarding{header: http.Header{}}, again); err != nil {
			s.logger.Debug("ask a new snapshot what the old one was asked", "path", again.URL.Path, "question", known.question, "error", err)
		}
		opened.cache.inherit(known.key, one.uses/2)
		if !rest(ctx, time.Since(began)) {
			return
		}
	}
}

// rest waits, and returns false where the context ends meanwhile.
func rest(ctx context.Context, duration time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(duration):
		return true
	}
}

// A discarding is a writer of an answer that nobody waits for.
type discarding struct{ header http.Header }

// Header returns the headers.
func (d *discarding) Header() http.Header { return d.header }

// Write takes everything.
func (d *discarding) Write(part []byte) (int, error) { return len(part), nil }

// WriteHeader does nothing.
func (d *discarding) WriteHeader(int) {}

// popular returns the answers that were asked for more than once, those first that were
// most often.
func (c *cache) popular(most int) []cached {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	var found []cached
	for element := c.order.Front(); element != nil; element = element.Next() {
		if one := element.Value.(*cached); one.uses > 0 {
			found = append(found, *one)
		}
	}
	slices.SortStableFunc(found, func(a, b cached) int { return cmp.Compare(b.uses, a.uses) })
	return found[:min(most, len(found))]
}

// inherit says how often an answer was asked for before it was kept.
func (c *cache) inherit(key string, uses int) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if element, isThere := c.entries[key]; isThere {
		element.Value.(*cached).uses = uses
	}
}
