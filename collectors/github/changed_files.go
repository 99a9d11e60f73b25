package github

import (
	"context"
	"fmt"
	"iter"
	"net/http"

	"dorado/collectors"
)

// A ChangedFile is a row of raw.github_changed_files: a path that a commit
// touches, against its first parent. GitHub lists 3,000 of a commit at most.
type ChangedFile struct {
	Repository   string  `json:"-" db:"repository,key"` // owner/name; not in the API's record
	SHA          string  `json:"-" db:"sha,key"`        // the commit; not in the API's record
	Path         string  `json:"filename" db:"path,key"`
	PreviousPath *string `json:"previous_filename" db:"previous_path"` // of one that was moved
	Status       string  `json:"status" db:"status"`                   // added, modified, removed, renamed, ...
	Additions    int     `json:"additions" db:"additions"`             // lines
	Deletions    int     `json:"deletions" db:"deletions"`
}

// Table returns the table's name.
func (ChangedFile) Table() string { return "github_changed_files" }

// changedFiles reads the paths that each commit touches. A merge is left out: what
// it brings are the commits that it merges, which have their own.
func (s *source) changedFiles(ctx context.Context, repository string, _ struct{}) iter.Seq2[page[struct{}], error] {
	return s.details(ctx, "github_changed_files", repository, singleParentCommits, func(ctx context.Context, sha string) ([]collectors.Row, error) {
		var rows []collectors.Row
		for commit, err := range lists[commitFiles](ctx, s, fmt.Sprintf("repos/%s/commits/%s?", repository, sha)) {
			if status(err) == http.StatusNotFound || status(err) == http.StatusUnprocessableEntity {
				return rows, nil // forced away in the meantime
			}
			if err != nil {
				return nil, err
			}
			for _, file := range commit.Files {
				file.Repository, file.SHA = repository, sha
				rows = append(rows, file)
			}
		}
		return rows, nil
	})
}

// commitFiles is a page of a commit's files.
type commitFiles struct {
	Files []ChangedFile `json:"files"`
}

// singleParentCommits are the commits whose paths are to be read. A commit never
// changes.
const singleParentCommits = `
	select
		sha as record,
		'' as version,
		committed_at as updated_at
	from github_commits
	where
		repository = $2
		and not exists (
			select 1
			from github_commit_parents as parents
			where
				parents.repository = $2
				and parents.sha = github_commits.sha
				and parents.position = 1
		)
	union
	select
		sha as record,
		'' as version,
		committed_at as updated_at
	from github_pull_request_commits
	where
		repository = $2
		and parent_count <= 1`
