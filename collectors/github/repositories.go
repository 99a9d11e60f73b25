package github

import (
	"context"
	"iter"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// A Repository is a row of raw.github_repositories.
type Repository struct {
	ID            int64      `json:"id" db:"id,key"`
	FullName      string     `json:"full_name" db:"full_name"` // owner/name; it changes when the repository is renamed
	DefaultBranch string     `json:"default_branch" db:"default_branch"`
	HTMLURL       string     `json:"html_url" db:"html_url"`
	Fork          bool       `json:"fork" db:"fork"`
	Archived      bool       `json:"archived" db:"archived"`
	Private       bool       `json:"private" db:"private"`
	CreatedAt     time.Time  `json:"created_at" db:"created_at"`
	PushedAt      *time.Time `json:"pushed_at" db:"pushed_at"`
	ReadAt        time.Time  `json:"-"` // when it was so, by the server's clock; only where REST gave it
}

// Table returns the table's name.
func (Repository) Table() string { return "github_repositories" }

// repositories reads the repository itself, on every run.
func (s *source) repositories(ctx context.Context, _ road, repository string, _ struct{}) iter.Seq2[page[struct{}], error] {
	return func(yield func(page[struct{}], error) bool) {
		found, err := s.repository(ctx, repository)
		if err != nil {
			yield(page[struct{}]{}, err)
			return
		}
		rows := append(nameRows(repository, found), found)
		rows = append(rows, (graphRoad{source: s}).overview(repository).totals()...)
		yield(page[struct{}]{rows: rows, state: &struct{}{}}, nil)
	}
}

// repository returns the repository that is or was called name. Each is asked for
// once in a run, those that a list gave not at all.
func (s *source) repository(ctx context.Context, name string) (Repository, error) {
	if known := (graphRoad{source: s}).overview(name); known != nil {
		return known.repository, known.err
	}
	if known, ok := s.known.Load(name); ok {
		return known.(Repository), nil
	}
	var found Repository
	if _, err := s.get(conditional(ctx), &found, "repos/%s", name); err != nil {
		return Repository{}, err
	}
	if err := s.follow(ctx, found); err != nil {
		return Repository{}, err
	}
	s.know(name, found)
	return found, nil
}

// ownedTogether is how many repositories of one owner are rather read as a list.
const ownedTogether = 10

// readOwners reads the repositories of owners of many as lists, 100 with one request.
// What they lack, such as what was renamed, is asked for by its name later.
func (s *source) readOwners(ctx context.Context, names []string) error {
	wanted := map[string]int{}
	for _, name := range names {
		if _, isKnown := s.known.Load(name); !isKnown {
			owner, _, _ := strings.Cut(name, "/")
			wanted[owner]++
		}
	}
	for _, owner := range slices.Sorted(maps.Keys(wanted)) {
		if wanted[owner] < ownedTogether {
			continue
		}
		found, err := s.ownedBy(ctx, owner)
		if status(err) == http.StatusNotFound || status(err) == http.StatusForbidden {
			continue // those that can be seen one by one are
		}
		if err != nil {
			return err
		}
		byName := map[string]Repository{}
		for _, repository := range found {
			byName[strings.ToLower(repository.FullName)] = repository
		}
		for _, name := range names {
			repository, isFound := byName[strings.ToLower(name)]
			if !isFound {
				continue
			}
			if err := s.follow(ctx, repository); err != nil {
				return err
			}
			s.know(name, repository)
		}
	}
	return nil
}
