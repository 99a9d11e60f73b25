package github

import (
	"time"
)

// A WorkflowRun is a row of raw.github_workflow_runs: one attempt of a run. A run
// that was started again has several.
type WorkflowRun struct {
	ID                   int64    `json:"id" db:"id,key"`
	RunAttempt           int      `json:"run_attempt" db:"run_attempt,key"` // from 1
	Repository           string   `json:"-" db:"repository"`                // owner/name
	WorkflowID           int64    `json:"workflow_id" db:"workflow_id"`
	Name                 *string  `json:"name" db:"name"` // the workflow's
	Path                 string   `json:"path" db:"path"` // the workflow's file, for a reusable one with @ref behind it
	DisplayTitle         *string  `json:"display_title" db:"display_title"`
	RunNumber            int      `json:"run_number" db:"run_number"` // counted in its workflow
	Event                string   `json:"event" db:"event"`           // what started it: push, workflow_dispatch, ...
	HeadBranch           *string  `json:"head_branch" db:"head_branch"`
	HeadSHA              string   `json:"head_sha" db:"head_sha"`
	Status               *string  `json:"status" db:"status"`         // completed, or how far it is
	Conclusion           *string  `json:"conclusion" db:"conclusion"` // NULL until it is completed
	Actor                *account `json:"actor"`
	ActorLogin           *string  `json:"-" db:"actor_login"` // who caused the first attempt
	ActorType            *string  `json:"-" db:"actor_type"`
	TriggeringActor      *account `json:"triggering_actor"`
	TriggeringActorLogin *string  `json:"-" db:"triggering_actor_login"` // who caused this attempt
	PullRequests         []struct {
		Number int `json:"number"`
	} `json:"pull_requests"`
	PullRequestNumbers string     `json:"-" db:"pull_requests"`               // a JSON array of the numbers of those open for its branch
	CreatedAt          time.Time  `json:"created_at" db:"created_at"`         // the same for all attempts
	RunStartedAt       *time.Time `json:"run_started_at" db:"run_started_at"` // when this attempt began
	UpdatedAt          time.Time  `json:"updated_at" db:"updated_at"`         // of a completed attempt when it ended
	HTMLURL            string     `json:"html_url" db:"html_url"`
}

// Table returns the table's name.
func (WorkflowRun) Table() string { return "github_workflow_runs" }
