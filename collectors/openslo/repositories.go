package openslo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"

	"dorado/collectors"
	"dorado/collectors/transport"
)

// New returns the collectors of the objectives. client sends the requests to the
// GitHub server at baseURL; now is asked for the time at which a file of the
// folder is seen.
func New(config Config, client *http.Client, baseURL string, now func() time.Time) ([]collectors.Collector, error) {
	var found []collectors.Collector
	if len(config.Repositories) > 0 {
		base, err := url.Parse(strings.TrimRight(baseURL, "/") + "/")
		if err != nil {
			return nil, fmt.Errorf("openslo: base URL: %w", err)
		}
		c := &repositories{config: config.Repositories, client: github.NewClient(client)}
		c.client.BaseURL, c.client.UserAgent = base, "dorado"
		found = append(found, c)
	}
	if config.Folder != "" {
		found = append(found, &folder{path: config.Folder, now: now})
	}
	return found, nil
}

// repositories collects the files of GitHub repositories.
type repositories struct {
	config []Repository
	client *github.Client
}

// A repositoryState is how far a repository was read.
type repositoryState struct {
	Tree  string               // the SHA of the tree that was read last
	Files map[string]fileState // by path
}

// A fileState is how far a file was read.
type fileState struct {
	Blob   string    // the SHA of its text, "" where it is deleted
	Commit string    // the newest commit of it that is stored
	At     time.Time // from which its newest version holds
}

// Name returns the collector's name.
func (c *repositories) Name() string { return "openslo_repositories" }

// Pages yields the new versions of each file. A repository that cannot be read does
// not keep the others from being read: its error comes last.
func (c *repositories) Pages(ctx context.Context, cursor string) iter.Seq2[collectors.Page, error] {
	return func(yield func(collectors.Page, error) bool) {
		states := map[string]repositoryState{}
		if cursor != "" {
			if err := json.Unmarshal([]byte(cursor), &states); err != nil {
				yield(collectors.Page{}, fmt.Errorf("read the cursor: %w", err))
				return
			}
		}
		var failed []error
		for _, repository := range c.config {
			name := repository.Repository
			err := c.repository(ctx, repository, states[name], func(rows []collectors.Row, state repositoryState) error {
				states[name] = state
				text, err := json.Marshal(states)
				if err != nil {
					return fmt.Errorf("write the cursor: %w", err)
				}
				if !yield(collectors.Page{Rows: rows, Cursor: string(text)}, nil) {
					return errStopped
				}
				return nil
			})
			if errors.Is(err, errStopped) {
				return
			}
			if errors.Is(err, collectors.ErrSpent) {
				break
			}
			if err != nil {
				failed = append(failed, fmt.Errorf("openslo: repository %s: %w", name, err))
			}
			if ctx.Err() != nil || errors.Is(err, transport.ErrUnreachable) {
				break
			}
		}
		if len(failed) > 0 {
			yield(collectors.Page{}, errors.Join(failed...))
		}
	}
}

// errStopped says that whoever takes the pages wants no more.
var errStopped = errors.New("stopped")

// repository stores the new versions of the files of a repository, a file at a time.
func (c *repositories) repository(ctx context.Context, config Repository, state repositoryState, store func([]collectors.Row, repositoryState) error) error {
	owner, name, _ := strings.Cut(config.Repository, "/")
	tree, _, err := c.client.Git.GetTree(ctx, owner, name, "HEAD", true)
	if err != nil {
		return err
	}
	if tree.GetTruncated() {
		return errors.New("it has more files than GitHub lists in one answer: keep the objectives in a smaller repository")
	}
	if tree.GetSHA() == state.Tree {
		return nil
	}
	files := map[string]fileState{}
	for file, stored := range state.Files {
		files[file] = stored
	}
	blobs := matching(config.Paths, tree.Entries)
	for file := range files {
		if _, ok := blobs[file]; !ok {
			blobs[file] = ""
		}
	}
	for _, file := range sortedKeys(blobs) {
		if stored, known := files[file]; known && stored.Blob == blobs[file] {
			continue
		}
		rows, next, err := c.history(ctx, owner, name, file, files[file])
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		next.Blob = blobs[file]
		files[file] = next
		if err := store(rows, repositoryState{Tree: state.Tree, Files: files}); err != nil {
			return err
		}
	}
	return store(nil, repositoryState{Tree: tree.GetSHA(), Files: files})
}

// matching returns the SHAs of the files that match a pattern, by path.
func matching(patterns []string, entries []*github.TreeEntry) map[string]string {
	blobs := map[string]string{}
	for _, entry := range entries {
		isWanted := func(pattern string) bool {
			matches, err := path.Match(pattern, entry.GetPath())
			return err == nil && matches
		}
		if entry.GetType() == "blob" && slices.ContainsFunc(patterns, isWanted) {
			blobs[entry.GetPath()] = entry.GetSHA()
		}
	}
	return blobs
}

// history returns the versions of a file since state, the oldest first.
func (c *repositories) history(ctx context.Context, owner, name, file string, state fileState) ([]collectors.Row, fileState, error) {
	commits, err := c.commits(ctx, owner, name, file, state)
	if err != nil {
		return nil, state, err
	}
	var rows []collectors.Row
	for _, commit := range slices.Backward(commits) {
		version := File{
			Origin:        owner + "/" + name,
			Path:          file,
			Version:       commit.GetSHA(),
			EffectiveFrom: commit.GetCommit().GetCommitter().GetDate().UTC(),
		}
		// The clocks of those who commit differ; what is committed later holds
		// later.
		if !version.EffectiveFrom.After(state.At) {
			version.EffectiveFrom = state.At.Add(time.Second)
		}
		content, _, response, err := c.client.Repositories.GetContents(ctx, owner, name, file, &github.RepositoryContentGetOptions{Ref: version.Version})
		var read parsed
		switch {
		case response != nil && response.StatusCode == http.StatusNotFound:
			version.IsDeleted = true
		case err != nil:
			return nil, state, fmt.Errorf("at %s: %w", version.Version, err)
		case content == nil:
			version.IsDeleted = true // it was a folder then
		default:
			text, err := content.GetContent()
			if err != nil {
				return nil, state, fmt.Errorf("at %s: %w", version.Version, err)
			}
			version.URL = content.HTMLURL
			read = parse([]byte(text))
		}
		rows = append(rows, read.rows(version)...)
		state.Commit, state.At = version.Version, version.EffectiveFrom
	}
	return rows, state, nil
}

// commits returns the commits that changed a file since state, the newest first.
func (c *repositories) commits(ctx context.Context, owner, name, file string, state fileState) ([]*github.RepositoryCommit, error) {
	var commits []*github.RepositoryCommit
	options := &github.CommitsListOptions{Path: file, ListOptions: github.ListOptions{PerPage: 100, Page: 1}}
	for options.Page != 0 {
		page, response, err := c.client.Repositories.ListCommits(ctx, owner, name, options)
		if err != nil {
			return nil, err
		}
		for _, commit := range page {
			if commit.GetSHA() == state.Commit {
				return commits, nil
			}
			commits = append(commits, commit)
		}
		options.Page = response.NextPage
	}
	return commits, nil
}
