package github

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"dorado/collectors"
)

// A Deployment is a row of raw.github_deployments.
type Deployment struct {
	ID                  int64     `json:"id" db:"id,key"`
	NodeID              string    `json:"node_id"`
	Repository          string    `json:"-" db:"repository"` // owner/name; not in the API's record
	SHA                 string    `json:"sha" db:"sha"`
	Ref                 string    `json:"ref" db:"ref"` // what was asked for; the SHA where GraphQL knows it no more
	Task                string    `json:"task" db:"task"`
	Environment         string    `json:"environment" db:"environment"`
	OriginalEnvironment *string   `json:"original_environment" db:"original_environment"`
	Description         *string   `json:"description" db:"description"`
	Creator             *account  `json:"creator"`
	CreatorLogin        *string   `json:"-" db:"creator_login"`
	CreatedAt           time.Time `json:"created_at" db:"created_at"`
	UpdatedAt           time.Time `json:"updated_at" db:"updated_at"`
}

// Table returns the table's name.
func (Deployment) Table() string { return "github_deployments" }

// A DeploymentStatus is a row of raw.github_deployment_statuses.
type DeploymentStatus struct {
	NodeID         string    `json:"node_id" db:"node_id,key"` // GraphQL gives no number
	DeploymentID   int64     `json:"-" db:"deployment_id"`     // not in the API's record
	Repository     string    `json:"-" db:"repository"`        // owner/name; not in the API's record
	State          string    `json:"state" db:"state"`
	Environment    *string   `json:"environment" db:"environment"`
	Description    *string   `json:"description" db:"description"`
	LogURL         *string   `json:"log_url" db:"log_url"`
	TargetURL      *string   `json:"target_url"` // what log_url was called before
	EnvironmentURL *string   `json:"environment_url" db:"environment_url"`
	Creator        *account  `json:"creator"`
	CreatorLogin   *string   `json:"-" db:"creator_login"`
	CreatedAt      time.Time `json:"created_at" db:"created_at"`
}

// Table returns the table's name.
func (DeploymentStatus) Table() string { return "github_deployment_statuses" }

const (
	// lateStatuses is how far back the list is read again on every run. A late
	// status moves a deployment's updated_at but not its place in the list,
	// which is sorted by created_at; deployments that get one after this time
	// are found only if they had not ended.
	lateStatuses = 14 * 24 * time.Hour
	// givenUp is after how long a deployment that has not ended is asked for no
	// more.
	givenUp = 90 * 24 * time.Hour
)

// deploymentsState is what is stored of a repository's deployments.
type deploymentsState struct {
	Span      span
	UpdatedAt time.Time             // the greatest updated_at seen, UTC
	Open      map[int64]openedState // by id those that had not ended
}

// openedState is what is known of a deployment that has not ended.
type openedState struct {
	CreatedAt time.Time // UTC
}

// deployments reads the list newest first, with the statuses of each deployment
// that is new, has been updated or had not ended.
func (s *source) deployments(ctx context.Context, repository string, state deploymentsState) iter.Seq2[page[deploymentsState], error] {
	return func(yield func(page[deploymentsState], error) bool) {
		next := deploymentsState{Span: state.Span, UpdatedAt: state.UpdatedAt, Open: map[int64]openedState{}}
		for id, open := range state.Open {
			next.Open[id] = open
		}
		seen := map[int64]bool{}
		deep, isDeep := deepFloor(ctx)
		list := newestFirst(ctx, s, fmt.Sprintf("repos/%s/deployments?", repository), state.Span, lateStatuses,
			func(d Deployment) time.Time { return d.CreatedAt })
		for found, err := range list {
			if err != nil {
				yield(page[deploymentsState]{}, err)
				return
			}
			var changed []Deployment
			for _, deployment := range found.items {
				seen[deployment.ID] = true
				_, isWanted := state.Open[deployment.ID]
				isWanted = isWanted || isDeep && deployment.CreatedAt.After(deep)
				if isWanted || !state.Span.holds(deployment.CreatedAt) || !deployment.UpdatedAt.Before(state.UpdatedAt) {
					changed = append(changed, deployment)
				}
			}
			rows, err := s.withStatuses(ctx, repository, changed, &next)
			if err != nil {
				yield(page[deploymentsState]{}, err)
				return
			}
			stored := page[deploymentsState]{rows: rows}
			if found.span != nil {
				next.Span = *found.span
				now := next
				stored.state = &now
			}
			if !yield(stored, nil) {
				return
			}
		}
		var missed []Deployment
		for id, open := range state.Open {
			if seen[id] {
				continue
			}
			if open.CreatedAt.Before(next.Span.Newest.Add(-givenUp)) {
				delete(next.Open, id)
				continue
			}
			var deployment Deployment
			_, err := s.get(ctx, &deployment, "repos/%s/deployments/%d", repository, id)
			if status(err) == http.StatusNotFound {
				delete(next.Open, id) // deleted in the meantime
				continue
			}
			if err != nil {
				yield(page[deploymentsState]{}, err)
				return
			}
			missed = append(missed, deployment)
		}
		if len(state.Open) == 0 {
			return
		}
		slices.SortFunc(missed, func(a, b Deployment) int { return int(a.ID - b.ID) })
		rows, err := s.withStatuses(ctx, repository, missed, &next)
		yield(page[deploymentsState]{rows: rows, state: &next}, err)
	}
}

// withStatuses reads the statuses of deployments and returns the rows of both.
// It notes in state which of them have not ended.
func (s *source) withStatuses(ctx context.Context, repository string, deployments []Deployment, state *deploymentsState) ([]collectors.Row, error) {
	statuses := make([][]DeploymentStatus, len(deployments))
	group, groupContext := errgroup.WithContext(ctx)
	group.SetLimit(sideRequests)
	for i, deployment := range deployments {
		group.Go(func() error {
			for found, err := range all[DeploymentStatus](groupContext, s, fmt.Sprintf("repos/%s/deployments/%d/statuses?", repository, deployment.ID)) {
				if err != nil {
					return fmt.Errorf("statuses of deployment %d: %w", deployment.ID, err)
				}
				statuses[i] = append(statuses[i], found...)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var rows []collectors.Row
	for i, deployment := range deployments {
		deployment.Repository = repository
		deployment.Description = given(deployment.Description)
		deployment.CreatorLogin = deployment.Creator.login()
		rows = append(rows, deployment)
		hasEnded := false
		for _, status := range statuses[i] {
			status.Repository, status.DeploymentID = repository, deployment.ID
			status.CreatorLogin = status.Creator.login()
			status.Environment, status.Description = given(status.Environment), given(status.Description)
			status.LogURL, status.EnvironmentURL = cmp.Or(given(status.LogURL), given(status.TargetURL)), given(status.EnvironmentURL)
			rows = append(rows, status)
			hasEnded = hasEnded || slices.Contains([]string{"success", "failure", "error", "inactive"}, status.State)
		}
		if deployment.UpdatedAt.After(state.UpdatedAt) {
			state.UpdatedAt = deployment.UpdatedAt
		}
		delete(state.Open, deployment.ID)
		if !hasEnded {
			state.Open[deployment.ID] = openedState{CreatedAt: deployment.CreatedAt}
		}
	}
	return rows, nil
}

// sideRequests is how many requests that go with one page are under way at once.
// GitHub asks for few: more brings its secondary rate limit.
const sideRequests = 4
