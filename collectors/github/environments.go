package github

import (
	"time"
)

// An Environment is a row of raw.github_environments: a place that a repository
// is deployed to. One that was removed stays.
type Environment struct {
	ID              int64  `json:"id" db:"id,key"`
	Repository      string `json:"-" db:"repository"` // owner/name; not in the API's record
	Name            string `json:"name" db:"name"`
	ProtectionRules []struct {
		Type string `json:"type"` // required_reviewers, wait_timer or branch_policy
	} `json:"protection_rules"`
	ProtectionTypes string    `json:"-" db:"protection_types"` // a JSON array of their types
	CreatedAt       time.Time `json:"created_at" db:"created_at"`
	UpdatedAt       time.Time `json:"updated_at" db:"updated_at"`
	HTMLURL         string    `json:"html_url" db:"html_url"`
}

// Table returns the table's name.
func (Environment) Table() string { return "github_environments" }
