package github

// A ChangedFile is a row of raw.github_changed_files: a path that a commit
// touches, against its first parent. GitHub lists 3,000 of a commit at most.
type ChangedFile struct {
	Repository   string  `json:"-" db:"repository,key"` // owner/name; not in the API's record
	SHA          string  `json:"-" db:"sha,key"`        // the commit; not in the API's record
	Path         string  `json:"filename" db:"path,key"`
	PreviousPath *string `json:"previous_filename" db:"previous_path"` // of one that was moved
	Status       string  `json:"status" db:"status"`                   // added, modified, removed, renamed, ...
	Additions    int     `json:"additions" db:"additions"`             // lines
	Deletions    int     `json:"deletions" db:"deletions"`
}

// Table returns the table's name.
func (ChangedFile) Table() string { return "github_changed_files" }
