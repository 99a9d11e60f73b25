package github

import (
	"encoding/json"
	"slices"
	"strings"
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
	State             string     `json:"state" db:"state"`         // approved, changes_requested, commented, dismissed
	CommitID          *string    `json:"commit_id" db:"commit_id"` // the commit that was reviewed
	SubmittedAt       *time.Time `json:"submitted_at" db:"submitted_at"`
	HTMLURL           string     `json:"html_url" db:"html_url"`
}

// Table returns the table's name.
func (Review) Table() string { return "github_reviews" }

// A PullRequestEvent is a row of raw.github_pull_request_events: a step in the
// life of a merged pull request, other than its reviews.
type PullRequestEvent struct {
	NodeID                 string         `json:"node_id" db:"node_id,key"` // GraphQL gives no number
	Repository             string         `json:"-" db:"repository"`        // owner/name; not in the API's record
	Number                 int            `json:"-" db:"number"`            // the pull request's; not in the API's record
	Event                  string         `json:"event" db:"event"`         // see keptEvents
	Actor                  *account       `json:"actor"`
	ActorLogin             *string        `json:"-" db:"actor_login"`
	ActorType              *string        `json:"-" db:"actor_type"`
	RequestedReviewer      *account       `json:"requested_reviewer"`
	RequestedReviewerLogin *string        `json:"-" db:"requested_reviewer_login"` // of a review request to a person
	RequestedTeam          *requestedTeam `json:"requested_team"`
	RequestedTeamSlug      *string        `json:"-" db:"requested_team_slug"` // of a review request to a team
	CommitID               *string        `json:"commit_id" db:"commit_id"`   // of merged what it made, of closed what closed it
	CreatedAt              time.Time      `json:"created_at" db:"created_at"`
}

// A requestedTeam is a team that was asked for a review.
type requestedTeam struct {
	Slug string `json:"slug"`
}

// Table returns the table's name.
func (PullRequestEvent) Table() string { return "github_pull_request_events" }

// Collector returns the name of the collector that stores events.
func (PullRequestEvent) Collector() string { return "github_pull_requests" }

// keptEvents are the steps of a pull request that are stored. GitHub has dozens.
var keptEvents = []string{
	"review_requested", "review_request_removed", "ready_for_review", "convert_to_draft",
	"merged", "closed", "reopened", "head_ref_force_pushed",
}

// A timeline is what happened to a merged pull request. GitHub gives all of it as
// one list, and so one request by REST, and one look-up by GraphQL, is enough for what
// would take three.
type timeline struct {
	commits []apiCommit // as the pull request lists them
	reviews []Review
	events  []PullRequestEvent
}

// add puts an entry of a list by REST at the end.
func (t *timeline) add(entry json.RawMessage) error {
	var kind struct {
		Event string `json:"event"`
	}
	if err := json.Unmarshal(entry, &kind); err != nil {
		return err
	}
	switch {
	case kind.Event == "committed":
		// It lacks the account of the author.
		var commit struct {
			SHA       string    `json:"sha"`
			Author    signature `json:"author"`
			Committer signature `json:"committer"`
			Message   string    `json:"message"`
			Parents   []parent  `json:"parents"`
		}
		err := json.Unmarshal(entry, &commit)
		found := apiCommit{SHA: commit.SHA, Parents: commit.Parents}
		found.Commit.Author, found.Commit.Committer, found.Commit.Message = commit.Author, commit.Committer, commit.Message
		t.commits = append(t.commits, found)
		return err
	case kind.Event == "reviewed":
		var review Review
		err := json.Unmarshal(entry, &review)
		t.reviews = append(t.reviews, review)
		return err
	case slices.Contains(keptEvents, kind.Event):
		var event PullRequestEvent
		err := json.Unmarshal(entry, &event)
		t.events = append(t.events, event)
		return err
	}
	return nil
}

// rows returns all that is in the timeline of a pull request as it is stored.
func (t timeline) rows(repository string, number int) []collectors.Row {
	var rows []collectors.Row
	for position, commit := range t.commits {
		rows = append(rows, PullRequestCommit{
			Repository:  repository,
			Number:      number,
			SHA:         commit.SHA,
			Position:    position,
			AuthoredAt:  commit.Commit.Author.Date,
			CommittedAt: commit.Commit.Committer.Date,
			AuthorLogin: commit.Author.login(),
			AuthorName:  commit.Commit.Author.Name,
			Message:     commit.Commit.Message,
			ParentCount: len(commit.Parents),
		})
	}
	for _, review := range t.reviews {
		rows = append(rows, review.row(repository, number))
	}
	for _, event := range t.events {
		rows = append(rows, event.row(repository, number))
	}
	return rows
}

// row returns the review as it is stored.
func (r Review) row(repository string, number int) Review {
	r.Repository, r.Number, r.State = repository, number, strings.ToLower(r.State)
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
