package github

import (
	"time"
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
	UpdatedAt   time.Time  `json:"updated_at" db:"updated_at"`
	ClosedAt    *time.Time `json:"closed_at" db:"closed_at"`
	HTMLURL     string     `json:"html_url" db:"html_url"`
	Body        *string    `json:"body" db:"body"`
}

// Table returns the table's name.
func (Issue) Table() string { return "github_issues" }
