package github

import (
	"cmp"
	"regexp"
	"strings"
	"time"
)

// A fragment is a set of fields that queries name.
type fragment struct{ name, body string }

// fragments returns all of them, those that name others first.
func fragments() []fragment {
	return []fragment{
		{"overview", `Repository {
	databaseId nameWithOwner url isFork isArchived isPrivate createdAt pushedAt
	defaultBranchRef { name target { oid ... on Commit { committedDate } } }
	deployments(first: 50, orderBy: {field: CREATED_AT, direction: DESC}) { nodes { databaseId createdAt updatedAt } }
	pullRequests(first: 30, orderBy: {field: UPDATED_AT, direction: DESC}) { nodes { fullDatabaseId updatedAt } }
	releases(first: 100, orderBy: {field: CREATED_AT, direction: DESC}) { totalCount nodes { databaseId updatedAt } }
	refs(refPrefix: "refs/tags/", first: 20, orderBy: {field: TAG_COMMIT_DATE, direction: DESC}) { totalCount nodes { name target { oid } } }
}`},
		{"deployment", `Deployment {
	id databaseId commitOid ref { name } task environment originalEnvironment description creator { ...actor } createdAt updatedAt
}`},
		{"deploymentStatus", `DeploymentStatus {
	id state environment description logUrl environmentUrl creator { ...actor } createdAt
}`},
		{"release", `Release {
	databaseId tagName name isDraft isPrerelease publishedAt url description
}`},
		{"pullRequest", `PullRequest {
	id fullDatabaseId number title state isDraft author { ...actor } baseRefName headRefName headRefOid mergeCommit { oid }
	createdAt updatedAt closedAt mergedAt url body labels { totalCount }
}`},
		{"timelineItem", `PullRequestTimelineItems {
	__typename
	... on PullRequestCommit { commit { ...commit parents { totalCount } } }
	... on PullRequestReview { fullDatabaseId author { ...actor } authorAssociation state reviewed: commit { oid } submittedAt url }
	... on ReviewRequestedEvent { id actor { ...actor } createdAt requestedReviewer { ...reviewer } }
	... on ReviewRequestRemovedEvent { id actor { ...actor } createdAt requestedReviewer { ...reviewer } }
	... on ReadyForReviewEvent { id actor { ...actor } createdAt }
	... on ConvertToDraftEvent { id actor { ...actor } createdAt }
	... on MergedEvent { id actor { ...actor } createdAt merged: commit { oid } }
	... on ClosedEvent { id actor { ...actor } createdAt closer { ... on Commit { oid } } }
	... on ReopenedEvent { id actor { ...actor } createdAt }
	... on HeadRefForcePushedEvent { id actor { ...actor } createdAt }
}`},
		{"reviewer", `RequestedReviewer {
	__typename
	... on User { login }
	... on Bot { login }
	... on Mannequin { login }
	... on Team { slug }
}`},
		{"parents", `Commit {
	parents(first: 100) { nodes { oid } }
}`},
		{"commit", `Commit {
	oid url authoredDate committedDate message author { name email user { login } }
}`},
		{"actor", `Actor {
	__typename login
}`},
	}
}

// A connection is a page of a list.
type connection[T any] struct {
	TotalCount int
	Nodes      []T
	Edges      []struct{ Cursor string }
	PageInfo   struct {
		HasNextPage bool
		EndCursor   string
	}
}

// pageInfo is what a query asks of a list that may have more pages.
const pageInfo = "pageInfo { hasNextPage endCursor }"

// next returns where the next page begins, "" after the last.
func (c connection[T]) next() string {
	if !c.PageInfo.HasNextPage {
		return ""
	}
	return c.PageInfo.EndCursor
}

// The types below are what queries ask for, under GraphQL's names. Each gives the
// record as REST has it.

type graphActor struct {
	Typename string `json:"__typename"`
	Login    string
}

// account returns the actor. A bot's login lacks what REST puts at its end.
func (a *graphActor) account() *account {
	switch {
	case a == nil:
		return nil
	case a.Typename == "Bot":
		return &account{Login: a.Login + "[bot]", Type: "Bot"}
	case a.Typename == "EnterpriseUserAccount":
		return &account{Login: a.Login, Type: "User"}
	}
	return &account{Login: a.Login, Type: a.Typename}
}

type graphDeployment struct {
	ID                  string
	DatabaseID          int64
	CommitOID           string
	Ref                 *struct{ Name string }
	Task                string
	Environment         string
	OriginalEnvironment *string
	Description         *string
	Creator             *graphActor
	CreatedAt           time.Time
	UpdatedAt           time.Time
}

// record returns the deployment. Its ref is gone where it was a SHA and where the
// branch has been deleted since.
func (d graphDeployment) record() Deployment {
	ref := d.CommitOID
	if d.Ref != nil {
		ref = d.Ref.Name
	}
	return Deployment{
		ID: d.DatabaseID, NodeID: d.ID, SHA: d.CommitOID, Ref: ref, Task: d.Task, Environment: d.Environment,
		OriginalEnvironment: d.OriginalEnvironment, Description: d.Description, Creator: d.Creator.account(),
		CreatedAt: d.CreatedAt, UpdatedAt: d.UpdatedAt,
	}
}

type graphStatus struct {
	ID             string
	State          string
	Environment    *string
	Description    *string
	LogURL         *string
	EnvironmentURL *string
	Creator        *graphActor
	CreatedAt      time.Time
}

// record returns the status.
func (s graphStatus) record() DeploymentStatus {
	return DeploymentStatus{
		NodeID: s.ID, State: strings.ToLower(s.State), Environment: s.Environment, Description: s.Description,
		LogURL: s.LogURL, EnvironmentURL: s.EnvironmentURL, Creator: s.Creator.account(), CreatedAt: s.CreatedAt,
	}
}

type graphRelease struct {
	DatabaseID   int64
	TagName      string
	Name         *string
	IsDraft      bool
	IsPrerelease bool
	PublishedAt  *time.Time
	URL          string
	Description  *string
}

// record returns the release.
func (r graphRelease) record() Release {
	return Release{
		ID: r.DatabaseID, TagName: r.TagName, Name: r.Name, Draft: r.IsDraft, Prerelease: r.IsPrerelease,
		PublishedAt: r.PublishedAt, HTMLURL: r.URL, Body: r.Description,
	}
}

// A graphTag is a tag: of a commit, or of a tag object, which may be of another.
type graphTag struct {
	Name   string
	Target struct {
		OID    string
		Target *struct {
			OID    string
			Target *struct{ OID string }
		}
	}
}

// record returns the tag.
func (t graphTag) record() Tag {
	tag := Tag{Name: t.Name}
	tag.Commit.SHA = t.Target.OID
	if object := t.Target.Target; object != nil {
		tag.Commit.SHA = object.OID
		if object.Target != nil {
			tag.Commit.SHA = object.Target.OID
		}
	}
	return tag
}

type graphPullRequest struct {
	ID             string
	FullDatabaseID int64 `json:",string"`
	Number         int
	Title          string
	State          string
	IsDraft        bool
	Author         *graphActor
	BaseRefName    string
	HeadRefName    string
	HeadRefOID     string
	MergeCommit    *struct{ OID string }
	CreatedAt      time.Time
	UpdatedAt      time.Time
	ClosedAt       *time.Time
	MergedAt       *time.Time
	URL            string
	Body           *string
	Labels         struct{ TotalCount int }
}

// record returns the pull request, with as many labels as it has but not their
// names yet.
func (p graphPullRequest) record() PullRequest {
	record := PullRequest{
		ID: p.FullDatabaseID, NodeID: p.ID, Number: p.Number, Title: p.Title, State: "open", Draft: p.IsDraft, User: p.Author.account(),
		Labels: make([]label, p.Labels.TotalCount),
		Base:   branch{Ref: p.BaseRefName}, Head: branch{Ref: p.HeadRefName, SHA: p.HeadRefOID},
		CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt, ClosedAt: p.ClosedAt, MergedAt: p.MergedAt, HTMLURL: p.URL, Body: p.Body,
	}
	if p.State != "OPEN" {
		record.State = "closed"
	}
	if p.MergeCommit != nil {
		record.MergeCommitSHA = &p.MergeCommit.OID
	}
	return record
}

type graphCommit struct {
	OID           string
	URL           string
	AuthoredDate  time.Time
	CommittedDate time.Time
	Message       string
	Author        *struct {
		Name  string
		Email string
		User  *struct{ Login string }
	}
	Parents connection[struct{ OID string }]
}

// botAddress is the mail address of a bot's commits. GraphQL gives users only as
// authors; REST finds the bot by this.
var botAddress = regexp.MustCompile(`^(?:\d+\+)?([A-Za-z0-9-]+\[bot\])@users\.noreply\.`)

// record returns the commit, with as many parents as it has.
func (c graphCommit) record() apiCommit {
	record := apiCommit{SHA: c.OID, HTMLURL: c.URL, Parents: make([]parent, max(c.Parents.TotalCount, len(c.Parents.Nodes)))}
	record.Commit.Message = c.Message
	record.Commit.Author.Date, record.Commit.Committer.Date = c.AuthoredDate, c.CommittedDate
	if c.Author != nil {
		record.Commit.Author.Name = c.Author.Name
		if found := botAddress.FindStringSubmatch(c.Author.Email); c.Author.User != nil {
			record.Author = &account{Login: c.Author.User.Login, Type: "User"}
		} else if found != nil {
			record.Author = &account{Login: found[1], Type: "Bot"}
		}
	}
	for i, parent := range c.Parents.Nodes {
		record.Parents[i].SHA = parent.OID
	}
	return record
}

// timelineList is the list of a pull request that timelines are read from.
const timelineList = "timelineItems(%s, itemTypes: [PULL_REQUEST_COMMIT, PULL_REQUEST_REVIEW, REVIEW_REQUESTED_EVENT, REVIEW_REQUEST_REMOVED_EVENT, " +
	"READY_FOR_REVIEW_EVENT, CONVERT_TO_DRAFT_EVENT, MERGED_EVENT, CLOSED_EVENT, REOPENED_EVENT, HEAD_REF_FORCE_PUSHED_EVENT])"

// graphEvents are what GraphQL calls keptEvents.
var graphEvents = map[string]string{
	"ReviewRequestedEvent":      "review_requested",
	"ReviewRequestRemovedEvent": "review_request_removed",
	"ReadyForReviewEvent":       "ready_for_review",
	"ConvertToDraftEvent":       "convert_to_draft",
	"MergedEvent":               "merged",
	"ClosedEvent":               "closed",
	"ReopenedEvent":             "reopened",
	"HeadRefForcePushedEvent":   "head_ref_force_pushed",
}

// A graphTimelineItem is an item of a pull request's timeline, of one of many types.
type graphTimelineItem struct {
	Typename string      `json:"__typename"`
	Commit   graphCommit // of a PullRequestCommit

	// Of a PullRequestReview:
	FullDatabaseID    int64 `json:",string"`
	Author            *graphActor
	AuthorAssociation *string
	State             string
	Reviewed          *graphObject
	SubmittedAt       *time.Time
	URL               string

	// Of an event:
	ID                string
	Actor             *graphActor
	CreatedAt         time.Time
	RequestedReviewer *struct {
		graphActor
		Slug string // of a team
	}
	Merged *graphObject
	Closer *graphObject // its OID is empty where it is no commit
}

// A graphObject is an object of git.
type graphObject struct{ OID string }

// sha returns the object's SHA, nil where there is none.
func (o *graphObject) sha() *string {
	if o == nil {
		return nil
	}
	return given(&o.OID)
}

// addTo puts the item at the end of a timeline.
func (i graphTimelineItem) addTo(t *timeline) {
	switch i.Typename {
	case "PullRequestCommit":
		t.commits = append(t.commits, i.Commit.record())
		return
	case "PullRequestReview":
		t.reviews = append(t.reviews, Review{
			ID: i.FullDatabaseID, User: i.Author.account(), AuthorAssociation: i.AuthorAssociation, State: i.State,
			CommitID: i.Reviewed.sha(), SubmittedAt: i.SubmittedAt, HTMLURL: i.URL,
		})
		return
	}
	event := PullRequestEvent{
		NodeID: i.ID, Event: graphEvents[i.Typename], Actor: i.Actor.account(),
		CommitID: cmp.Or(i.Merged.sha(), i.Closer.sha()), CreatedAt: i.CreatedAt,
	}
	switch reviewer := i.RequestedReviewer; {
	case reviewer == nil:
	case reviewer.Typename == "Team":
		event.RequestedTeam = &requestedTeam{Slug: reviewer.Slug}
	default:
		event.RequestedReviewer = reviewer.account()
	}
	t.events = append(t.events, event)
}

// records returns nodes as the records they are.
func records[R any, T interface{ record() R }](nodes []T) []R {
	found := make([]R, len(nodes))
	for i, node := range nodes {
		found[i] = node.record()
	}
	return found
}
