package github

import (
	"context"
	"encoding/base64"
	"fmt"
	"iter"
	"net/http"
	"path"
	"regexp"
	"strings"

	"dorado/collectors"
)

// An OwnerFile is a row of raw.github_owner_files: a file that says whose a
// repository is, CODEOWNERS or catalog-info.yaml, on its default branch.
type OwnerFile struct {
	Repository string  `db:"repository,key"` // owner/name
	Path       string  `db:"path,key"`
	SHA        *string `db:"sha"`     // the blob's; NULL where there is no such file any more
	Content    *string `db:"content"` // its text, without integration keys of PagerDuty; NULL where there is no such file any more
}

// Table returns the table's name.
func (OwnerFile) Table() string { return "github_owner_files" }

// ownerPaths are where such files are looked for.
var ownerPaths = []string{".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", "catalog-info.yaml"}

// ownerFilesState is what the files are known to be like.
type ownerFilesState struct {
	PushedAt string            // of the repository when they were looked at
	Entries  map[string]string // the SHA of each file and folder at the top that matters, by name
}

// A content is a file or a folder's entry as the contents API gives it.
type content struct {
	Path     string `json:"path"`
	SHA      string `json:"sha"`
	Encoding string `json:"encoding"` // base64, or none where the file is larger than a megabyte
	Content  string `json:"content"`
}

// ownerFiles lists the top of a repository that was pushed to, and reads the files
// below those entries whose SHA has changed. A folder's SHA is that of all in it.
func (s *source) ownerFiles(ctx context.Context, repository string, state ownerFilesState) iter.Seq2[page[ownerFilesState], error] {
	return func(yield func(page[ownerFilesState], error) bool) {
		found, err := s.repository(ctx, repository)
		if err != nil {
			yield(page[ownerFilesState]{}, err)
			return
		}
		next := ownerFilesState{Entries: map[string]string{}}
		if found.PushedAt != nil {
			next.PushedAt = found.PushedAt.UTC().String()
		}
		if next.PushedAt != "" && next.PushedAt == state.PushedAt {
			return
		}
		var top []content
		_, err = s.get(conditional(ctx), &top, "repos/%s/contents/", repository)
		if err != nil && status(err) != http.StatusNotFound { // so where it is empty
			yield(page[ownerFilesState]{}, err)
			return
		}
		for _, entry := range top {
			next.Entries[entry.Path] = entry.SHA
		}
		rows, err := s.changedOwnerFiles(ctx, repository, state.Entries, next.Entries)
		kept := map[string]string{}
		for _, name := range ownerPaths {
			kept[topOf(name)] = next.Entries[topOf(name)]
		}
		next.Entries = kept
		yield(page[ownerFilesState]{rows: rows, state: &next}, err)
	}
}

// integrationKey matches pagerduty.com/integration-key in YAML with its value: quoted
// or not, on the line or as a block below it.
var integrationKey = regexp.MustCompile(`(pagerduty\.com/integration-key["']?[ \t]*:)[ \t]*(?:[|>][-+0-9]*[ \t]*\r?\n[ \t]+|\r?\n[ \t]+["']?)?("[^"\n]*"|'[^'\n]*'|[^\s,}\]#]+)`)

// withoutKeys returns the text of a file with "present" in place of each integration
// key of PagerDuty: whoever has one can raise alerts, so it is stored nowhere.
func withoutKeys(text string) string { return integrationKey.ReplaceAllString(text, "${1} present") }

// topOf returns the first part of a path.
func topOf(name string) string { return strings.Split(name, "/")[0] }

// changedOwnerFiles reads the files below the entries that are not as before.
func (s *source) changedOwnerFiles(ctx context.Context, repository string, before, now map[string]string) ([]collectors.Row, error) {
	var rows []collectors.Row
	for _, name := range ownerPaths {
		if now[topOf(name)] == before[topOf(name)] {
			continue
		}
		row := OwnerFile{Repository: repository, Path: name}
		if now[topOf(name)] != "" {
			var file content
			_, err := s.get(ctx, &file, "repos/%s/contents/%s", repository, name)
			if err != nil && status(err) != http.StatusNotFound {
				return nil, fmt.Errorf("%s: %w", path.Base(name), err)
			}
			if err == nil {
				text, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(file.Content, "\n", ""))
				if err != nil || file.Encoding != "base64" {
					return nil, fmt.Errorf("%s: GitHub gives it as %q, not as base64", name, file.Encoding)
				}
				decoded := withoutKeys(string(text))
				row.SHA, row.Content = &file.SHA, &decoded
			}
		}
		rows = append(rows, row)
	}
	return rows, nil
}
