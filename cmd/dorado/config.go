package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // so that time zones are known on machines that have none installed

	"dorado/collectors/github"
	"dorado/collectors/openslo"
	"dorado/collectors/pagerduty"
	"dorado/models"
	"dorado/server"
	"dorado/server/schedule"
	"dorado/strictyaml"
	"dorado/warehouse"
)

// Config is the configuration, one YAML file. Nothing else says what dorado
// reads and computes, and nothing but this file reads the environment.
type Config struct {
	Warehouse   Warehouse             `yaml:"warehouse"`   // where the data is kept
	GitHub      *github.Config        `yaml:"github"`      // what is read from GitHub
	PagerDuty   []pagerduty.Config    `yaml:"pagerduty"`   // what is read from PagerDuty, one account each
	Teams       []models.Team         `yaml:"teams"`       // what teams define for their services; teams need not be listed
	SLOs        *openslo.Config       `yaml:"slos"`        // where the service level objectives are written
	Services    []models.Service      `yaml:"services"`    // what is deployed; none: every repository is one service
	Incidents   []models.IncidentRule `yaml:"incidents"`   // which incidents count, where a service does not say otherwise; none: those of high urgency
	Definitions models.Definitions    `yaml:"definitions"` // what the metrics mean, where a service does not say otherwise
	Overrides   string                `yaml:"overrides"`   // file of what people know better about incidents and deployments
	Quality     models.Quality        `yaml:"quality"`     // how good the data must be to be published
	Server      server.Config         `yaml:"server"`      // where dorado serve listens, who may ask it, and what queries may use
	Schedule    schedule.Config       `yaml:"schedule"`    // when dorado serve collects and builds by itself; never where it names no time

	DefinitionSets map[string]string `yaml:"definition_sets"` // files with other definitions, by name; each build publishes the numbers under them too

	overrides []models.Override `yaml:"-"` // what that file says
	sets      []definitionSet   `yaml:"-"` // what those files say, by name
}

// Warehouse says where the data is kept and how days are counted.
type Warehouse struct {
	Path          string `yaml:"path"`           // its folder; relative to the configuration's folder
	TimeZone      string `yaml:"timezone"`       // IANA name of the zone whose days, weeks and months are counted
	KeepSnapshots int    `yaml:"keep_snapshots"` // how many published snapshots are kept, the newest among them
	MemoryLimit   string `yaml:"memory_limit"`   // how much memory DuckDB may use for a build, such as 4GB; the rest goes to files; default four fifths of the machine's
	Threads       int    `yaml:"threads"`        // how many threads a build may use; default one for each core
}

// resources returns how much of the machine a build may use.
func (w Warehouse) resources() warehouse.Resources {
	return warehouse.Resources{MemoryLimit: w.MemoryLimit, Threads: w.Threads}
}

// The defaults of what a configuration leaves out.
const (
	defaultPath          = "data"
	defaultTimeZone      = "UTC"
	defaultKeepSnapshots = 3
	defaultBaseURL       = "https://api.github.com"
	defaultTokenEnv      = "GITHUB_TOKEN"
)

// config reads the configuration that the command line names.
func (p *program) config() (*Config, error) {
	return loadConfig(p.configFile, p.now())
}

// loadConfig reads the configuration in file and checks it. Its error is an
// *invalidConfig where the file is there and something in it is wrong.
func loadConfig(file string, now time.Time) (*Config, error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("no configuration at %s: dorado init writes one, or name another with --config", file)
	}
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	if problems := findSecrets(text); problems != nil {
		return nil, &invalidConfig{file: file, problems: problems}
	}
	config := &Config{Warehouse: Warehouse{Path: defaultPath, TimeZone: defaultTimeZone, KeepSnapshots: defaultKeepSnapshots}, Quality: models.DefaultQuality()}
	read := strictyaml.Read(text, config)
	if config.GitHub != nil {
		defaultGitHub(config.GitHub)
	}
	for i := range config.PagerDuty {
		defaultPagerDuty(&config.PagerDuty[i])
	}
	if problems := append(read.Problems, read.Place(config.Validate(now))...); len(problems) > 0 {
		return nil, &invalidConfig{file: file, problems: problems}
	}
	folder := filepath.Dir(file)
	config.Warehouse.Path = from(folder, config.Warehouse.Path)
	if config.GitHub != nil {
		placeGitHub(config.GitHub, folder)
	}
	for i, account := range config.PagerDuty {
		if account.TokenFile != "" {
			config.PagerDuty[i].TokenFile = from(folder, account.TokenFile)
		}
	}
	placeServer(&config.Server, folder)
	if config.SLOs != nil && config.SLOs.Folder != "" {
		config.SLOs.Folder = from(folder, config.SLOs.Folder)
	}
	if config.Overrides != "" {
		config.Overrides = from(folder, config.Overrides)
		if config.overrides, err = loadOverrides(config.Overrides); err != nil {
			return nil, err
		}
	}
	config.sets, err = loadDefinitionSets(config, folder)
	return config, err
}

// from returns path as seen from here where it is written as seen from folder.
func from(folder, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(folder, path)
}

// Validate returns all that is wrong with the configuration at the instant now.
func (c *Config) Validate(now time.Time) []Problem {
	v := &validation{}
	c.Warehouse.validate(v)
	validateTeams(v, c.Teams)
	switch {
	case c.GitHub != nil:
		validateGitHub(v, c.GitHub, now)
	case len(c.PagerDuty) == 0 && len(c.Services) == 0: // services may be known from ingested files alone
		v.add("github", "there is nothing to collect: list repositories under github.repositories")
	}
	validatePagerDuty(v, c.PagerDuty, now)
	if c.SLOs != nil {
		c.validateSLOs(v)
	}
	v.problems = append(v.problems, c.validateServices(c.repositories())...)
	validateIncidentRules(v, "incidents", c.Incidents)
	validateDefinitions(v, "definitions", c.Definitions)
	validateDefinitionSets(v, c.DefinitionSets)
	validateQuality(v, c.Quality)
	validateServer(v, c.Server)
	c.validateWebhooks(v)
	validateSchedule(v, c.Schedule)
	return v.problems
}

// repositories returns what is to be read from GitHub, as the configuration lists it.
func (c *Config) repositories() []string {
	if c.GitHub == nil {
		return nil
	}
	return c.GitHub.Repositories
}

// A validation gathers what is wrong.
type validation struct{ problems []Problem }

// add says what is wrong with the value at path, and what to do.
func (v *validation) add(path, format string, args ...any) {
	v.problems = append(v.problems, Problem{Path: path, Text: fmt.Sprintf(format, args...)})
}

// oneOf says so where value is given and not among those allowed.
func (v *validation) oneOf(path, value string, allowed ...string) {
	if value != "" && !slices.Contains(allowed, value) {
		v.add(path, "%q is not one of %s%s", value, strings.Join(allowed, ", "), didYouMean(value, allowed))
	}
}

func (w Warehouse) validate(v *validation) {
	if w.Path == "" {
		v.add("warehouse.path", "name the folder to keep the data in")
	}
	validateTimeZone(v, "warehouse.timezone", w.TimeZone)
	if w.KeepSnapshots < 1 {
		v.add("warehouse.keep_snapshots", "%d is too few: at least 1 snapshot is kept", w.KeepSnapshots)
	}
	if w.MemoryLimit != "" && !warehouse.IsMemorySize(w.MemoryLimit) {
		v.add("warehouse.memory_limit", "%q is not a size of memory, such as 4GB", w.MemoryLimit)
	}
	if w.Threads < 0 {
		v.add("warehouse.threads", "%d is too few: a build needs 1 thread", w.Threads)
	}
}

// validateTimeZone checks the name of a time zone.
func validateTimeZone(v *validation, path, name string) {
	// LoadLocation takes "" for UTC and "Local" for the machine's zone, which
	// would make the numbers depend on where they are computed.
	if _, err := time.LoadLocation(name); err != nil || name == "" || name == "Local" {
		v.add(path, "%q is not the IANA name of a time zone, such as UTC or Europe/Berlin", name)
	}
}

func validateTeams(v *validation, teams []models.Team) {
	seen := map[string]int{}
	for i, team := range teams {
		path := fmt.Sprintf("teams[%d]", i)
		validateName(v, path, "team", team.Name, seen, i)
		if team.TimeZone != "" {
			validateTimeZone(v, path+".timezone", team.TimeZone)
		}
		validateDefinitions(v, path+".definitions", team.Definitions)
	}
}

// validateName checks the name of the entry with the index i of the list at
// path. seen has the index of each name before it, and gets this one.
func validateName(v *validation, path, kind, name string, seen map[string]int, i int) {
	first, isTwice := seen[name]
	switch {
	case name == "" || name != strings.TrimSpace(name):
		v.add(path+".name", "name the %s, without spaces around the name", kind)
	case isTwice:
		v.add(path+".name", "%q is also the name of %ss[%d]; names are unique", name, kind, first)
	default:
		seen[name] = i
	}
}

// environmentName is what the name of an environment variable looks like.
var environmentName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// oldToken is what GitHub's tokens looked like before they had a prefix.
var oldToken = regexp.MustCompile(`^[0-9a-f]{40}$`)

func (c *Config) validateSLOs(v *validation) {
	if len(c.SLOs.Repositories) == 0 && c.SLOs.Folder == "" {
		v.add("slos", "name repositories or a folder with OpenSLO files")
	}
	if len(c.SLOs.Repositories) > 0 && c.GitHub == nil {
		v.add("slos.repositories", "say under github how repositories are read")
	}
	for i, repository := range c.SLOs.Repositories {
		at := fmt.Sprintf("slos.repositories[%d]", i)
		if text := wrongRepository(repository.Repository); text != "" {
			v.add(at+".repository", "%s", text)
		}
		if len(repository.Paths) == 0 {
			v.add(at+".paths", "give the patterns of the files, such as slo/*.yaml")
		}
		for j, pattern := range repository.Paths {
			if _, err := path.Match(pattern, ""); err != nil || strings.HasPrefix(pattern, "/") {
				v.add(fmt.Sprintf("%s.paths[%d]", at, j), "%q is not a pattern of files such as slo/*.yaml", pattern)
			}
		}
	}
}

// wrongBaseURL says what is wrong with the address of a REST API, "" if nothing
// is. It does not repeat the address, which may hold a password.
func wrongBaseURL(address, example string) string {
	parsed, err := url.Parse(address)
	switch {
	case err != nil || parsed.Host == "" || parsed.Scheme != "http" && parsed.Scheme != "https":
		return "this is not the address of a REST API, such as " + example
	case parsed.User != nil:
		return "secrets do not belong in this file: take the user and password out of the address"
	case parsed.RawQuery != "" || parsed.Fragment != "":
		return "the address of a REST API has nothing after its path: remove what begins with ? or #"
	}
	return ""
}

// wrongRepository says what is wrong with the name of a repository, "" if
// nothing is.
func wrongRepository(name string) string {
	if !repositoryName.MatchString(name) {
		return fmt.Sprintf("%q is not a repository; write it as owner/name", name)
	}
	return ""
}

// validateServices checks the services of an organisation that collects the
// repositories.
func (c *Config) validateServices(collected []string) []Problem {
	v := &validation{}
	seen := map[string]int{}
	for i, service := range c.Services {
		path := fmt.Sprintf("services[%d]", i)
		validateName(v, path, "service", service.Name, seen, i)
		if len(service.Repositories) == 0 && len(service.PagerDutyServices) == 0 {
			v.add(path+".repositories", "list the repositories that %q is built from, as owner/name", service.Name)
		}
		validateServiceRepositories(v, path, service, collected)
		for j, rule := range service.Deployments {
			validateRule(v, fmt.Sprintf("%s.deployments[%d]", path, j), rule)
		}
		for j, pattern := range service.PagerDutyServices {
			validatePattern(v, fmt.Sprintf("%s.pagerduty_services[%d]", path, j), pattern)
		}
		validateIncidentRules(v, path+".incidents", service.Incidents)
		validateDefinitions(v, path+".definitions", service.Definitions)
	}
	return v.problems
}

func validateDefinitions(v *validation, path string, definitions models.Definitions) {
	for _, wrong := range definitions.Check() {
		v.add(path+"."+wrong.Path, "%s%s", wrong.Text, didYouMean(wrong.Written, wrong.Known))
	}
}

// secret is what a GitHub token looks like.
var secret = regexp.MustCompile(`\b(gh[a-z]_|github_pat_)[A-Za-z0-9_]{8,}`)

// findSecrets returns a problem for every line with a token on it, comments
// included. No problem shows the token.
func findSecrets(text []byte) []Problem {
	var problems []Problem
	line := 0
	for content := range strings.Lines(string(text)) {
		line++
		if secret.MatchString(content) {
			problems = append(problems, Problem{Line: line,
				Text: "this looks like a token: secrets do not belong in this file; name an environment variable in github.token_env"})
		}
	}
	return problems
}

// readToken returns the token in file or, without one, in the environment variable
// env; "" if that is not set and the server at address is on this machine. path is
// where the configuration names them: "github".
func readToken(path, file, env, address string) (string, error) {
	if file != "" {
		content, err := os.ReadFile(file)
		if err != nil {
			return "", fmt.Errorf("read the token (%s.token_file): %w", path, err)
		}
		return cleanToken(string(content), "the file "+file+" ("+path+".token_file)")
	}
	content, isSet := os.LookupEnv(env)
	if !isSet && isLoopback(address) {
		return "", nil
	}
	name := "the environment variable " + env + " (" + path + ".token_env)"
	if !isSet {
		return "", fmt.Errorf("%s is not set", name)
	}
	return cleanToken(content, name)
}

// cleanToken returns the token without the space around it. Its error names
// where it came from only: no header can hold other spaces.
func cleanToken(token, origin string) (string, error) {
	token = strings.TrimSpace(token)
	if token == "" {
		return "", fmt.Errorf("%s is empty", origin)
	}
	if strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", fmt.Errorf("%s holds something else than a token: it has spaces or other strange characters inside", origin)
	}
	return token, nil
}

// isLoopback reports whether the address is on this machine.
func isLoopback(address string) bool {
	parsed, err := url.Parse(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(parsed.Hostname())
	return parsed.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}
