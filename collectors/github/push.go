package github

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"dorado/collectors"
)

// A Receiver makes rows of what GitHub's webhooks send. They are the rows that the
// collectors make, so that a record that is pushed and one that is collected are
// one row, and the newer copy stays. What a delivery does not tell whole is not
// stored: a hint makes the collector look, whose list it is, where it would not.
//
//	deployment, deployment_status  the deployment and the status
//	workflow_run                   the attempt, where Config.Needs names the repository
//	issues                         the issue, where Config.Needs names the repository
//	pull_request                   the pull request until it is merged; then a hint, because its commits are missing
//	release                        the release where none is stored: it does not say when it was changed; and a hint
//	push                           of a tag, a hint. One to a branch brings commits without their parents, which tell
//	                               nothing that can be used; the branch's head is asked for in every run anyway.
//
// A delivery is taken where Config.Repositories names or matches the name that the
// repository has in it: while a configuration still has an older name, what is sent
// under the new one is left to the collectors.
type Receiver struct {
	config Config
	store  PushStore
}

// A PushStore says what is stored of what is pushed.
type PushStore interface {
	// Strings returns the first column, a text, of the rows that an SQL query
	// over the raw tables gives.
	Strings(ctx context.Context, query string, args ...any) ([]string, error)
	// Newer returns those of rows that the store has no row of, or an older one.
	Newer(ctx context.Context, rows []collectors.Row) ([]collectors.Row, error)
}

// NewReceiver returns the receiver for a server. store may be nil where only Wants is
// called.
func NewReceiver(config Config, store PushStore) *Receiver {
	config.Needs.WorkflowRuns = append(slices.Clone(config.Needs.WorkflowRuns), config.Needs.Jobs...)
	return &Receiver{config: config, store: store}
}

// A delivery is the body of a webhook, as far as any event is read.
type delivery struct {
	Action      string            `json:"action"`
	Ref         string            `json:"ref"` // of a push
	Repository  *Repository       `json:"repository"`
	Deployment  *Deployment       `json:"deployment"`
	Status      *DeploymentStatus `json:"deployment_status"`
	Run         *WorkflowRun      `json:"workflow_run"`
	Release     *Release          `json:"release"`
	PullRequest *PullRequest      `json:"pull_request"`
	Issue       *Issue            `json:"issue"`
}

// Wants reports whether anything is to be kept of an event: it is one that is read,
// of a repository that is. The error says what is wrong with the body.
func (r *Receiver) Wants(event string, body []byte) (bool, error) {
	switch event {
	case "deployment", "deployment_status", "workflow_run", "release", "pull_request", "push", "issues":
	default:
		return false, nil
	}
	found, err := readDelivery(event, body)
	if err != nil {
		return false, err
	}
	return r.reads(event, found), nil
}

// readDelivery decodes a body and checks that it has what its event needs.
func readDelivery(event string, body []byte) (found delivery, err error) {
	if err := json.Unmarshal(body, &found); err != nil {
		return found, fmt.Errorf("the body is no %s event: %w", event, err)
	}
	missing := ""
	switch {
	case found.Repository == nil || found.Repository.FullName == "" || found.Repository.ID == 0:
		missing = "repository"
	case event == "deployment" && (found.Deployment == nil || found.Deployment.ID == 0):
		missing = "deployment"
	case event == "deployment_status" && (found.Deployment == nil || found.Deployment.ID == 0):
		missing = "deployment"
	case event == "deployment_status" && (found.Status == nil || found.Status.NodeID == ""):
		missing = "deployment_status"
	case event == "workflow_run" && (found.Run == nil || found.Run.ID == 0 || found.Run.RunAttempt == 0):
		missing = "workflow_run"
	case event == "release" && (found.Release == nil || found.Release.ID == 0):
		missing = "release"
	case event == "pull_request" && (found.PullRequest == nil || found.PullRequest.ID == 0):
		missing = "pull_request"
	case event == "issues" && (found.Issue == nil || found.Issue.ID == 0):
		missing = "issue"
	}
	if missing != "" {
		return found, fmt.Errorf("the body is no %s event: it has no %s", event, missing)
	}
	return found, nil
}

// reads reports whether a delivery brings a row or a hint.
func (r *Receiver) reads(event string, d delivery) bool {
	name := d.Repository.FullName
	if !r.config.collects(*d.Repository) {
		return false
	}
	switch event {
	case "workflow_run":
		return Matches(r.config.Needs.WorkflowRuns, name) && !d.Run.CreatedAt.Before(r.config.Since)
	case "issues":
		isGone := d.Action == "deleted" || d.Action == "transferred"
		return !isGone && Matches(r.config.Needs.Issues, name) && d.Issue.PullRequest == nil && !d.Issue.UpdatedAt.Before(r.config.Since)
	case "deployment", "deployment_status":
		return !d.Deployment.CreatedAt.Before(r.config.Since)
	case "pull_request":
		return !d.PullRequest.UpdatedAt.Before(r.config.Since)
	case "release":
		return d.Action != "deleted" && !d.Release.Draft
	default:
		return strings.HasPrefix(d.Ref, "refs/tags/")
	}
}

// collects reports whether a repository is one of those that are read.
func (c Config) collects(repository Repository) bool {
	return slices.ContainsFunc(c.Repositories, func(configured string) bool {
		if !IsPattern(configured) {
			return strings.EqualFold(configured, repository.FullName)
		}
		return c.takes(configured, repository)
	})
}

// Receive returns the rows that events bring to the store as it is.
func (r *Receiver) Receive(ctx context.Context, events []collectors.Event) (rows []collectors.Row, unread []error, err error) {
	names, err := r.names(ctx)
	if err != nil {
		return nil, nil, err
	}
	var found []collectors.Row
	for _, event := range events {
		one, err := readDelivery(event.Kind, event.Body)
		if err != nil {
			unread = append(unread, fmt.Errorf("delivery %s: %w", event.ID, err))
			continue
		}
		if !r.reads(event.Kind, one) {
			continue // the configuration has changed since
		}
		name := one.Repository.FullName
		if known := names[one.Repository.ID]; known != "" {
			// What was sent under an older name must not be left behind, and
			// what is sent under a newer one is renamed with the rest.
			name = known
		}
		found = append(found, one.rows(event, name, r.config.Since)...)
	}
	rows, err = r.store.Newer(ctx, found)
	return rows, unread, err
}

// names returns what the repositories are called in the store, by their ids.
func (r *Receiver) names(ctx context.Context) (map[int64]string, error) {
	texts, err := r.store.Strings(ctx, "select id::varchar || ' ' || full_name from github_repositories")
	if err != nil {
		return nil, err
	}
	names := map[int64]string{}
	for _, text := range texts {
		number, name, _ := strings.Cut(text, " ")
		id, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("id of repository %s: %w", name, err)
		}
		names[id] = name
	}
	return names, nil
}

// rows returns what a delivery brings.
func (d delivery) rows(event collectors.Event, repository string, since time.Time) []collectors.Row {
	hint := func(collector string) collectors.Row {
		return collectors.Hint{Collector: collector, Record: repository, OccurredAt: event.ReceivedAt}
	}
	switch event.Kind {
	case "deployment":
		return []collectors.Row{d.Deployment.row(repository)}
	case "deployment_status":
		return []collectors.Row{d.Deployment.row(repository), d.Status.row(repository, d.Deployment.ID)}
	case "workflow_run":
		return []collectors.Row{d.Run.row(repository)}
	case "issues":
		return []collectors.Row{d.Issue.row(repository)}
	case "release":
		rows := []collectors.Row{hint("github_releases")}
		if d.Release.PublishedAt != nil && !d.Release.PublishedAt.Before(since) {
			rows = append(rows, d.Release.row(repository))
		}
		return rows
	case "pull_request":
		if d.PullRequest.MergedAt != nil {
			return []collectors.Row{hint("github_pull_requests")}
		}
		return []collectors.Row{d.PullRequest.row(repository)}
	default:
		return []collectors.Row{hint("github_tags")}
	}
}
