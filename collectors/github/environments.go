package github

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"slices"
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

// environmentsState is what is known of a repository's environments.
type environmentsState struct {
	Deployed []string // the names of those that it was deployed to when they were read
}

// deployedEnvironments are those of a repository that deployments name.
const deployedEnvironments = "select distinct environment from github_deployments where repository = ? order by 1"

// environments reads the list the first time, and again when something was
// deployed to another environment than before.
func (s *source) environments(ctx context.Context, repository string, state environmentsState) iter.Seq2[page[environmentsState], error] {
	return func(yield func(page[environmentsState], error) bool) {
		deployed, err := s.reader.Strings(ctx, deployedEnvironments, repository)
		if err != nil {
			yield(page[environmentsState]{}, err)
			return
		}
		if _, isDeep := deepFloor(ctx); !isDeep && state.Deployed != nil && slices.Equal(deployed, state.Deployed) {
			return
		}
		var rows []collectors.Row
		for list, err := range lists[environmentList](ctx, s, fmt.Sprintf("repos/%s/environments?", repository)) {
			if status(err) == http.StatusNotFound {
				break // so where the plan has none
			}
			if err != nil {
				yield(page[environmentsState]{}, err)
				return
			}
			for _, environment := range list.Environments {
				rows = append(rows, environment.row(repository))
			}
		}
		yield(page[environmentsState]{rows: rows, state: &environmentsState{Deployed: append([]string{}, deployed...)}}, nil)
	}
}

// row returns the environment as it is stored.
func (e Environment) row(repository string) Environment {
	types := []string{}
	for _, rule := range e.ProtectionRules {
		types = append(types, rule.Type)
	}
	e.Repository = repository
	e.ProtectionTypes = jsonArray(types)
	return e
}

// An environmentList is a page of environments.
type environmentList struct {
	Environments []Environment `json:"environments"`
}
