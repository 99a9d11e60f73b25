package simulator

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// addRoutes says which path below a prefix is answered by what.
func (s *server) addRoutes(prefix string) {
	paths := map[string]answer{
		"/{$}":                s.root,
		"/rate_limit":         s.rateLimit,
		"/user":               s.user,
		"/orgs/{login}":       s.showOrganization,
		"/orgs/{login}/repos": s.listRepositories,
	}
	below := map[string]answer{
		"":                                   s.showRepository,
		"/branches":                          s.listBranches,
		"/branches/{branch...}":              s.showBranch,
		"/commits":                           s.listCommits,
		"/commits/{ref...}":                  s.showCommit,
		"/compare/{range...}":                s.compare,
		"/deployments":                       s.listDeployments,
		"/deployments/{deployment}":          s.showDeployment,
		"/deployments/{deployment}/statuses": s.listStatuses,
		"/pulls":                             s.listPullRequests,
		"/pulls/{number}":                    s.showPullRequest,
		"/pulls/{number}/commits":            s.listPullRequestCommits,
		"/releases":                          s.listReleases,
		"/tags":                              s.listTags,
	}
	maps.Copy(paths, s.teamRoutes())
	maps.Copy(below, s.recordRoutes())
	for path, answer := range below {
		paths["/repos/{owner}/{name}"+path] = answer
		paths["/repositories/{id}"+path] = answer
	}
	for path, answer := range paths {
		s.routes.HandleFunc(prefix+path, s.serve(prefix, answer))
	}
	s.routes.HandleFunc(prefix+"/", s.serve(prefix, func(*request) (any, error) { return nil, notFound() }))
}

// root answers what is asked to see whether the server is there.
func (s *server) root(r *request) (any, error) {
	return map[string]string{"current_user_url": r.base + "/user"}, nil
}

// rateLimit answers how much of the quota is left.
func (s *server) rateLimit(*request) (any, error) {
	if s.quota.limit < 0 {
		return nil, &failure{status: http.StatusNotFound, message: "Rate limiting is not enabled."}
	}
	rate := s.quota.rate(s.options.Clock())
	return rateLimitJSON{Resources: map[string]rateJSON{"core": rate, "graphql": s.points.rate(s.options.Clock())}, Rate: rate}, nil
}

// user answers who the token belongs to.
func (s *server) user(r *request) (any, error) {
	return s.userJSON(r, s.organization.People[0].Login), nil
}

// isOrganization returns an error unless the path names the organisation.
func (s *server) isOrganization(r *request) error {
	if !strings.EqualFold(r.PathValue("login"), s.organization.Name) {
		return notFound()
	}
	return nil
}

// showOrganization answers what the organisation is.
func (s *server) showOrganization(r *request) (any, error) {
	if err := s.isOrganization(r); err != nil {
		return nil, err
	}
	return s.organizationJSON(r), nil
}

// listRepositories lists the organisation's repositories, the newest first, or by
// name.
func (s *server) listRepositories(r *request) (any, error) {
	if err := s.isOrganization(r); err != nil {
		return nil, err
	}
	var repositories []*repository
	for _, one := range s.organization.Repositories {
		if !one.CreatedAt.After(r.now) {
			repositories = append(repositories, s.byID[strconv.FormatInt(one.ID, 10)])
		}
	}
	isByName := r.parameter("sort", "created") == "full_name"
	isDescending := r.parameter("direction", map[bool]string{true: "asc", false: "desc"}[isByName]) == "desc"
	slices.SortStableFunc(repositories, func(a, b *repository) int {
		order := a.CreatedAt.Compare(b.CreatedAt)
		if isByName {
			order = strings.Compare(a.FullName, b.FullName)
		}
		if isDescending {
			return -order
		}
		return order
	})
	return paged(r, repositories, func(one *repository) repositoryJSON { return s.repositoryJSON(r, one) }), nil
}

// showRepository answers what a repository is.
func (s *server) showRepository(r *request) (any, error) {
	return s.repositoryJSON(r, r.repository), nil
}

// listBranches lists the branches that are not of pull requests.
func (s *server) listBranches(r *request) (any, error) {
	var branches []*Branch
	for _, branch := range r.repository.Branches {
		if branch.head(r.now) != "" {
			branches = append(branches, branch)
		}
	}
	return paged(r, branches, func(branch *Branch) branchJSON {
		return branchJSON{Name: branch.Name, Commit: s.referenceJSON(r, branch.head(r.now))}
	}), nil
}

// showBranch answers where a branch points.
func (s *server) showBranch(r *request) (any, error) {
	name := r.ref("branch")
	sha := r.repository.branch(name, r.now)
	if sha == "" {
		return nil, &failure{status: http.StatusNotFound, message: "Branch not found"}
	}
	return branchJSON{Name: name, Commit: s.commitJSON(r, r.repository.Commits[r.repository.places[sha]])}, nil
}

// isNotEmpty returns an error where the repository is empty.
func (r *request) isNotEmpty() error {
	if r.repository.isEmpty(r.now) {
		return &failure{status: http.StatusConflict, message: "Git Repository is empty."}
	}
	return nil
}

// listCommits lists what can be reached from a commit, in the order of git log.
func (s *server) listCommits(r *request) (any, error) {
	if err := r.isNotEmpty(); err != nil {
		return nil, err
	}
	from, isFound := r.repository.resolve(r.parameter("sha", r.repository.DefaultBranch), r.now)
	if !isFound {
		return nil, notFound()
	}
	since, err := r.time("since", time.Time{})
	if err != nil {
		return nil, err
	}
	until, err := r.time("until", r.now)
	if err != nil {
		return nil, err
	}
	author := r.parameter("author", "")
	commits := slices.DeleteFunc(r.repository.log(from), func(commit *Commit) bool {
		return commit.CommittedAt.Before(since) || commit.CommittedAt.After(until) || author != "" && author != commit.Author
	})
	return paged(r, commits, func(commit *Commit) commitJSON { return s.commitJSON(r, commit) }), nil
}

// showCommit answers what a commit is.
func (s *server) showCommit(r *request) (any, error) {
	if err := r.isNotEmpty(); err != nil {
		return nil, err
	}
	ref := r.ref("ref")
	place, isFound := r.repository.resolve(ref, r.now)
	if !isFound {
		return nil, &failure{status: http.StatusUnprocessableEntity, message: "No commit found for SHA: " + ref}
	}
	commit := r.repository.Commits[place]
	return struct {
		commitJSON
		Files []changedFileJSON `json:"files"`
	}{s.commitJSON(r, commit), paged(r, r.records().Changed[commit.SHA], changedFile)}, nil
}

// compare answers what lies between two commits. Without paging parameters it
// gives the last 250 commits.
func (s *server) compare(r *request) (any, error) {
	base, head, isRange := strings.Cut(r.ref("range"), "...")
	if !isRange {
		return nil, notFound()
	}
	withoutOwner := func(ref string) string { return ref[strings.LastIndex(ref, ":")+1:] }
	from, isFromFound := r.repository.resolve(withoutOwner(base), r.now)
	to, isToFound := r.repository.resolve(withoutOwner(head), r.now)
	if !isFromFound || !isToFound {
		return nil, notFound()
	}
	behind, ahead := r.repository.reach(from), r.repository.reach(to)
	common := r.repository.mergeBase(ahead, behind)
	if common == nil {
		return nil, &failure{status: http.StatusNotFound, message: fmt.Sprintf("No common ancestor between %s and %s.", base, head)}
	}
	commits, missing := r.repository.only(ahead, behind), r.repository.only(behind, ahead)
	status := "identical"
	switch {
	case len(commits) > 0 && len(missing) > 0:
		status = "diverged"
	case len(commits) > 0:
		status = "ahead"
	case len(missing) > 0:
		status = "behind"
	}
	comparison := comparisonJSON{
		URL:          fmt.Sprintf("%s/compare/%s...%s", s.repositoryURL(r), base, head),
		HTMLURL:      fmt.Sprintf("%s/compare/%s...%s", s.pageURL(r.repository), base, head),
		BaseCommit:   s.commitJSON(r, r.repository.Commits[from]),
		Status:       status,
		AheadBy:      len(commits),
		BehindBy:     len(missing),
		TotalCommits: len(commits),
		Commits:      []commitJSON{},
		Files:        []struct{}{},
	}
	rendered := s.commitJSON(r, common)
	comparison.MergeBaseCommit = &rendered
	render := func(commit *Commit) commitJSON { return s.commitJSON(r, commit) }
	if query := r.URL.Query(); query.Has("page") || query.Has("per_page") {
		comparison.Commits = paged(r, commits, render)
		return comparison, nil
	}
	for _, commit := range commits[max(0, len(commits)-250):] {
		comparison.Commits = append(comparison.Commits, render(commit))
	}
	return comparison, nil
}

// listDeployments lists deployments, the newest first.
func (s *server) listDeployments(r *request) (any, error) {
	deployments := newestFirst(r.repository.Deployments, r.now, func(d *Deployment) time.Time { return d.CreatedAt })
	deployments = slices.DeleteFunc(deployments, func(d *Deployment) bool {
		return r.parameter("environment", d.Environment) != d.Environment || r.parameter("sha", d.SHA) != d.SHA ||
			r.parameter("ref", d.Ref) != d.Ref || r.parameter("task", "deploy") != "deploy"
	})
	return paged(r, deployments, func(d *Deployment) deploymentJSON { return s.deploymentJSON(r, d) }), nil
}

// findDeployment returns the deployment that the path names.
func (r *request) findDeployment() (*Deployment, error) {
	id, err := strconv.ParseInt(r.PathValue("deployment"), 10, 64)
	deployment := r.repository.deployments[id]
	if err != nil || deployment == nil || deployment.CreatedAt.After(r.now) {
		return nil, notFound()
	}
	return deployment, nil
}

// showDeployment answers what a deployment is.
func (s *server) showDeployment(r *request) (any, error) {
	deployment, err := r.findDeployment()
	if err != nil {
		return nil, err
	}
	return s.deploymentJSON(r, deployment), nil
}

// listStatuses lists the statuses of a deployment, the newest first.
func (s *server) listStatuses(r *request) (any, error) {
	deployment, err := r.findDeployment()
	if err != nil {
		return nil, err
	}
	statuses := newestFirst(deployment.Statuses, r.now, func(status DeploymentStatus) time.Time { return status.At })
	return paged(r, statuses, func(status DeploymentStatus) statusJSON { return s.statusJSON(r, deployment, status) }), nil
}

// listPullRequests lists pull requests: the open ones by when they were opened,
// unless parameters say otherwise.
func (s *server) listPullRequests(r *request) (any, error) {
	state, order := r.parameter("state", "open"), r.parameter("sort", "created")
	if !slices.Contains([]string{"open", "closed", "all"}, state) {
		return nil, invalid("PullRequest", "state")
	}
	if !slices.Contains([]string{"created", "updated", "popularity", "long-running"}, order) {
		return nil, invalid("PullRequest", "sort")
	}
	// Created comes newest first by default, every other order oldest first.
	direction := r.parameter("direction", map[bool]string{true: "desc", false: "asc"}[order == "created"])
	pulls := newestFirst(r.repository.PullRequests, r.now, func(p *PullRequest) time.Time { return p.CreatedAt })
	pulls = slices.DeleteFunc(pulls, func(p *PullRequest) bool {
		return state == "open" && p.isClosed(r.now) || state == "closed" && !p.isClosed(r.now) ||
			r.parameter("base", p.Base) != p.Base || r.parameter("head", s.label(p.Branch)) != s.label(p.Branch)
	})
	if order == "updated" {
		slices.SortStableFunc(pulls, func(a, b *PullRequest) int {
			return r.repository.updatedAt(b, r.now).Compare(r.repository.updatedAt(a, r.now))
		})
	}
	if direction == "asc" {
		slices.Reverse(pulls)
	}
	return paged(r, pulls, func(p *PullRequest) pullRequestJSON { return s.pullRequestJSON(r, p) }), nil
}

// findPullRequest returns the pull request that the path names.
func (r *request) findPullRequest() (*PullRequest, error) {
	number, err := strconv.Atoi(r.PathValue("number"))
	pull := r.repository.pullRequests[number]
	if err != nil || pull == nil || pull.CreatedAt.After(r.now) {
		return nil, notFound()
	}
	return pull, nil
}

// showPullRequest answers what a pull request is, with what lists leave out.
func (s *server) showPullRequest(r *request) (any, error) {
	pull, err := r.findPullRequest()
	if err != nil {
		return nil, err
	}
	return s.fullPullRequestJSON(r, pull), nil
}

// listPullRequestCommits lists the commits of a pull request, the oldest first.
func (s *server) listPullRequestCommits(r *request) (any, error) {
	pull, err := r.findPullRequest()
	if err != nil {
		return nil, err
	}
	commits := r.repository.listed(pull, r.now)
	commits = commits[:min(250, len(commits))] // GitHub lists no more
	return paged(r, commits, func(commit *Commit) commitJSON { return s.commitJSON(r, commit) }), nil
}

// listReleases lists releases, the newest first.
func (s *server) listReleases(r *request) (any, error) {
	releases := newestFirst(r.repository.Releases, r.now, func(release *Release) time.Time { return release.PublishedAt })
	return paged(r, releases, func(release *Release) releaseJSON { return s.releaseJSON(r, release) }), nil
}

// listTags lists tags by falling name.
func (s *server) listTags(r *request) (any, error) {
	tags := newestFirst(r.repository.Tags, r.now, func(tag Tag) time.Time { return tag.At })
	slices.SortFunc(tags, func(a, b Tag) int { return strings.Compare(b.Name, a.Name) })
	return paged(r, tags, func(tag Tag) tagJSON { return s.tagJSON(r, tag) }), nil
}
