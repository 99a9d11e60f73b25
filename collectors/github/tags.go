package github

import (
	"context"
	"fmt"
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

// tags reads the whole list on every run, by conditional requests: it is sorted
// by name, and a tag may be moved.
func (s *source) tags(ctx context.Context, repository string, _ struct{}) iter.Seq2[page[struct{}], error] {
	return func(yield func(page[struct{}], error) bool) {
		for tags, err := range all[Tag](conditional(ctx), s, fmt.Sprintf("repos/%s/tags?", repository)) {
			for i := range tags {
				tags[i].Repository = repository
				tags[i].SHA = tags[i].Commit.SHA
			}
			var targets []collectors.Row
			if err == nil {
				targets, err = s.tagTargets(ctx, repository, tags)
			}
			if !yield(page[struct{}]{rows: append(targets, rowsOf(tags)...), state: &struct{}{}}, err) || err != nil {
				return
			}
		}
	}
}
