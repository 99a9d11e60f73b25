package simulator

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A TimelineEntry is something that happened to a pull request.
type TimelineEntry struct {
	ID       int64
	Event    string // as GitHub calls it: reviewed, review_requested, merged, ...
	Actor    string // login
	Reviewer string // of a request: the login, or @team
	State    string // of a review
	SHA      string // of a review and of merged
	At       time.Time
}

// timeline makes up what happened to a pull request until it was closed, and after:
// who was asked for a review, who gave one, and who said something late.
func (o *Organization) timeline(pull *PullRequest) []TimelineEntry {
	var entries []TimelineEntry
	add := func(event, actor string, at time.Time, set func(entry *TimelineEntry)) {
		entry := TimelineEntry{ID: 100*pull.ID + int64(len(entries)), Event: event, Actor: actor, At: at}
		set(&entry)
		entries = append(entries, entry)
	}
	plain := func(*TimelineEntry) {}
	reviewer := o.reviewer(pull)
	if pull.ID%11 == 0 && len(o.Teams) > 0 {
		add("review_requested", pull.Author, pull.CreatedAt, func(e *TimelineEntry) { e.Reviewer = "@" + o.Teams[0].Name })
	}
	add("review_requested", pull.Author, pull.CreatedAt, func(e *TimelineEntry) { e.Reviewer = reviewer })
	if pull.ClosedAt == nil {
		return entries
	}
	closed, open := *pull.ClosedAt, pull.ClosedAt.Sub(pull.CreatedAt)
	part := func(eighths time.Duration) time.Time {
		return pull.CreatedAt.Add(open * eighths / 8).Truncate(time.Second)
	}
	if pull.ID%13 == 0 {
		add("convert_to_draft", pull.Author, part(1), plain)
		add("ready_for_review", pull.Author, part(2), plain)
	}
	review := func(at time.Time, state string) {
		add("reviewed", reviewer, at, func(e *TimelineEntry) { e.State, e.SHA = state, pull.Commits[len(pull.Commits)-1] })
	}
	if pull.ID%5 == 0 {
		review(part(3), "changes_requested")
	}
	if !pull.IsMerged() {
		add("closed", pull.Author, closed, plain)
		return entries
	}
	if pull.ID%3 != 0 {
		review(part(6), "approved")
	}
	add("merged", pull.MergedBy, closed, func(e *TimelineEntry) { e.SHA = pull.MergeCommit })
	add("closed", pull.MergedBy, closed, plain)
	if late := closed.Add(30 * time.Hour); pull.ID%17 == 0 && late.Before(o.End) {
		review(late, "commented")
	}
	return entries
}

// reviewer returns the login of someone else than who wrote a pull request.
func (o *Organization) reviewer(pull *PullRequest) string {
	if pull.IsMerged() && pull.MergedBy != pull.Author {
		return pull.MergedBy
	}
	place := slices.IndexFunc(o.People, func(person Person) bool { return !person.IsBot && person.Login != pull.Author })
	return o.People[place].Login
}

// timelineItem is an entry of a timeline as it is served: one that was put there, or
// a commit.
type timelineItem struct {
	TimelineEntry
	commit *Commit // nil of the others
}

// itemsOf returns what has happened to a pull request by now, oldest first. GitHub has
// its commits among that, as they are now.
func (r *repository) itemsOf(pull *PullRequest, now time.Time) []timelineItem {
	var items []timelineItem
	for _, commit := range r.listed(pull, now) {
		items = append(items, timelineItem{TimelineEntry{Event: "committed", At: commit.CommittedAt}, commit})
	}
	for _, entry := range r.timelines[pull.Number] {
		if !entry.At.After(now) {
			items = append(items, timelineItem{entry, nil})
		}
	}
	slices.SortStableFunc(items, func(a, b timelineItem) int { return a.At.Compare(b.At) })
	return items
}

// timelineTypes are what GraphQL calls the entries of a timeline.
var timelineTypes = map[string]string{
	"committed":              "PullRequestCommit",
	"reviewed":               "PullRequestReview",
	"review_requested":       "ReviewRequestedEvent",
	"review_request_removed": "ReviewRequestRemovedEvent",
	"ready_for_review":       "ReadyForReviewEvent",
	"convert_to_draft":       "ConvertToDraftEvent",
	"merged":                 "MergedEvent",
	"closed":                 "ClosedEvent",
	"reopened":               "ReopenedEvent",
	"head_ref_force_pushed":  "HeadRefForcePushedEvent",
}

// nodeID returns the entry's.
func (i timelineItem) nodeID() string { return nodeID(timelineTypes[i.Event], i.ID) }

// listTimeline lists what happened to a pull request, oldest first.
func (s *server) listTimeline(r *request) (any, error) {
	number, err := strconv.Atoi(r.PathValue("number"))
	pull := r.repository.pullRequests[number]
	if err != nil || pull == nil {
		return nil, notFound()
	}
	return paged(r, r.repository.itemsOf(pull, r.now), func(item timelineItem) map[string]any {
		if item.commit != nil {
			commit := s.commitJSON(r, item.commit)
			return map[string]any{
				"event": item.Event, "sha": commit.SHA, "node_id": commit.NodeID, "url": commit.Commit.URL, "html_url": commit.HTMLURL,
				"author": commit.Commit.Author, "committer": commit.Commit.Committer, "message": commit.Commit.Message,
				"tree": commit.Commit.Tree, "parents": commit.Parents, "verification": map[string]any{"verified": false, "reason": "unsigned", "signature": nil, "payload": nil},
			}
		}
		if item.Event == "reviewed" {
			return map[string]any{
				"id": item.ID, "node_id": item.nodeID(), "event": item.Event, "user": s.userJSON(r, item.Actor), "state": item.State, "commit_id": item.SHA, "submitted_at": item.At,
				"author_association": "MEMBER", "html_url": s.reviewURL(r.repository, number, item.ID),
			}
		}
		rendered := map[string]any{"id": item.ID, "node_id": item.nodeID(), "event": item.Event, "actor": s.userJSON(r, item.Actor), "created_at": item.At, "commit_id": nil}
		if item.SHA != "" {
			rendered["commit_id"] = item.SHA
		}
		if team, isTeam := strings.CutPrefix(item.Reviewer, "@"); isTeam {
			rendered["requested_team"] = map[string]any{"slug": team, "name": team}
		} else if item.Reviewer != "" {
			rendered["requested_reviewer"] = s.userJSON(r, item.Reviewer)
		}
		return rendered
	}), nil
}

// reviewURL returns the page of a review.
func (s *server) reviewURL(r *repository, number int, id int64) string {
	return fmt.Sprintf("%s/pull/%d#pullrequestreview-%d", s.pageURL(r), number, id)
}

// timelineItems returns what happened to the pull request of the types that are
// asked for.
func (o pullRequestObject) timelineItems(arguments map[string]any) connection {
	wanted, _ := arguments["itemTypes"].([]any)
	items := slices.DeleteFunc(o.repository.itemsOf(o.pull, o.request.now), func(item timelineItem) bool {
		return !slices.ContainsFunc(wanted, func(one any) bool {
			return strings.EqualFold(strings.ReplaceAll(fmt.Sprint(one), "_", ""), timelineTypes[item.Event])
		})
	})
	return connection{count: len(items), isOffset: true,
		key:  func(int) string { return nodeID("PR", o.pull.ID) },
		item: func(i int) object { return timelineObject{o, items[i]} }}
}

// A timelineObject is an item of a timeline.
type timelineObject struct {
	pullRequestObject
	item timelineItem
}

func (o timelineObject) is(kind string) bool {
	return kind == timelineTypes[o.item.Event] || kind == "PullRequestTimelineItems" || kind == "Node"
}

func (o timelineObject) field(name string, _ map[string]any) (any, bool) {
	at, item := when(&o.item.At), o.item
	switch name {
	case "__typename":
		return timelineTypes[item.Event], true
	case "id":
		return item.nodeID(), true
	case "commit":
		if item.commit != nil {
			return commitObject{o.repositoryObject, o.repository.places[item.commit.SHA]}, true
		}
		place, isKnown := o.repository.places[item.SHA]
		if !isKnown {
			return nil, true
		}
		return commitObject{o.repositoryObject, place}, true
	case "actor", "author":
		return actorObject{o.server, item.Actor}, true
	case "requestedReviewer":
		if team, isTeam := strings.CutPrefix(item.Reviewer, "@"); isTeam {
			return teamObject{team}, true
		}
		return actorObject{o.server, item.Reviewer}, true
	case "closer":
		return nil, true
	}
	return fieldOf(name, map[string]any{
		"fullDatabaseId": strconv.FormatInt(item.ID, 10), "authorAssociation": "MEMBER", "state": strings.ToUpper(item.State),
		"url": o.server.reviewURL(o.repository, o.pull.Number, item.ID), "submittedAt": at, "createdAt": at,
	})
}

// A teamObject is a team.
type teamObject struct{ slug string }

func (o teamObject) is(kind string) bool {
	return kind == "Team" || kind == "RequestedReviewer" || kind == "Node"
}

func (o teamObject) field(name string, _ map[string]any) (any, bool) {
	return fieldOf(name, map[string]any{"__typename": "Team", "slug": o.slug})
}
