package github

import "time"

// Config says what to read from one GitHub server.
type Config struct {
	BaseURL      string    `yaml:"base_url"`     // of the REST API: https://api.github.com (default), or https://HOST/api/v3 of a GitHub Enterprise Server
	TokenEnv     string    `yaml:"token_env"`    // the environment variable that holds the token
	TokenFile    string    `yaml:"token_file"`   // or the file that holds it
	Since        time.Time `yaml:"since"`        // how far back the first run reads; UTC
	Repositories []string  `yaml:"repositories"` // owner/name of each repository to read
}
