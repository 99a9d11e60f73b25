package github

import (
	"context"
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
// the row that says that it was made. The first reading of all is one.
func (s *source) deepened(ctx context.Context, collector, repository string, isFirst bool) (context.Context, []collectors.Row, error) {
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
