package github

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"path"
	"regexp"
	"slices"
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

// ownerFiles looks at the top of a repository that was pushed to, and reads the files
// below those entries whose SHA has changed. A folder's SHA is that of all in it.
func (s *source) ownerFiles(ctx context.Context, road road, repository string, state ownerFilesState) iter.Seq2[page[ownerFilesState], error] {
	return func(yield func(page[ownerFilesState], error) bool) {
		found, err := s.repository(ctx, repository)
		if err != nil {
			yield(page[ownerFilesState]{}, err)
			return
		}
		next := ownerFilesState{}
		if found.PushedAt != nil {
			next.PushedAt = found.PushedAt.UTC().String()
		}
		if next.PushedAt != "" && next.PushedAt == state.PushedAt {
			return
		}
		if next.Entries, err = road.ownerEntries(ctx, repository); err != nil {
			yield(page[ownerFilesState]{}, err)
			return
		}
		rows, err := changedOwnerFiles(ctx, road, repository, state.Entries, next.Entries)
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
func changedOwnerFiles(ctx context.Context, road road, repository string, before, now map[string]string) ([]collectors.Row, error) {
	var rows []collectors.Row
	var names []string // of the files to read
	for _, name := range ownerPaths {
		switch now[topOf(name)] {
		case before[topOf(name)]:
		case "":
			rows = append(rows, OwnerFile{Repository: repository, Path: name})
		default:
			names = append(names, name)
		}
	}
	files, err := road.ownerFiles(ctx, repository, names)
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		if file.Content != nil {
			text := withoutKeys(*file.Content)
			file.Content = &text
		}
		rows = append(rows, file)
	}
	return rows, nil
}

func (r restRoad) ownerEntries(ctx context.Context, repository string) (map[string]string, error) {
	var top []content
	_, err := r.get(conditional(ctx), &top, "repos/%s/contents/", repository)
	if err != nil && status(err) != http.StatusNotFound { // so where it is empty
		return nil, err
	}
	entries := map[string]string{}
	for _, name := range ownerPaths {
		entries[topOf(name)] = ""
	}
	for _, entry := range top {
		if _, isWanted := entries[entry.Path]; isWanted {
			entries[entry.Path] = entry.SHA
		}
	}
	return entries, nil
}

func (r restRoad) ownerFiles(ctx context.Context, repository string, names []string) ([]OwnerFile, error) {
	files := make([]OwnerFile, len(names))
	for i, name := range names {
		files[i] = OwnerFile{Repository: repository, Path: name}
		var file content
		_, err := r.get(ctx, &file, "repos/%s/contents/%s", repository, name)
		if status(err) == http.StatusNotFound {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path.Base(name), err)
		}
		text, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(file.Content, "\n", ""))
		if err != nil || file.Encoding != "base64" {
			return nil, fmt.Errorf("%s: GitHub gives it as %q, not as base64", name, file.Encoding)
		}
		decoded := string(text)
		files[i].SHA, files[i].Content = &file.SHA, &decoded
	}
	return files, nil
}

// ownerFilesSize is how much a look at a repository's owner files counts in a query: a
// hundred of them fill one.
const ownerFilesSize = maxItems / 100

// A graphEntry is a file or a folder as GraphQL gives it.
type graphEntry struct {
	OID    string
	Mode   int
	Object struct {
		Text        *string // nil where it is no text
		IsTruncated bool
	}
}

// symbolicLink is the mode of an entry whose text is the path of another.
const symbolicLink = 0o120000

// entriesOf asks for what is at some paths of the default branch; nil where nothing is.
func (r graphRoad) entriesOf(repository string, paths []string, fields string) ([]*graphEntry, error) {
	if len(paths) == 0 {
		return nil, nil
	}
	var wanted strings.Builder
	for i, name := range paths {
		fmt.Fprintf(&wanted, " e%d: file(path: %s) { %s }", i, quoted(name), fields)
	}
	var found struct {
		DefaultBranchRef *struct{ Target map[string]*graphEntry }
	}
	err := r.ask(&wish{
		repository: repository,
		fields:     "defaultBranchRef { target { ... on Commit {" + wanted.String() + " } } }",
		items:      ownerFilesSize,
		decode:     func(data json.RawMessage) error { return json.Unmarshal(data, &found) },
	})
	if err != nil {
		return nil, err
	}
	entries := make([]*graphEntry, len(paths))
	for i := range paths {
		if found.DefaultBranchRef != nil { // else it is empty
			entries[i] = found.DefaultBranchRef.Target[fmt.Sprint("e", i)]
		}
	}
	return entries, nil
}

func (r graphRoad) ownerEntries(_ context.Context, repository string) (map[string]string, error) {
	entries := map[string]string{}
	for _, name := range ownerPaths {
		entries[topOf(name)] = ""
	}
	tops := slices.Sorted(maps.Keys(entries))
	found, err := r.entriesOf(repository, tops, "oid")
	if err != nil {
		return nil, err
	}
	for i, top := range tops {
		if found[i] != nil {
			entries[top] = found[i].OID
		}
	}
	return entries, nil
}

// ownerFiles asks REST for what it gives otherwise: what a link leads to, and the whole
// of a long file.
func (r graphRoad) ownerFiles(ctx context.Context, repository string, names []string) ([]OwnerFile, error) {
	entries, err := r.entriesOf(repository, names, "oid mode object { ... on Blob { text isTruncated } }")
	if err != nil {
		return nil, err
	}
	files := make([]OwnerFile, len(names))
	for i, name := range names {
		files[i] = OwnerFile{Repository: repository, Path: name}
		entry := entries[i]
		if entry == nil {
			continue
		}
		if entry.Mode == symbolicLink || entry.Object.IsTruncated || entry.Object.Text == nil {
			read, err := (restRoad{source: r.source}).ownerFiles(ctx, repository, names[i:i+1])
			if err != nil {
				return nil, err
			}
			files[i] = read[0]
			continue
		}
		files[i].SHA, files[i].Content = &entry.OID, entry.Object.Text
	}
	return files, nil
}
