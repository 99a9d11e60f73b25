package github

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strconv"
	"time"

	"dorado/collectors"
)

// A Review is a row of raw.github_reviews: a review of a merged pull request.
type Review struct {
	ID                int64      `json:"id" db:"id,key"`
	Repository        string     `json:"-" db:"repository"` // owner/name; not in the API's record
	Number            int        `json:"-" db:"number"`     // the pull request's; not in the API's record
	User              *account   `json:"user"`
	AuthorLogin       *string    `json:"-" db:"author_login"` // NULL where the account is gone
	AuthorType        *string    `json:"-" db:"author_type"`
	AuthorAssociation *string    `json:"author_association" db:"author_association"`
	State             string     `json:"state" db:"state"`         // approved, changes_requested, commented, dismissed; some lists shout it
	CommitID          *string    `json:"commit_id" db:"commit_id"` // the commit that was reviewed
	SubmittedAt       *time.Time `json:"submitted_at" db:"submitted_at"`
	HTMLURL           string     `json:"html_url" db:"html_url"`
}

// Table returns the table's name.
func (Review) Table() string { return "github_reviews" }

// A PullRequestEvent is a row of raw.github_pull_request_events: a step in the
// life of a merged pull request, other than its reviews.
type PullRequestEvent struct {
	ID                     int64    `json:"id" db:"id,key"`
	Repository             string   `json:"-" db:"repository"` // owner/name; not in the API's record
	Number                 int      `json:"-" db:"number"`     // the pull request's; not in the API's record
	Event                  string   `json:"event" db:"event"`  // see keptEvents
	Actor                  *account `json:"actor"`
	ActorLogin             *string  `json:"-" db:"actor_login"`
	ActorType              *string  `json:"-" db:"actor_type"`
	RequestedReviewer      *account `json:"requested_reviewer"`
	RequestedReviewerLogin *string  `json:"-" db:"requested_reviewer_login"` // of a review request to a person
	RequestedTeam          *struct {
		Slug string `json:"slug"`
	} `json:"requested_team"`
	RequestedTeamSlug *string   `json:"-" db:"requested_team_slug"` // of a review request to a team
	CommitID          *string   `json:"commit_id" db:"commit_id"`
	CreatedAt         time.Time `json:"created_at" db:"created_at"`
}

// Table returns the table's name.
func (PullRequestEvent) Table() string { return "github_pull_request_events" }

// keptEvents are the steps of a pull request that are stored. GitHub has dozens.
var keptEvents = []string{
	"review_requested", "review_request_removed", "ready_for_review", "convert_to_draft",
	"merged", "closed", "reopened", "head_ref_force_pushed",
}

// reviews reads the timeline of each merged pull request, again when something
// has happened to it since. It holds the reviews too, so that one request is
// enough for what would take two: the list of a repository's events would do for
// many pull requests at once, but GitHub cuts it off.
func (s *source) reviews(ctx context.Context, repository string, _ struct{}) iter.Seq2[page[struct{}], error] {
	return s.details(ctx, "github_reviews", repository, mergedPullRequests, func(ctx context.Context, text string) ([]collectors.Row, error) {
		number, err := strconv.Atoi(text)
		if err != nil {
			return nil, fmt.Errorf("pull request %q: %w", text, err)
		}
		var rows []collectors.Row
		for entries, err := range all[json.RawMessage](ctx, s, fmt.Sprintf("repos/%s/issues/%d/timeline?", repository, number)) {
			if status(err) == http.StatusNotFound || status(err) == http.StatusGone {
				return rows, nil // it was deleted in the meantime
			}
			if err != nil {
				return nil, err
			}
			for _, entry := range entries {
				row, err := timelineRow(repository, number, entry)
				if err != nil {
					return nil, fmt.Errorf("timeline of pull request %d: %w", number, err)
				}
				if row != nil {
					rows = append(rows, row)
				}
			}
		}
		return rows, nil
	})
}

// mergedPullRequests are those whose timelines are to be read.
const mergedPullRequests = `
	select
		number::varchar as record,
		updated_at::varchar as version,
		updated_at
	from github_pull_requests
	where
		repository = $2
		and merged_at is not null`

// timelineRow returns an entry of a timeline as a row, nil where none is kept of
// its kind.
func timelineRow(repository string, number int, entry json.RawMessage) (collectors.Row, error) {
	var kind struct {
		Event string `json:"event"`
	}
	if err := json.Unmarshal(entry, &kind); err != nil {
		return nil, err
	}
	switch {
	case kind.Event == "reviewed":
		var review Review
		err := json.Unmarshal(entry, &review)
		return review.row(repository, number), err
	case slices.Contains(keptEvents, kind.Event):
		var event PullRequestEvent
		err := json.Unmarshal(entry, &event)
		return event.row(repository, number), err
	}
	return nil, nil
}

// row returns the review as it is stored.
func (r Review) row(repository string, number int) Review {
	r.Repository, r.Number = repository, number
	r.AuthorLogin, r.AuthorType = r.User.login(), r.User.kind()
	return r
}

// row returns the event as it is stored.
func (e PullRequestEvent) row(repository string, number int) PullRequestEvent {
	e.Repository, e.Number = repository, number
	e.ActorLogin, e.ActorType = e.Actor.login(), e.Actor.kind()
	e.RequestedReviewerLogin = e.RequestedReviewer.login()
	if e.RequestedTeam != nil {
		e.RequestedTeamSlug = &e.RequestedTeam.Slug
	}
	return e
}
