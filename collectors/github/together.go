package github

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"

	"dorado/collectors"
)

// On the road of GraphQL all repositories are read together. Each has a reader, a
// coroutine that goes through its lists as if it were alone. Where it asks for
// something it waits; once all wait, one query asks for what many of them want,
// and those whose wishes have come true go on. The pages that come of it are
// stored together, before their readers go on.

// A step is what a reader does next: it asks for wishes, has a page, or fails.
type step[S any] struct {
	wishes []*wish
	page   page[S]
	err    error
}

// A reader reads one repository.
type reader[S any] struct {
	configured string // the repository as it is configured
	repository int64  // its id
	next       func() (step[S], bool)
	stop       func()
	waiting    int // how many wishes have not come true yet
}

// newReader returns a reader that has not begun.
func (k kind[S]) newReader(ctx context.Context, configured string, repository Repository, state S, reread []collectors.Row) *reader[S] {
	r := &reader[S]{configured: configured, repository: repository.ID}
	r.next, r.stop = iter.Pull(func(yield func(step[S]) bool) {
		ask := func(wishes ...*wish) error {
			if len(wishes) == 0 {
				return nil
			}
			if !yield(step[S]{wishes: wishes}) {
				return errStopped
			}
			for _, w := range wishes {
				if w.err != nil {
					return w.err
				}
			}
			return nil
		}
		for page, err := range k.either(ctx, graphRoad{k.source, ask}, repository.FullName, state) {
			if !yield(step[S]{page: page, err: err}) || err != nil {
				return
			}
		}
		if len(reread) > 0 {
			yield(step[S]{page: page[S]{rows: reread}})
		}
	})
	return r
}

// maxRows is after how many rows pages are stored although more readers could go
// on.
const maxRows = 5000

// A gathering is what readers have brought and what they wait for.
type gathering[S any] struct {
	kind     kind[S]
	states   map[int64]S
	yield    func(collectors.Page, error) bool
	rows     []collectors.Row
	isMoved  bool // some state has changed
	owners   map[*wish]*reader[S]
	details  []*wish // of pages that are under way: they come first, so that few pages are at once
	lists    []*wish
	failures []error
}

// together reads all repositories. The error of those that cannot be read is
// returned after all others have been.
func (k kind[S]) together(ctx context.Context, names []string, states map[int64]S, yield func(collectors.Page, error) bool) error {
	g := &gathering[S]{kind: k, states: states, yield: yield, owners: map[*wish]*reader[S]{}}
	var ready []*reader[S]
	for _, configured := range names {
		known := graphRoad{source: k.source}.overview(configured)
		if known.err != nil {
			g.failures = append(g.failures, k.source.explain(configured, known.err))
			continue
		}
		if !k.isNeeded(configured, known.repository) {
			continue
		}
		state, isKnown := states[known.repository.ID]
		readContext, reread, err := k.source.deepened(ctx, k.name, known.repository.FullName, !isKnown)
		if err != nil {
			return err
		}
		r := k.newReader(readContext, configured, known.repository, state, reread)
		defer r.stop()
		ready = append(ready, r)
	}
	for {
		if err := g.advance(ctx, ready); err != nil {
			return err
		}
		queue := &g.details
		if len(g.details) == 0 {
			queue = &g.lists
		}
		if len(*queue) == 0 {
			return errors.Join(g.failures...)
		}
		answered, rest, err := k.source.graph.answerWishes(ctx, *queue)
		if err != nil {
			return fmt.Errorf("github: %w", err)
		}
		*queue = rest
		ready = g.ready(answered)
	}
}

// advance lets readers go on until all of them wait or are done, and stores the
// pages they bring.
func (g *gathering[S]) advance(ctx context.Context, ready []*reader[S]) error {
	for len(ready) > 0 {
		var again []*reader[S] // those whose page has to be stored first
		for _, r := range ready {
			next, ok := r.next()
			switch {
			case !ok:
			case next.err != nil:
				if errors.Is(next.err, collectors.ErrSpent) || ctx.Err() != nil {
					return next.err
				}
				g.failures = append(g.failures, g.kind.source.explain(r.configured, next.err))
			case next.wishes != nil:
				g.wait(r, next.wishes)
			default:
				g.rows = append(g.rows, next.page.rows...)
				if next.page.state != nil {
					g.states[r.repository] = *next.page.state
					g.isMoved = true
				}
				again = append(again, r)
				if len(g.rows) > maxRows {
					if err := g.store(); err != nil {
						return err
					}
				}
			}
		}
		if err := g.store(); err != nil {
			return err
		}
		ready = again
	}
	return nil
}

// wait notes what a reader waits for.
func (g *gathering[S]) wait(r *reader[S], wishes []*wish) {
	r.waiting = len(wishes)
	for _, w := range wishes {
		g.owners[w] = r
	}
	if wishes[0].node != "" {
		g.details = append(g.details, wishes...)
		return
	}
	g.lists = append(g.lists, wishes...)
}

// ready returns the readers that can go on now that wishes were answered.
func (g *gathering[S]) ready(answered []*wish) []*reader[S] {
	var ready []*reader[S]
	for _, w := range answered {
		r := g.owners[w]
		delete(g.owners, w)
		if r.waiting--; r.waiting == 0 {
			ready = append(ready, r)
		}
	}
	return ready
}

// store stores what has been gathered.
func (g *gathering[S]) store() error {
	if len(g.rows) == 0 && !g.isMoved {
		return nil
	}
	stored := collectors.Page{Rows: g.rows}
	if g.isMoved {
		text, err := json.Marshal(g.states)
		if err != nil {
			return fmt.Errorf("write the cursor: %w", err)
		}
		stored.Cursor = string(text)
	}
	g.rows, g.isMoved = nil, false
	if !g.yield(stored, nil) {
		return errStopped
	}
	return nil
}
