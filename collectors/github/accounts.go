package github

import (
	"context"
	"sync"
)

// accounts are the accounts that GitHub has named in this run as the authors of
// commits, by the mail address that it knows them by; nil where it knows none. A
// timeline gives only the address. None is kept longer.
type accounts struct{ sync.Map }

// learn notes the authors of commits.
func (a *accounts) learn(commits []apiCommit) {
	for _, commit := range commits {
		a.Store(commit.Commit.Author.Email, commit.Author)
	}
}

// nameAuthors fills in the accounts of the authors of a pull request's commits. Where
// one is not known yet it asks for the commits as the pull request lists them, which
// takes a request or two for each new person in a run.
func (r restRoad) nameAuthors(ctx context.Context, repository string, number int, commits []apiCommit) error {
	isAsked := false
	for i := range commits {
		commit := &commits[i]
		known, isKnown := r.accounts.Load(commit.Commit.Author.Email)
		if !isKnown && !isAsked {
			if _, err := r.pullRequestCommits(ctx, repository, number); err != nil {
				return err
			}
			isAsked = true
			known, _ = r.accounts.Load(commit.Commit.Author.Email)
		}
		commit.Author, _ = known.(*account)
	}
	return nil
}
