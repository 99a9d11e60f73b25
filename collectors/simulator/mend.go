package simulator

import (
	"fmt"
	"strings"
	"time"
)

// A mending is why a piece of work is done at once: it mends a bad deployment.
type mending struct {
	message  string   // what its commit says below the title
	body     string   // of its pull request
	labels   []string // of its pull request
	isHotfix bool
	reverts  *PullRequest // nil of a hotfix
}

// mend decides how a bad deployment, which has just succeeded, is mended some time
// later, unless another has succeeded by then: what ran before is deployed again,
// a hotfix is written, or what it shipped last is reverted.
func (h *history) mend(e *environment, shipped Shipment) {
	runs := len(e.succeeded)
	before := e.succeeded[runs-2]
	bad := h.fails(e, shipped.ID)
	choice := h.draw.below(1000)
	h.after(h.draw.about(35*time.Minute), func() {
		if len(e.succeeded) != runs {
			return
		}
		bad.mendingAt = h.now
		last := lastPull(shipped.pulls)
		switch {
		case choice < 450:
			h.deploy(e, before, false, time.Time{}).mends = bad
		case choice < 700 && last != nil:
			h.revert(last, bad)
		default:
			h.hotfix(e, bad)
		}
	})
}

// lastPull returns the last of the pull requests that a person would revert, nil
// where there is none: what takes something back is mended in another way.
func lastPull(pulls []*PullRequest) *PullRequest {
	if len(pulls) == 0 {
		return nil
	}
	last := pulls[len(pulls)-1]
	if last.reverts != nil {
		return nil
	}
	return last
}

// hotfix begins a branch that mends a bad deployment. What it is shows in the name
// of the branch, the title or a label.
func (h *history) hotfix(e *environment, bad *mishap) {
	author, title := oneOf(h.draw, h.members), h.draw.title()
	w := &work{author: author, title: title, tip: h.head.sha, base: h.head.sha, missing: 1, mends: &mending{isHotfix: true}}
	if len(e.folders) > 0 {
		w.folder = e.folders[0]
	}
	prefix := author
	switch choice := h.draw.below(3); choice {
	case 0:
		prefix = "hotfix"
	case 1:
		w.title = "Hotfix: " + title
	default:
		w.mends.labels = []string{oneOf(h.draw, []string{"hotfix", "Hotfix", "incident"})}
	}
	// The number keeps two branches of one title apart.
	w.branch = fmt.Sprintf("%s/%s-%d", prefix, strings.ReplaceAll(strings.ToLower(title), " ", "-"), h.lastID)
	h.mending[w.branch] = bad
	h.writeCommit(w)
}

// revert begins what GitHub's button "Revert" makes of a merged pull request. Some
// people leave nothing of its text but the title.
func (h *history) revert(pull *PullRequest, bad *mishap) {
	w := &work{author: oneOf(h.draw, h.members), title: fmt.Sprintf("Revert %q", pull.Title), tip: h.head.sha, base: h.head.sha, missing: 1}
	w.branch = fmt.Sprintf("revert-%d-%s", pull.Number, pull.Branch)
	w.mends = &mending{message: fmt.Sprintf("\n\nThis reverts commit %s.", pull.MergeCommit), reverts: pull}
	if h.draw.chance(700) || !h.isLastTitled(pull) {
		w.mends.body = fmt.Sprintf("Reverts %s#%d", h.repository.FullName, pull.Number)
	}
	h.mending[w.branch] = bad
	h.writeCommit(w)
}

// isLastTitled says whether the title of a merged pull request can mean no other,
// that was merged after it or still may be.
func (h *history) isLastTitled(pull *PullRequest) bool {
	for _, other := range h.repository.PullRequests {
		isOver := other.ClosedAt != nil && (!other.IsMerged() || other.ClosedAt.Before(*pull.ClosedAt))
		if other != pull && other.Title == pull.Title && !isOver {
			return false
		}
	}
	return true
}
