package github

import (
	"time"
)

// A TagTarget is a row of raw.github_tag_targets: a commit that a tag points to,
// or did when a run looked. A tag with several was moved.
type TagTarget struct {
	Repository string    `db:"repository,key"` // owner/name
	Name       string    `db:"name,key"`       // the tag's
	SHA        string    `db:"sha,key"`
	SeenAt     time.Time `db:"seen_at"` // when it was first seen there, or again after it was elsewhere; by the server's clock
}

// Table returns the table's name.
func (TagTarget) Table() string { return "github_tag_targets" }
