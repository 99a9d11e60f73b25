package github

// A Read is a row of raw.github_reads: what goes with a record, and needs requests
// of its own, has been read as of the record's version. What has no such row, or
// one with another version, is read next, so that a run may be stopped anywhere
// and nothing is asked for twice.
type Read struct {
	Kind       string `db:"kind,key"`       // what was read, by its collector: github_reviews
	Repository string `db:"repository,key"` // owner/name
	Record     string `db:"record,key"`     // what it goes with: a pull request's number, a run's id and attempt, a commit's SHA
	Version    string `db:"version"`        // of the record, such as its updated_at
}

// Table returns the table's name.
func (Read) Table() string { return "github_reads" }
