package pagerduty

import (
	"context"
	"fmt"
	"iter"
	"net/url"
	"time"
)

const (
	// longestWindow is how much of time one window spans. PagerDuty refuses more
	// than 6 months.
	longestWindow = 150 * 24 * time.Hour
	// mostListed is how far a list can be read: PagerDuty refuses an offset and
	// limit that add up to more.
	mostListed = 10_000
)

// A stretch is what one page of a window brought. With the last page of a window
// comes through: everything created before it has been given. It is zero with
// the others.
type stretch[T any] struct {
	items   []T
	through time.Time // UTC
}

// windows yields what was created from from until until in the list at path,
// window by window, the oldest first. A window that holds more than can be listed
// is halved until it does not; those after it start as short and grow again.
func windows[T any](ctx context.Context, s *source, path, key string, query url.Values, from, until time.Time) iter.Seq2[stretch[T], error] {
	return func(yield func(stretch[T], error) bool) {
		// Instants are given in whole seconds: what was created in the last one
		// comes with the next run.
		from, until := from.UTC().Truncate(time.Second), until.UTC().Truncate(time.Second)
		length := longestWindow
		for from.Before(until) {
			end := from.Add(length)
			if end.After(until) {
				end = until
			}
			fits := true
			for found, err := range window[T](ctx, s, path, key, query, from, end, &fits) {
				if !yield(found, err) || err != nil {
					return
				}
			}
			if fits {
				from, length = end, min(2*length, longestWindow)
				continue
			}
			length = (end.Sub(from) / 2).Truncate(time.Second)
			if length < time.Second {
				yield(stretch[T]{}, fmt.Errorf("%s: more than %d in the second %s, which cannot be listed", path, mostListed, from.Format(time.RFC3339)))
				return
			}
		}
	}
}

// window yields the pages of one window, or sets fits to false where it holds
// more than can be listed, which is mostly known from its first page.
func window[T any](ctx context.Context, s *source, path, key string, query url.Values, from, end time.Time, fits *bool) iter.Seq2[stretch[T], error] {
	return func(yield func(stretch[T], error) bool) {
		parameters := url.Values{
			"since": {from.Format(time.RFC3339)},
			"until": {end.Format(time.RFC3339)},
			"total": {"true"}, // makes the answer slower, so only for the first page
		}
		for name, values := range query {
			parameters[name] = values
		}
		var firstAnswer time.Time
		for offset := uint(0); ; {
			if offset+perPage > mostListed {
				*fits = false
				return
			}
			page, err := list[T](ctx, s, path, key, parameters, offset)
			if err != nil {
				yield(stretch[T]{}, err)
				return
			}
			if offset == 0 {
				if page.Total > mostListed {
					*fits = false
					return
				}
				firstAnswer = page.answeredAt
				parameters.Del("total")
			}
			found := stretch[T]{items: page.items}
			if !page.More {
				found.through = end
				if firstAnswer.Before(end) {
					found.through = firstAnswer
				}
			}
			if !yield(found, nil) || !page.More {
				return
			}
			offset = page.next(offset)
		}
	}
}

// later returns the later of two instants.
func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// earlier returns the earlier of two instants.
func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
