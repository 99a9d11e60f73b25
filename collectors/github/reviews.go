package github

import (
	"time"
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
