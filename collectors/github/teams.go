package github

import (
	"time"
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
