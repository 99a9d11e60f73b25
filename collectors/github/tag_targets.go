package github

import (
	"context"
	"time"

	"dorado/collectors"
)

// A TagTarget is a row of raw.github_tag_targets: a commit that a tag points to,
// or did when a run looked. A tag with several was moved; one that came back to a
// commit has a row for each time.
type TagTarget struct {
	Repository string    `db:"repository,key"` // owner/name
	Name       string    `db:"name,key"`       // the tag's
	SHA        string    `db:"sha,key"`
	SeenAt     time.Time `db:"seen_at,key"` // when it was first seen there, or again after it was elsewhere; by the server's clock
}

// Table returns the table's name.
func (TagTarget) Table() string { return "github_tag_targets" }

// lastTargets are where a repository's tags pointed when they were read last.
const lastTargets = `
	select name || chr(10) || sha
	from github_tags
	where repository = ?`

// tagTargets returns the rows of those tags that are new or were moved since they
// were stored.
func (s *source) tagTargets(ctx context.Context, repository string, tags []Tag) ([]collectors.Row, error) {
	stored, err := s.reader.Strings(ctx, lastTargets, repository)
	if err != nil {
		return nil, err
	}
	isStored := map[string]bool{}
	for _, target := range stored {
		isStored[target] = true
	}
	var rows []collectors.Row
	for _, tag := range tags {
		if !isStored[tag.Name+"\n"+tag.SHA] {
			rows = append(rows, TagTarget{Repository: repository, Name: tag.Name, SHA: tag.SHA, SeenAt: s.clock.now()})
		}
	}
	return rows, nil
}
