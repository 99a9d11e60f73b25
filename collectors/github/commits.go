package github

import (
	"context"
	"iter"
	"net/http"
	"time"

	"dorado/collectors"
)

// A Commit is a row of raw.github_commits. Mail addresses are not kept.
type Commit struct {
	Repository  string    `db:"repository,key"` // owner/name
	SHA         string    `db:"sha,key"`
	AuthoredAt  time.Time `db:"authored_at"`
	CommittedAt time.Time `db:"committed_at"`
	AuthorLogin *string   `db:"author_login"` // NULL where GitHub knows no account
	AuthorType  *string   `db:"author_type"`
	AuthorName  string    `db:"author_name"`
	Message     string    `db:"message"`
	HTMLURL     string    `db:"html_url"`
}

// Table returns the table's name.
func (Commit) Table() string { return "github_commits" }

// A CommitParent is a row of raw.github_commit_parents.
type CommitParent struct {
	Repository string `db:"repository,key"` // owner/name
	SHA        string `db:"sha,key"`        // the commit
	Position   int    `db:"position,key"`   // from 0, which is the branch that was merged into
	ParentSHA  string `db:"parent_sha"`
}

// Table returns the table's name.
func (CommitParent) Table() string { return "github_commit_parents" }

// An apiCommit is a commit as lists and comparisons give it.
type apiCommit struct {
	SHA     string `json:"sha"`
	HTMLURL string `json:"html_url"`
	Commit  struct {
		Author    signature `json:"author"`
		Committer signature `json:"committer"`
		Message   string    `json:"message"`
	} `json:"commit"`
	Author  *account `json:"author"`
	Parents []parent `json:"parents"`
}

// A parent is a commit before another.
type parent struct {
	SHA string `json:"sha"`
}

// A signature is who wrote or committed a commit, and when.
type signature struct {
	Name  string    `json:"name"`
	Email string    `json:"email"` // not stored
	Date  time.Time `json:"date"`
}

// commitRows returns commits and their parents as rows.
func commitRows(repository string, commits []apiCommit) []collectors.Row {
	var rows []collectors.Row
	for _, commit := range commits {
		rows = append(rows, Commit{
			Repository:  repository,
			SHA:         commit.SHA,
			AuthoredAt:  commit.Commit.Author.Date,
			CommittedAt: commit.Commit.Committer.Date,
			AuthorLogin: commit.Author.login(),
			AuthorType:  commit.Author.kind(),
			AuthorName:  commit.Commit.Author.Name,
			Message:     commit.Commit.Message,
			HTMLURL:     commit.HTMLURL,
		})
		for position, parent := range commit.Parents {
			rows = append(rows, CommitParent{Repository: repository, SHA: commit.SHA, Position: position, ParentSHA: parent.SHA})
		}
	}
	return rows
}

// commitsState is what is stored of a default branch.
type commitsState struct {
	Head     string    // all that can be reached from here is stored, down to the configured since
	HeadAt   time.Time // when Head was committed, UTC
	Target   string    // the head at which an unfinished listing began, "" where none is
	TargetAt time.Time // when Target was committed, UTC
	Position string    // where that listing goes on
	IsListed bool      // it has come to its end
	Pushed   string    // the mark of the last push when Head was found, "" where there was none
}

// commits reads the default branch from its head down to the head before. A
// listing is pinned to the head at which it begins, so that its pages do not
// move and one that was cut short goes on where it was.
//
// The list takes a since, but that is a committer's date: an older commit that
// was merged only now is missed. It shows as a parent that is not stored, and
// then what lies between the two heads is read otherwise.
func (s *source) commits(ctx context.Context, road road, repository string, state commitsState) iter.Seq2[page[commitsState], error] {
	return func(yield func(page[commitsState], error) bool) {
		pushed, err := road.pushMark(ctx, repository)
		if err != nil {
			yield(page[commitsState]{}, err)
			return
		}
		if pushed != "" && pushed == state.Pushed {
			return
		}
		head, err := road.head(ctx, repository)
		if err != nil {
			yield(page[commitsState]{}, err)
			return
		}
		for head.SHA != "" && head.SHA != state.Head {
			if state.Target == "" {
				state.Target, state.TargetAt = head.SHA, head.At
			}
			for rows, err := range s.upTo(ctx, road, repository, &state) {
				now := state
				if !yield(page[commitsState]{rows: rows, state: &now}, err) || err != nil {
					return
				}
			}
		}
		if pushed != "" {
			state.Pushed = pushed
			yield(page[commitsState]{state: &state}, nil)
		}
	}
}

// upTo yields the rows of all commits between state.Head and state.Target, and
// moves state along: after the last of them Head is what Target was.
func (s *source) upTo(ctx context.Context, road road, repository string, state *commitsState) iter.Seq2[[]collectors.Row, error] {
	return func(yield func([]collectors.Row, error) bool) {
		since := latest(s.config.Since, state.HeadAt)
		for !state.IsListed {
			commits, next, err := road.commits(ctx, repository, state.Target, state.Position, since, state.Head == "")
			if err != nil {
				yield(nil, err)
				return
			}
			state.Position, state.IsListed = next, next == ""
			if !yield(commitRows(repository, commits), nil) {
				return
			}
		}
		if state.Head != "" {
			missing, err := s.reader.Strings(ctx, missingParents, repository, state.HeadAt)
			if err != nil {
				yield(nil, err)
				return
			}
			for rows, err := range s.late(ctx, road, repository, *state, missing) {
				if status(err) == http.StatusNotFound {
					// The old head is gone: the branch was forced back. What is
					// stored stays, and all of the new branch is listed.
					*state = commitsState{Target: state.Target, TargetAt: state.TargetAt}
					for rows, err := range s.upTo(ctx, road, repository, state) {
						if !yield(rows, err) || err != nil {
							return
						}
					}
					return
				}
				if !yield(rows, err) || err != nil {
					return
				}
			}
		}
		*state = commitsState{Head: state.Target, HeadAt: state.TargetAt}
		yield(nil, nil)
	}
}

// late yields the rows of what lies between the two heads of a state, where some of
// it is missing.
func (s *source) late(ctx context.Context, road road, repository string, state commitsState, missing []string) iter.Seq2[[]collectors.Row, error] {
	if len(missing) == 0 {
		return func(func([]collectors.Row, error) bool) {}
	}
	return road.between(ctx, repository, state.Head, state.Target, missing)
}

// missingParents are the parents that are not stored of a repository's commits
// since a time.
const missingParents = `
	select distinct parents.parent_sha
	from github_commits as commits
	join github_commit_parents as parents
		on commits.repository = parents.repository
		and commits.sha = parents.sha
	left join github_commits as parent_commits
		on parents.repository = parent_commits.repository
		and parents.parent_sha = parent_commits.sha
	where
		commits.repository = ?
		and commits.committed_at >= ?
		and parent_commits.sha is null
	order by 1`

// sinceParameter returns the parameter that keeps a list from going further back
// than a time, "" for the zero time.
func sinceParameter(since time.Time) string {
	if since.IsZero() {
		return ""
	}
	return "&since=" + since.UTC().Format(time.RFC3339)
}
