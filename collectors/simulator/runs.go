package simulator

import (
	"fmt"
	"strings"
	"time"
)

// workflowFile is where a repository that deploys by a workflow alone has it.
const workflowFile = ".github/workflows/deploy.yml"

// asRuns takes the deployments of a repository, which were made in it as all are, for
// the runs of a workflow: nothing tells GitHub of them. A run deploys with a job for
// each of three regions, and its first attempt may end in error before anything is
// deployed: then it is started again.
func (h *history) asRuns() {
	if h.repository.Records == nil {
		h.repository.Records = &Records{}
	}
	for _, deployment := range h.repository.Deployments {
		run := &WorkflowRun{
			ID:        deployment.ID,
			Number:    len(h.repository.Records.WorkflowRuns) + 1,
			Workflow:  "Deploy",
			Path:      workflowFile,
			Event:     "push",
			Branch:    deployment.Ref,
			SHA:       deployment.SHA,
			Actor:     deployment.Creator,
			CreatedAt: deployment.CreatedAt,
		}
		h.repository.Records.WorkflowRuns = append(h.repository.Records.WorkflowRuns, run)
		last := Attempt{StartedAt: deployment.CreatedAt}
		for _, status := range deployment.Statuses {
			switch status.State {
			case "in_progress":
				if status.At.Sub(deployment.CreatedAt) > 10*time.Second && h.draw.chance(80) {
					lost := Attempt{StartedAt: deployment.CreatedAt, FinishedAt: deployment.CreatedAt.Add(8 * time.Second), Conclusion: "failure"}
					run.Attempts = append(run.Attempts, h.matrix(lost))
					last.StartedAt = status.At
				}
			case "success":
				last.FinishedAt, last.Conclusion = status.At, "success"
			case "failure", "error":
				last.FinishedAt, last.Conclusion = status.At, "failure"
			}
		}
		run.Attempts = append(run.Attempts, h.matrix(last))
	}
	h.repository.Deployments = nil
}

// matrix gives an attempt its jobs. Where it fails only the last of them does.
func (h *history) matrix(attempt Attempt) Attempt {
	regions := []string{"eu", "us", "asia"}
	for i, region := range regions {
		job := Job{ID: h.id(), Name: fmt.Sprintf("deploy (%s)", region), Conclusion: "success", StartedAt: attempt.StartedAt.Add(time.Second), FinishedAt: attempt.FinishedAt}
		if i == len(regions)-1 {
			job.Conclusion = attempt.Conclusion
		}
		attempt.Jobs = append(attempt.Jobs, job)
	}
	return attempt
}

// describe gives the repository what GitHub knows of it besides: the environments it
// is deployed to, and the files that say whose it is.
func (h *history) describe() {
	if h.repository.Records == nil {
		h.repository.Records = &Records{}
	}
	records := h.repository.Records
	for _, deployment := range h.repository.Deployments {
		isKnown := false
		for _, environment := range records.Environments {
			isKnown = isKnown || environment.Name == deployment.Environment
		}
		if !isKnown {
			records.Environments = append(records.Environments, Environment{ID: h.id(), Name: deployment.Environment, CreatedAt: deployment.CreatedAt})
		}
	}
	owners := fmt.Sprintf("* @%s/%s\n", h.organization.Name, h.service.Team)
	var components []string
	for _, service := range h.services() {
		components = append(components, fmt.Sprintf("apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: %s\nspec:\n  type: service\n  lifecycle: production\n  owner: group:%s\n",
			service.Name, service.Team))
	}
	records.Files = []File{
		{Path: ".github/CODEOWNERS", Content: owners, At: h.repository.CreatedAt},
		{Path: "catalog-info.yaml", Content: strings.Join(components, "---\n"), At: h.repository.CreatedAt},
	}
}
