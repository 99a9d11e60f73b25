package github

import (
	_ "embed" // for ConfigSource
	"time"
)

// Config says what to read from one GitHub server.
type Config struct {
	BaseURL      string    `yaml:"base_url"`             // of the REST API: https://api.github.com (default), or https://HOST/api/v3 of a GitHub Enterprise Server
	TokenEnv     string    `yaml:"token_env"`            // the environment variable that holds the token
	TokenFile    string    `yaml:"token_file"`           // or the file that holds it
	Tokens       []Token   `yaml:"tokens"`               // or several tokens, of different users; the one with most quota left is used
	App          *App      `yaml:"app"`                  // or a GitHub App, whose tokens are renewed
	API          string    `yaml:"api"`                  // auto (default), graphql or rest; auto asks GraphQL where the server answers it
	MaxRequests  int       `yaml:"max_requests_per_run"` // how many requests a run may send before it stops, to go on in the next; 0: as many as it needs
	Since        time.Time `yaml:"since"`                // how far back the first run reads; UTC
	Repositories []string  `yaml:"repositories"`         // owner/name of each repository to read; with * in the name, all that the owner has and it matches
	Include      []string  `yaml:"include"`              // of those found by *, only the ones that match one of these; owner/name with *, ? and [a-z]
	Exclude      []string  `yaml:"exclude"`              // of those found by *, not the ones that match one of these
	Archived     bool      `yaml:"archived"`             // whether * finds archived repositories
	Forks        bool      `yaml:"forks"`                // whether * finds forks
	RereadDays   int       `yaml:"reread_days"`          // how many days are read again once a week, for edits that leave no trace; 0: none
	Needs        Needs     `yaml:"-"`                    // what the rest of the configuration needs

	// Pause is how long to wait after the first failure of a request, as in
	// transport.Options; 0: its default. For servers that mind nothing.
	Pause time.Duration `yaml:"-"`
}

// Token says where one of several tokens is.
type Token struct {
	TokenEnv  string `yaml:"token_env"`  // the environment variable that holds it
	TokenFile string `yaml:"token_file"` // or the file that holds it
}

// App is a GitHub App that is installed for the owner of the repositories.
type App struct {
	ID             int    `yaml:"id"`               // of the App, as its settings show it
	InstallationID int    `yaml:"installation_id"`  // the number at the end of the installation's address
	PrivateKeyEnv  string `yaml:"private_key_env"`  // the environment variable that holds its private key, as PEM
	PrivateKeyFile string `yaml:"private_key_file"` // or the file that holds it
}

// Needs say from which repositories to read records that cost many requests or
// that only some rules use. The entries are as Config.Repositories; "*/*" means
// all. Whoever has a rule that needs records adds to them.
type Needs struct {
	Environments []string            // environments
	WorkflowRuns []string            // workflow runs, all attempts
	Jobs         []string            // the jobs of workflow runs, which are read too then
	JobWorkflows map[string][]string // of an entry of Jobs, regular expressions of the workflows' files, paths or names; none: all workflows
	Paths        []string            // the paths that commits touch
	Issues       []string            // issues
	Owners       []string            // CODEOWNERS and catalog-info.yaml, and the teams of the owner
}

// The APIs to ask.
const (
	apiGraphQL = "graphql"
	apiREST    = "rest"
)

// APIs returns what Config.API may be, besides "" for the first.
func APIs() []string { return []string{"auto", apiGraphQL, apiREST} }

// ConfigSource is this file: the documentation takes the comments of Config's
// fields from it.
//
//go:embed config.go
var ConfigSource string
