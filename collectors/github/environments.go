package github

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"time"

	"dorado/collectors"
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

// environments reads the whole list on every run, by conditional requests.
func (s *source) environments(ctx context.Context, repository string, _ struct{}) iter.Seq2[page[struct{}], error] {
	return func(yield func(page[struct{}], error) bool) {
		path := fmt.Sprintf("repos/%s/environments?", repository)
		for list, err := range lists[environmentList](conditional(ctx), s, path) {
			if status(err) == http.StatusNotFound {
				return // a repository without any answers so on some plans
			}
			var rows []collectors.Row
			for _, environment := range list.Environments {
				types := []string{}
				for _, rule := range environment.ProtectionRules {
					types = append(types, rule.Type)
				}
				environment.Repository = repository
				environment.ProtectionTypes = jsonArray(types)
				rows = append(rows, environment)
			}
			if !yield(page[struct{}]{rows: rows, state: &struct{}{}}, err) || err != nil {
				return
			}
		}
	}
}

// An environmentList is a page of environments.
type environmentList struct {
	Environments []Environment `json:"environments"`
}
