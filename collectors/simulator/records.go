package simulator

import (
	"cmp"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Records are what happened in a repository besides what New makes up: whoever
// wants to see it read puts it there.
type Records struct {
	Environments []Environment
	WorkflowRuns []*WorkflowRun          // in the order they were made
	Issues       []*Issue                // in the order they were opened; numbered apart from the pull requests
	Timelines    map[int][]TimelineEntry // by the pull request's number, without its commits
	Files        []File                  // on the default branch
	Changed      map[string][]string     // the paths that a commit touches, by its SHA
}

// An Environment is a place to deploy to.
type Environment struct {
	ID        int64
	Name      string
	CreatedAt time.Time
}

// A WorkflowRun is a run of a workflow with all its attempts.
type WorkflowRun struct {
	ID        int64
	Number    int
	Workflow  string // its name
	Path      string // its file
	Event     string
	Branch    string
	SHA       string
	Actor     string // login
	CreatedAt time.Time
	Attempts  []Attempt // at least one; the first starts when the run is made
}

// An Attempt is an attempt of a workflow run.
type Attempt struct {
	StartedAt  time.Time
	FinishedAt time.Time // the zero time where it never ends
	Conclusion string
	Jobs       []Job
}

// A Job is a job of an attempt.
type Job struct {
	ID         int64
	Name       string
	Conclusion string
	StartedAt  time.Time
	FinishedAt time.Time
}

// An Issue is an issue.
type Issue struct {
	ID        int64
	Number    int
	Title     string
	Body      string
	Author    string // login
	Labels    []Label
	CreatedAt time.Time
	ClosedAt  *time.Time // nil while it is open
}

// A Label is put on an issue at a time.
type Label struct {
	Name string
	At   time.Time
}

// A File is a file as it is from a time on.
type File struct {
	Path    string
	Content string // "" where it is removed
	At      time.Time
}

// mostRuns is how many workflow runs a filtered list has at most.
const mostRuns = 1000

// recordRoutes says which path below a repository is answered by what.
func (s *server) recordRoutes() map[string]answer {
	return map[string]answer{
		"/actions/runs":                               s.listRuns,
		"/actions/runs/{run}":                         s.showRun,
		"/actions/runs/{run}/attempts/{attempt}":      s.showRun,
		"/actions/runs/{run}/jobs":                    s.listJobs,
		"/actions/runs/{run}/attempts/{attempt}/jobs": s.listJobs,
		"/contents/{path...}":                         s.showContents,
		"/environments":                               s.listEnvironments,
		"/issues":                                     s.listIssues,
		"/issues/{number}/timeline":                   s.listTimeline,
	}
}

// teamRoutes says which path of the organisation's teams is answered by what.
func (s *server) teamRoutes() map[string]answer {
	return map[string]answer{
		"/orgs/{login}/teams":              s.listTeams,
		"/orgs/{login}/teams/{slug}/repos": s.listTeamRepositories,
	}
}

// records returns the request's repository's, which may be none.
func (r *request) records() *Records {
	if r.repository.Records == nil {
		return &Records{}
	}
	return r.repository.Records
}

// listEnvironments lists the environments.
func (s *server) listEnvironments(r *request) (any, error) {
	var found []Environment
	for _, environment := range r.records().Environments {
		if !environment.CreatedAt.After(r.now) {
			found = append(found, environment)
		}
	}
	return map[string]any{
		"total_count": len(found),
		"environments": paged(r, found, func(e Environment) map[string]any {
			return map[string]any{
				"id": e.ID, "node_id": nodeID("EN", e.ID), "name": e.Name,
				"url": s.repositoryURL(r) + "/environments/" + e.Name, "html_url": s.pageURL(r.repository) + "/deployments/activity_log?environments_filter=" + e.Name,
				"created_at": e.CreatedAt, "updated_at": e.CreatedAt, "protection_rules": []any{}, "deployment_branch_policy": nil,
			}
		}),
	}, nil
}

// listRuns lists the runs with their last attempts, newest first. With a filter by
// time it gives the first thousand and no more.
func (s *server) listRuns(r *request) (any, error) {
	from, to, err := createdRange(r.parameter("created", ""))
	if err != nil {
		return nil, invalid("WorkflowRun", "created")
	}
	var found []*WorkflowRun
	for _, run := range newestFirst(r.records().WorkflowRuns, r.now, func(run *WorkflowRun) time.Time { return run.CreatedAt }) {
		if !run.CreatedAt.Before(from) && (to.IsZero() || !run.CreatedAt.After(to)) {
			found = append(found, run)
		}
	}
	total := len(found)
	if r.parameter("created", "") != "" {
		found = found[:min(total, mostRuns)]
	}
	return map[string]any{
		"total_count":   total,
		"workflow_runs": paged(r, found, func(run *WorkflowRun) map[string]any { return s.runJSON(r, run, run.last(r.now)) }),
	}, nil
}

// createdRange returns the ends of a filter such as 2026-01-01..2026-01-31.
func createdRange(text string) (from, to time.Time, err error) {
	if text == "" {
		return from, to, nil
	}
	first, last, _ := strings.Cut(text, "..")
	if from, err = time.Parse(time.RFC3339, first); err != nil {
		return from, to, err
	}
	to, err = time.Parse(time.RFC3339, last)
	return from, to, err
}

// run returns the run that the path names.
func (r *request) run() (*WorkflowRun, error) {
	for _, run := range r.records().WorkflowRuns {
		if strconv.FormatInt(run.ID, 10) == r.PathValue("run") && !run.CreatedAt.After(r.now) {
			return run, nil
		}
	}
	return nil, notFound()
}

// last returns the number of the last attempt that there is by now.
func (w *WorkflowRun) last(now time.Time) int {
	count := 1
	for count < len(w.Attempts) && !w.Attempts[count].StartedAt.After(now) {
		count++
	}
	return count
}

// attempt returns the number of the attempt that the path names, else the last.
func (r *request) attempt(run *WorkflowRun) (int, error) {
	number := r.PathValue("attempt")
	if number == "" {
		return run.last(r.now), nil
	}
	attempt, err := strconv.Atoi(number)
	if err != nil || attempt < 1 || attempt > run.last(r.now) {
		return 0, notFound()
	}
	return attempt, nil
}

// showRun answers what an attempt of a run is like.
func (s *server) showRun(r *request) (any, error) {
	run, err := r.run()
	if err != nil {
		return nil, err
	}
	number, err := r.attempt(run)
	if err != nil {
		return nil, err
	}
	return s.runJSON(r, run, number), nil
}

// runJSON returns an attempt of a run as it is by now.
func (s *server) runJSON(r *request, run *WorkflowRun, number int) map[string]any {
	attempt := run.Attempts[number-1]
	status, conclusion, updated := "in_progress", any(nil), attempt.StartedAt
	if isOver(attempt.FinishedAt, r.now) {
		status, conclusion, updated = "completed", attempt.Conclusion, attempt.FinishedAt
	}
	address := fmt.Sprintf("%s/actions/runs/%d", s.repositoryURL(r), run.ID)
	return map[string]any{
		"id": run.ID, "node_id": nodeID("WFR", run.ID), "name": run.Workflow, "path": run.Path, "display_title": run.Workflow,
		"run_number": run.Number, "run_attempt": number, "event": run.Event, "workflow_id": 1, "check_suite_id": run.ID,
		"status": status, "conclusion": conclusion, "head_branch": run.Branch, "head_sha": run.SHA, "pull_requests": []any{},
		"actor": s.userJSON(r, run.Actor), "triggering_actor": s.userJSON(r, run.Actor),
		"created_at": run.CreatedAt, "run_started_at": attempt.StartedAt, "updated_at": updated,
		"url": address, "html_url": fmt.Sprintf("%s/actions/runs/%d", s.pageURL(r.repository), run.ID), "jobs_url": address + "/jobs",
	}
}

// isOver says whether something that ends at a time, or never at the zero time,
// has ended.
func isOver(at, now time.Time) bool { return !at.IsZero() && !at.After(now) }

// listJobs lists the jobs of an attempt, with filter=all those of all attempts.
func (s *server) listJobs(r *request) (any, error) {
	run, err := r.run()
	if err != nil {
		return nil, err
	}
	number, err := r.attempt(run)
	if err != nil {
		return nil, err
	}
	first := number
	if r.parameter("filter", "latest") == "all" {
		first = 1
	}
	type numbered struct {
		Job
		attempt int
	}
	var jobs []numbered
	for attempt := first; attempt <= number; attempt++ {
		for _, job := range run.Attempts[attempt-1].Jobs {
			jobs = append(jobs, numbered{job, attempt})
		}
	}
	return map[string]any{
		"total_count": len(jobs),
		"jobs":        paged(r, jobs, func(job numbered) map[string]any { return s.jobJSON(r, run, job.attempt, job.Job) }),
	}, nil
}

// jobJSON returns a job as it is by now.
func (s *server) jobJSON(r *request, run *WorkflowRun, attempt int, job Job) map[string]any {
	status, conclusion, completed := "in_progress", any(nil), any(nil)
	if isOver(job.FinishedAt, r.now) {
		status, conclusion, completed = "completed", job.Conclusion, job.FinishedAt
	}
	return map[string]any{
		"id": job.ID, "run_id": run.ID, "run_attempt": attempt, "name": job.Name, "workflow_name": run.Workflow,
		"head_branch": run.Branch, "head_sha": run.SHA, "status": status, "conclusion": conclusion, "labels": []string{"ubuntu-latest"},
		"created_at": job.StartedAt, "started_at": job.StartedAt, "completed_at": completed, "steps": []any{},
		"url": fmt.Sprintf("%s/actions/jobs/%d", s.repositoryURL(r), job.ID), "html_url": fmt.Sprintf("%s/actions/runs/%d/job/%d", s.pageURL(r.repository), run.ID, job.ID),
	}
}

// listIssues lists issues and pull requests as GitHub does, sorted by their last
// update or when they were opened. Of a long list it gives ten pages.
func (s *server) listIssues(r *request) (any, error) {
	since, err := r.time("since", time.Time{})
	if err != nil {
		return nil, err
	}
	if r.number("page", 1) > 10 {
		return nil, &failure{status: http.StatusUnprocessableEntity, message: "Pagination with the page parameter is not supported for large datasets, please use cursor based pagination (after/before)"}
	}
	type entry struct {
		number           int
		created, updated time.Time
		rendered         map[string]any
		isOpen           bool
	}
	var found []entry
	for _, issue := range r.records().Issues {
		if !issue.CreatedAt.After(r.now) {
			found = append(found, entry{number: issue.Number, created: issue.CreatedAt, updated: issue.updated(r.now), rendered: s.issueJSON(r, issue), isOpen: !issue.isClosed(r.now)})
		}
	}
	for _, pull := range r.repository.PullRequests {
		if !pull.CreatedAt.After(r.now) {
			updated := r.repository.updatedAt(pull, r.now)
			state, closed := "open", any(nil)
			if pull.isClosed(r.now) {
				state, closed = "closed", *pull.ClosedAt
			}
			found = append(found, entry{number: pull.Number, created: pull.CreatedAt, updated: updated, isOpen: !pull.isClosed(r.now), rendered: map[string]any{
				"id": pull.ID + 1_000_000, "number": pull.Number, "title": pull.Title, "state": state, "created_at": pull.CreatedAt, "updated_at": updated, "closed_at": closed,
				"html_url": s.pageURL(r.repository), "labels": []any{}, "user": s.userJSON(r, pull.Author), "pull_request": map[string]any{"url": s.repositoryURL(r)},
			}})
		}
	}
	state := r.parameter("state", "open")
	found = slices.DeleteFunc(found, func(e entry) bool {
		return e.updated.Before(since) || state != "all" && e.isOpen != (state == "open")
	})
	isUpdated, isAscending := r.parameter("sort", "created") == "updated", r.parameter("direction", "desc") == "asc"
	slices.SortStableFunc(found, func(a, b entry) int {
		order := a.created.Compare(b.created)
		if isUpdated {
			order = a.updated.Compare(b.updated)
		}
		order = cmp.Or(order, cmp.Compare(a.number, b.number))
		if isAscending {
			return order
		}
		return -order
	})
	return paged(r, found, func(e entry) map[string]any { return e.rendered }), nil
}

// isClosed says whether the issue is closed by now.
func (i *Issue) isClosed(now time.Time) bool { return i.ClosedAt != nil && !i.ClosedAt.After(now) }

// updated returns when something last happened to the issue by now.
func (i *Issue) updated(now time.Time) time.Time {
	updated := i.CreatedAt
	for _, label := range i.Labels {
		if label.At.After(updated) && !label.At.After(now) {
			updated = label.At
		}
	}
	if i.isClosed(now) && i.ClosedAt.After(updated) {
		updated = *i.ClosedAt
	}
	return updated
}

// issueJSON returns an issue as it is by now.
func (s *server) issueJSON(r *request, issue *Issue) map[string]any {
	labels := []any{}
	for _, label := range issue.Labels {
		if !label.At.After(r.now) {
			labels = append(labels, map[string]any{"name": label.Name})
		}
	}
	state, closed, reason := "open", any(nil), any(nil)
	if issue.isClosed(r.now) {
		state, closed, reason = "closed", *issue.ClosedAt, "completed"
	}
	return map[string]any{
		"id": issue.ID, "node_id": nodeID("I", issue.ID), "number": issue.Number, "title": issue.Title, "body": issue.Body, "state": state, "state_reason": reason,
		"user": s.userJSON(r, issue.Author), "labels": labels, "created_at": issue.CreatedAt, "updated_at": issue.updated(r.now), "closed_at": closed,
		"html_url": fmt.Sprintf("%s/issues/%d", s.pageURL(r.repository), issue.Number), "url": fmt.Sprintf("%s/issues/%d", s.repositoryURL(r), issue.Number),
	}
}

// showContents answers what a folder or a file of the default branch holds.
func (s *server) showContents(r *request) (any, error) {
	path := strings.Trim(r.ref("path"), "/")
	files := r.repository.files(r.now)
	if text := files[path]; text != "" {
		return map[string]any{
			"type": "file", "path": path, "sha": blobSHA(text), "size": len(text), "encoding": "base64",
			"content": base64.StdEncoding.EncodeToString([]byte(text)) + "\n",
		}, nil
	}
	type entry struct {
		Type string `json:"type"`
		Path string `json:"path"`
		SHA  string `json:"sha"`
	}
	folders := map[string]string{} // all that is below a name
	entries := []entry{}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		text := files[name]
		rest, isBelow := strings.CutPrefix(name, strings.TrimPrefix(path+"/", "/"))
		if text == "" || !isBelow {
			continue
		}
		if first, below, isFolder := strings.Cut(rest, "/"); isFolder {
			folders[first] += below + text
		} else {
			entries = append(entries, entry{Type: "file", Path: name, SHA: blobSHA(text)})
		}
	}
	for name, all := range folders {
		entries = append(entries, entry{Type: "dir", Path: strings.TrimPrefix(path+"/"+name, "/"), SHA: blobSHA(all)})
	}
	if len(entries) == 0 {
		return nil, notFound()
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.Path, b.Path) })
	return entries, nil
}

// files returns what is in each file of the default branch, by its path; "" where it is
// there no more.
func (r *Repository) files(now time.Time) map[string]string {
	files := map[string]string{}
	if r.Records == nil {
		return files
	}
	for _, file := range r.Records.Files {
		if !file.At.After(now) {
			files[file.Path] = file.Content
		}
	}
	return files
}

// folderText returns what the SHA of a folder is made of, "" where there is none.
func folderText(files map[string]string, path string) (all string) {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if below, isBelow := strings.CutPrefix(name, path+"/"); isBelow && files[name] != "" {
			all += below + files[name]
		}
	}
	return all
}

// listTeams lists the organisation's teams.
func (s *server) listTeams(r *request) (any, error) {
	if err := s.isOrganization(r); err != nil {
		return nil, err
	}
	return paged(r, s.organization.Teams, func(team Team) map[string]any {
		id := int64(slices.IndexFunc(s.organization.Teams, func(other Team) bool { return other.Name == team.Name }) + 1)
		return map[string]any{
			"id": id, "node_id": nodeID("T", id), "slug": team.Name, "name": team.Name, "description": nil, "privacy": "closed", "permission": "push", "parent": nil,
			"url": fmt.Sprintf("%s/organizations/%d/team/%d", r.base, organizationID, id), "html_url": website + "/orgs/" + s.organization.Name + "/teams/" + team.Name,
		}
	}), nil
}

// listTeamRepositories lists the repositories of a team.
func (s *server) listTeamRepositories(r *request) (any, error) {
	if err := s.isOrganization(r); err != nil {
		return nil, err
	}
	place := slices.IndexFunc(s.organization.Teams, func(team Team) bool { return team.Name == r.PathValue("slug") })
	if place < 0 {
		return nil, notFound()
	}
	var found []*repository
	for _, name := range s.organization.Teams[place].Repositories {
		if one := s.byName[strings.ToLower(name)]; one != nil {
			found = append(found, one)
		}
	}
	type ownedJSON struct {
		repositoryJSON
		RoleName string `json:"role_name"`
	}
	return paged(r, found, func(one *repository) ownedJSON { return ownedJSON{s.repositoryJSON(r, one), "write"} }), nil
}

// blobSHA returns a SHA that is the same for the same text.
func blobSHA(text string) string { return fmt.Sprintf("%x", sha1.Sum([]byte(text))) }

type changedFileJSON struct {
	SHA       string `json:"sha"`
	Filename  string `json:"filename"`
	Status    string `json:"status"`
	Additions int    `json:"additions"`
	Deletions int    `json:"deletions"`
	Changes   int    `json:"changes"`
}

// changedFile returns a path that a commit touches.
func changedFile(path string) changedFileJSON {
	return changedFileJSON{SHA: blobSHA(path), Filename: path, Status: "modified", Additions: 1, Changes: 1}
}
