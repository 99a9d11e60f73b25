package simulator

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A query is the root of all that a query can ask for.
type query struct {
	server    *server
	request   *request
	execution *execution
}

func (q query) is(kind string) bool { return kind == "Query" }

func (q query) field(name string, arguments map[string]any) (any, bool) {
	switch name {
	case "rateLimit":
		return rateObject{q.server.points.rate(q.server.options.Clock()), q.execution}, true
	case "repository":
		full := fmt.Sprint(arguments["owner"], "/", arguments["name"])
		found := q.server.byName[strings.ToLower(full)]
		if found == nil {
			found = q.server.renamed[strings.ToLower(full)]
		}
		if found == nil || found.CreatedAt.After(q.request.now) {
			return &graphError{Type: "NOT_FOUND", Message: fmt.Sprintf("Could not resolve to a Repository with the name '%s'.", full)}, true
		}
		return repositoryObject{q, found}, true
	case "node":
		id, _ := arguments["id"].(string)
		if found := q.node(id); found != nil {
			return found, true
		}
		return &graphError{Type: "NOT_FOUND", Message: fmt.Sprintf("Could not resolve to a node with the global id of '%s'.", id)}, true
	case "nodes":
		ids, _ := arguments["ids"].([]any)
		objects := make([]object, len(ids))
		for i, id := range ids {
			objects[i] = q.node(fmt.Sprint(id))
		}
		return objects, true
	}
	return nil, false
}

// node returns the object with a node id, nil where there is none.
func (q query) node(id string) object {
	kind, text, _ := strings.Cut(id, "_")
	number, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return nil
	}
	for _, found := range q.server.byID {
		in := repositoryObject{q, found}
		if deployment := found.deployments[number]; kind == "DE" && deployment != nil && !deployment.CreatedAt.After(q.request.now) {
			return deploymentObject{in, deployment}
		}
		if pull := found.pullRequestIDs[number]; kind == "PR" && pull != nil && !pull.CreatedAt.After(q.request.now) {
			return pullRequestObject{in, pull}
		}
	}
	return nil
}

type rateObject struct {
	rate      rateJSON
	execution *execution
}

func (o rateObject) is(kind string) bool { return kind == "RateLimit" }

func (o rateObject) field(name string, _ map[string]any) (any, bool) {
	reset := time.Unix(o.rate.Reset, 0)
	return fieldOf(name, map[string]any{
		"cost": o.execution.cost(), "nodeCount": o.execution.nodes, "limit": o.rate.Limit, "remaining": o.rate.Remaining,
		"used": o.rate.Used, "resetAt": when(&reset),
	})
}

// fieldOf returns a value out of those that are there.
func fieldOf(name string, values map[string]any) (any, bool) {
	value, isKnown := values[name]
	return value, isKnown
}

// A repositoryObject is a repository.
type repositoryObject struct {
	query
	repository *repository
}

func (o repositoryObject) is(kind string) bool { return kind == "Repository" || kind == "Node" }

func (o repositoryObject) field(name string, arguments map[string]any) (any, bool) {
	r, now := o.repository, o.request.now
	rendered := func() repositoryJSON { return o.server.repositoryJSON(o.request, r) }
	switch name {
	case "databaseId":
		return r.ID, true
	case "id":
		return nodeID("R", r.ID), true
	case "nameWithOwner":
		return r.FullName, true
	case "url":
		return o.server.pageURL(r), true
	case "isFork":
		return rendered().Fork, true
	case "isArchived":
		return rendered().Archived, true
	case "isPrivate":
		return rendered().Private, true
	case "createdAt":
		return when(&r.CreatedAt), true
	case "pushedAt":
		pushed := rendered().PushedAt
		return when(&pushed), true
	case "defaultBranchRef":
		if r.isEmpty(now) {
			return nil, true
		}
		return refObject{o, r.DefaultBranch, r.branch(r.DefaultBranch, now)}, true
	case "object":
		place, isFound := r.resolve(fmt.Sprint(arguments["oid"]), now)
		if !isFound {
			return nil, true
		}
		return commitObject{o, place}, true
	case "deployments":
		list := newestFirst(r.Deployments, now, func(d *Deployment) time.Time { return d.CreatedAt })
		return connection{count: len(list),
			key:  func(i int) string { return ordered(list[i].CreatedAt, list[i].ID) },
			item: func(i int) object { return deploymentObject{o, list[i]} }}, true
	case "releases":
		list := newestFirst(r.Releases, now, func(release *Release) time.Time { return release.PublishedAt })
		return connection{count: len(list),
			key:  func(i int) string { return ordered(list[i].PublishedAt, list[i].ID) },
			item: func(i int) object { return releaseObject{o, list[i]} }}, true
	case "refs":
		return o.tags(arguments), true
	case "pullRequests":
		list := newestFirst(r.PullRequests, now, func(p *PullRequest) time.Time { return p.CreatedAt })
		updated := map[*PullRequest]time.Time{}
		for _, pull := range list {
			updated[pull] = r.updatedAt(pull, now)
		}
		key := func(p *PullRequest) string { return ordered(updated[p], p.ID) }
		slices.SortFunc(list, func(a, b *PullRequest) int { return strings.Compare(key(b), key(a)) })
		return connection{count: len(list),
			key:  func(i int) string { return key(list[i]) },
			item: func(i int) object { return pullRequestObject{o, list[i]} }}, true
	}
	return nil, false
}

// tags returns the tags, by name or the newest first.
func (o repositoryObject) tags(arguments map[string]any) connection {
	tags := newestFirst(o.repository.Tags, o.request.now, func(tag Tag) time.Time { return tag.At })
	key := func(tag Tag) string { return tag.Name }
	order, _ := arguments["orderBy"].(map[string]any)
	isNewestFirst := order["field"] == "TAG_COMMIT_DATE"
	if isNewestFirst {
		key = func(tag Tag) string {
			return o.repository.Commits[o.repository.places[tag.SHA]].CommittedAt.UTC().Format(time.RFC3339) + tag.Name
		}
	}
	slices.SortFunc(tags, func(a, b Tag) int {
		if isNewestFirst {
			return strings.Compare(key(b), key(a))
		}
		return strings.Compare(key(a), key(b))
	})
	return connection{count: len(tags), isRising: !isNewestFirst,
		key:  func(i int) string { return key(tags[i]) },
		item: func(i int) object { return refObject{o, tags[i].Name, tags[i].SHA} }}
}

// A refObject is a branch or a tag.
type refObject struct {
	repositoryObject
	name string
	sha  string
}

func (o refObject) is(kind string) bool { return kind == "Ref" || kind == "Node" }

func (o refObject) field(name string, _ map[string]any) (any, bool) {
	switch name {
	case "name":
		return o.name, true
	case "target":
		return commitObject{o.repositoryObject, o.repository.places[o.sha]}, true
	}
	return nil, false
}

// A commitObject is a commit.
type commitObject struct {
	repositoryObject
	place int
}

func (o commitObject) is(kind string) bool {
	return kind == "Commit" || kind == "GitObject" || kind == "Node"
}

func (o commitObject) field(name string, arguments map[string]any) (any, bool) {
	commit := o.repository.Commits[o.place]
	switch name {
	case "oid":
		return commit.SHA, true
	case "url":
		return o.server.pageURL(o.repository) + "/commit/" + commit.SHA, true
	case "authoredDate":
		return when(&commit.AuthoredAt), true
	case "committedDate":
		return when(&commit.CommittedAt), true
	case "message":
		return commit.Message, true
	case "author":
		return signatureObject{o.server, commit.Author}, true
	case "parents":
		return connection{count: len(commit.Parents), isOffset: true,
			key:  func(i int) string { return commit.Parents[i] },
			item: func(i int) object { return commitObject{o.repositoryObject, o.repository.places[commit.Parents[i]]} }}, true
	case "file":
		files, path := o.repository.files(o.request.now), fmt.Sprint(arguments["path"])
		if text := files[path]; text != "" {
			return entryObject{blobSHA(text), &text}, true
		}
		if all := folderText(files, path); all != "" {
			return entryObject{blobSHA(all), nil}, true
		}
		return nil, true
	case "history":
		log := o.repository.log(o.place)
		if since, err := time.Parse(time.RFC3339, fmt.Sprint(arguments["since"])); err == nil {
			log = slices.DeleteFunc(log, func(one *Commit) bool { return one.CommittedAt.Before(since) })
		}
		return connection{count: len(log), isOffset: true,
			key:  func(int) string { return commit.SHA },
			item: func(i int) object { return commitObject{o.repositoryObject, o.repository.places[log[i].SHA]} }}, true
	}
	return nil, false
}

// An entryObject is a file or a folder of a commit, which here is always the newest of
// the default branch, and the blob or tree that it is.
type entryObject struct {
	sha  string
	text *string // nil of a folder
}

func (o entryObject) is(kind string) bool {
	return kind == "TreeEntry" || kind == "GitObject" || kind == "Blob" && o.text != nil || kind == "Tree" && o.text == nil
}

func (o entryObject) field(name string, _ map[string]any) (any, bool) {
	switch {
	case name == "oid":
		return o.sha, true
	case name == "object":
		return o, true
	case name == "mode" && o.text == nil:
		return 0o40000, true
	case name == "mode":
		return 0o100644, true
	case name == "text":
		return *o.text, true
	case name == "isTruncated":
		return false, true
	}
	return nil, false
}

// A signatureObject is who wrote a commit. Bots are not users.
type signatureObject struct {
	server *server
	login  string
}

func (o signatureObject) is(kind string) bool { return kind == "GitActor" }

func (o signatureObject) field(name string, _ map[string]any) (any, bool) {
	person := o.server.people[o.login]
	switch name {
	case "name":
		return person.Name, true
	case "email":
		return o.server.address(o.login), true
	case "user":
		if person.IsBot {
			return nil, true
		}
		return actorObject(o), true
	}
	return nil, false
}

// An actorObject is an account. GraphQL leaves off the end of a bot's login.
type actorObject struct {
	server *server
	login  string
}

func (o actorObject) kind() string {
	if o.server.people[o.login].IsBot {
		return "Bot"
	}
	return "User"
}

func (o actorObject) is(kind string) bool {
	return kind == o.kind() || kind == "Actor" || kind == "RequestedReviewer" || kind == "Node"
}

func (o actorObject) field(name string, _ map[string]any) (any, bool) {
	return fieldOf(name, map[string]any{"__typename": o.kind(), "login": strings.TrimSuffix(o.login, "[bot]")})
}

// A deploymentObject is a deployment.
type deploymentObject struct {
	repositoryObject
	deployment *Deployment
}

func (o deploymentObject) is(kind string) bool { return kind == "Deployment" || kind == "Node" }

func (o deploymentObject) field(name string, _ map[string]any) (any, bool) {
	deployment := o.deployment
	switch name {
	case "ref":
		if o.repository.branch(deployment.Ref, o.request.now) == "" {
			return nil, true // it is a SHA, or gone
		}
		return refObject{o.repositoryObject, deployment.Ref, deployment.SHA}, true
	case "creator":
		return actorObject{o.server, deployment.Creator}, true
	case "statuses":
		statuses := newestFirst(deployment.Statuses, o.request.now, func(status DeploymentStatus) time.Time { return status.At })
		return connection{count: len(statuses),
			key:  func(i int) string { return ordered(statuses[i].At, statuses[i].ID) },
			item: func(i int) object { return statusObject{o, statuses[i]} }}, true
	}
	rendered := o.server.deploymentJSON(o.in(), deployment)
	return fieldOf(name, map[string]any{
		"id": rendered.NodeID, "databaseId": rendered.ID, "commitOid": rendered.SHA, "task": rendered.Task,
		"environment": rendered.Environment, "originalEnvironment": rendered.OriginalEnvironment, "description": "",
		"createdAt": when(&rendered.CreatedAt), "updatedAt": when(&rendered.UpdatedAt),
	})
}

// in returns the request as one of the repository, for what REST renders too.
func (o repositoryObject) in() *request {
	r := *o.request
	r.repository = o.repository
	return &r
}

// A statusObject is a status of a deployment.
type statusObject struct {
	deploymentObject
	status DeploymentStatus
}

func (o statusObject) is(kind string) bool { return kind == "DeploymentStatus" || kind == "Node" }

func (o statusObject) field(name string, _ map[string]any) (any, bool) {
	if name == "creator" {
		return actorObject{o.server, o.deployment.Creator}, true
	}
	rendered := o.server.statusJSON(o.in(), o.deployment, o.status)
	return fieldOf(name, map[string]any{
		"id": rendered.NodeID, "state": strings.ToUpper(rendered.State), "environment": rendered.Environment, "description": rendered.Description,
		"logUrl": rendered.LogURL, "environmentUrl": rendered.EnvironmentURL, "createdAt": when(&rendered.CreatedAt),
	})
}

// A releaseObject is a release.
type releaseObject struct {
	repositoryObject
	release *Release
}

func (o releaseObject) is(kind string) bool { return kind == "Release" || kind == "Node" }

func (o releaseObject) field(name string, _ map[string]any) (any, bool) {
	rendered := o.server.releaseJSON(o.in(), o.release)
	return fieldOf(name, map[string]any{
		"id": rendered.NodeID, "databaseId": rendered.ID, "tagName": rendered.TagName, "name": rendered.Name, "isDraft": rendered.Draft,
		"isPrerelease": rendered.Prerelease, "publishedAt": when(&rendered.PublishedAt), "updatedAt": when(&rendered.PublishedAt),
		"url": rendered.HTMLURL, "description": rendered.Body,
	})
}

// A pullRequestObject is a pull request.
type pullRequestObject struct {
	repositoryObject
	pull *PullRequest
}

func (o pullRequestObject) is(kind string) bool { return kind == "PullRequest" || kind == "Node" }

func (o pullRequestObject) field(name string, arguments map[string]any) (any, bool) {
	switch name {
	case "fullDatabaseId":
		return strconv.FormatInt(o.pull.ID, 10), true
	case "updatedAt":
		updated := o.repository.updatedAt(o.pull, o.request.now)
		return when(&updated), true
	case "author":
		return actorObject{o.server, o.pull.Author}, true
	case "timelineItems":
		return o.timelineItems(arguments), true
	}
	rendered := o.server.pullRequestJSON(o.in(), o.pull)
	switch name {
	case "labels":
		return connection{count: len(rendered.Labels), isOffset: true,
			key:  func(i int) string { return rendered.Labels[i].Name },
			item: func(i int) object { return labelObject{rendered.Labels[i].Name} }}, true
	case "mergeCommit":
		if rendered.MergedAt == nil {
			return nil, true
		}
		return commitObject{o.repositoryObject, o.repository.places[o.pull.MergeCommit]}, true
	}
	state := strings.ToUpper(rendered.State)
	if rendered.MergedAt != nil {
		state = "MERGED"
	}
	return fieldOf(name, map[string]any{
		"id": rendered.NodeID, "number": rendered.Number, "title": rendered.Title, "state": state, "isDraft": rendered.Draft,
		"baseRefName": rendered.Base.Ref, "headRefName": rendered.Head.Ref, "headRefOid": rendered.Head.SHA, "createdAt": when(&rendered.CreatedAt),
		"closedAt": when(rendered.ClosedAt), "mergedAt": when(rendered.MergedAt), "url": rendered.HTMLURL, "body": o.pull.Body,
	})
}

// A labelObject is a label.
type labelObject struct{ name string }

func (o labelObject) is(kind string) bool { return kind == "Label" || kind == "Node" }

func (o labelObject) field(name string, _ map[string]any) (any, bool) {
	return fieldOf(name, map[string]any{"name": o.name})
}
