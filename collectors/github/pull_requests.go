package github

import (
	"context"
	"iter"
	"slices"
	"time"

	"dorado/collectors"
)

// A PullRequest is a row of raw.github_pull_requests.
type PullRequest struct {
	ID             int64      `json:"id" db:"id,key"`
	NodeID         string     `json:"node_id"`
	Repository     string     `json:"-" db:"repository"` // owner/name; not in the API's record
	Number         int        `json:"number" db:"number"`
	Title          string     `json:"title" db:"title"`
	State          string     `json:"state" db:"state"` // open or closed
	Draft          bool       `json:"draft" db:"draft"`
	User           *account   `json:"user"`
	Labels         []label    `json:"labels"`
	Base           branch     `json:"base"`
	Head           branch     `json:"head"`
	AuthorLogin    *string    `json:"-" db:"author_login"`
	AuthorType     *string    `json:"-" db:"author_type"`
	LabelNames     string     `json:"-" db:"labels"` // a JSON array of names, sorted
	BaseRef        string     `json:"-" db:"base_ref"`
	HeadRef        string     `json:"-" db:"head_ref"`
	HeadSHA        string     `json:"-" db:"head_sha"`
	MergeCommitSHA *string    `json:"merge_commit_sha" db:"merge_commit_sha"` // NULL unless it is merged
	CreatedAt      time.Time  `json:"created_at" db:"created_at"`
	UpdatedAt      time.Time  `json:"updated_at" db:"updated_at,version"`
	ClosedAt       *time.Time `json:"closed_at" db:"closed_at"`
	MergedAt       *time.Time `json:"merged_at" db:"merged_at"`
	HTMLURL        string     `json:"html_url" db:"html_url"`
	Body           *string    `json:"body" db:"body"`
}

// Table returns the table's name.
func (PullRequest) Table() string { return "github_pull_requests" }

// A label is a label of an issue or a pull request.
type label struct {
	Name string `json:"name"`
}

// A branch is one end of a pull request.
type branch struct {
	Ref string `json:"ref"`
	SHA string `json:"sha"`
}

// A PullRequestCommit is a row of raw.github_pull_request_commits: a commit that a
// merged pull request lists.
type PullRequestCommit struct {
	Repository  string    `db:"repository,key"` // owner/name
	Number      int       `db:"number,key"`     // the pull request's
	SHA         string    `db:"sha,key"`
	Position    int       `db:"position"` // from 0, oldest first
	AuthoredAt  time.Time `db:"authored_at"`
	CommittedAt time.Time `db:"committed_at"`
	AuthorLogin *string   `db:"author_login"`
	AuthorName  string    `db:"author_name"`
	Message     string    `db:"message"`
	ParentCount int       `db:"parent_count"`
}

// Table returns the table's name.
func (PullRequestCommit) Table() string { return "github_pull_request_commits" }

// pullRequests reads the list by the time of the last update, newest first, with
// the timeline of each merged one: its commits, its reviews and what else happened to
// it. Either comes again when it changes.
func (s *source) pullRequests(ctx context.Context, road road, repository string, state span) iter.Seq2[page[span], error] {
	return func(yield func(page[span], error) bool) {
		newest, err := road.pullRequestMarks(ctx, repository)
		if err != nil {
			yield(page[span]{}, err)
			return
		}
		known := newest.fingerprint(state.Newest)
		if _, isDeep := deepFloor(ctx); known != "" && known == state.Seen && !isDeep {
			return
		}
		next := state
		read := func(ctx context.Context, position string, until time.Time) ([]PullRequest, string, error) {
			return road.pullRequests(ctx, repository, position, until)
		}
		for found, err := range newestFirst(ctx, s.config.Since, state, 0, func(p PullRequest) time.Time { return p.UpdatedAt }, read) {
			if err != nil {
				yield(page[span]{}, err)
				return
			}
			rows, err := withTimelines(ctx, road, repository, found.items)
			if err != nil {
				yield(page[span]{}, err)
				return
			}
			if found.span != nil {
				next = *found.span
			}
			if !yield(page[span]{rows: rows, state: found.span}, nil) {
				return
			}
		}
		if next.Complete && known != "" {
			// What came since the marks is stored already, and read again.
			next.Seen = known
			yield(page[span]{state: &next}, nil)
		}
	}
}

// withTimelines reads the timelines of the pull requests that are merged and returns
// the rows of both.
func withTimelines(ctx context.Context, road road, repository string, pullRequests []PullRequest) ([]collectors.Row, error) {
	timelines, err := road.complete(ctx, repository, pullRequests)
	if err != nil {
		return nil, err
	}
	var rows []collectors.Row
	for i, pullRequest := range pullRequests {
		rows = append(rows, pullRequest.row(repository))
		rows = append(rows, timelines[i].rows(repository, pullRequest.Number)...)
	}
	return rows, nil
}

// row returns the pull request as it is stored.
func (p PullRequest) row(repository string) PullRequest {
	names := []string{}
	for _, label := range p.Labels {
		names = append(names, label.Name)
	}
	slices.Sort(names)
	p.Repository = repository
	p.Body = given(p.Body)
	if p.MergedAt == nil {
		p.MergeCommitSHA = nil // a trial merge
	}
	p.AuthorLogin, p.AuthorType = p.User.login(), p.User.kind()
	p.LabelNames = jsonArray(names)
	p.BaseRef, p.HeadRef, p.HeadSHA = p.Base.Ref, p.Head.Ref, p.Head.SHA
	return p
}
