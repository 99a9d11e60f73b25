package github

import (
	"context"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"

	"dorado/collectors"
)

// A discovery is the repositories that a configuration names, found once in a run.
type discovery struct {
	mutex sync.Mutex
	isSet bool
	names []string
}

// discovered returns owner/name of each repository that the configuration names,
// each once: those found by a pattern stand where the pattern does, by name.
func (s *source) discovered(ctx context.Context) ([]string, error) {
	s.discovery.mutex.Lock()
	defer s.discovery.mutex.Unlock()
	if s.discovery.isSet {
		return s.discovery.names, nil
	}
	var names []string
	seen := map[string]bool{}
	add := func(name string) {
		if key := strings.ToLower(name); !seen[key] {
			seen[key] = true
			names = append(names, name)
		}
	}
	for _, configured := range s.config.Repositories {
		if !IsPattern(configured) {
			add(configured)
			continue
		}
		found, err := s.ownedBy(ctx, strings.Split(configured, "/")[0])
		if err != nil {
			return nil, s.explain(configured, err)
		}
		for _, repository := range found {
			if !s.config.takes(configured, repository) {
				continue
			}
			if err := s.follow(ctx, repository); err != nil {
				return nil, err
			}
			s.know(repository.FullName, repository)
			add(repository.FullName)
		}
	}
	s.discovery.names, s.discovery.isSet = names, true
	return names, nil
}

// IsPattern reports whether an entry of Config.Repositories stands for all the
// repositories that it matches.
func IsPattern(entry string) bool { return strings.ContainsAny(entry, `*?[\`) }

// IsValid reports whether a pattern can match anything: its brackets are closed.
func IsValid(pattern string) bool {
	_, err := path.Match(pattern, "")
	return err == nil
}

// Matches reports whether a repository (owner/name) is meant by one of patterns,
// whatever its case. * stands for any part of an owner or of a name.
func Matches(patterns []string, repository string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		isMatch, err := path.Match(strings.ToLower(pattern), strings.ToLower(repository))
		return err == nil && isMatch
	})
}

// takes reports whether a repository of the owner in pattern is to be read.
func (c Config) takes(pattern string, repository Repository) bool {
	switch {
	case !Matches([]string{pattern}, repository.FullName):
		return false
	case repository.Archived && !c.Archived, repository.Fork && !c.Forks:
		return false
	case len(c.Include) > 0 && !Matches(c.Include, repository.FullName):
		return false
	}
	return !Matches(c.Exclude, repository.FullName)
}

// ownedBy returns the repositories of an organization, or of a user where it is
// none, by name. Of a user GitHub lists only the public ones.
func (s *source) ownedBy(ctx context.Context, owner string) ([]Repository, error) {
	list := func(kind, parameters string) (found []Repository, err error) {
		for repositories, err := range all[Repository](conditional(ctx), s, fmt.Sprintf("%s/%s/repos?%s", kind, owner, parameters)) {
			if err != nil {
				return nil, err
			}
			found = append(found, repositories...)
		}
		return found, nil
	}
	found, err := list("orgs", "type=all&sort=full_name")
	if status(err) == http.StatusNotFound {
		found, err = list("users", "type=owner&sort=full_name")
	}
	if err != nil {
		return nil, err
	}
	slices.SortFunc(found, func(a, b Repository) int {
		return strings.Compare(strings.ToLower(a.FullName), strings.ToLower(b.FullName))
	})
	return found, nil
}

// know remembers for the rest of the run the repository that is or was called
// name.
func (s *source) know(name string, repository Repository) {
	repository.ReadAt = s.clock.now()
	s.known.Store(name, repository)
	s.known.Store(repository.FullName, repository)
}

// follow moves what is stored of a repository under an older name to its name now,
// so that a repository that was renamed or moved goes on as it is and has no row
// twice.
func (s *source) follow(ctx context.Context, repository Repository) error {
	older, err := s.reader.Strings(ctx, "select full_name from github_repositories where id = ? and full_name <> ?", repository.ID, repository.FullName)
	if err != nil {
		return err
	}
	for _, name := range older {
		if err := s.reader.Rename(ctx, "repository", name, repository.FullName); err != nil {
			return fmt.Errorf("follow %s to its new name %s: %w", name, repository.FullName, err)
		}
	}
	return nil
}

// nameRows returns the names that a repository answers to: its own, and the one
// that it was asked for by.
func nameRows(asked string, repository Repository) []collectors.Row {
	rows := []collectors.Row{RepositoryName{Name: strings.ToLower(repository.FullName), RepositoryID: repository.ID}}
	if !strings.EqualFold(asked, repository.FullName) {
		rows = append(rows, RepositoryName{Name: strings.ToLower(asked), RepositoryID: repository.ID})
	}
	return rows
}
