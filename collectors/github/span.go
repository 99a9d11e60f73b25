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
//
// Position is where a road goes on below the lower end without reading from the
// top, and Seen the fingerprint of the list's newest items when all was stored; ""
// where there is none, as from the first page that is stored since.
type span struct {
	Newest   time.Time
	Oldest   time.Time
	Complete bool
	Position string
	Seen     string
}

// holds reports whether what happened at t is stored for certain. At the very
// ends it is not, as several items may have the same second: at the lower one until
// the list was read to its end, at the upper one until the marks have settled.
func (s span) holds(t time.Time) bool {
	return (t.Before(s.Newest) || s.Seen != "" && t.Equal(s.Newest)) && (s.Complete || t.After(s.Oldest))
}

// A stretch is what one page of a newest-first list brought: the items that the
// span does not hold, and the span as it is once they are stored, nil while there
// is a gap.
type stretch[T any] struct {
	items []T
	span  *span
}

// newestFirst yields what is new in a list since stored, down to since. read gives
// a page of it at a position, and the next position; it need not give what is older
// than until. at says when an item happened, which is what the list is sorted by.
// Items younger than again before the newest stored one, or as young as a deep
// reading asks for, are given although they are stored.
func newestFirst[T any](ctx context.Context, since time.Time, stored span, again time.Duration, at func(T) time.Time,
	read func(ctx context.Context, position string, until time.Time) ([]T, string, error)) iter.Seq2[stretch[T], error] {
	return func(yield func(stretch[T], error) bool) {
		isFirst := stored.Newest.IsZero()
		floor := stored.Newest.Add(-again)
		if deep, isDeep := deepFloor(ctx); isDeep && deep.Before(floor) {
			floor = deep
		}
		until := floor
		if isFirst {
			until = time.Time{}
		}
		grown := stored
		grown.Seen = ""
		position, isTop := "", true
		for {
			items, next, err := read(ctx, position, until)
			if err != nil {
				yield(stretch[T]{}, err)
				return
			}
			var found stretch[T]
			isEnd := next == ""
			for i, item := range items {
				t := at(item)
				if isTop && i == 0 && t.After(grown.Newest) {
					grown.Newest = t
				}
				switch {
				case t.Before(since):
					isEnd = true
				case !stored.holds(t) || t.After(floor):
					found.items = append(found.items, item)
				}
			}
			isTop = false
			isConnected := isFirst || isEnd
			isPast := isEnd
			if len(items) > 0 {
				last := at(items[len(items)-1])
				isConnected = isConnected || !last.After(stored.Newest)
				isBelow := !isFirst && last.Before(stored.Newest) && last.Before(floor)
				isPast = isPast || stored.Complete && isBelow
				if isFirst || last.Before(stored.Oldest) {
					grown.Oldest, grown.Position = last, lasting(next)
				}
				if isBelow && !isPast && lasting(next) != "" && stored.Position != "" && last.After(stored.Oldest) {
					next = stored.Position // what lies between is stored
				}
			}
			if grown.Complete = stored.Complete || isEnd; grown.Complete {
				grown.Position = ""
			}
			if isConnected && !grown.Newest.IsZero() {
				now := grown
				found.span = &now
			}
			if !yield(found, nil) || isPast {
				return
			}
			position, until = next, time.Time{}
		}
	}
}
