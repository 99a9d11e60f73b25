package github

import (
	"context"
	"iter"
	"time"
)

// A span is the part of a newest-first list that is stored: everything from
// Newest down to Oldest, both UTC. Such lists cannot be asked for what is new,
// only read from the top, so a span grows at both ends:
//
//   - At its lower end page by page, while the first run, or what is left of it,
//     reads what is older. A run that is cut short goes on there.
//   - At its upper end at once, when a later run that started from the top has
//     come down to Newest. Until then there is a gap, and the rows it stores must
//     be read again should it be cut short.
//
// Complete says that the lower end has been reached.
type span struct {
	Newest   time.Time
	Oldest   time.Time
	Complete bool
}

// holds reports whether what happened at t is stored for certain. At the very
// ends it is not: several items may have the same second.
func (s span) holds(t time.Time) bool { return t.Before(s.Newest) && t.After(s.Oldest) }

// A stretch is what one page of a newest-first list brought: the items that the
// span does not hold, and the span as it is once they are stored, nil while there
// is a gap.
type stretch[T any] struct {
	items []T
	span  *span
}

// newestFirst yields what is new in the list at path (with parameters) since
// stored, down to the configured since. at says when an item happened, which is
// what the list is sorted by. Items younger than again before the newest stored
// one, or as young as a deep reading asks for, are given although they are stored.
func newestFirst[T any](ctx context.Context, s *source, path string, stored span, again time.Duration, at func(T) time.Time) iter.Seq2[stretch[T], error] {
	return func(yield func(stretch[T], error) bool) {
		isFirst := stored.Newest.IsZero()
		floor := stored.Newest.Add(-again)
		if deep, isDeep := deepFloor(ctx); isDeep && deep.Before(floor) {
			floor = deep
		}
		grown := stored
		for page := 1; page != 0; {
			// Only the first page is asked for on every run.
			pageContext := ctx
			if page == 1 {
				pageContext = conditional(ctx)
			}
			var items []T
			next, err := s.get(pageContext, &items, "%s&per_page=%d&page=%d", path, perPage, page)
			if err != nil {
				yield(stretch[T]{}, err)
				return
			}
			var found stretch[T]
			isEnd := next == 0
			for i, item := range items {
				t := at(item)
				if page == 1 && i == 0 && t.After(grown.Newest) {
					grown.Newest = t
				}
				switch {
				case t.Before(s.config.Since):
					isEnd = true
				case !stored.holds(t) || t.After(floor):
					found.items = append(found.items, item)
				}
			}
			isConnected := isFirst || isEnd
			isPast := isEnd
			if len(items) > 0 {
				last := at(items[len(items)-1])
				isConnected = isConnected || !last.After(stored.Newest)
				isPast = isPast || (stored.Complete && last.Before(stored.Newest) && last.Before(floor))
				if isFirst || last.Before(stored.Oldest) {
					grown.Oldest = last
				}
			}
			grown.Complete = stored.Complete || isEnd
			if isConnected && !grown.Newest.IsZero() {
				now := grown
				found.span = &now
			}
			if !yield(found, nil) || isPast {
				return
			}
			page = next
		}
	}
}
