package github

// An OwnerFile is a row of raw.github_owner_files: a file that says whose a
// repository is, CODEOWNERS or catalog-info.yaml, on its default branch.
type OwnerFile struct {
	Repository string  `db:"repository,key"` // owner/name
	Path       string  `db:"path,key"`
	SHA        *string `db:"sha"`     // the blob's; NULL where there is no such file any more
	Content    *string `db:"content"` // its text; NULL where there is no such file any more
}

// Table returns the table's name.
func (OwnerFile) Table() string { return "github_owner_files" }
