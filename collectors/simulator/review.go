package simulator

import (
	"slices"
	"time"
)

// A reviewer makes up what a repository's pull requests go through between when
// they are opened and when they are closed. It has its own choices, so that more
// reviews change nothing of what is delivered.
type reviewer struct {
	draw         draw
	organization *Organization
	team         string
	members      []string
	repository   *Repository
}

// review gives every pull request its timeline, and says what is true of those
// that are merged.
func (h *history) review(seed uint64, stream int) []TruePullRequest {
	r := &reviewer{
		draw:         newDraw(seed, 2_000_000+stream),
		organization: h.organization,
		team:         h.service.Team,
		members:      h.members,
		repository:   h.repository,
	}
	authored := map[string]time.Time{}
	for _, commit := range h.repository.Commits {
		authored[commit.SHA] = commit.AuthoredAt
	}
	if h.repository.Records == nil {
		h.repository.Records = &Records{}
	}
	h.repository.Records.Timelines = map[int][]TimelineEntry{}
	var truths []TruePullRequest
	for _, pull := range h.repository.PullRequests {
		entries, one := r.life(pull)
		slices.SortStableFunc(entries, func(a, b TimelineEntry) int { return a.At.Compare(b.At) })
		for i := range entries {
			entries[i].ID = 100*pull.ID + int64(i)
		}
		h.repository.Records.Timelines[pull.Number] = entries
		if !pull.IsMerged() {
			continue
		}
		one.Repository, one.Number, one.MergedAt = h.repository.FullName, pull.Number, *pull.ClosedAt
		one.services = h.servicesOf(h.changed(pull))
		for _, sha := range pull.Commits {
			if at := authored[sha]; one.FirstCommitAt.IsZero() || at.Before(one.FirstCommitAt) {
				one.FirstCommitAt = at
			}
		}
		truths = append(truths, one)
	}
	return truths
}

// life makes up what happens to a pull request, and what of it the metrics must
// know: when it is ready, and when somebody else reviews and approves it.
func (r *reviewer) life(pull *PullRequest) (entries []TimelineEntry, one TruePullRequest) {
	until := r.organization.End.Add(-time.Second)
	if pull.ClosedAt != nil {
		until = *pull.ClosedAt
	}
	// between returns a time, a part from low to high of 100 of the way from a time to the end.
	between := func(from time.Time, low, high int) time.Time {
		return from.Add(time.Duration(int(until.Sub(from)/time.Second)*r.draw.between(low, high)/100) * time.Second)
	}
	add := func(event, actor string, at time.Time) *TimelineEntry {
		entries = append(entries, TimelineEntry{Event: event, Actor: actor, At: at})
		return &entries[len(entries)-1]
	}
	review := func(reviewer, state string, at time.Time) {
		entry := add("reviewed", reviewer, at)
		entry.State, entry.SHA = state, pull.Commits[0]
	}
	judge := func(reviewer, state string, at time.Time) {
		review(reviewer, state, at)
		seen := at
		if seen.Before(one.ReadyAt) { // while it was a draft: nobody waited
			seen = one.ReadyAt
		}
		if one.FirstReviewAt.IsZero() || seen.Before(one.FirstReviewAt) {
			one.FirstReviewAt = seen
		}
		if state == "approved" {
			one.ApprovedAt = seen
		}
	}
	others := slices.DeleteFunc(slices.Clone(r.members), func(login string) bool { return login == pull.Author })
	first, second := oneOf(r.draw, others), oneOf(r.draw, others)

	one.ReadyAt = pull.CreatedAt
	switch {
	case pull.Author == dependabot:
	case r.draw.chance(110): // opened as a draft
		one.ReadyAt = between(pull.CreatedAt, 2, 40)
		add("ready_for_review", pull.Author, one.ReadyAt)
		if r.draw.chance(250) {
			judge(first, "commented", between(pull.CreatedAt, 0, 2))
		}
	case r.draw.chance(25): // not so ready after all
		add("convert_to_draft", pull.Author, between(pull.CreatedAt, 1, 5))
		one.ReadyAt = between(pull.CreatedAt, 6, 50)
		add("ready_for_review", pull.Author, one.ReadyAt)
	}
	switch {
	case pull.Author == dependabot || r.draw.chance(200):
	case r.draw.chance(120):
		add("review_requested", pull.Author, one.ReadyAt).Reviewer = "@" + r.team
	default:
		add("review_requested", pull.Author, one.ReadyAt).Reviewer = first
	}
	isMerged, choice := pull.IsMerged(), r.draw.below(1000)
	switch {
	case pull.Author == dependabot && choice < 650: // nobody looks
	case pull.Author == dependabot:
		judge(first, "approved", between(one.ReadyAt, 50, 99))
	case choice < 110: // nobody does
	case choice < 170:
		review(actions, "commented", between(one.ReadyAt, 1, 10))
	case choice < 200: // what authors say of their own
		review(pull.Author, "commented", between(one.ReadyAt, 20, 80))
	case choice < 420:
		asked := between(one.ReadyAt, 5, 60)
		judge(first, "changes_requested", asked)
		if isMerged || choice < 300 {
			judge(first, "approved", between(asked, 40, 99))
		}
	case choice < 520:
		said := between(one.ReadyAt, 5, 60)
		judge(first, "commented", said)
		judge(second, "approved", between(said, 10, 99))
	case choice < 570:
		judge(first, "commented", between(one.ReadyAt, 5, 90))
	case choice < 620: // twice, as something was pushed in between
		approved := between(one.ReadyAt, 5, 60)
		judge(first, "approved", approved)
		judge(second, "approved", between(approved, 10, 99))
	default:
		judge(first, "approved", between(one.ReadyAt, 5, 95))
	}
	if pull.ClosedAt == nil {
		return entries, one
	}
	closer := pull.Author
	if isMerged {
		closer = pull.MergedBy
		add("merged", closer, until).SHA = pull.MergeCommit
	}
	add("closed", closer, until)
	if late := until.Add(r.draw.about(20 * time.Hour)); isMerged && r.draw.chance(50) && late.Before(r.organization.End) {
		review(second, "commented", late)
	}
	return entries, one
}

// isDraft says whether a pull request is a draft by now: what makes it ready first
// tells that it was opened as one.
func isDraft(entries []TimelineEntry, now time.Time) bool {
	draft, isFirst := false, true
	for _, entry := range entries {
		if entry.Event != "ready_for_review" && entry.Event != "convert_to_draft" {
			continue
		}
		if isFirst {
			draft, isFirst = entry.Event == "ready_for_review", false
		}
		if !entry.At.After(now) {
			draft = entry.Event == "convert_to_draft"
		}
	}
	return draft
}
