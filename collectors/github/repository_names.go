package github

// A RepositoryName is a row of raw.github_repository_names: a name that a
// repository has, had, or is asked for by. GitHub answers to all of them until
// another repository takes one.
type RepositoryName struct {
	Name         string `db:"name,key"` // owner/name, in lower case
	RepositoryID int64  `db:"repository_id"`
}

// Table returns the table's name.
func (RepositoryName) Table() string { return "github_repository_names" }
