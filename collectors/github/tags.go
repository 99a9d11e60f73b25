package github

import (
	"context"
	"iter"

	"dorado/collectors"
)

// A Tag is a row of raw.github_tags.
type Tag struct {
	Repository string `json:"-" db:"repository,key"` // owner/name; not in the API's record
	Name       string `json:"name" db:"name,key"`
	Commit     struct {
		SHA string `json:"sha"`
	} `json:"commit"`
	SHA string `json:"-" db:"sha"` // of the commit, also where the tag is annotated
}

// Table returns the table's name.
func (Tag) Table() string { return "github_tags" }

// tags reads the whole list on every run, unless its mark says that nothing has
// changed: it is sorted by name, and a tag may be moved.
func (s *source) tags(ctx context.Context, road road, repository string, state seenState) iter.Seq2[page[seenState], error] {
	mark := func() (string, error) { return road.tagMark(ctx, repository) }
	return wholeList(ctx, mark, state, func(position string) ([]collectors.Row, string, error) {
		tags, next, err := road.tags(ctx, repository, position)
		for i := range tags {
			tags[i].Repository = repository
			tags[i].SHA = tags[i].Commit.SHA
		}
		if err != nil {
			return nil, "", err
		}
		targets, err := s.tagTargets(ctx, repository, tags)
		return append(targets, rowsOf(tags)...), next, err
	})
}
