package github

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"dorado/collectors"
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
	UpdatedAt          time.Time  `json:"updated_at" db:"updated_at,version"` // of a completed attempt when it ended
	HTMLURL            string     `json:"html_url" db:"html_url"`
}

// Table returns the table's name.
func (WorkflowRun) Table() string { return "github_workflow_runs" }

const (
	// lateAttempts is how far back runs are read again every time: a run that is
	// started again keeps its place in the list, which is sorted by created_at.
	lateAttempts = 3 * 24 * time.Hour
	// longestRun is after how long a run that has not ended is asked for no
	// more. GitHub itself ends one after 35 days.
	longestRun = 36 * 24 * time.Hour
	// mostRuns is how many runs GitHub lists of a window of time. Of more it does
	// not give the rest.
	mostRuns = 1000
)

// workflowRunsState is what is stored of a repository's workflow runs.
type workflowRunsState struct {
	Span      span
	UpdatedAt time.Time             // the greatest updated_at seen, UTC
	Open      map[int64]openedState // by id those that had not ended
}

// A workflowRunList is a page of workflow runs.
type workflowRunList struct {
	TotalCount   int           `json:"total_count"`
	WorkflowRuns []WorkflowRun `json:"workflow_runs"`
}

// workflowRuns reads the newest page of the list, which is all where little has
// happened, then what lies before it in windows of time, newest first, then the
// runs that had not ended and were in none. With each run that is new or has
// changed come its earlier attempts.
func (s *source) workflowRuns(ctx context.Context, repository string, state workflowRunsState) iter.Seq2[page[workflowRunsState], error] {
	return func(yield func(page[workflowRunsState], error) bool) {
		reading := &runsReading{source: s, repository: repository, before: state, after: state, seen: map[int64]bool{}}
		reading.after.Open = maps.Clone(state.Open)
		if reading.after.Open == nil {
			reading.after.Open = map[int64]openedState{}
		}
		var first workflowRunList
		if _, err := s.get(conditional(ctx), &first, "repos/%s/actions/runs?per_page=%d&page=1", repository, perPage); err != nil {
			if status(err) != http.StatusNotFound { // so where Actions are turned off
				yield(page[workflowRunsState]{}, err)
			}
			return
		}
		for found, err := range reading.pages(ctx, first) {
			if !yield(found, err) || err != nil {
				return
			}
		}
		if len(state.Open) == 0 {
			return
		}
		rows, err := reading.open(ctx)
		yield(page[workflowRunsState]{rows: rows, state: &reading.after}, err)
	}
}

// A runsReading is a run over the workflow runs of one repository.
type runsReading struct {
	source     *source
	repository string
	before     workflowRunsState
	after      workflowRunsState
	seen       map[int64]bool
}

// pages yields what is new: first is the newest page of the list.
func (r *runsReading) pages(ctx context.Context, first workflowRunList) iter.Seq2[page[workflowRunsState], error] {
	return func(yield func(page[workflowRunsState], error) bool) {
		if len(first.WorkflowRuns) == 0 {
			return
		}
		oldest := first.WorkflowRuns[0].CreatedAt
		for _, run := range first.WorkflowRuns {
			if run.CreatedAt.Before(oldest) {
				oldest = run.CreatedAt
			}
			if run.CreatedAt.After(r.after.Span.Newest) {
				r.after.Span.Newest = run.CreatedAt
			}
		}
		isWhole := len(first.WorkflowRuns) >= first.TotalCount
		isFirst := r.before.Span.Newest.IsZero()
		floor := r.floor(ctx)
		if isFirst {
			r.after.Span.Oldest = oldest
		}
		rows, err := r.rows(ctx, first.WorkflowRuns)
		if err != nil {
			yield(page[workflowRunsState]{}, err)
			return
		}
		isConnected := isWhole || isFirst || oldest.Before(floor)
		r.after.Span.Complete = r.after.Span.Complete || isWhole || isFirst && oldest.Before(r.start())
		if !yield(page[workflowRunsState]{rows: rows, state: r.state(isConnected)}, nil) || r.after.Span.Complete && isConnected {
			return
		}
		if !isConnected {
			for window, err := range r.windows(ctx, floor, oldest) {
				// Only when the gap to what is stored is closed does the span grow.
				isClosed := err == nil && !window.from.After(floor)
				if !yield(page[workflowRunsState]{rows: window.rows, state: r.state(isClosed)}, err) || err != nil {
					return
				}
			}
		}
		if r.after.Span.Complete {
			return
		}
		for window, err := range r.windows(ctx, r.start(), r.after.Span.Oldest) {
			if err == nil {
				r.after.Span.Oldest = window.from
				r.after.Span.Complete = !window.from.After(r.start())
			}
			if !yield(page[workflowRunsState]{rows: window.rows, state: r.state(true)}, err) || err != nil {
				return
			}
		}
	}
}

// start returns since when runs are read. GitHub has none from before 2018.
func (r *runsReading) start() time.Time {
	return latest(r.source.config.Since, time.Date(2018, 1, 1, 0, 0, 0, 0, time.UTC)).UTC().Truncate(time.Second)
}

// floor returns down to when runs are read again.
func (r *runsReading) floor(ctx context.Context) time.Time {
	floor := r.before.Span.Newest.Add(-lateAttempts)
	if deep, isDeep := deepFloor(ctx); isDeep && deep.Before(floor) {
		floor = deep
	}
	return latest(floor.UTC().Truncate(time.Second), r.start())
}

// state returns the state to store, nil where it must not be stored yet.
func (r *runsReading) state(isConnected bool) *workflowRunsState {
	if !isConnected {
		return nil
	}
	now := r.after
	now.Open = maps.Clone(r.after.Open)
	return &now
}

// A runsWindow is what a window of time brought.
type runsWindow struct {
	rows []collectors.Row
	from time.Time // its lower end
}

// windows yields the runs that were created from one time to another, both
// included, newest first. A window with more runs than GitHub lists is halved.
func (r *runsReading) windows(ctx context.Context, from, to time.Time) iter.Seq2[runsWindow, error] {
	return func(yield func(runsWindow, error) bool) {
		to = to.UTC().Truncate(time.Second)
		length := to.Sub(from)
		for !to.Before(from) {
			lower := latest(to.Add(-length), from)
			list, next, err := r.window(ctx, lower, to, 1)
			if err == nil && list.TotalCount > mostRuns {
				if lower.Before(to) {
					length = (to.Sub(lower) / 2).Truncate(time.Second)
					continue
				}
				err = fmt.Errorf("%d workflow runs were created at %s and GitHub lists %d of them: the others cannot be read",
					list.TotalCount, to.Format(time.RFC3339), mostRuns)
			}
			runs := list.WorkflowRuns
			for err == nil && next != 0 {
				list, next, err = r.window(ctx, lower, to, next)
				runs = append(runs, list.WorkflowRuns...)
			}
			var rows []collectors.Row
			if err == nil {
				rows, err = r.rows(ctx, runs)
			}
			if !yield(runsWindow{rows: rows, from: lower}, err) || err != nil {
				return
			}
			if len(runs) < mostRuns/4 {
				length = max(2*length, time.Second)
			}
			to = lower.Add(-time.Second)
		}
	}
}

// window reads one page of the runs that were created from one time to another.
func (r *runsReading) window(ctx context.Context, from, to time.Time, number int) (list workflowRunList, next int, err error) {
	created := url.QueryEscape(from.Format(time.RFC3339) + ".." + to.Format(time.RFC3339))
	next, err = r.source.get(ctx, &list, "repos/%s/actions/runs?created=%s&per_page=%d&page=%d", r.repository, created, perPage, number)
	return list, next, err
}

// rows returns the rows of those runs that are new or have changed, with their
// earlier attempts.
func (r *runsReading) rows(ctx context.Context, runs []WorkflowRun) ([]collectors.Row, error) {
	deep, isDeep := deepFloor(ctx)
	var rows []collectors.Row
	for _, run := range runs {
		_, wasOpen := r.before.Open[run.ID]
		isSame := r.before.Span.holds(run.CreatedAt) && run.UpdatedAt.Before(r.before.UpdatedAt) && !wasOpen
		if run.CreatedAt.Before(r.source.config.Since) || isSame && !(isDeep && run.CreatedAt.After(deep)) {
			continue
		}
		r.seen[run.ID] = true
		if run.UpdatedAt.After(r.after.UpdatedAt) {
			r.after.UpdatedAt = run.UpdatedAt
		}
		delete(r.after.Open, run.ID)
		if run.Status == nil || !strings.EqualFold(*run.Status, "completed") {
			r.after.Open[run.ID] = openedState{CreatedAt: run.CreatedAt}
		}
		earlier, err := r.earlierAttempts(ctx, run)
		if err != nil {
			return nil, err
		}
		rows = append(append(rows, earlier...), run.row(r.repository))
	}
	return rows, nil
}

// finishedAttempts are those of a run that are stored as they will stay.
const finishedAttempts = `
	select run_attempt::varchar
	from github_workflow_runs
	where
		id = ?
		and lower(status) = 'completed'`

// earlierAttempts reads the attempts of a run before its last one that are not
// stored. One that GitHub has no more is left out.
func (r *runsReading) earlierAttempts(ctx context.Context, run WorkflowRun) ([]collectors.Row, error) {
	if run.RunAttempt <= 1 {
		return nil, nil
	}
	stored, err := r.source.reader.Strings(ctx, finishedAttempts, run.ID)
	if err != nil {
		return nil, err
	}
	var rows []collectors.Row
	for number := 1; number < run.RunAttempt; number++ {
		if slices.Contains(stored, strconv.Itoa(number)) {
			continue
		}
		var attempt WorkflowRun
		_, err := r.source.get(ctx, &attempt, "repos/%s/actions/runs/%d/attempts/%d", r.repository, run.ID, number)
		if status(err) == http.StatusNotFound {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("attempt %d of workflow run %d: %w", number, run.ID, err)
		}
		rows = append(rows, attempt.row(r.repository))
	}
	return rows, nil
}

// open reads the runs that had not ended and were in no list.
func (r *runsReading) open(ctx context.Context) ([]collectors.Row, error) {
	var rows []collectors.Row
	for _, id := range slices.Sorted(maps.Keys(r.before.Open)) {
		if r.seen[id] {
			continue
		}
		if r.before.Open[id].CreatedAt.Before(r.after.Span.Newest.Add(-longestRun)) {
			delete(r.after.Open, id)
			continue
		}
		var run WorkflowRun
		_, err := r.source.get(ctx, &run, "repos/%s/actions/runs/%d", r.repository, id)
		if status(err) == http.StatusNotFound {
			delete(r.after.Open, id) // deleted in the meantime
			continue
		}
		if err != nil {
			return nil, err
		}
		found, err := r.rows(ctx, []WorkflowRun{run})
		if err != nil {
			return nil, err
		}
		rows = append(rows, found...)
	}
	return rows, nil
}

// row returns the run as it is stored.
func (w WorkflowRun) row(repository string) WorkflowRun {
	numbers := []int{}
	for _, pullRequest := range w.PullRequests {
		numbers = append(numbers, pullRequest.Number)
	}
	w.Repository = repository
	w.ActorLogin, w.ActorType = w.Actor.login(), w.Actor.kind()
	w.TriggeringActorLogin = w.TriggeringActor.login()
	w.PullRequestNumbers = jsonArray(numbers)
	return w
}

// latest returns the later of two times.
func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
