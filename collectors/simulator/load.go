package simulator

import (
	"fmt"
	"slices"
	"time"
)

// LoadOptions say how large an organisation of NewLoad is.
type LoadOptions struct {
	Seed         uint64
	Repositories int
	Days         int       // how long its history is
	Deployments  int       // a day, in all repositories together
	PullRequests int       // that are merged a day
	End          time.Time // as in Options
}

// NewLoad makes an organisation for measuring what it costs to read: many
// repositories that merge pull requests and deploy to production, each day as
// many as the options say, and nothing else. It has no services and no truth.
func NewLoad(options LoadOptions) *Organization {
	organization := New(Options{Seed: options.Seed, Services: 3, Days: options.Days, End: options.End})
	organization.Services, organization.truth = nil, Truth{}
	teams := organization.Teams
	organization.Repositories = nil
	var loads []*load
	for i := range options.Repositories {
		h := newHistory(organization, newDraw(options.Seed, i), i, i%len(teams))
		organization.Repositories = append(organization.Repositories, h.repository)
		loads = append(loads, &load{history: h})
		h.now = organization.Start.AddDate(0, 0, -1)
		author := oneOf(h.draw, h.members)
		commit := h.commit(Commit{Author: author, Committer: author, AuthoredAt: h.now, Message: h.draw.title()})
		h.land(nil, commit, commit)
	}
	draw := newDraw(options.Seed, options.Repositories)
	for day := organization.Start; day.Before(organization.End); day = day.AddDate(0, 0, 1) {
		spread := func(count int, happen func(l *load, at time.Time)) {
			var times []time.Duration
			for range count {
				times = append(times, time.Duration(draw.below(24*60*60-600))*time.Second)
			}
			slices.Sort(times)
			for _, at := range times {
				happen(loads[draw.below(len(loads))], day.Add(at))
			}
		}
		spread(options.PullRequests, (*load).merge)
		spread(options.Deployments, (*load).deploy)
	}
	return organization
}

// A load is a repository of NewLoad.
type load struct {
	*history
	last *Deployment
}

// next returns at, or the first second in which nothing has happened yet.
func (l *load) next(at time.Time) time.Time {
	if heads := l.repository.Branches[0].Heads; len(heads) > 0 {
		if last := heads[len(heads)-1].At; !at.After(last) {
			return last.Add(time.Second)
		}
	}
	return at
}

// merge opens a pull request some hours before a time, when it is merged.
func (l *load) merge(at time.Time) {
	at = l.next(at)
	w := &work{author: oneOf(l.draw, l.members), title: l.draw.title()}
	if l.draw.chance(200) {
		w.author, w.title = dependabot, l.draw.update()
	}
	w.branch = fmt.Sprintf("%s/%d", w.author, l.lastNumber)
	opened := at.Add(-time.Duration(l.draw.between(10, 20*60)) * time.Minute)
	l.now = opened.Add(-time.Minute)
	w.base = l.repository.Branches[0].head(l.now)
	if w.base == "" {
		w.base = l.repository.Branches[0].Heads[0].SHA
	}
	w.tip = w.base
	for range l.draw.between(1, 2) {
		l.addToBranch(w, l.commit(Commit{Parents: []string{w.tip}, Author: w.author, Committer: w.author, AuthoredAt: l.now, Message: l.draw.title()}))
		l.now = l.now.Add(20 * time.Second)
	}
	l.lastNumber++
	w.pull = &PullRequest{ID: l.id(), Number: l.lastNumber, Title: w.title, Author: w.author, Branch: w.branch, Base: "main", BaseSHA: w.base, CreatedAt: opened, TestMerge: w.tip}
	for _, commit := range w.commits {
		w.pull.Commits = append(w.pull.Commits, commit.SHA)
	}
	l.repository.PullRequests = append(l.repository.PullRequests, w.pull)
	l.now = at
	w.pull.ClosedAt, w.pull.MergedBy = &at, oneOf(l.draw, l.members)
	l.mergeCommits(w)
}

// deploy deploys what is on the default branch then.
func (l *load) deploy(at time.Time) {
	one := &Deployment{ID: l.id(), SHA: l.repository.Branches[0].head(at), Ref: "main", Environment: "production", Creator: actions, CreatedAt: at}
	status := func(deployment *Deployment, state string, after time.Duration) {
		deployment.Statuses = append(deployment.Statuses, DeploymentStatus{ID: l.id(), State: state, At: at.Add(after)})
	}
	status(one, "queued", 2*time.Second)
	status(one, "in_progress", 20*time.Second)
	status(one, "success", 5*time.Minute)
	if l.last != nil {
		status(l.last, "inactive", 5*time.Minute+time.Second)
	}
	l.last = one
	l.repository.Deployments = append(l.repository.Deployments, one)
}
