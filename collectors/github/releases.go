package github

import (
	"context"
	"iter"
	"time"

	"dorado/collectors"
)

// A Release is a row of raw.github_releases.
type Release struct {
	ID          int64      `json:"id" db:"id,key"`
	Repository  string     `json:"-" db:"repository"` // owner/name; not in the API's record
	TagName     string     `json:"tag_name" db:"tag_name"`
	Name        *string    `json:"name" db:"name"`
	Draft       bool       `json:"draft" db:"draft"`
	Prerelease  bool       `json:"prerelease" db:"prerelease"`
	PublishedAt *time.Time `json:"published_at" db:"published_at"`
	HTMLURL     string     `json:"html_url" db:"html_url"`
	Body        *string    `json:"body" db:"body"`
}

// Table returns the table's name.
func (Release) Table() string { return "github_releases" }

// An account is who did something; GitHub gives null for one that is gone.
type account struct {
	Login string `json:"login"`
	Type  string `json:"type"` // User, Bot or Organization
}

// login returns the account's login, nil where it is gone.
func (a *account) login() *string {
	if a == nil || a.Login == "" {
		return nil
	}
	return &a.Login
}

// kind returns the account's type, nil where it is gone.
func (a *account) kind() *string {
	if a == nil || a.Type == "" {
		return nil
	}
	return &a.Type
}

// given returns a text, nil where it is empty: GitHub's APIs differ in which of the
// two they give.
func given(text *string) *string {
	if text == nil || *text == "" {
		return nil
	}
	return text
}

// seenState is the mark of a list when all of it was stored, "" where there was none.
type seenState struct{ Seen string }

// releases reads the whole list on every run, unless its mark says that nothing
// has changed. It is sorted by created_at, which is the time of the tagged commit: a
// release of an old commit appears far down, and a draft that is published stays
// where it was, so that a run which stopped at the first release it knows would miss
// both.
func (s *source) releases(ctx context.Context, road road, repository string, state seenState) iter.Seq2[page[seenState], error] {
	mark := func() (string, error) { return road.releaseMark(ctx, repository) }
	return wholeList(ctx, mark, state, func(position string) ([]collectors.Row, string, error) {
		releases, next, err := road.releases(ctx, repository, position)
		var rows []collectors.Row
		for _, release := range releases {
			if release.PublishedAt != nil && release.PublishedAt.Before(s.config.Since) {
				continue
			}
			rows = append(rows, release.row(repository))
		}
		return rows, next, err
	})
}

// wholeList yields all pages of a list, unless its mark is what it was when they were
// stored.
func wholeList(ctx context.Context, mark func() (string, error), state seenState, read func(position string) ([]collectors.Row, string, error)) iter.Seq2[page[seenState], error] {
	return func(yield func(page[seenState], error) bool) {
		known, err := mark()
		if err != nil {
			yield(page[seenState]{}, err)
			return
		}
		if _, isDeep := deepFloor(ctx); known != "" && known == state.Seen && !isDeep {
			return
		}
		for position := ""; ; {
			rows, next, err := read(position)
			found := page[seenState]{rows: rows}
			if next == "" {
				found.state = &seenState{Seen: known}
			}
			if !yield(found, err) || err != nil || next == "" {
				return
			}
			position = next
		}
	}
}

// row returns the release as it is stored.
func (r Release) row(repository string) Release {
	r.Repository = repository
	r.Name, r.Body = given(r.Name), given(r.Body)
	return r
}
