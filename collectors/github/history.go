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
//     that is not stored is compared with the default branch.
//   - Those that the configured since cuts off although a deployment ships them: a
//     commit that was written before since and merged after it, or that lay
//     between since and the deployment before. The default branch is compared
//     with the oldest deployed SHA, once.
//
// What is still missing then is an ancestor of the oldest deployment, which has
// shipped it, so that the walk from any later deployment is exact.
func (s *source) history(ctx context.Context, road road, repository string, state historyState) iter.Seq2[page[historyState], error] {
	return func(yield func(page[historyState], error) bool) {
		head, err := road.head(ctx, repository)
		if err != nil {
			yield(page[historyState]{}, err)
			return
		}
		missing, err := s.reader.Strings(ctx, missingDeployed, repository, s.config.Since)
		if err != nil {
			yield(page[historyState]{}, err)
			return
		}
		for _, sha := range missing {
			if slices.Contains(state.Gone, sha) {
				continue
			}
			rows, err := s.reach(ctx, road, repository, head.SHA, sha)
			if status(err) == http.StatusNotFound || status(err) == http.StatusUnprocessableEntity {
				state.Gone = append(state.Gone, sha)
				rows, err = nil, nil
			}
			now := state
			if !yield(page[historyState]{rows: rows, state: &now}, err) || err != nil {
				return
			}
		}
		if s.config.Since.IsZero() {
			return
		}
		oldest, err := s.reader.Strings(ctx, oldestDeployed, repository, s.config.Since)
		if err != nil {
			yield(page[historyState]{}, err)
			return
		}
		if len(oldest) == 0 || oldest[0] == state.Base {
			return
		}
		rows, err := restRoad{s}.between(ctx, repository, oldest[0], head.SHA, nil)
		if status(err) == http.StatusNotFound {
			rows, err = nil, nil // it is gone, so nothing can be compared with it
		}
		yield(page[historyState]{rows: rows, state: &historyState{Base: oldest[0], Gone: state.Gone}}, err)
	}
}

// reach returns the rows of the commits of sha that the default branch with the
// given head does not have, and of sha itself.
func (s *source) reach(ctx context.Context, road road, repository, head, sha string) ([]collectors.Row, error) {
	rows, err := road.between(ctx, repository, head, sha, []string{sha})
	if err != nil || len(rows) > 0 {
		return rows, err
	}
	var commit apiCommit
	if _, err := s.get(ctx, &commit, "repos/%s/commits/%s", repository, sha); err != nil {
		return nil, err
	}
	return commitRows(repository, []apiCommit{commit}), nil
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
