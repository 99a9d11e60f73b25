package github

import (
	"context"
	"iter"
	"net/http"
	"net/url"
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
	Parents []struct {
		SHA string `json:"sha"`
	} `json:"parents"`
}

// A signature is who wrote or committed a commit, and when.
type signature struct {
	Name string    `json:"name"`
	Date time.Time `json:"date"`
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
	Page     int       // the page of that listing that comes next; 0 once all are stored
}

// commits reads the default branch from its head down to the head before. A
// listing is pinned to the head at which it begins, so that its pages do not
// move and one that was cut short goes on where it was.
//
// The list takes a since, but that is a committer's date: an older commit that
// was merged only now is missed. It shows as a parent that is not stored, and
// then what lies between the two heads is read by comparing them.
func (s *source) commits(ctx context.Context, repository string, state commitsState) iter.Seq2[page[commitsState], error] {
	return func(yield func(page[commitsState], error) bool) {
		head, headAt, err := s.head(ctx, repository)
		if err != nil {
			yield(page[commitsState]{}, err)
			return
		}
		for head != "" && head != state.Head {
			if state.Target == "" {
				state.Target, state.TargetAt, state.Page = head, headAt, 1
			}
			for rows, err := range s.upTo(ctx, repository, &state) {
				now := state
				if !yield(page[commitsState]{rows: rows, state: &now}, err) || err != nil {
					return
				}
			}
		}
	}
}

// head returns the SHA of the default branch and when it was committed, "" where
// the repository is empty.
func (s *source) head(ctx context.Context, repository string) (sha string, at time.Time, err error) {
	found, err := s.repository(ctx, repository)
	if err != nil {
		return "", time.Time{}, err
	}
	var commits []apiCommit
	_, err = s.get(conditional(ctx), &commits, "repos/%s/commits?sha=%s&per_page=1", repository, url.QueryEscape(found.DefaultBranch))
	if status(err) == http.StatusConflict { // "Git Repository is empty."
		return "", time.Time{}, nil
	}
	if err != nil || len(commits) == 0 {
		return "", time.Time{}, err
	}
	return commits[0].SHA, commits[0].Commit.Committer.Date, nil
}

// upTo yields the rows of all commits between state.Head and state.Target, and
// moves state along: after the last of them Head is what Target was.
func (s *source) upTo(ctx context.Context, repository string, state *commitsState) iter.Seq2[[]collectors.Row, error] {
	return func(yield func([]collectors.Row, error) bool) {
		for state.Page != 0 {
			var commits []apiCommit
			next, err := s.get(ctx, &commits, "repos/%s/commits?sha=%s%s&per_page=%d&page=%d",
				repository, state.Target, sinceParameter(s.config.Since, state.HeadAt), perPage, state.Page)
			if err != nil {
				yield(nil, err)
				return
			}
			state.Page = next
			if !yield(commitRows(repository, commits), nil) {
				return
			}
		}
		var late []collectors.Row
		if state.Head != "" {
			missing, err := s.reader.Strings(ctx, missingParents, repository, state.HeadAt)
			if err != nil {
				yield(nil, err)
				return
			}
			if len(missing) > 0 {
				late, err = s.between(ctx, repository, state.Head, state.Target)
				if status(err) == http.StatusNotFound {
					// The old head is gone: the branch was forced back. What is
					// stored stays, and all of the new branch is listed.
					*state = commitsState{Target: state.Target, TargetAt: state.TargetAt, Page: 1}
					for rows, err := range s.upTo(ctx, repository, state) {
						if !yield(rows, err) || err != nil {
							return
						}
					}
					return
				}
				if err != nil {
					yield(nil, err)
					return
				}
			}
		}
		*state = commitsState{Head: state.Target, HeadAt: state.TargetAt}
		yield(late, nil)
	}
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

// sinceParameter returns the parameter that keeps a list of commits from going
// further back than the latest of times.
func sinceParameter(times ...time.Time) string {
	var latest time.Time
	for _, t := range times {
		if t.After(latest) {
			latest = t
		}
	}
	if latest.IsZero() {
		return ""
	}
	return "&since=" + latest.UTC().Format(time.RFC3339)
}

// between returns the rows of the commits that can be reached from head and not
// from base. GitHub gives 250 at once, and all of them in pages.
func (s *source) between(ctx context.Context, repository, base, head string) ([]collectors.Row, error) {
	var rows []collectors.Row
	for next := 1; next != 0; {
		var comparison struct {
			Commits []apiCommit `json:"commits"`
		}
		var err error
		next, err = s.get(ctx, &comparison, "repos/%s/compare/%s...%s?per_page=%d&page=%d",
			repository, url.PathEscape(base), url.PathEscape(head), perPage, next)
		if err != nil {
			return nil, err
		}
		rows = append(rows, commitRows(repository, comparison.Commits)...)
	}
	return rows, nil
}
