package github

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strings"
	"time"

	"dorado/collectors"
)

// A Team is a row of raw.github_teams.
type Team struct {
	ID           int64   `json:"id" db:"id,key"`
	Organization string  `json:"-" db:"organization"` // not in the API's record
	Slug         string  `json:"slug" db:"slug"`
	Name         string  `json:"name" db:"name"`
	Description  *string `json:"description" db:"description"`
	Privacy      *string `json:"privacy" db:"privacy"` // closed or secret
	Parent       *struct {
		Slug string `json:"slug"`
	} `json:"parent"`
	ParentSlug *string   `json:"-" db:"parent_slug"` // of the team it is part of
	HTMLURL    string    `json:"html_url" db:"html_url"`
	ReadAt     time.Time `json:"-" db:"read_at"` // when it was last there; a team with an older one than the others of its organization is gone
}

// Table returns the table's name.
func (Team) Table() string { return "github_teams" }

// A TeamRepository is a row of raw.github_team_repositories.
type TeamRepository struct {
	Organization string    `json:"-" db:"organization,key"`
	TeamSlug     string    `json:"-" db:"team_slug,key"`
	RepositoryID int64     `json:"id" db:"repository_id,key"`
	Repository   string    `json:"full_name" db:"repository"` // owner/name
	RoleName     *string   `json:"role_name" db:"role_name"`  // admin, maintain, push, triage, pull or one of the organization's own
	ReadAt       time.Time `json:"-" db:"read_at"`            // as a Team's
}

// Table returns the table's name.
func (TeamRepository) Table() string { return "github_team_repositories" }

// teams collects the teams of the organizations that own repositories whose owners
// are needed, with the repositories of each. All of an organization is one page: a
// team that is gone is known by not being among the others.
type teams struct{ source *source }

// Name returns the collector's name.
func (t teams) Name() string { return "github_teams" }

// Pages reads one organization after the other, on every run, by conditional
// requests. It has no cursor.
func (t teams) Pages(ctx context.Context, _ string) iter.Seq2[collectors.Page, error] {
	return func(yield func(collectors.Page, error) bool) {
		owners, err := t.owners(ctx)
		if err != nil {
			if !errors.Is(err, collectors.ErrSpent) {
				yield(collectors.Page{}, err)
			}
			return
		}
		for _, owner := range owners {
			rows, err := t.of(ctx, owner)
			if errors.Is(err, collectors.ErrSpent) { // the next run reads them
				return
			}
			if err != nil {
				err = t.source.explain(owner+"/*", fmt.Errorf("teams: %w", err))
			}
			if !yield(collectors.Page{Rows: rows}, err) || err != nil {
				return
			}
		}
	}
}

// owners returns who owns the repositories whose owners are needed.
func (t teams) owners(ctx context.Context) ([]string, error) {
	names, err := t.source.discovered(ctx)
	if err != nil {
		return nil, err
	}
	var owners []string
	for _, name := range names {
		owner := strings.ToLower(strings.Split(name, "/")[0])
		if Matches(t.source.config.Needs.Owners, name) && !slices.Contains(owners, owner) {
			owners = append(owners, owner)
		}
	}
	return owners, nil
}

// of returns the rows of an owner's teams, none where it is a user.
func (t teams) of(ctx context.Context, owner string) ([]collectors.Row, error) {
	var found []Team
	for page, err := range all[Team](conditional(ctx), t.source, fmt.Sprintf("orgs/%s/teams?", owner)) {
		if status(err) == http.StatusNotFound {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		found = append(found, page...)
	}
	readAt := t.source.clock.now()
	var rows []collectors.Row
	for _, team := range found {
		team.Organization, team.ReadAt = owner, readAt
		if team.Parent != nil {
			team.ParentSlug = &team.Parent.Slug
		}
		rows = append(rows, team)
		for page, err := range all[TeamRepository](conditional(ctx), t.source, fmt.Sprintf("orgs/%s/teams/%s/repos?", owner, team.Slug)) {
			if err != nil {
				return nil, fmt.Errorf("repositories of team %s: %w", team.Slug, err)
			}
			for _, repository := range page {
				repository.Organization, repository.TeamSlug, repository.ReadAt = owner, team.Slug, readAt
				rows = append(rows, repository)
			}
		}
	}
	return rows, nil
}
