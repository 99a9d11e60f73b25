package simulator

import (
	"slices"
	"strings"
	"time"
)

// A repository is a Repository with what is needed to look things up. Commits are
// named by their place in Commits: parents come before their children, and so
// falling places are the order of git log, rising ones that of a comparison.
type repository struct {
	*Repository
	places       map[string]int // of each commit, by SHA
	parents      [][]int        // of each commit
	deployments  map[int64]*Deployment
	pullRequests map[int]*PullRequest // by number

	pullRequestIDs map[int64]*PullRequest
	timelines      map[int][]TimelineEntry // of each pull request, by its number; without its commits
}

// newRepository indexes a repository of an organisation.
func newRepository(organization *Organization, one *Repository) *repository {
	r := &repository{Repository: one, places: map[string]int{}, deployments: map[int64]*Deployment{}, pullRequests: map[int]*PullRequest{}, pullRequestIDs: map[int64]*PullRequest{}, timelines: map[int][]TimelineEntry{}}
	for place, commit := range one.Commits {
		r.places[commit.SHA] = place
		var parents []int
		for _, parent := range commit.Parents {
			parents = append(parents, r.places[parent])
		}
		r.parents = append(r.parents, parents)
	}
	for _, deployment := range one.Deployments {
		r.deployments[deployment.ID] = deployment
	}
	for _, pull := range one.PullRequests {
		r.pullRequests[pull.Number] = pull
		r.pullRequestIDs[pull.ID] = pull
		if one.Records != nil {
			r.timelines[pull.Number] = one.Records.Timelines[pull.Number]
		} else {
			r.timelines[pull.Number] = organization.timeline(pull)
		}
	}
	return r
}

// head returns where a branch points, "" where it is not there yet.
func (b *Branch) head(now time.Time) string {
	sha := ""
	for _, head := range b.Heads {
		if !head.At.After(now) {
			sha = head.SHA
		}
	}
	return sha
}

// branch returns where the branch of a name points, "" where there is none.
func (r *repository) branch(name string, now time.Time) string {
	for _, branch := range r.Branches {
		if branch.Name == name {
			return branch.head(now)
		}
	}
	return ""
}

// isEmpty says whether nothing has been pushed yet.
func (r *repository) isEmpty(now time.Time) bool { return r.branch(r.DefaultBranch, now) == "" }

// resolve returns the place of the commit that a ref names: a branch, a tag, a
// SHA or the beginning of one.
func (r *repository) resolve(ref string, now time.Time) (place int, isFound bool) {
	name := strings.TrimPrefix(ref, "refs/")
	if name == "HEAD" {
		name = r.DefaultBranch
	}
	if sha := r.branch(strings.TrimPrefix(name, "heads/"), now); sha != "" {
		return r.places[sha], true
	}
	for _, tag := range r.Tags {
		if tag.Name == strings.TrimPrefix(name, "tags/") && !tag.At.After(now) {
			return r.places[tag.SHA], true
		}
	}
	if len(ref) < 7 {
		return 0, false
	}
	var found []int
	for place, commit := range r.Commits {
		if strings.HasPrefix(commit.SHA, ref) && !commit.CommittedAt.After(now) {
			found = append(found, place)
		}
	}
	if len(found) != 1 {
		return 0, false
	}
	return found[0], true
}

// reach returns which commits can be reached from one, by place.
func (r *repository) reach(from int) []bool {
	reached := make([]bool, from+1)
	reached[from] = true
	for place := from; place >= 0; place-- {
		if reached[place] {
			for _, parent := range r.parents[place] {
				reached[parent] = true
			}
		}
	}
	return reached
}

// only returns the commits that are reached in one and not in the other, parents
// before their children.
func (r *repository) only(one, other []bool) []*Commit {
	var commits []*Commit
	for place, isReached := range one {
		if isReached && (place >= len(other) || !other[place]) {
			commits = append(commits, r.Commits[place])
		}
	}
	return commits
}

// log returns the commits that can be reached from one, as git log lists them.
func (r *repository) log(from int) []*Commit {
	commits := r.only(r.reach(from), nil)
	slices.Reverse(commits)
	return commits
}

// mergeBase returns the last commit that is reached in both, nil where there is
// none.
func (r *repository) mergeBase(one, other []bool) *Commit {
	for place := min(len(one), len(other)) - 1; place >= 0; place-- {
		if one[place] && other[place] {
			return r.Commits[place]
		}
	}
	return nil
}

// listed returns the commits of a pull request that have been pushed by now.
func (r *repository) listed(pull *PullRequest, now time.Time) []*Commit {
	var commits []*Commit
	for _, sha := range pull.Commits {
		if commit := r.Commits[r.places[sha]]; !commit.CommittedAt.After(now) {
			commits = append(commits, commit)
		}
	}
	return commits
}

// visible returns the statuses of a deployment that there are by now.
func (d *Deployment) visible(now time.Time) []DeploymentStatus {
	count := 0
	for count < len(d.Statuses) && !d.Statuses[count].At.After(now) {
		count++
	}
	return d.Statuses[:count]
}

// updatedAt returns when something last happened to a pull request by now.
func (r *repository) updatedAt(pull *PullRequest, now time.Time) time.Time {
	updated := pull.CreatedAt
	touch := func(t time.Time) {
		if t.After(updated) && !t.After(now) {
			updated = t
		}
	}
	for _, commit := range r.listed(pull, now) {
		touch(commit.CommittedAt)
	}
	for _, comment := range pull.Comments {
		touch(comment)
	}
	for _, entry := range r.timelines[pull.Number] {
		touch(entry.At)
	}
	if pull.ClosedAt != nil {
		touch(*pull.ClosedAt)
	}
	return updated
}

// isClosed says whether a pull request is closed by now, merged or not.
func (p *PullRequest) isClosed(now time.Time) bool {
	return p.ClosedAt != nil && !p.ClosedAt.After(now)
}

// newestFirst returns the items whose time is not after now, in reverse order.
func newestFirst[T any](items []T, now time.Time, at func(T) time.Time) []T {
	var visible []T
	for _, item := range slices.Backward(items) {
		if !at(item).After(now) {
			visible = append(visible, item)
		}
	}
	return visible
}
