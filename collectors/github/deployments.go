package github

import (
	"cmp"
	"context"
	"iter"
	"maps"
	"slices"
	"time"

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
	UpdatedAt           time.Time `json:"updated_at" db:"updated_at,version"`
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

// Collector returns the name of the collector that stores statuses.
func (DeploymentStatus) Collector() string { return "github_deployments" }

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
	NodeID    string
	CreatedAt time.Time // UTC
	UpdatedAt time.Time // UTC
}

// deployments reads the list newest first, with the statuses of each deployment
// that is new, has been updated or had not ended.
func (s *source) deployments(ctx context.Context, road road, repository string, state deploymentsState) iter.Seq2[page[deploymentsState], error] {
	return func(yield func(page[deploymentsState], error) bool) {
		next := deploymentsState{Span: state.Span, UpdatedAt: state.UpdatedAt, Open: maps.Clone(state.Open)}
		if next.Open == nil {
			next.Open = map[int64]openedState{}
		}
		seen := map[int64]bool{}
		deep, isDeep := deepFloor(ctx)
		newest, err := road.deploymentMarks(ctx, repository)
		if err != nil {
			yield(page[deploymentsState]{}, err)
			return
		}
		known := newest.fingerprint(state.Span.Newest.Add(-lateStatuses))
		if known != "" && known == state.Span.Seen && !isDeep {
			for _, mark := range newest.items {
				seen[mark.ID] = true // and not changed
			}
		} else {
			read := func(ctx context.Context, position string, until time.Time) ([]Deployment, string, error) {
				return road.deployments(ctx, repository, position, until)
			}
			for found, err := range newestFirst(ctx, s.config.Since, state.Span, lateStatuses, func(d Deployment) time.Time { return d.CreatedAt }, read) {
				if err != nil {
					yield(page[deploymentsState]{}, err)
					return
				}
				var changed []Deployment
				for _, deployment := range found.items {
					seen[deployment.ID] = true
					_, isWanted := state.Open[deployment.ID]
					isWanted = isWanted || isDeep && deployment.CreatedAt.After(deep)
					isUpdated := deployment.UpdatedAt.After(state.UpdatedAt) || state.Span.Seen == "" && deployment.UpdatedAt.Equal(state.UpdatedAt)
					if isWanted || !state.Span.holds(deployment.CreatedAt) || isUpdated {
						changed = append(changed, deployment)
					}
				}
				rows, err := withStatuses(ctx, road, repository, changed, &next)
				if err != nil {
					yield(page[deploymentsState]{}, err)
					return
				}
				if !yield(page[deploymentsState]{rows: rows, state: next.grown(found.span)}, nil) {
					return
				}
			}
		}
		listed := next.UpdatedAt
		rows, err := s.missedDeployments(ctx, road, repository, state, seen, &next)
		if next.UpdatedAt.After(listed) {
			known = "" // which they have not settled down to
		}
		if next.Span.Complete {
			// What came since the marks is stored already, and read again.
			next.Span.Seen = known
		}
		if len(state.Open) > 0 || next.Span.Seen != state.Span.Seen || err != nil {
			yield(page[deploymentsState]{rows: rows, state: &next}, err)
		}
	}
}

// grown returns a copy of the state with its span as it is after a page, nil while
// there is a gap.
func (s *deploymentsState) grown(span *span) *deploymentsState {
	if span == nil {
		return nil
	}
	s.Span = *span
	copied := *s
	copied.Open = maps.Clone(s.Open)
	return &copied
}

// missedDeployments reads those that had not ended and that the list did not give.
func (s *source) missedDeployments(ctx context.Context, road road, repository string, state deploymentsState, seen map[int64]bool, next *deploymentsState) ([]collectors.Row, error) {
	open := map[int64]openedState{}
	for id, one := range state.Open {
		switch {
		case seen[id]:
		case one.CreatedAt.Before(next.Span.Newest.Add(-givenUp)):
			delete(next.Open, id)
		default:
			open[id] = one
		}
	}
	found, err := road.openDeployments(ctx, repository, open)
	if err != nil {
		return nil, err
	}
	var changed []Deployment
	for _, deployment := range found {
		if !deployment.UpdatedAt.Equal(open[deployment.ID].UpdatedAt) {
			changed = append(changed, deployment)
		}
		delete(open, deployment.ID)
	}
	for id := range open {
		delete(next.Open, id) // deleted in the meantime
	}
	slices.SortFunc(changed, func(a, b Deployment) int { return cmp.Compare(a.ID, b.ID) })
	return withStatuses(ctx, road, repository, changed, next)
}

// withStatuses reads the statuses of deployments and returns the rows of both.
// It notes in state which of them have not ended.
func withStatuses(ctx context.Context, road road, repository string, deployments []Deployment, state *deploymentsState) ([]collectors.Row, error) {
	statuses, err := road.statuses(ctx, repository, deployments)
	if err != nil {
		return nil, err
	}
	var rows []collectors.Row
	for i, deployment := range deployments {
		rows = append(rows, deployment.row(repository))
		hasEnded := false
		for _, status := range statuses[i] {
			rows = append(rows, status.row(repository, deployment.ID))
			hasEnded = hasEnded || slices.Contains([]string{"success", "failure", "error", "inactive"}, status.State)
		}
		if deployment.UpdatedAt.After(state.UpdatedAt) {
			state.UpdatedAt = deployment.UpdatedAt
		}
		delete(state.Open, deployment.ID)
		if !hasEnded {
			state.Open[deployment.ID] = openedState{NodeID: deployment.NodeID, CreatedAt: deployment.CreatedAt, UpdatedAt: deployment.UpdatedAt}
		}
	}
	return rows, nil
}

// row returns the deployment as it is stored.
func (d Deployment) row(repository string) Deployment {
	d.Repository = repository
	d.Description = given(d.Description)
	d.CreatorLogin = d.Creator.login()
	return d
}

// row returns the status as it is stored.
func (s DeploymentStatus) row(repository string, deploymentID int64) DeploymentStatus {
	s.Repository, s.DeploymentID = repository, deploymentID
	s.CreatorLogin = s.Creator.login()
	s.Environment, s.Description = given(s.Environment), given(s.Description)
	s.LogURL, s.EnvironmentURL = cmp.Or(given(s.LogURL), given(s.TargetURL)), given(s.EnvironmentURL)
	return s
}
