package github

import (
	"context"
	"iter"
	"net/http"
	"time"

	"dorado/collectors"
)

// An Issue is a row of raw.github_issues. Pull requests, which GitHub's list holds
// too, are not.
type Issue struct {
	ID          int64    `json:"id" db:"id,key"`
	Repository  string   `json:"-" db:"repository"` // owner/name; not in the API's record
	Number      int      `json:"number" db:"number"`
	Title       string   `json:"title" db:"title"`
	State       string   `json:"state" db:"state"`               // open or closed
	Reason      *string  `json:"state_reason" db:"state_reason"` // completed, not_planned, duplicate or reopened
	User        *account `json:"user"`
	AuthorLogin *string  `json:"-" db:"author_login"`
	AuthorType  *string  `json:"-" db:"author_type"`
	Labels      []struct {
		Name string `json:"name"`
	} `json:"labels"`
	LabelNames  string     `json:"-" db:"labels"` // a JSON array of names
	PullRequest *struct{}  `json:"pull_request"`  // given where it is one
	CreatedAt   time.Time  `json:"created_at" db:"created_at"`
	UpdatedAt   time.Time  `json:"updated_at" db:"updated_at,version"`
	ClosedAt    *time.Time `json:"closed_at" db:"closed_at"`
	HTMLURL     string     `json:"html_url" db:"html_url"`
	Body        *string    `json:"body" db:"body"`
}

// Table returns the table's name.
func (Issue) Table() string { return "github_issues" }

// issuesState is what is stored of a repository's issues.
type issuesState struct {
	UpdatedAt time.Time // all that were updated before are stored, UTC
}

// issues reads the list by the time of the last update, oldest first, from the
// last one stored. GitHub gives the first ten pages of a long list and no more, so
// every request starts where the one before ended.
//
// All issues are stored, whatever incident rules say: one that gets its label, or
// loses it, later than the others must be found too.
func (s *source) issues(ctx context.Context, repository string, state issuesState) iter.Seq2[page[issuesState], error] {
	return func(yield func(page[issuesState], error) bool) {
		since := latest(state.UpdatedAt, s.config.Since)
		if floor, isDeep := deepFloor(ctx); isDeep && floor.Before(since) {
			since = floor
		}
		for number := 1; number != 0; {
			var issues []Issue
			next, err := s.get(conditional(ctx), &issues, "repos/%s/issues?state=all&sort=updated&direction=asc%s&per_page=%d&page=%d",
				repository, sinceParameter(since), perPage, number)
			if status(err) == http.StatusGone {
				return // issues are turned off
			}
			if err != nil {
				yield(page[issuesState]{}, err)
				return
			}
			var rows []collectors.Row
			for _, issue := range issues {
				state.UpdatedAt = latest(state.UpdatedAt, issue.UpdatedAt)
				if issue.PullRequest == nil {
					rows = append(rows, issue.row(repository))
				}
			}
			now := state
			if !yield(page[issuesState]{rows: rows, state: &now}, nil) {
				return
			}
			number = next
			// More with the same second than a page holds are paged through.
			if last := len(issues) - 1; next != 0 && last >= 0 && issues[last].UpdatedAt.After(since) {
				since, number = issues[last].UpdatedAt, 1
			}
		}
	}
}

// row returns the issue as it is stored.
func (i Issue) row(repository string) Issue {
	names := []string{}
	for _, label := range i.Labels {
		names = append(names, label.Name)
	}
	i.Repository = repository
	i.AuthorLogin, i.AuthorType = i.User.login(), i.User.kind()
	i.LabelNames = jsonArray(names)
	return i
}
