package github

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"dorado/collectors"
)

// A road is a way to the records of a repository: REST, or GraphQL where the
// server has it. Both give the same records; what is made of them is written once.
//
// A position in a list is where its next page begins: "" at the top, and after the
// last page. One of the other road leads to the top.
type road interface {
	// deploymentMarks and pullRequestMarks give the newest items of these lists;
	// releaseMark and tagMark a text that is another once anything in these lists
	// has changed, pushMark one that is another once anything was pushed, "" where
	// that cannot be told.
	deploymentMarks(ctx context.Context, repository string) (marks, error)
	pullRequestMarks(ctx context.Context, repository string) (marks, error)
	releaseMark(ctx context.Context, repository string) (string, error)
	tagMark(ctx context.Context, repository string) (string, error)
	pushMark(ctx context.Context, repository string) (string, error)
	// head returns the commit that the default branch points to, zero where the
	// repository is empty.
	head(ctx context.Context, repository string) (head, error)
	// deployments and pullRequests give a page of the list by the time of creation
	// and of the last update, newest first. What is older than until is not
	// wanted. releases and tags give a page of a list in no order.
	deployments(ctx context.Context, repository, position string, until time.Time) ([]Deployment, string, error)
	pullRequests(ctx context.Context, repository, position string, until time.Time) ([]PullRequest, string, error)
	releases(ctx context.Context, repository, position string) ([]Release, string, error)
	tags(ctx context.Context, repository, position string) ([]Tag, string, error)
	// openDeployments gives the deployments as they are now, without those that
	// are gone.
	openDeployments(ctx context.Context, repository string, open map[int64]openedState) ([]Deployment, error)
	// statuses gives the statuses of each of the deployments.
	statuses(ctx context.Context, repository string, deployments []Deployment) ([][]DeploymentStatus, error)
	// complete reads the labels of the pull requests and gives the timeline of
	// each that is merged.
	complete(ctx context.Context, repository string, pullRequests []PullRequest) ([]timeline, error)
	// commits gives a page of what can be reached from a commit, without what
	// was committed before since.
	commits(ctx context.Context, repository, from, position string, since time.Time, isFirst bool) ([]apiCommit, string, error)
	// between gives, page by page, the rows of the commits that can be reached from head and not
	// from base, or at least those of them that are not stored. The commits that
	// are known to be missing, head or ancestors of it, lead to all others.
	between(ctx context.Context, repository, base, head string, missing []string) iter.Seq2[[]collectors.Row, error]
	// ownerEntries gives the SHA of each first part of ownerPaths on the default
	// branch, "" where there is nothing; ownerFiles the files at some of these paths.
	ownerEntries(ctx context.Context, repository string) (map[string]string, error)
	ownerFiles(ctx context.Context, repository string, names []string) ([]OwnerFile, error)
}

// A head is where a branch points.
type head struct {
	SHA string
	At  time.Time // when it was committed
}

// A restRoad asks REST, one repository at a time. It keeps the first pages that it
// has read of the repository's lists.
type restRoad struct {
	*source
	tops *restTops // nil: keep none
}

// restTops are the first pages of a repository's lists, nil where they have not been
// read or are read already.
type restTops struct {
	deployments  *restTop[Deployment]
	pullRequests *restTop[PullRequest]
	commits      *restTop[apiCommit] // of the default branch
}

// A restTop is the first page of a list and the position of the second.
type restTop[T any] struct {
	items []T
	next  string
}

// take returns the first page that was kept, or reads it.
func (top *restTop[T]) take(ctx context.Context, r restRoad, path string) ([]T, string, error) {
	if top != nil {
		return top.items, top.next, nil
	}
	return restPage[T](conditional(ctx), r, path, "")
}

// restMarks reads the first page of a list, keeps it, and returns what it tells.
func restMarks[T any](ctx context.Context, r restRoad, path string, keep **restTop[T], see func(item T) sighting) (marks, error) {
	items, next, err := restPage[T](conditional(ctx), r, path, "")
	if err != nil {
		return marks{}, err
	}
	*keep = &restTop[T]{items, next}
	found := marks{isAll: next == "", at: r.clock.now()}
	for _, item := range items {
		found.items = append(found.items, see(item))
	}
	return found, nil
}

// restDeployments and restPullRequests are the lists of a repository.
const (
	restDeployments  = "repos/%s/deployments?"
	restPullRequests = "repos/%s/pulls?state=all&sort=updated&direction=desc"
)

func (r restRoad) deploymentMarks(ctx context.Context, repository string) (marks, error) {
	return restMarks(ctx, r, fmt.Sprintf(restDeployments, repository), &r.tops.deployments,
		func(d Deployment) sighting { return sighting{d.ID, d.CreatedAt, d.UpdatedAt} })
}

func (r restRoad) pullRequestMarks(ctx context.Context, repository string) (marks, error) {
	return restMarks(ctx, r, fmt.Sprintf(restPullRequests, repository), &r.tops.pullRequests,
		func(p PullRequest) sighting { return sighting{p.ID, p.UpdatedAt, p.UpdatedAt} })
}

// pushMark names the last push, as the repository told of it, and the default branch,
// which another may become without a push.
func (r restRoad) pushMark(ctx context.Context, repository string) (string, error) {
	found, err := r.repository(ctx, repository)
	if err != nil || found.PushedAt == nil || found.ReadAt.Sub(*found.PushedAt) < settledAfter {
		return "", err
	}
	return found.DefaultBranch + " pushed at " + found.PushedAt.UTC().Format(time.RFC3339), nil
}

// tagMark tells only of a repository that has neither tags nor releases: there the
// first mostly comes with a push. In case it came alone, which need not count as a push,
// it is looked for once a week, on another day in each repository. In others the lists
// are asked for, conditionally.
func (r restRoad) tagMark(ctx context.Context, repository string) (string, error) {
	if hasTags, err := r.hasTags(ctx, repository); err != nil || hasTags {
		return "", err
	}
	pushed, err := r.pushMark(ctx, repository)
	if err != nil || pushed == "" {
		return "", err
	}
	found, err := r.repository(ctx, repository)
	const day = 24 * 60 * 60
	return fmt.Sprintf("%s, week %d", pushed, (r.clock.now().Unix()/day+found.ID)/7), err
}

// releaseMark relies on the tags having been read: what is published has a tag.
func (r restRoad) releaseMark(ctx context.Context, repository string) (string, error) {
	if hasTags, err := r.hasTags(ctx, repository); err != nil || hasTags {
		return "", err
	}
	return "no tags", nil
}

// hasTags reports whether a tag or a release of the repository is stored.
func (r restRoad) hasTags(ctx context.Context, repository string) (bool, error) {
	found, err := r.reader.Strings(ctx, `
		select name
		from github_tags
		where repository = $1
		union all
		select tag_name
		from github_releases
		where repository = $1
		limit 1`, repository)
	return len(found) > 0, err
}

// head reads the newest page of the default branch: often it holds all that is new.
func (r restRoad) head(ctx context.Context, repository string) (head, error) {
	found, err := r.repository(ctx, repository)
	if err != nil {
		return head{}, err
	}
	commits, next, err := restPage[apiCommit](conditional(ctx), r, fmt.Sprintf("repos/%s/commits?sha=%s", repository, url.QueryEscape(found.DefaultBranch)), "")
	if status(err) == http.StatusConflict { // "Git Repository is empty."
		return head{}, nil
	}
	if err != nil || len(commits) == 0 {
		return head{}, err
	}
	r.tops.commits = &restTop[apiCommit]{commits, next}
	return head{SHA: commits[0].SHA, At: commits[0].Commit.Committer.Date}, nil
}

func (r restRoad) deployments(ctx context.Context, repository, position string, _ time.Time) ([]Deployment, string, error) {
	path := fmt.Sprintf(restDeployments, repository)
	if position == "" {
		return r.tops.deployments.take(ctx, r, path)
	}
	return restPage[Deployment](ctx, r, path, position)
}

func (r restRoad) pullRequests(ctx context.Context, repository, position string, _ time.Time) ([]PullRequest, string, error) {
	path := fmt.Sprintf(restPullRequests, repository)
	if position == "" {
		return r.tops.pullRequests.take(ctx, r, path)
	}
	return restPage[PullRequest](ctx, r, path, position)
}

func (r restRoad) releases(ctx context.Context, repository, position string) ([]Release, string, error) {
	return restPage[Release](conditional(ctx), r, fmt.Sprintf("repos/%s/releases?", repository), position)
}

func (r restRoad) tags(ctx context.Context, repository, position string) ([]Tag, string, error) {
	return restPage[Tag](conditional(ctx), r, fmt.Sprintf("repos/%s/tags?", repository), position)
}

// restPage returns a page of the list at path. A position is a page's number.
func restPage[T any](ctx context.Context, r restRoad, path, position string) (items []T, next string, err error) {
	page, err := strconv.Atoi(position)
	if err != nil {
		page = 1
	}
	number, err := r.get(ctx, &items, "%s&per_page=%d&page=%d", path, perPage, page)
	if number > 0 {
		next = strconv.Itoa(number)
	}
	return items, next, err
}

func (r restRoad) openDeployments(ctx context.Context, repository string, open map[int64]openedState) ([]Deployment, error) {
	var found []Deployment
	for id := range open {
		var deployment Deployment
		_, err := r.get(ctx, &deployment, "repos/%s/deployments/%d", repository, id)
		if status(err) == http.StatusNotFound {
			continue // deleted in the meantime
		}
		if err != nil {
			return nil, err
		}
		found = append(found, deployment)
	}
	return found, nil
}

func (r restRoad) statuses(ctx context.Context, repository string, deployments []Deployment) ([][]DeploymentStatus, error) {
	lists := make([][]DeploymentStatus, len(deployments))
	return lists, sideBySide(ctx, len(deployments), func(ctx context.Context, i int) error {
		for found, err := range all[DeploymentStatus](ctx, r.source, fmt.Sprintf("repos/%s/deployments/%d/statuses?", repository, deployments[i].ID)) {
			if err != nil {
				return fmt.Errorf("statuses of deployment %d: %w", deployments[i].ID, err)
			}
			lists[i] = append(lists[i], found...)
		}
		return nil
	})
}

func (r restRoad) complete(ctx context.Context, repository string, pullRequests []PullRequest) ([]timeline, error) {
	timelines := make([]timeline, len(pullRequests))
	err := sideBySide(ctx, len(pullRequests), func(ctx context.Context, i int) (err error) {
		if pullRequests[i].MergedAt != nil {
			timelines[i], err = r.timeline(ctx, repository, pullRequests[i].Number)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	for i := range timelines {
		if err := r.nameAuthors(ctx, repository, pullRequests[i].Number, timelines[i].commits); err != nil {
			return nil, err
		}
	}
	return timelines, nil
}

// timeline reads the timeline of a pull request. Where there is none, as where issues
// are turned off, it has only the commits.
func (r restRoad) timeline(ctx context.Context, repository string, number int) (found timeline, err error) {
	for entries, err := range all[json.RawMessage](ctx, r.source, fmt.Sprintf("repos/%s/issues/%d/timeline?", repository, number)) {
		if status(err) == http.StatusNotFound || status(err) == http.StatusGone {
			found.commits, err = r.pullRequestCommits(ctx, repository, number)
			return found, err
		}
		if err != nil {
			return timeline{}, fmt.Errorf("timeline of pull request %d: %w", number, err)
		}
		for _, entry := range entries {
			if err := found.add(entry); err != nil {
				return timeline{}, fmt.Errorf("timeline of pull request %d: %w", number, err)
			}
		}
	}
	return found, nil
}

// pullRequestCommits reads the commits of a pull request, of which GitHub lists 250 at
// most, and notes the accounts of their authors.
func (r restRoad) pullRequestCommits(ctx context.Context, repository string, number int) (commits []apiCommit, err error) {
	for listed, err := range all[apiCommit](ctx, r.source, fmt.Sprintf("repos/%s/pulls/%d/commits?", repository, number)) {
		if err != nil {
			return nil, fmt.Errorf("commits of pull request %d: %w", number, err)
		}
		r.accounts.learn(listed)
		commits = append(commits, listed...)
	}
	return commits, nil
}

// sideRequests is how many requests that go with one page are under way at once.
// GitHub asks for few: more brings its secondary rate limit.
const sideRequests = 4

// sideBySide reads what goes with the count items of a page.
func sideBySide(ctx context.Context, count int, read func(ctx context.Context, i int) error) error {
	group, groupContext := errgroup.WithContext(ctx)
	group.SetLimit(sideRequests)
	for i := range count {
		group.Go(func() error { return read(groupContext, i) })
	}
	return group.Wait()
}

func (r restRoad) commits(ctx context.Context, repository, from, position string, since time.Time, _ bool) ([]apiCommit, string, error) {
	if commits, isEnough := r.newestCommits(from, position, since); isEnough {
		return commits, "", nil
	}
	commits, next, err := restPage[apiCommit](ctx, r, fmt.Sprintf("repos/%s/commits?sha=%s%s", repository, from, sinceParameter(since)), position)
	r.accounts.learn(commits)
	return commits, next, err
}

// newestCommits returns what the newest page of the default branch has of a listing,
// if that is all of it: the page reaches what was committed before since, or the end.
func (r restRoad) newestCommits(from, position string, since time.Time) (commits []apiCommit, isEnough bool) {
	if r.tops == nil || r.tops.commits == nil || position != "" || r.tops.commits.items[0].SHA != from {
		return nil, false
	}
	isEnough = r.tops.commits.next == ""
	r.accounts.learn(r.tops.commits.items)
	for _, commit := range r.tops.commits.items {
		if commit.Commit.Committer.Date.Before(since) {
			isEnough = true
			continue
		}
		commits = append(commits, commit)
	}
	return commits, isEnough
}

// between compares. GitHub gives 250 commits at once, and all of them in pages.
func (r restRoad) between(ctx context.Context, repository, base, head string, _ []string) iter.Seq2[[]collectors.Row, error] {
	return func(yield func([]collectors.Row, error) bool) {
		for next := 1; next != 0; {
			var comparison struct {
				Commits []apiCommit `json:"commits"`
			}
			var err error
			next, err = r.get(ctx, &comparison, "repos/%s/compare/%s...%s?per_page=%d&page=%d",
				repository, url.PathEscape(base), url.PathEscape(head), perPage, next)
			if !yield(commitRows(repository, comparison.Commits), err) || err != nil {
				return
			}
		}
	}
}

// listed gives, page by page, the rows of all commits that can be reached from one.
func (r restRoad) listed(ctx context.Context, repository, from string) iter.Seq2[[]collectors.Row, error] {
	return func(yield func([]collectors.Row, error) bool) {
		for position, isLast := "", false; !isLast; {
			commits, next, err := r.commits(ctx, repository, from, position, time.Time{}, false)
			if !yield(commitRows(repository, commits), err) || err != nil {
				return
			}
			position, isLast = next, next == ""
		}
	}
}
