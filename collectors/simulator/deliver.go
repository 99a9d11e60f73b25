package simulator

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// delivery is how a repository's default branch comes to production.
type delivery struct {
	staging    *environment   // first stop; nil where there is none
	production []*environment // deployed to in parallel
	previews   *environment   // where pull requests are looked at; nil where there is none
	isTagged   bool           // production deployments get a tag and a release as well
	isReleased bool           // there are no GitHub deployments: a release is the deployment
	isRun      bool           // there are none either: a run of a workflow is

	minor    int      // of the last release
	released revision // the last that was released from the default branch
	isPicked map[string]bool
}

// An environment is what a repository is deployed to.
type environment struct {
	name      string
	service   string     // that is deployed to it
	folders   []string   // of the repository that are deployed to it; none: all
	promoted  int        // of what landed, how much was to be deployed to it so far; with folders
	waiting   []*rollout // for approval
	stale     []*rollout // never approved, or never finished, and to go inactive some day
	live      []*rollout // succeeded, not inactive yet
	succeeded []revision // in that order
	shipped   series
}

// A rollout is a deployment and what it carries.
type rollout struct {
	deployment *Deployment
	revision   revision
	isPlain    bool    // neither a rollback nor a re-deployment
	mends      *mishap // what it is to mend; nil where nothing went wrong
}

// newDelivery returns one of six ways.
func newDelivery(way int) delivery {
	named := func(name string) *environment {
		return &environment{name: name, shipped: series{picked: map[string]int{}}}
	}
	production := []*environment{named("production")}
	switch way {
	case 0:
		return delivery{staging: named("staging"), production: production}
	case 1:
		return delivery{production: []*environment{named("prod-eu"), named("prod-us")}}
	case 3:
		return delivery{staging: named("staging"), production: production, previews: named("preview")}
	case 4:
		return delivery{production: production, isRun: true}
	case 5:
		return delivery{staging: named("staging"), production: production, isTagged: true}
	default:
		return delivery{production: production, isReleased: true, isPicked: map[string]bool{}}
	}
}

// productionNames returns the names of the production environments.
func (d delivery) productionNames() []string {
	var names []string
	for _, environment := range d.production {
		names = append(names, environment.name)
	}
	return names
}

// source returns what its deployments are to dorado.
func (d delivery) source() string {
	switch {
	case d.isReleased:
		return "release"
	case d.isRun:
		return "workflow_run"
	default:
		return "github_deployment"
	}
}

// deliver begins the way to production of what has just landed.
func (h *history) deliver() {
	revision := h.head
	switch {
	case h.delivery.isReleased:
	case h.delivery.staging != nil:
		h.after(h.draw.about(6*time.Minute), func() { h.deploy(h.delivery.staging, revision, true, time.Time{}) })
	default:
		h.after(h.draw.about(6*time.Minute), func() { h.promote(revision) })
	}
}

// promote begins the deployments to production.
func (h *history) promote(r revision) {
	var approvedAt time.Time
	if minutes := h.habit(h.habits.approval); minutes >= 15 && !r.isUrgent {
		approvedAt = h.draw.atWork(h.now.Add(h.draw.about(time.Duration(minutes)*time.Minute)), h.habits.offset)
	}
	for _, environment := range h.delivery.production {
		if environment.isNew(r, h.landed) {
			h.after(5*time.Second, func() { h.deploy(environment, r, true, approvedAt) })
		}
	}
}

// deploy asks for a deployment. Where approvedAt is not zero it waits till then.
func (h *history) deploy(e *environment, r revision, isPlain bool, approvedAt time.Time) *rollout {
	one := &rollout{revision: r, isPlain: isPlain, deployment: &Deployment{
		ID:          h.id(),
		SHA:         r.sha,
		Ref:         h.repository.DefaultBranch,
		Environment: e.name,
		Creator:     actions,
		CreatedAt:   h.now,
	}}
	h.repository.Deployments = append(h.repository.Deployments, one.deployment)
	if r.isUrgent { // what waited is overtaken
		e.stale, e.waiting = append(e.stale, e.waiting...), nil
	}
	if approvedAt.IsZero() {
		h.after(2*time.Second, func() { h.start(e, one) })
		return one
	}
	h.after(2*time.Second, func() {
		h.status(one, "waiting")
		e.waiting = append(e.waiting, one)
	})
	h.at(approvedAt, func() { h.approve(e) })
	return one
}

// approve starts the newest deployment that waits; the others have been
// overtaken and will never run.
func (h *history) approve(e *environment) {
	if len(e.waiting) == 0 {
		return
	}
	last := len(e.waiting) - 1
	newest := e.waiting[last]
	e.stale = append(e.stale, e.waiting[:last]...)
	e.waiting = nil
	h.start(e, newest)
}

// status adds a status to a deployment.
func (h *history) status(one *rollout, state string) {
	one.deployment.Statuses = append(one.deployment.Statuses, DeploymentStatus{ID: h.id(), State: state, At: h.now})
}

// start runs a deployment. Some fail, and a few never end.
func (h *history) start(e *environment, one *rollout) {
	h.status(one, "queued")
	h.after(h.draw.about(20*time.Second), func() {
		h.status(one, "in_progress")
		switch {
		case h.draw.chance(12):
			if h.draw.chance(500) {
				e.stale = append(e.stale, one)
			}
		case h.draw.chance(h.habit(h.habits.failures)):
			h.after(h.draw.about(4*time.Minute), func() { h.fail(e, one) })
		default:
			h.after(h.draw.about(5*time.Minute), func() { h.succeed(e, one) })
		}
	})
}

// fail ends a deployment without success. Often someone tries again.
func (h *history) fail(e *environment, one *rollout) {
	h.status(one, oneOf(h.draw, []string{"failure", "failure", "error"}))
	if slices.Contains(h.delivery.production, e) {
		h.failures = append(h.failures, Failure{
			Service: h.serviceOf(e), Environment: e.name, Repository: h.repository.FullName, ID: one.deployment.ID, FinishedAt: h.now, revision: one.revision,
		})
	}
	if h.draw.chance(600) {
		h.after(h.draw.about(20*time.Minute), func() { h.deploy(e, one.revision, one.isPlain, time.Time{}).mends = one.mends })
	}
}

// succeed ends a deployment with success. Those asked for before it go inactive.
func (h *history) succeed(e *environment, one *rollout) {
	h.status(one, "success")
	if e == h.delivery.previews {
		e.live = append(e.live, one)
		return
	}
	still := []*rollout{one}
	for _, older := range append(e.live, e.stale...) {
		if older.deployment.ID > one.deployment.ID {
			still = append(still, older)
			continue
		}
		h.after(time.Second, func() { h.status(older, "inactive") })
	}
	e.live, e.stale = still, nil
	if e == h.delivery.staging {
		if one.isPlain {
			h.promote(one.revision)
		}
		return
	}
	h.ship(e, one.revision, one.deployment.ID, "")
	if one.mends != nil {
		one.mends.mendedAt = h.now
	}
	h.follow(e, one)
}

// fails notes that a production deployment, which has just succeeded, is bad.
func (h *history) fails(e *environment, id int64) *mishap {
	bad := &mishap{service: h.serviceOf(e), deployment: id, finishedAt: h.now}
	h.mishaps = append(h.mishaps, bad)
	return bad
}

// ship notes which changes a successful production deployment ships.
func (h *history) ship(e *environment, r revision, id int64, tag string) {
	changes, pulls, isFirst := e.ship(r, h.now, h.landed, h.picked)
	h.shipments = append(h.shipments, Shipment{
		Service:     h.serviceOf(e),
		Environment: e.name,
		Repository:  h.repository.FullName,
		ID:          id,
		Tag:         tag,
		IsRun:       h.delivery.isRun,
		FinishedAt:  h.now,
		IsFirst:     isFirst,
		Changes:     changes,
		revision:    r,
		pulls:       pulls,
	})
	e.succeeded = append(e.succeeded, r)
	for _, pull := range pulls {
		if bad := h.mending[pull.Branch]; bad != nil && bad.mendedAt.IsZero() {
			bad.mendedAt = h.now
		}
	}
}

// follow decides what comes of a successful production deployment: a tag, a
// rollback to what ran before, the same again, or nothing.
func (h *history) follow(e *environment, one *rollout) {
	if !one.isPlain {
		return
	}
	if h.delivery.isTagged {
		h.delivery.minor++
		h.release(version{0, h.delivery.minor, 0, false}, one.revision)
	}
	runs := len(e.succeeded)
	switch {
	case runs > 1 && h.draw.chance(h.habit(h.habits.mishaps)):
		h.mend(e, h.shipments[len(h.shipments)-1])
	case h.draw.chance(15):
		h.afterWork(5*time.Hour, func() { h.deploy(e, one.revision, false, time.Time{}) })
	}
}

// preview deploys a pull request for all to look at. Some need an approval that
// never comes.
func (h *history) preview(w *work) {
	if h.delivery.previews == nil || w.author == dependabot {
		return
	}
	var approvedAt time.Time
	if h.draw.chance(100) {
		approvedAt = h.organization.End
	}
	h.after(3*time.Minute, func() { h.deploy(h.delivery.previews, revision{sha: w.tip}, false, approvedAt) })
}

// endPreview takes down what was deployed of a pull request.
func (h *history) endPreview(w *work) {
	if h.delivery.previews == nil {
		return
	}
	h.after(5*time.Second, func() {
		for _, one := range h.delivery.previews.live {
			statuses := one.deployment.Statuses
			for _, commit := range w.commits {
				if one.revision.sha == commit.SHA && statuses[len(statuses)-1].State == "success" {
					h.status(one, "inactive")
				}
			}
		}
	})
}

// departTrain releases what is on the default branch, unless that is nothing
// new, and plans the next release.
func (h *history) departTrain() {
	h.after(time.Duration(h.habits.train)*24*time.Hour, func() { h.afterWork(time.Hour, h.departTrain) })
	if h.head.landed == h.delivery.released.landed {
		return
	}
	h.delivery.minor++
	h.delivery.released = h.head
	next := version{1, h.delivery.minor, 0, false}
	if !h.draw.chance(350) {
		h.release(next, h.head)
		return
	}
	candidate := h.head
	h.release(version{1, h.delivery.minor, 0, true}, candidate)
	h.afterWork(20*time.Hour, func() {
		final := candidate
		if h.draw.chance(400) { // what was mended since comes along
			final = h.head
		}
		h.delivery.released = final
		h.release(next, final)
	})
}

// A version is the version of a release.
type version struct {
	major, minor, patch int
	isCandidate         bool // it is a prerelease
}

// String returns the tag: "v1.2.3" or "v1.2.3-rc1".
func (v version) String() string {
	candidate := ""
	if v.isCandidate {
		candidate = "-rc1"
	}
	return fmt.Sprintf("v%d.%d.%d%s", v.major, v.minor, v.patch, candidate)
}

// release tags a revision and publishes the release some minutes later.
func (h *history) release(v version, r revision) {
	h.repository.Tags = append(h.repository.Tags, Tag{Name: v.String(), SHA: r.sha, At: h.now})
	h.after(h.draw.about(3*time.Minute), func() {
		one := &Release{
			ID:           h.id(),
			Tag:          v.String(),
			Branch:       cmp.Or(r.branch, h.repository.DefaultBranch),
			Author:       oneOf(h.draw, h.members),
			IsPrerelease: v.isCandidate,
			CreatedAt:    r.committedAt,
			PublishedAt:  h.now,
		}
		h.repository.Releases = append(h.repository.Releases, one)
		if v.isCandidate || !h.delivery.isReleased {
			return
		}
		h.ship(h.delivery.production[0], r, one.ID, one.Tag)
		if mended := h.mending[one.Tag]; mended != nil {
			mended.mendedAt = h.now
		}
		if h.draw.chance(250) {
			bad := h.fails(h.delivery.production[0], one.ID)
			h.afterWork(60*time.Hour, func() { h.patch(v, r, bad) })
		}
	})
}

// patch picks the last commit of the default branch for the release branch of a
// release, and releases that.
func (h *history) patch(v version, r revision, bad *mishap) {
	original := h.pickable
	if len(h.landed) == r.landed || original == nil || h.delivery.isPicked[original.SHA] {
		return
	}
	h.delivery.isPicked[original.SHA] = true
	name := fmt.Sprintf("release-%d.%d", v.major, v.minor)
	branch := h.releaseBranch(name, r.sha)
	commit := h.commit(Commit{
		Parents:    []string{r.sha},
		Author:     original.Author,
		Committer:  oneOf(h.draw, h.members),
		AuthoredAt: original.AuthoredAt,
		Message:    fmt.Sprintf("%s\n\n(cherry picked from commit %s)", strings.TrimSpace(original.Message), original.SHA),
	})
	branch.Heads = append(branch.Heads, Head{At: h.now, SHA: commit.SHA})
	h.picked[name] = append(h.picked[name], landing{sha: commit.SHA, authoredAt: commit.AuthoredAt})
	picked := revision{sha: commit.SHA, committedAt: h.now, landed: r.landed, branch: name, picked: len(h.picked[name])}
	v.patch++
	bad.mendingAt = h.now
	h.mending[v.String()] = bad
	h.after(h.draw.about(20*time.Minute), func() { h.release(v, picked) })
}

// releaseBranch returns a release branch, which is made at a commit where there
// is none.
func (h *history) releaseBranch(name, sha string) *Branch {
	for _, branch := range h.repository.Branches {
		if branch.Name == name {
			return branch
		}
	}
	branch := &Branch{Name: name, Heads: []Head{{At: h.now, SHA: sha}}}
	h.repository.Branches = append(h.repository.Branches, branch)
	return branch
}
