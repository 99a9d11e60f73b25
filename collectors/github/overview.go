package github

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// An overview is what one query tells of a repository, and what it says of its
// lists without reading them: enough to know which have nothing new.
type overview struct {
	repository   Repository
	head         head
	deployments  marks
	pullRequests marks
	releases     string // fingerprints, see marks.fingerprint
	tags         string
	releaseCount int
	tagCount     int
	at           time.Time // when it was so, by the server's clock
	err          error     // why there is none
}

// marks are the newest items of a list, newest first.
type marks struct {
	items []sighting
	isAll bool // there are no others
	at    time.Time
}

// A sighting is what a list is sorted by, and by what a change of an item shows.
type sighting struct {
	ID        int64
	At        time.Time // UTC
	UpdatedAt time.Time // UTC
}

// settledAfter is how long after it has changed something may change again with
// the same time, and the answer of one server may lack what another has.
const settledAfter = time.Minute

// fingerprint returns a text that is another once anything has changed down to a
// time in the list: an item came, or one that is not older changed. It is "" where
// that cannot be told: the marks do not reach down to it, or something has changed
// so lately that it may have changed again without showing.
func (m marks) fingerprint(down time.Time) string {
	if len(m.items) > 0 && !m.isAll && m.items[len(m.items)-1].At.After(down) {
		return ""
	}
	for _, item := range m.items {
		if m.at.Sub(item.UpdatedAt) < settledAfter {
			return ""
		}
	}
	return hash(m.items)
}

// hash returns a short text that is the same for the same values only.
func hash(values any) string {
	text, _ := json.Marshal(values) // of numbers, texts and times, which can always be written
	return fmt.Sprintf("%.16x", sha256.Sum256(text))
}

// since returns how many items a page must have to reach an item that is older
// than a time; a whole page where the marks do not say, or at another position than
// the top.
func (m marks) since(position string, until time.Time) int {
	if position != "" || until.IsZero() {
		return perPage
	}
	for i, item := range m.items {
		if item.At.Before(until) {
			return i + 1
		}
	}
	if m.isAll {
		return min(len(m.items)+1, perPage)
	}
	return perPage
}

// graphMark is a sighting as GraphQL gives it.
type graphMark struct {
	DatabaseID     int64
	FullDatabaseID int64 `json:",string"`
	CreatedAt      time.Time
	UpdatedAt      time.Time
}

// graphOverview is an overview as GraphQL gives it.
type graphOverview struct {
	DatabaseID       int64
	NameWithOwner    string
	URL              string
	IsFork           bool
	IsArchived       bool
	IsPrivate        bool
	CreatedAt        time.Time
	PushedAt         *time.Time
	DefaultBranchRef *struct {
		Name   string
		Target struct {
			OID           string
			CommittedDate time.Time
		}
	}
	Deployments  connection[graphMark]
	PullRequests connection[graphMark]
	Releases     connection[graphMark]
	Refs         *connection[struct {
		Name   string
		Target struct{ OID string }
	}]
}

// overview returns what the answer of a time says.
func (o graphOverview) overview(at time.Time) *overview {
	found := &overview{at: at, repository: Repository{
		ID: o.DatabaseID, FullName: o.NameWithOwner, HTMLURL: o.URL, Fork: o.IsFork, Archived: o.IsArchived, Private: o.IsPrivate,
		CreatedAt: o.CreatedAt, PushedAt: o.PushedAt,
	}}
	if branch := o.DefaultBranchRef; branch != nil {
		found.repository.DefaultBranch = branch.Name
		found.head = head{SHA: branch.Target.OID, At: branch.Target.CommittedDate}
	}
	found.deployments = marks{isAll: len(o.Deployments.Nodes) < 50, at: at}
	for _, node := range o.Deployments.Nodes {
		found.deployments.items = append(found.deployments.items, sighting{node.DatabaseID, node.CreatedAt, node.UpdatedAt})
	}
	found.pullRequests = marks{isAll: len(o.PullRequests.Nodes) < 30, at: at}
	for _, node := range o.PullRequests.Nodes {
		found.pullRequests.items = append(found.pullRequests.items, sighting{node.FullDatabaseID, node.UpdatedAt, node.UpdatedAt})
	}
	releases := marks{isAll: true, at: at}
	for _, node := range o.Releases.Nodes {
		releases.items = append(releases.items, sighting{ID: node.DatabaseID, UpdatedAt: node.UpdatedAt})
	}
	found.releaseCount = o.Releases.TotalCount
	if text := releases.fingerprint(time.Time{}); text != "" {
		found.releases = fmt.Sprint(o.Releases.TotalCount, " ", text)
	}
	// A tag comes, goes and moves by a push.
	if o.Refs != nil {
		found.tagCount = o.Refs.TotalCount
	}
	if o.PushedAt == nil || at.Sub(*o.PushedAt) >= settledAfter {
		found.tags = hash([]any{o.Refs, o.PushedAt})
	}
	return found
}

// overviewSize is how much an overview counts in a query: 25 of them fill one.
const overviewSize = maxItems / 25

// look asks for the overviews of all repositories. It reports false where GraphQL
// is not to be used: the configuration says so, or the server does not answer it.
func (s *source) look(ctx context.Context, names []string) (bool, error) {
	s.looking.Lock()
	defer s.looking.Unlock()
	if s.isGraph != nil {
		return *s.isGraph, nil
	}
	isGraph := s.config.API != apiREST
	if isGraph {
		err := s.readOverviews(ctx, names)
		var refused *refusal
		if errors.As(err, &refused) && refused.status < http.StatusInternalServerError && s.config.API != apiGraphQL {
			isGraph = false
		} else if err != nil {
			return false, err
		}
	}
	if !isGraph {
		if err := s.readOwners(ctx, names); err != nil {
			return false, err
		}
	}
	s.isGraph = &isGraph
	return isGraph, nil
}

// readOverviews reads the overviews of all repositories.
func (s *source) readOverviews(ctx context.Context, names []string) error {
	var queue []*wish
	for _, configured := range names {
		queue = append(queue, &wish{repository: configured, fields: "...overview", items: overviewSize, lists: 4, decode: func(data json.RawMessage) error {
			var found graphOverview
			if err := json.Unmarshal(data, &found); err != nil {
				return err
			}
			known := found.overview(s.clock.now())
			if err := s.nameDefaultBranch(ctx, &known.repository); err != nil {
				return err
			}
			s.overviews.Store(configured, known)
			s.overviews.Store(known.repository.FullName, known)
			return s.follow(ctx, known.repository)
		}})
	}
	for len(queue) > 0 {
		answered, rest, err := s.graph.answerWishes(ctx, queue)
		if err != nil {
			return err
		}
		for _, w := range answered {
			if w.err != nil {
				s.overviews.Store(w.repository, &overview{err: w.err})
			}
		}
		queue = rest
	}
	return nil
}

// nameDefaultBranch fills in what the default branch of an empty repository will be
// called. GraphQL does not say; REST is asked, once.
func (s *source) nameDefaultBranch(ctx context.Context, repository *Repository) error {
	if repository.DefaultBranch != "" {
		return nil
	}
	stored, err := s.reader.Strings(ctx, "select default_branch from github_repositories where id = ?", repository.ID)
	if err != nil {
		return err
	}
	if len(stored) > 0 {
		repository.DefaultBranch = stored[0]
		return nil
	}
	var found Repository
	if _, err := s.get(ctx, &found, "repos/%s", repository.FullName); err != nil {
		return err
	}
	repository.DefaultBranch = found.DefaultBranch
	return nil
}
