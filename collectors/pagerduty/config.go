package pagerduty

import (
	_ "embed" // for ConfigSource
	"time"
)

// Config says what to read from one PagerDuty account.
type Config struct {
	Name       string    `yaml:"name"`        // the account's name in rows and cursors; may be "" where there is only one
	BaseURL    string    `yaml:"base_url"`    // of the REST API; default https://api.pagerduty.com
	TokenEnv   string    `yaml:"token_env"`   // the environment variable that holds the token
	TokenFile  string    `yaml:"token_file"`  // or the file that holds it
	Since      time.Time `yaml:"since"`       // how far back the first run reads; UTC
	Services   []string  `yaml:"services"`    // regular expressions, any of which the whole name of a service matches, in any case; none: all services
	StoreNames bool      `yaml:"store_names"` // whether to store the names of people; otherwise only their ids
	StoreNotes bool      `yaml:"store_notes"` // whether to store the notes on incidents, which may name the deployment that caused one

	// Pause is how long to wait after the first failure of a request, as in
	// transport.Options; 0: its default. For servers that mind nothing.
	Pause time.Duration `yaml:"-"`
}

// DefaultBaseURL is PagerDuty's REST API. Accounts in the European region are at
// https://api.eu.pagerduty.com.
const DefaultBaseURL = "https://api.pagerduty.com"

// ConfigSource is this file: the documentation takes the comments of Config's
// fields from it.
//
//go:embed config.go
var ConfigSource string
