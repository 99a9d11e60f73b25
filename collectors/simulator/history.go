package simulator

import (
	"container/heap"
	"crypto/sha1"
	"fmt"
	"strings"
	"time"
)

// A history lives through what happens in one repository, event by event. No two
// events happen in the same second, so that there is never a doubt what came
// first. What follows from an event is put on the agenda; what would happen at
// the end or later never does, which leaves pull requests open and deployments
// running.
type history struct {
	draw         draw
	organization *Organization
	service      Service
	repository   *Repository
	members      []string
	habits       habits
	directPushes int       // pieces of work of 1,000 that have no pull request
	parts        []Service // of a repository of several services; nil where service is the only one

	agenda     agenda
	now        time.Time // of the event that happens
	lastID     int64
	lastNumber int // of a pull request; issues take numbers too

	head      revision             // of the default branch
	landed    []landing            // the changes of the default branch
	picked    map[string][]landing // the changes of each release branch
	pickable  *Commit              // the last commit of the default branch that is not a merge
	shipments []Shipment
	failures  []Failure
	mishaps   []*mishap          // the deployments that went wrong
	mending   map[string]*mishap // by the tag of the release that mends it, or the branch that does

	delivery delivery
}

// newHistory returns the history of service number i, which belongs to a team,
// before anything has happened.
func newHistory(organization *Organization, draw draw, i, team int) *history {
	h := &history{
		draw:         draw,
		organization: organization,
		members:      organization.Teams[team].Members,
		habits:       teamHabits()[team],
		directPushes: draw.between(40, 160),
		now:          organization.Start,
		picked:       map[string][]landing{},
		mending:      map[string]*mishap{},
	}
	name := serviceName(i)
	h.repository = &Repository{
		ID:            repositoryID(i),
		FullName:      organization.Name + "/" + name,
		Description:   fmt.Sprintf("The %s service", name),
		DefaultBranch: "main",
		// Six ways to deploy and three to merge: each way meets each method
		// in one of the teams.
		MergeMethod: []MergeMethod{Squash, Merge, Rebase}[(i+i/6)%3],
		CreatedAt:   organization.Start.AddDate(0, 0, -draw.between(30, 900)),
	}
	h.repository.Branches = []*Branch{{Name: h.repository.DefaultBranch}}
	h.delivery = newDelivery(i % 6)
	h.service = Service{
		Name:         name,
		Team:         organization.Teams[team].Name,
		Repositories: []string{h.repository.FullName},
		Environments: h.delivery.productionNames(),
	}
	if h.delivery.isRun {
		h.service.Workflow = workflowFile
	}
	return h
}

// live makes everything happen.
func (h *history) live() {
	h.now = h.repository.CreatedAt
	for range h.draw.between(1, 4) {
		h.now = h.now.Add(h.draw.about(time.Hour))
		author := oneOf(h.draw, h.members)
		commit := h.commit(Commit{Parents: parents(h.head.sha), Author: author, Committer: author, AuthoredAt: h.now, Message: h.draw.title()})
		h.land(nil, commit, commit)
	}
	h.now = h.organization.Start
	for day := h.now; day.Before(h.organization.End); day = day.AddDate(0, 0, 1) {
		h.planDay(day)
	}
	if h.delivery.isReleased {
		h.after(48*time.Hour, h.departTrain)
	}
	for h.agenda.Len() > 0 {
		next := heap.Pop(&h.agenda).(event)
		now := next.at
		if !now.After(h.now) {
			now = h.now.Add(time.Second)
		}
		if !now.Before(h.organization.End) {
			return
		}
		h.now = now
		next.happen()
	}
}

// planDay puts the beginnings of a day's work on the agenda.
func (h *history) planDay(day time.Time) {
	share := [...]int{time.Sunday: 15, time.Monday: 180, time.Tuesday: 220, time.Wednesday: 225, time.Thursday: 210, time.Friday: 135, time.Saturday: 15}[day.Weekday()]
	for range 2 * along(h.habits.items, day, h.organization.Start, h.organization.End) {
		if h.draw.chance(share / 2) {
			minutes := 8*60 + h.draw.below(5*60) + h.draw.below(5*60)
			h.at(day.Add(time.Duration(minutes)*time.Minute+time.Duration(h.draw.below(60))*time.Second-h.habits.offset), h.beginWork)
		}
	}
	if day.Weekday() == time.Monday {
		for range h.draw.below(3) {
			h.at(day.Add(4*time.Hour+h.draw.about(10*time.Minute)), h.beginUpdate)
		}
	}
}

// An event is something that will happen.
type event struct {
	at     time.Time
	order  int // in which events of the same time were put on the agenda
	happen func()
}

// An agenda is a heap of events, the next on top.
type agenda struct {
	events []event
	count  int // of events that were ever put on it
}

func (a *agenda) Len() int      { return len(a.events) }
func (a *agenda) Swap(i, j int) { a.events[i], a.events[j] = a.events[j], a.events[i] }
func (a *agenda) Push(x any)    { a.events = append(a.events, x.(event)) }
func (a *agenda) Less(i, j int) bool {
	if !a.events[i].at.Equal(a.events[j].at) {
		return a.events[i].at.Before(a.events[j].at)
	}
	return a.events[i].order < a.events[j].order
}
func (a *agenda) Pop() any {
	last := a.events[len(a.events)-1]
	a.events = a.events[:len(a.events)-1]
	return last
}

// at puts an event on the agenda.
func (h *history) at(t time.Time, happen func()) {
	h.agenda.count++
	heap.Push(&h.agenda, event{at: t, order: h.agenda.count, happen: happen})
}

// after puts an event on the agenda that happens some time from now.
func (h *history) after(wait time.Duration, happen func()) { h.at(h.now.Add(wait), happen) }

// afterWork puts an event on the agenda that happens after a time of about median
// once people are at work.
func (h *history) afterWork(median time.Duration, happen func()) {
	h.at(h.draw.atWork(h.now.Add(h.draw.about(median)), h.habits.offset), happen)
}

// habit returns the value of a habit now.
func (h *history) habit(values [2]int) int {
	return along(values, h.now, h.organization.Start, h.organization.End)
}

// idsOfARepository is how many ids there are for what belongs to a repository.
const idsOfARepository = 1_000_000

// id returns a new id. Ids are unique over all repositories and grow with time.
func (h *history) id() int64 {
	h.lastID++
	return h.repository.ID*idsOfARepository + h.lastID
}

// commit adds a commit, made now, to the repository, in no branch yet.
func (h *history) commit(c Commit) *Commit {
	c.CommittedAt = h.now
	hash := sha1.New()
	fmt.Fprintf(hash, "repository %s\nparents %s\nauthor %s %d\ncommitter %s %d\n\n%s", h.repository.FullName, strings.Join(c.Parents, " "),
		c.Author, c.AuthoredAt.Unix(), c.Committer, c.CommittedAt.Unix(), c.Message)
	c.SHA = fmt.Sprintf("%x", hash.Sum(nil))
	h.repository.Commits = append(h.repository.Commits, &c)
	return &c
}

// parents returns the SHAs that are there.
func parents(shas ...string) []string {
	if shas[0] == "" {
		return nil
	}
	return shas
}

// land moves the default branch to head, by which changes become part of it: those
// of a pull request, or of none.
func (h *history) land(pull *PullRequest, head *Commit, changes ...*Commit) {
	branch := h.repository.Branches[0]
	branch.Heads = append(branch.Heads, Head{At: h.now, SHA: head.SHA})
	for _, change := range changes {
		one := landing{sha: change.SHA, authoredAt: change.AuthoredAt, pull: pull}
		if one.paths = h.paths(change); pull != nil && h.repository.MergeMethod == Squash {
			one.paths = h.paths(head) // of what is shipped no more is known
		}
		h.landed = append(h.landed, one)
	}
	h.head = revision{sha: head.SHA, committedAt: h.now, landed: len(h.landed)}
}

// work is a branch that someone works on.
type work struct {
	author  string
	title   string
	branch  string
	tip     string // the SHA of its last commit, at first that of the default branch
	base    string // where it left the default branch
	folder  string // of a repository of several services, where it is done
	commits []*Commit
	missing int // commits that are still to be written
	late    int // of these, those that are written after the pull request is opened
	pull    *PullRequest
	mends   *mending // nil of planned work
}

// beginWork begins a piece of work of a person.
func (h *history) beginWork() {
	author, title := oneOf(h.draw, h.members), h.draw.title()
	if h.draw.chance(h.directPushes) {
		commit := h.commit(Commit{Parents: parents(h.head.sha), Author: author, Committer: author, AuthoredAt: h.written(), Message: title})
		h.touch(commit, h.folder())
		h.land(nil, commit, commit)
		h.pickable = commit
		h.deliver()
		return
	}
	w := &work{author: author, title: title, tip: h.head.sha, base: h.head.sha}
	w.branch = fmt.Sprintf("%s/%s", author, strings.ReplaceAll(strings.ToLower(title), " ", "-"))
	w.missing = min(h.draw.between(1, 6), h.draw.between(1, 6))
	w.late = h.draw.below(w.missing)
	w.folder = h.folder()
	h.writeCommit(w)
}

// beginUpdate begins a piece of work of dependabot.
func (h *history) beginUpdate() {
	w := &work{author: dependabot, title: h.draw.update(), tip: h.head.sha, base: h.head.sha, missing: 1, folder: sharedFolder}
	w.branch = "dependabot/" + strings.ReplaceAll(strings.ToLower(w.title), " ", "-")
	h.writeCommit(w)
}

// written returns when a commit that is made now was written: a while ago where
// it was amended since.
func (h *history) written() time.Time {
	if h.draw.chance(120) {
		return h.now.Add(-h.draw.about(15 * time.Minute))
	}
	return h.now
}

// writeCommit adds a commit to a branch and plans what comes next.
func (h *history) writeCommit(w *work) {
	message := w.title
	if w.mends != nil {
		message += w.mends.message
	}
	if len(w.commits) > 0 {
		message = h.draw.title()
	}
	commit := h.commit(Commit{Parents: parents(w.tip), Author: w.author, Committer: w.author, AuthoredAt: h.written(), Message: message})
	if w.mends != nil && w.mends.reverts != nil {
		h.note(commit, h.changed(w.mends.reverts))
	} else {
		h.touch(commit, w.folder)
	}
	h.addToBranch(w, commit)
	w.missing--
	review := time.Duration(h.habit(h.habits.review)) * time.Minute
	switch {
	case w.author == dependabot:
		h.after(time.Minute, func() { h.openPullRequest(w) })
	case w.mends != nil:
		h.after(h.draw.about(3*time.Minute), func() { h.openPullRequest(w) })
	case w.pull == nil && w.missing > w.late:
		h.afterWork(50*time.Minute, func() { h.writeCommit(w) })
	case w.pull == nil:
		h.afterWork(15*time.Minute, func() { h.openPullRequest(w) })
	case w.missing > 0:
		h.afterWork(2*time.Hour, func() { h.writeCommit(w) })
	default:
		h.afterWork(review/2, func() { h.decide(w) })
	}
}

// addToBranch makes a commit the tip of a branch, and part of its pull request
// where it is open.
func (h *history) addToBranch(w *work, commit *Commit) {
	w.commits, w.tip = append(w.commits, commit), commit.SHA
	if w.pull != nil {
		w.pull.Commits = append(w.pull.Commits, commit.SHA)
	}
}

// openPullRequest opens the pull request of a branch.
func (h *history) openPullRequest(w *work) {
	h.lastNumber += 1 + h.draw.below(2)
	w.pull = &PullRequest{
		ID:        h.id(),
		Number:    h.lastNumber,
		Title:     w.title,
		Author:    w.author,
		Branch:    w.branch,
		Base:      h.repository.DefaultBranch,
		BaseSHA:   h.head.sha,
		CreatedAt: h.now,
		TestMerge: fmt.Sprintf("%x", sha1.Sum([]byte("test merge of "+w.tip))),
	}
	for _, commit := range w.commits {
		w.pull.Commits = append(w.pull.Commits, commit.SHA)
	}
	h.repository.PullRequests = append(h.repository.PullRequests, w.pull)
	if h.draw.chance(700) {
		h.afterWork(90*time.Minute, func() { w.pull.Comments = append(w.pull.Comments, h.now) })
	}
	if w.mends != nil {
		w.pull.Labels, w.pull.Body, w.pull.isHotfix, w.pull.reverts = w.mends.labels, w.mends.body, w.mends.isHotfix, w.mends.reverts
		h.after(h.draw.about(12*time.Minute), func() { h.merge(w) })
		return
	}
	h.preview(w)
	review := time.Duration(h.habit(h.habits.review)) * time.Minute
	if w.missing > 0 {
		h.afterWork(review/2, func() { h.writeCommit(w) })
		return
	}
	h.afterWork(review, func() { h.decide(w) })
}

// decide merges or closes a pull request, or forgets it.
func (h *history) decide(w *work) {
	switch {
	case h.draw.chance(25):
		return
	case h.draw.chance(60):
		h.closePullRequest(w)
	case h.head.sha != w.base && h.repository.MergeMethod != Rebase && h.draw.chance(100):
		// Someone presses "Update branch" first.
		h.addToBranch(w, h.commit(Commit{Parents: []string{w.tip, h.head.sha}, Author: w.author, Committer: webFlow, AuthoredAt: h.now,
			Message: fmt.Sprintf("Merge branch '%s' into %s", h.repository.DefaultBranch, w.branch)}))
		h.after(h.draw.about(4*time.Minute), func() { h.merge(w) })
	default:
		h.merge(w)
	}
}

// closePullRequest notes that a pull request is closed.
func (h *history) closePullRequest(w *work) {
	now := h.now
	w.pull.ClosedAt = &now
	if h.draw.chance(100) {
		h.afterWork(4*24*time.Hour, func() { w.pull.Comments = append(w.pull.Comments, h.now) })
	}
	h.endPreview(w)
}

// merge merges a pull request by the method of the repository.
func (h *history) merge(w *work) {
	w.pull.MergedBy = oneOf(h.draw, h.members)
	h.closePullRequest(w)
	h.mergeCommits(w)
	if w.mends != nil {
		h.head.isUrgent = true
	}
	h.deliver()
}

// mergeCommits brings the commits of a merged pull request into the default branch.
func (h *history) mergeCommits(w *work) {
	var changes []*Commit
	for _, commit := range w.commits {
		if len(commit.Parents) < 2 {
			changes = append(changes, commit)
		}
	}
	var head *Commit
	switch h.repository.MergeMethod {
	case Squash:
		head = h.commit(Commit{Parents: []string{h.head.sha}, Author: w.author, Committer: webFlow, AuthoredAt: h.now,
			Message: fmt.Sprintf("%s (#%d)", w.title, w.pull.Number)})
		h.note(head, h.changed(w.pull))
		h.pickable = head
	case Merge:
		head = h.commit(Commit{Parents: []string{h.head.sha, w.tip}, Author: w.pull.MergedBy, Committer: webFlow, AuthoredAt: h.now,
			Message: fmt.Sprintf("Merge pull request #%d from %s/%s\n\n%s", w.pull.Number, h.organization.Name, w.branch, w.title)})
		h.pickable = changes[len(changes)-1]
	case Rebase:
		tip := h.head.sha
		for i, original := range changes {
			head = h.commit(Commit{Parents: []string{tip}, Author: original.Author, Committer: w.pull.MergedBy, AuthoredAt: original.AuthoredAt, Message: original.Message})
			h.note(head, h.paths(original))
			changes[i], tip = head, head.SHA
		}
		h.pickable = head
	}
	w.pull.MergeCommit = head.SHA
	h.land(w.pull, head, changes...)
}
