package server

import (
	"container/list"
	"context"
	"net/http"
	"sync"
	"time"

	"dorado/server/wire"
)

// sqlPatience is how long SQL waits for its turn: whoever wrote it can send it again.
const sqlPatience = 2 * time.Second

// A gate lets so many through at once, and so many wait so long.
type gate struct {
	patience time.Duration
	turns    chan struct{}
	waiting  chan struct{}
}

func newGate(atOnce, waiting int, patience time.Duration) *gate {
	return &gate{patience: patience, turns: make(chan struct{}, atOnce), waiting: make(chan struct{}, waiting)}
}

// enter waits for a turn, which leave ends. Its error is a problem.
func (g *gate) enter(ctx context.Context) (leave func(), err error) {
	leave = func() { <-g.turns }
	select {
	case g.turns <- struct{}{}:
		return leave, nil
	default:
	}
	busy := newProblem(http.StatusServiceUnavailable, wire.ProblemBusy, "too many queries are running: try again in a moment")
	busy.retryAfter = 2 * time.Second
	select {
	case g.waiting <- struct{}{}:
		defer func() { <-g.waiting }()
	default:
		return nil, busy
	}
	timer := time.NewTimer(g.patience)
	defer timer.Stop()
	select {
	case g.turns <- struct{}{}:
		return leave, nil
	case <-timer.C:
		return nil, busy
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// A cache keeps answers of one snapshot, those that were asked for last.
type cache struct {
	limit int64 // bytes

	mutex   sync.Mutex
	bytes   int64
	entries map[string]*list.Element
	order   *list.List // of *cached, newest first
}

// cached is an answer.
type cached struct {
	key         string
	body        []byte
	rows        int64
	isTruncated bool
	again       repeatable
	uses        int // how often it was asked for since
}

func newCache(limit int64) *cache {
	return &cache{limit: limit, entries: map[string]*list.Element{}, order: list.New()}
}

// get returns the answer with the key, nil where there is none.
func (c *cache) get(key string) *cached {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	element, isThere := c.entries[key]
	if !isThere {
		return nil
	}
	c.order.MoveToFront(element)
	found := element.Value.(*cached)
	found.uses++
	return found
}

// put keeps an answer, unless it would take a good part of the cache.
func (c *cache) put(answer *cached) {
	size := answer.size()
	if size > c.limit/16 {
		return
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if _, isThere := c.entries[answer.key]; isThere {
		return
	}
	c.entries[answer.key] = c.order.PushFront(answer)
	for c.bytes += size; c.bytes > c.limit; {
		last := c.order.Remove(c.order.Back()).(*cached)
		delete(c.entries, last.key)
		c.bytes -= last.size()
	}
}

// size returns what an answer takes, with what is kept beside its body.
func (a *cached) size() int64 { return int64(len(a.body)+len(a.key)+len(a.again.body)) + 1024 }

// size returns how many bytes are kept.
func (c *cache) size() int64 {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.bytes
}
