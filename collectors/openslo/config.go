package openslo

import _ "embed" // for ConfigSource

// Config says where the objectives are written.
type Config struct {
	Repositories []Repository `yaml:"repositories"` // GitHub repositories with OpenSLO files
	Folder       string       `yaml:"folder"`       // a local folder with OpenSLO files; relative to the configuration's folder
}

// A Repository is a GitHub repository with OpenSLO files.
type Repository struct {
	Repository string   `yaml:"repository"` // owner/name
	Paths      []string `yaml:"paths"`      // patterns of its files, such as slo/*.yaml; * does not match a slash
}

// ConfigSource is this file: the documentation takes the comments of Config's
// fields from it.
//
//go:embed config.go
var ConfigSource string
