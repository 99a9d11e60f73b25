package github

import (
	"context"
	"iter"
	"net/http"
	"slices"

	"dorado/collectors"
)

// historyState is what is known of the commits that the lists do not reach.
type historyState struct {
	Base string   // the oldest deployed SHA from which the default branch is stored in full, "" where none is needed
	Gone []string // deployed SHAs that GitHub does not have any more
}

// history reads the commits that were deployed, or come before one that was, and
// that the list of the default branch does not reach:
//
//   - Those of release branches and tags off the default branch: each deployed SHA
//     that is not stored is compared with the default branch. Where that cannot
//     be, all that comes before it is listed.
//   - Those that the configured since cuts off although a deployment ships them: a
//     commit that was written before since and merged after it, or that lay
//     between since and the deployment before. The default branch is compared
//     with the oldest deployed SHA, once; where that is gone it is listed whole.
//
// What is still missing then is an ancestor of the oldest deployment, which has
// shipped it, so that the walk from any later deployment is exact.
func (s *source) history(ctx context.Context, road road, repository string, state historyState) iter.Seq2[page[historyState], error] {
	return func(yield func(page[historyState], error) bool) {
		missing, err := s.reader.Strings(ctx, missingDeployed, repository, s.config.Since)
		if err != nil {
			yield(page[historyState]{}, err)
			return
		}
		missing = slices.DeleteFunc(missing, func(sha string) bool { return slices.Contains(state.Gone, sha) })
		base, err := s.base(ctx, repository)
		if err != nil {
			yield(page[historyState]{}, err)
			return
		}
		if len(missing) == 0 && (base == "" || base == state.Base) {
			return
		}
		head, err := road.head(ctx, repository)
		if err != nil {
			yield(page[historyState]{}, err)
			return
		}
		for _, sha := range missing {
			for rows, err := range s.reach(ctx, road, repository, head.SHA, sha) {
				if status(err) == http.StatusNotFound || status(err) == http.StatusUnprocessableEntity {
					state.Gone = append(slices.Clone(state.Gone), sha)
					now := state
					if !yield(page[historyState]{state: &now}, nil) {
						return
					}
					break
				}
				if !yield(page[historyState]{rows: rows}, err) || err != nil {
					return
				}
			}
		}
		if base, err = s.base(ctx, repository); err != nil {
			yield(page[historyState]{}, err)
			return
		}
		if base == "" || base == state.Base {
			return
		}
		for rows, err := range s.beyond(ctx, repository, base, head.SHA) {
			if !yield(page[historyState]{rows: rows}, err) || err != nil {
				return
			}
		}
		yield(page[historyState]{state: &historyState{Base: base, Gone: state.Gone}}, nil)
	}
}

// base returns the oldest deployed SHA that is stored, "" where there is none or where
// the configured since cuts nothing off.
func (s *source) base(ctx context.Context, repository string) (string, error) {
	if s.config.Since.IsZero() {
		return "", nil
	}
	oldest, err := s.reader.Strings(ctx, oldestDeployed, repository, s.config.Since)
	if err != nil || len(oldest) == 0 {
		return "", err
	}
	return oldest[0], nil
}

// beyond yields the rows of the commits of the default branch with the given head
// that come after base; where base is gone, so that nothing can be compared with
// it, of all of them.
func (s *source) beyond(ctx context.Context, repository, base, head string) iter.Seq2[[]collectors.Row, error] {
	return func(yield func([]collectors.Row, error) bool) {
		for rows, err := range (restRoad{source: s}).between(ctx, repository, base, head, nil) {
			if status(err) == http.StatusNotFound {
				restRoad{source: s}.listed(ctx, repository, head)(yield)
				return
			}
			if !yield(rows, err) || err != nil {
				return
			}
		}
	}
}

// reach yields the rows of the commits of sha that the default branch with the
// given head does not have, and of sha itself. A comparison answers 404 where one
// of the two is gone and where they have no commit in common, as a branch of pages
// does: then all that can be reached from sha is listed, which is 404 too if sha is
// gone.
func (s *source) reach(ctx context.Context, road road, repository, head, sha string) iter.Seq2[[]collectors.Row, error] {
	return func(yield func([]collectors.Row, error) bool) {
		isAny := false
		for rows, err := range road.between(ctx, repository, head, sha, []string{sha}) {
			if status(err) == http.StatusNotFound {
				restRoad{source: s}.listed(ctx, repository, sha)(yield)
				return
			}
			if !yield(rows, err) || err != nil {
				return
			}
			isAny = isAny || len(rows) > 0
		}
		if isAny {
			return
		}
		var commit apiCommit
		if _, err := s.get(ctx, &commit, "repos/%s/commits/%s", repository, sha); err != nil {
			yield(nil, err)
			return
		}
		yield(commitRows(repository, []apiCommit{commit}), nil)
	}
}

// deployed are the SHAs of a repository that a deployment or a release since a
// time names, and when.
const deployed = `
	with deployed as (
		select
			sha,
			created_at as at
		from github_deployments
		where
			repository = $1
			and created_at >= $2
		union all
		select
			tags.sha,
			releases.published_at as at
		from github_releases as releases
		join github_tags as tags
			on releases.repository = tags.repository
			and releases.tag_name = tags.name
		where
			releases.repository = $1
			and releases.published_at >= $2
	)`

// missingDeployed are those that are not stored.
const missingDeployed = deployed + `
	select distinct deployed.sha
	from deployed
	left join github_commits as commits
		on commits.repository = $1
		and deployed.sha = commits.sha
	where commits.sha is null
	order by 1`

// oldestDeployed is the first of them that is stored.
const oldestDeployed = deployed + `
	select deployed.sha
	from deployed
	join github_commits as commits
		on commits.repository = $1
		and deployed.sha = commits.sha
	order by deployed.at, deployed.sha
	limit 1`
