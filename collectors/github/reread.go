package github

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"dorado/collectors"
)

// rereadEvery is how often the last Config.RereadDays are read again.
const rereadEvery = 7 * 24 * time.Hour

// rereadKind marks in raw.github_reads when a collector last did.
const rereadKind = "reread "

// deepKey holds in a context how far back everything is to be read again.
type deepKey struct{}

// deepFloor returns the time since which a run reads everything again, whether or
// not it seems to have changed. It is the zero time where nothing has to be.
func deepFloor(ctx context.Context) (floor time.Time, isDeep bool) {
	floor, isDeep = ctx.Value(deepKey{}).(time.Time)
	return floor, isDeep
}

// deepened returns a context that asks for a deep reading where one is due, and
// the rows that say that it was made. The first reading of all is one. Where a hint
// says that something has changed, nothing is left unread because it seems that
// nothing has.
func (s *source) deepened(ctx context.Context, collector, repository string, isFirst bool) (context.Context, []collectors.Row, error) {
	hint, err := s.hint(ctx, collector, repository)
	if err != nil {
		return ctx, nil, err
	}
	if hint != nil {
		ctx = context.WithValue(ctx, deepKey{}, *hint.ReadAt)
	}
	ctx, done, err := s.deepenedByTime(ctx, collector, repository, isFirst)
	if hint != nil {
		done = append(done, *hint)
	}
	return ctx, done, err
}

// hint returns the hint for a collector about a repository, to be stored once that
// is read, nil where there is none.
func (s *source) hint(ctx context.Context, collector, repository string) (*collectors.Hint, error) {
	s.hinting.Lock()
	defer s.hinting.Unlock()
	if s.hints == nil {
		texts, err := s.reader.Strings(ctx, openHints)
		if err != nil {
			return nil, err
		}
		s.hints = map[string]time.Time{}
		for _, text := range texts {
			fields := strings.Fields(text)
			microseconds, err := strconv.ParseInt(fields[0], 10, 64)
			if err != nil {
				return nil, fmt.Errorf("hint %s: %w", text, err)
			}
			s.hints[fields[1]+" "+fields[2]] = time.UnixMicro(microseconds).UTC()
		}
	}
	occurredAt, isKnown := s.hints[collector+" "+repository]
	if !isKnown {
		return nil, nil
	}
	now := s.clock.now().UTC()
	return &collectors.Hint{Collector: collector, Record: repository, OccurredAt: occurredAt, ReadAt: &now}, nil
}

// openHints are those that nothing was read for yet.
const openHints = `
	select epoch_us(occurred_at)::varchar || ' ' || collector || ' ' || record
	from hints
	where
		starts_with(collector, 'github_')
		and read_at is null`

// deepenedByTime does it where the time for it has come.
func (s *source) deepenedByTime(ctx context.Context, collector, repository string, isFirst bool) (context.Context, []collectors.Row, error) {
	if s.config.RereadDays <= 0 {
		return ctx, nil, nil
	}
	now := s.clock.now()
	done := []collectors.Row{Read{Kind: rereadKind + collector, Repository: repository, Version: now.Format(time.RFC3339)}}
	last, err := s.reader.Strings(ctx, "select version from github_reads where kind = ? and repository = ?", rereadKind+collector, repository)
	if err != nil {
		return ctx, nil, err
	}
	if isFirst {
		return ctx, done, nil
	}
	if len(last) > 0 {
		at, err := time.Parse(time.RFC3339, last[0])
		if err == nil && now.Sub(at) < rereadEvery {
			return ctx, nil, nil
		}
	}
	return context.WithValue(ctx, deepKey{}, now.AddDate(0, 0, -s.config.RereadDays)), done, nil
}
