package github

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/go-github/v60/github"

	"dorado/collectors"
	"dorado/collectors/transport"
)

// A Reader answers questions about what is stored already.
type Reader interface {
	// Strings returns the first column, a text, of the rows that an SQL query
	// over the raw tables gives.
	Strings(ctx context.Context, query string, args ...any) ([]string, error)
	// Rename gives the rows of every raw table whose column has the value from
	// the value to. Where that would give two rows the same key the one that has
	// it stays.
	Rename(ctx context.Context, column, from, to string) error
}

// A source is one GitHub server as the collectors see it.
type source struct {
	config    Config
	client    *github.Client
	reader    Reader
	clock     serverClock
	discovery discovery
	known     sync.Map // Repository by the name it was asked for
	accounts  accounts

	hinting sync.Mutex
	hints   map[string]time.Time // when they came, by collector and repository; nil while they are not read

	graph     *graphQL
	looking   sync.Mutex
	isGraph   *bool    // whether GraphQL is used, nil until that is known
	overviews sync.Map // *overview by the configured name and by GitHub's
}

// New returns the collectors of one GitHub server, in the order they should
// run. client sends their requests: see NewClient, which usage was given to as well.
func New(config Config, client *http.Client, usage *Usage, reader Reader) ([]collectors.Collector, error) {
	s, err := newSource(config, client, reader)
	if err != nil {
		return nil, err
	}
	s.graph = newGraphQL(s.client.BaseURL, client, usage, &s.clock, config.Pause)
	return []collectors.Collector{
		kind[struct{}]{source: s, name: "github_repositories", either: s.repositories},
		kind[deploymentsState]{source: s, name: "github_deployments", either: s.deployments},
		kind[seenState]{source: s, name: "github_tags", either: s.tags},
		kind[seenState]{source: s, name: "github_releases", either: s.releases},
		kind[span]{source: s, name: "github_pull_requests", either: s.pullRequests},
		kind[commitsState]{source: s, name: "github_commits", either: s.commits},
		kind[historyState]{source: s, name: "github_history", either: s.history},
		kind[environmentsState]{source: s, name: "github_environments", needed: &s.config.Needs.Environments, pages: s.environments},
		kind[workflowRunsState]{source: s, name: "github_workflow_runs", needed: &s.config.Needs.WorkflowRuns, pages: s.workflowRuns},
		kind[struct{}]{source: s, name: "github_workflow_jobs", needed: &s.config.Needs.Jobs, pages: s.workflowJobs},
		kind[struct{}]{source: s, name: "github_changed_files", needed: &s.config.Needs.Paths, pages: s.changedFiles},
		kind[issuesState]{source: s, name: "github_issues", needed: &s.config.Needs.Issues, pages: s.issues},
		teams{source: s},
		kind[ownerFilesState]{source: s, name: "github_owner_files", needed: &s.config.Needs.Owners, either: s.ownerFiles},
	}, nil
}

// newSource returns the server that config names.
func newSource(config Config, client *http.Client, reader Reader) (*source, error) {
	base, err := url.Parse(strings.TrimRight(config.BaseURL, "/") + "/")
	if err != nil {
		return nil, fmt.Errorf("github: base URL: %w", err)
	}
	config.Needs.WorkflowRuns = append(slices.Clone(config.Needs.WorkflowRuns), config.Needs.Jobs...)
	s := &source{config: config, client: github.NewClient(client), reader: reader}
	s.client.BaseURL = base
	s.client.UserAgent = "dorado"
	return s, nil
}

// Tables returns an empty row of every raw table that the collectors fill.
func Tables() []collectors.Row {
	return []collectors.Row{
		Repository{}, Deployment{}, DeploymentStatus{}, Release{}, Tag{},
		PullRequest{}, PullRequestCommit{}, Commit{}, CommitParent{},
		RepositoryName{}, Environment{}, WorkflowRun{}, WorkflowJob{}, Review{}, PullRequestEvent{},
		ChangedFile{}, Issue{}, TagTarget{}, Team{}, TeamRepository{}, OwnerFile{}, Read{}, SourceTotal{},
	}
}

// A kind collects one kind of record from each repository in turn. Its cursor is
// a JSON object with the state S of each repository by its id, which survives a
// rename.
type kind[S any] struct {
	source *source
	name   string
	needed *[]string // patterns of the repositories to read it from; nil: all
	// either yields what is new in a repository (owner/name) since state, by
	// either road; pages does where there is REST only.
	either func(ctx context.Context, road road, repository string, state S) iter.Seq2[page[S], error]
	pages  func(ctx context.Context, repository string, state S) iter.Seq2[page[S], error]
}

// A page is what one request, with those that go with it, brought. A nil state
// keeps the old one.
type page[S any] struct {
	rows  []collectors.Row
	state *S
}

// Name returns the collector's name.
func (k kind[S]) Name() string { return k.name }

// Pages reads the repositories together by GraphQL or one after the other by REST.
// One that cannot be read does not keep the others from being read: its error comes
// last.
func (k kind[S]) Pages(ctx context.Context, cursor string) iter.Seq2[collectors.Page, error] {
	return func(yield func(collectors.Page, error) bool) {
		states := map[int64]S{}
		if cursor != "" {
			if err := json.Unmarshal([]byte(cursor), &states); err != nil {
				yield(collectors.Page{}, fmt.Errorf("read the cursor: %w", err))
				return
			}
		}
		err := k.allPages(ctx, states, yield)
		// A run that may send no more requests goes on in the next.
		if err != nil && !errors.Is(err, errStopped) && !errors.Is(err, collectors.ErrSpent) {
			yield(collectors.Page{}, err)
		}
	}
}

// allPages yields the pages of all repositories.
func (k kind[S]) allPages(ctx context.Context, states map[int64]S, yield func(collectors.Page, error) bool) error {
	names, err := k.source.discovered(ctx)
	if err != nil {
		return err
	}
	isGraph, err := k.source.look(ctx, names)
	if err != nil {
		return err
	}
	if isGraph && k.either != nil {
		return k.together(ctx, names, states, yield)
	}
	var failed []error
	for _, configured := range names {
		err := k.repositoryPages(ctx, configured, states, yield)
		if errors.Is(err, errStopped) || errors.Is(err, collectors.ErrSpent) {
			return err
		}
		if err != nil {
			failed = append(failed, k.source.explain(configured, err))
		}
		if k.source.isFatal(ctx, err) {
			break
		}
	}
	return errors.Join(failed...)
}

// errStopped says that whoever takes the pages wants no more.
var errStopped = errors.New("stopped")

// repositoryPages yields the pages of one repository.
func (k kind[S]) repositoryPages(ctx context.Context, configured string, states map[int64]S, yield func(collectors.Page, error) bool) error {
	repository, err := k.source.repository(ctx, configured)
	if err != nil {
		return err
	}
	if !k.isNeeded(configured, repository) {
		return nil
	}
	state, isKnown := states[repository.ID]
	ctx, reread, err := k.source.deepened(ctx, k.name, repository.FullName, !isKnown)
	if err != nil {
		return err
	}
	pages := k.pages
	if k.either != nil {
		pages = func(ctx context.Context, repository string, state S) iter.Seq2[page[S], error] {
			return k.either(ctx, restRoad{k.source, &restTops{}}, repository, state)
		}
	}
	for page, err := range pages(ctx, repository.FullName, state) {
		if err != nil {
			return err
		}
		stored := collectors.Page{Rows: page.rows}
		if page.state != nil {
			states[repository.ID] = *page.state
			text, err := json.Marshal(states)
			if err != nil {
				return fmt.Errorf("write the cursor: %w", err)
			}
			stored.Cursor = string(text)
		}
		if !yield(stored, nil) {
			return errStopped
		}
	}
	if len(reread) > 0 && !yield(collectors.Page{Rows: reread}, nil) {
		return errStopped
	}
	return nil
}

// isNeeded reports whether the kind is read of a repository, which may be configured by
// another name than it has.
func (k kind[S]) isNeeded(configured string, repository Repository) bool {
	return k.needed == nil || Matches(*k.needed, repository.FullName) || Matches(*k.needed, configured)
}

// isFatal reports whether an error will come again with the next repository.
func (s *source) isFatal(ctx context.Context, err error) bool {
	return ctx.Err() != nil || status(err) == http.StatusUnauthorized || errors.Is(err, transport.ErrUnreachable)
}

// explain says what an error about a repository, or about none where it is "", means
// to who runs dorado.
func (s *source) explain(repository string, err error) error {
	subject := "github"
	if repository != "" {
		subject += ": repository " + repository
	}
	var failed *queryError
	if errors.As(err, &failed) && failed.status() == http.StatusNotFound {
		return fmt.Errorf("%s: not found, or the token cannot see it (%w)", subject, failed)
	}
	var answer *github.ErrorResponse
	if !errors.As(err, &answer) || answer.Response == nil {
		return fmt.Errorf("%s: %w", subject, err)
	}
	switch answer.Response.StatusCode {
	case http.StatusUnauthorized:
		if answer.Response.Request.Header.Get("Authorization") == "" {
			return fmt.Errorf("github: %s wants a token, and none is set in %s (401 %s)", answer.Response.Request.URL.Host, cmp.Or(s.config.TokenEnv, s.config.TokenFile), answer.Message)
		}
		return fmt.Errorf("github: %s was refused (401 %s)", s.config.access(), answer.Message)
	case http.StatusNotFound:
		return fmt.Errorf("%s: not found, or the token cannot see it (404 at %s)", subject, answer.Response.Request.URL.Path)
	default:
		return fmt.Errorf("%s: %w", subject, err)
	}
}

// access says what the server was asked with.
func (c Config) access() string {
	switch {
	case c.App != nil:
		return fmt.Sprintf("the token of App %d", c.App.ID)
	case len(c.Tokens) > 0:
		return "one of the tokens in github.tokens"
	case c.TokenEnv != "":
		return "the token in " + c.TokenEnv
	}
	return "the token in " + c.TokenFile
}

// status returns the HTTP status of an error answer, or what GraphQL has in place
// of it, 0 for any other error.
func status(err error) int {
	var failed *queryError
	if errors.As(err, &failed) {
		return failed.status()
	}
	var answer *github.ErrorResponse
	if errors.As(err, &answer) && answer.Response != nil {
		return answer.Response.StatusCode
	}
	return 0
}

// get reads what is at path below the server's base URL into the value that into
// points to, and returns the number of the next page, 0 after the last.
func (s *source) get(ctx context.Context, into any, path string, args ...any) (next int, err error) {
	request, err := s.client.NewRequest(http.MethodGet, fmt.Sprintf(path, args...), nil)
	if err != nil {
		return 0, err
	}
	response, err := s.client.Do(ctx, request, into)
	if err != nil {
		return 0, err
	}
	s.clock.note(response.Header)
	return response.NextPage, nil
}

// perPage is the most that GitHub gives in one page of a list.
const perPage = 100

// all yields the pages of the list at path, which has its own parameters already
// or ends in "?".
func all[T any](ctx context.Context, s *source, path string) iter.Seq2[[]T, error] {
	return lists[[]T](ctx, s, path)
}

// lists yields the pages of what is at path, as all does, where a page is an object
// with a list in it.
func lists[L any](ctx context.Context, s *source, path string) iter.Seq2[L, error] {
	return func(yield func(L, error) bool) {
		for page := 1; page != 0; {
			var list L
			next, err := s.get(ctx, &list, "%s&per_page=%d&page=%d", path, perPage, page)
			if !yield(list, err) || err != nil {
				return
			}
			page = next
		}
	}
}

// rowsOf returns items as rows.
func rowsOf[T collectors.Row](items []T) []collectors.Row {
	rows := make([]collectors.Row, len(items))
	for i, item := range items {
		rows[i] = item
	}
	return rows
}

// jsonArray returns a list of texts or numbers as a JSON array.
func jsonArray[T string | int](list []T) string {
	if len(list) == 0 {
		return "[]"
	}
	text, err := json.Marshal(list)
	if err != nil {
		panic(err) // no text and no number fails
	}
	return string(text)
}
