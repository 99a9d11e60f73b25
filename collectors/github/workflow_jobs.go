package github

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strings"
	"time"

	"dorado/collectors"
)

// A WorkflowJob is a row of raw.github_workflow_jobs: a job of one attempt of a
// workflow run. A matrix makes several, with different names.
type WorkflowJob struct {
	ID           int64      `json:"id" db:"id,key"`
	RunID        int64      `json:"run_id" db:"run_id"`
	RunAttempt   int        `json:"run_attempt" db:"run_attempt"`
	Repository   string     `json:"-" db:"repository"` // owner/name; not in the API's record
	Name         string     `json:"name" db:"name"`
	WorkflowName *string    `json:"workflow_name" db:"workflow_name"`
	HeadBranch   *string    `json:"head_branch" db:"head_branch"`
	HeadSHA      string     `json:"head_sha" db:"head_sha"`
	Status       string     `json:"status" db:"status"`
	Conclusion   *string    `json:"conclusion" db:"conclusion"` // NULL until it is completed
	Labels       []string   `json:"labels"`
	LabelNames   string     `json:"-" db:"labels"` // a JSON array: what its runner must be
	RunnerName   *string    `json:"runner_name" db:"runner_name"`
	RunnerGroup  *string    `json:"runner_group_name" db:"runner_group_name"`
	CreatedAt    *time.Time `json:"created_at" db:"created_at"`
	StartedAt    *time.Time `json:"started_at" db:"started_at"`
	CompletedAt  *time.Time `json:"completed_at" db:"completed_at"`
	HTMLURL      *string    `json:"html_url" db:"html_url"`
}

// Table returns the table's name.
func (WorkflowJob) Table() string { return "github_workflow_jobs" }

// workflowJobs reads the jobs of each workflow run that is completed and whose jobs are
// needed, those of all its attempts at once.
func (s *source) workflowJobs(ctx context.Context, repository string, _ struct{}) iter.Seq2[page[struct{}], error] {
	return s.details(ctx, "github_workflow_jobs", repository, fmt.Sprintf(completedRuns, s.config.Needs.jobPattern(repository)), func(ctx context.Context, run string) ([]collectors.Row, error) {
		var rows []collectors.Row
		for list, err := range lists[workflowJobList](ctx, s, fmt.Sprintf("repos/%s/actions/runs/%s/jobs?filter=all", repository, run)) {
			if status(err) == http.StatusNotFound {
				return rows, nil // the run was deleted in the meantime
			}
			if err != nil {
				return nil, err
			}
			for _, job := range list.Jobs {
				job.Repository = repository
				job.LabelNames = jsonArray(job.Labels)
				rows = append(rows, job)
			}
		}
		return rows, nil
	})
}

// A workflowJobList is a page of jobs.
type workflowJobList struct {
	Jobs []WorkflowJob `json:"jobs"`
}

// jobPattern returns, as an SQL text, the regular expression of the workflows of a
// repository whose jobs are needed.
func (n Needs) jobPattern(repository string) string {
	var patterns []string
	for name, some := range n.JobWorkflows {
		if strings.EqualFold(name, repository) {
			patterns = append(patterns, some...)
		}
	}
	slices.Sort(patterns)
	for i, pattern := range patterns {
		patterns[i] = "(?:" + pattern + ")"
	}
	return "'" + strings.ReplaceAll(strings.Join(patterns, "|"), "'", "''") + "'" // "" matches everything
}

// completedRuns are the runs whose jobs are to be read: those whose last attempt is
// completed, of workflows that match a pattern as core.rule_matches has it.
const completedRuns = `
	select
		id::varchar as record,
		max(run_attempt) || ' ' || max(updated_at) as version,
		max(updated_at) as updated_at
	from github_workflow_runs
	where
		repository = $2
		and (
			regexp_matches(split_part(path, '@', 1), %[1]s)
			or regexp_matches(split_part(split_part(path, '@', 1), '/', -1), %[1]s)
			or regexp_matches(name, %[1]s)
		)
	group by id
	having lower(arg_max(status, run_attempt)) = 'completed'`
