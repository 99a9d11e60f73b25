package github

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"dorado/collectors"
)

// A graphRoad asks GraphQL, for one repository together with others: see
// together.go.
type graphRoad struct {
	*source
	// ask gives wishes their answers.
	ask func(wishes ...*wish) error
}

// overview returns what is known of the repository without reading its lists, nil where
// there is none.
func (r graphRoad) overview(repository string) *overview {
	found, _ := r.overviews.Load(repository)
	known, _ := found.(*overview)
	return known
}

func (r graphRoad) deploymentMarks(_ context.Context, repository string) (marks, error) {
	return r.overview(repository).deployments, nil
}

func (r graphRoad) pullRequestMarks(_ context.Context, repository string) (marks, error) {
	return r.overview(repository).pullRequests, nil
}

func (r graphRoad) releaseMark(_ context.Context, repository string) (string, error) {
	return r.overview(repository).releases, nil
}

func (r graphRoad) tagMark(_ context.Context, repository string) (string, error) {
	return r.overview(repository).tags, nil
}

// pushMark returns "": the overview tells where the default branch is.
func (r graphRoad) pushMark(context.Context, string) (string, error) { return "", nil }

func (r graphRoad) head(_ context.Context, repository string) (head, error) {
	return r.overview(repository).head, nil
}

// afterMark begins the positions of this road. What follows is a cursor of GitHub,
// which stays valid: it names the item after which the page begins.
const afterMark = "after:"

// listArguments returns the arguments of a list at a position.
func listArguments(position string) string {
	if after, ok := strings.CutPrefix(position, afterMark); ok {
		return "first: %d, after: " + quoted(strings.ReplaceAll(after, "%", "%%"))
	}
	return "first: %d"
}

// graphPage asks for a page of one of the repository's lists. fields names the list
// with %s in place of its first arguments, items what is wanted of each item.
func graphPage[R any, T interface{ record() R }](r graphRoad, repository, fields, position, items string, count int, backfill bool) ([]R, string, error) {
	var found struct{ List connection[T] }
	w := &wish{
		repository: repository,
		fields:     "list: " + strings.Replace(fields, "%s", listArguments(position), 1) + " { nodes { " + items + " } " + pageInfo + " }",
		items:      count,
		lists:      1,
		backfill:   backfill,
		decode:     func(data json.RawMessage) error { return json.Unmarshal(data, &found) },
	}
	if err := r.ask(w); err != nil {
		return nil, "", err
	}
	return records[R](found.List.Nodes), nextPosition(found.List.next()), nil
}

// lasting returns a position if it stays valid, else "": a page's number of REST
// names another page once something is new.
func lasting(position string) string {
	if strings.HasPrefix(position, afterMark) {
		return position
	}
	return ""
}

// nextPosition returns the position after a cursor.
func nextPosition(cursor string) string {
	if cursor == "" {
		return ""
	}
	return afterMark + cursor
}

func (r graphRoad) deployments(_ context.Context, repository, position string, until time.Time) ([]Deployment, string, error) {
	return graphPage[Deployment, graphDeployment](r, repository, "deployments(%s, orderBy: {field: CREATED_AT, direction: DESC})", position,
		"...deployment", r.overview(repository).deployments.since(position, until), until.IsZero())
}

func (r graphRoad) pullRequests(_ context.Context, repository, position string, until time.Time) ([]PullRequest, string, error) {
	return graphPage[PullRequest, graphPullRequest](r, repository, "pullRequests(%s, orderBy: {field: UPDATED_AT, direction: DESC})", position,
		"...pullRequest", r.overview(repository).pullRequests.since(position, until), until.IsZero())
}

func (r graphRoad) releases(_ context.Context, repository, position string) ([]Release, string, error) {
	return graphPage[Release, graphRelease](r, repository, "releases(%s, orderBy: {field: CREATED_AT, direction: DESC})", position,
		"...release", min(perPage, r.overview(repository).releaseCount+1), false)
}

func (r graphRoad) tags(_ context.Context, repository, position string) ([]Tag, string, error) {
	return graphPage[Tag, graphTag](r, repository, `refs(refPrefix: "refs/tags/", %s)`, position,
		"name target { oid ... on Tag { target { oid ... on Tag { target { oid } } } } }", min(perPage, r.overview(repository).tagCount+1), false)
}

func (r graphRoad) openDeployments(ctx context.Context, repository string, open map[int64]openedState) ([]Deployment, error) {
	var found []Deployment
	var wishes []*wish
	other := map[int64]openedState{} // noted by the other road
	for id, state := range open {
		if state.NodeID == "" {
			other[id] = state
			continue
		}
		wishes = append(wishes, &wish{node: state.NodeID, fields: "... on Deployment { ...deployment }", decode: func(data json.RawMessage) error {
			var deployment graphDeployment
			err := json.Unmarshal(data, &deployment)
			found = append(found, deployment.record())
			return err
		}})
	}
	if err := r.ask(wishes...); err != nil && status(err) == 0 {
		return nil, err
	}
	for _, w := range wishes {
		if w.err != nil && status(w.err) == 0 {
			return nil, w.err
		}
	}
	rest, err := restRoad{source: r.source}.openDeployments(ctx, repository, other)
	return append(found, rest...), err
}

func (r graphRoad) statuses(_ context.Context, _ string, deployments []Deployment) ([][]DeploymentStatus, error) {
	lists := make([][]DeploymentStatus, len(deployments))
	err := childPages(r, len(deployments), func(i int) string { return deployments[i].NodeID }, "Deployment", "statuses(%s)", "...deploymentStatus", len(deployments) > backfillFrom,
		func(i int, page []graphStatus) {
			lists[i] = append(lists[i], records[DeploymentStatus](page)...)
		})
	return lists, err
}

// backfillFrom is how many items of one page are taken for a sign that there are
// very many more.
const backfillFrom = 50

func (r graphRoad) complete(_ context.Context, _ string, pullRequests []PullRequest) ([]timeline, error) {
	var labelled, merged []int
	for i, pullRequest := range pullRequests {
		if len(pullRequest.Labels) > 0 {
			labelled = append(labelled, i)
		}
		if pullRequest.MergedAt != nil {
			merged = append(merged, i)
		}
	}
	backfill := len(pullRequests) > backfillFrom
	for _, i := range labelled {
		pullRequests[i].Labels = nil
	}
	err := childPages(r, len(labelled), func(i int) string { return pullRequests[labelled[i]].NodeID }, "PullRequest", "labels(%s)", "name", backfill,
		func(i int, page []graphLabel) {
			found := &pullRequests[labelled[i]]
			found.Labels = append(found.Labels, records[label](page)...)
		})
	if err != nil {
		return nil, err
	}
	timelines := make([]timeline, len(pullRequests))
	err = childPages(r, len(merged), func(i int) string { return pullRequests[merged[i]].NodeID }, "PullRequest", timelineList, "...timelineItem", backfill,
		func(i int, page []graphTimelineItem) {
			for _, item := range page {
				item.addTo(&timelines[merged[i]])
			}
		})
	return timelines, err
}

type graphLabel struct{ Name string }

// record returns the label.
func (l graphLabel) record() label { return label(l) }

// childPages reads a list of each of count nodes of a kind, which id names, to its
// end. list names it, with %s in place of its first arguments.
func childPages[T any](r graphRoad, count int, id func(i int) string, kind, list, items string, backfill bool, add func(i int, page []T)) error {
	type child struct {
		number   int
		position string
		page     struct{ List connection[T] }
	}
	var children []*child
	for i := range count {
		children = append(children, &child{number: i})
	}
	for len(children) > 0 {
		var wishes []*wish
		for _, c := range children {
			c.page = struct{ List connection[T] }{}
			arguments := fmt.Sprintf(listArguments(c.position), perPage)
			wishes = append(wishes, &wish{
				node:     id(c.number),
				fields:   fmt.Sprintf("... on %s { list: %s { nodes { %s } %s } }", kind, strings.Replace(list, "%s", arguments, 1), items, pageInfo),
				lists:    1,
				backfill: backfill,
				decode:   func(data json.RawMessage) error { return json.Unmarshal(data, &c.page) },
			})
		}
		if err := r.ask(wishes...); err != nil {
			return err
		}
		var more []*child
		for _, c := range children {
			c.position = nextPosition(c.page.List.next())
			add(c.number, c.page.List.Nodes)
			if c.position != "" {
				more = append(more, c)
			}
		}
		children = more
	}
	return nil
}

// fewCommits is how many commits of a repository are asked for at first: most have
// no more that are new, and each costs a look-up of its parents.
const fewCommits = 10

// commits lists a branch for the first time as a chain, or where it has merges asks
// REST: one request there gives 100 commits with their parents, which GraphQL looks
// up one commit at a time.
func (r graphRoad) commits(ctx context.Context, repository, from, position string, since time.Time, isFirst bool) ([]apiCommit, string, error) {
	if isFirst && since.IsZero() && (position == "" || strings.HasPrefix(position, afterMark)) {
		commits, next, err := r.chain(repository, from, position)
		if !errors.Is(err, errMerged) {
			return commits, next, err
		}
		position = "" // at the top again
	}
	if isFirst {
		return restRoad{source: r.source}.commits(ctx, repository, from, position, since, isFirst)
	}
	count := fewCommits
	if strings.HasPrefix(position, afterMark) {
		count = perPage
	}
	lists, next, err := r.logs(repository, []string{from}, position, since, count)
	if err != nil {
		return nil, "", err
	}
	return lists[0], next, nil
}

// errMerged says that a branch has a merge, so that it is no chain.
var errMerged = errors.New("the branch has a merge")

// chain gives a page of the commits of a branch without merges. Each commit's parent
// is the one that is listed after it, and so that of the last is known only with the
// next page, which begins with it. (A list that leaves out what is older than some
// time would not do: dates need not fall along a branch.)
func (r graphRoad) chain(repository, from, position string) ([]apiCommit, string, error) {
	var found struct {
		Object *struct{ History connection[graphCommit] }
	}
	w := &wish{
		repository: repository,
		fields: "object(oid: " + quoted(from) + ") { ... on Commit { history(" + listArguments(position) +
			") { edges { cursor } nodes { ...commit parents { totalCount } } " + pageInfo + " } } }",
		items:    perPage,
		lists:    1,
		backfill: true,
		decode:   func(data json.RawMessage) error { return json.Unmarshal(data, &found) },
	}
	if err := r.ask(w); err != nil {
		return nil, "", err
	}
	if found.Object == nil {
		return nil, "", &queryError{Type: "NOT_FOUND", Message: "there is no commit " + from}
	}
	list := found.Object.History
	commits := records[apiCommit](list.Nodes)
	for i, commit := range commits {
		isLast := i == len(commits)-1
		switch {
		case len(commit.Parents) > 1:
			return nil, "", errMerged
		case !isLast && len(commit.Parents) == 1:
			commits[i].Parents[0].SHA = commits[i+1].SHA
		case !isLast || list.next() == "" && len(commit.Parents) == 1:
			return nil, "", errMerged // GitHub lists it in another way than this relies on
		}
	}
	if list.next() == "" {
		return commits, "", nil
	}
	if len(commits) < 2 || len(list.Edges) != len(commits) {
		return nil, "", errMerged
	}
	return commits[:len(commits)-1], nextPosition(list.Edges[len(commits)-2].Cursor), nil
}

// logs gives for each of the commits a page of what can be reached from it, without
// what was committed before since, and the position after the last of these pages.
func (r graphRoad) logs(repository string, from []string, position string, since time.Time, count int) (lists [][]apiCommit, next string, err error) {
	arguments := listArguments(position)
	if !since.IsZero() {
		arguments += ", since: " + quoted(since.UTC().Format(time.RFC3339))
	}
	lists = make([][]apiCommit, len(from))
	var wishes []*wish
	for i, sha := range from {
		wishes = append(wishes, &wish{
			repository: repository,
			fields: "object(oid: " + quoted(sha) + ") { ... on Commit { history(" + arguments + ") { nodes { ...commit ...parents } " +
				pageInfo + " } } }",
			items: count,
			lists: 1,
			below: 1,
			decode: func(data json.RawMessage) error {
				var found struct {
					Object *struct{ History connection[graphCommit] }
				}
				if err := json.Unmarshal(data, &found); err != nil {
					return err
				}
				if found.Object == nil {
					return &queryError{Type: "NOT_FOUND", Message: "there is no commit " + sha}
				}
				lists[i], next = records[apiCommit](found.Object.History.Nodes), nextPosition(found.Object.History.next())
				return nil
			},
		})
	}
	if err := r.ask(wishes...); err != nil {
		return nil, "", err
	}
	return lists, next, nil
}

// errFar says that a walk leads too far.
var errFar = errors.New("too far")

// maxWalked is how many commits a walk finds at most.
const maxWalked = 250

// between walks from the missing commits to what is stored. Where that leads far,
// or beyond the configured since, so that what is stored does not end it, it lets
// REST compare.
func (r graphRoad) between(ctx context.Context, repository, base, head string, missing []string) iter.Seq2[[]collectors.Row, error] {
	return func(yield func([]collectors.Row, error) bool) {
		rows, err := r.walk(ctx, repository, missing)
		if errors.Is(err, errFar) {
			restRoad{source: r.source}.between(ctx, repository, base, head, missing)(yield)
			return
		}
		yield(rows, err)
	}
}

func (r graphRoad) walk(ctx context.Context, repository string, from []string) ([]collectors.Row, error) {
	var found []apiCommit
	seen := map[string]bool{}
	for count := fewCommits; len(from) > 0; count = perPage {
		lists, _, err := r.logs(repository, from, "", time.Time{}, count)
		if err != nil {
			return nil, err
		}
		var page []apiCommit
		for _, commit := range slices.Concat(lists...) {
			if !seen[commit.SHA] {
				seen[commit.SHA] = true
				page = append(page, commit)
			}
		}
		unknown, err := r.unknown(ctx, repository, page)
		if err != nil {
			return nil, err
		}
		var parents []string
		for _, commit := range unknown {
			if commit.Commit.Committer.Date.Before(r.config.Since) {
				return nil, errFar
			}
			for _, parent := range commit.Parents {
				if !seen[parent.SHA] && !slices.Contains(parents, parent.SHA) {
					parents = append(parents, parent.SHA)
				}
			}
		}
		if found = append(found, unknown...); len(found) > maxWalked {
			return nil, errFar
		}
		if from, err = r.notStored(ctx, repository, parents); err != nil {
			return nil, err
		}
	}
	return commitRows(repository, found), nil
}

// unknown returns those of the commits that are not stored.
func (r graphRoad) unknown(ctx context.Context, repository string, commits []apiCommit) ([]apiCommit, error) {
	var shas []string
	for _, commit := range commits {
		shas = append(shas, commit.SHA)
	}
	missing, err := r.notStored(ctx, repository, shas)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(commits, func(commit apiCommit) bool {
		_, isMissing := slices.BinarySearch(missing, commit.SHA)
		return !isMissing
	}), nil
}

// notStored returns those of the SHAs that are not stored, in order.
func (r graphRoad) notStored(ctx context.Context, repository string, shas []string) ([]string, error) {
	if len(shas) == 0 {
		return nil, nil
	}
	return r.reader.Strings(ctx, `
		select wanted.sha
		from (select unnest(string_split($2, ' ')) as sha) as wanted
		left join github_commits as commits
			on commits.repository = $1
			and wanted.sha = commits.sha
		where commits.sha is null
		order by 1`, repository, strings.Join(shas, " "))
}
