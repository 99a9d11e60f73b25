package server

import (
	_ "embed" // for ConfigSource
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"dorado/server/wire"
)

// ConfigSource is this file: the documentation takes the comments of the fields from
// it.
//
//go:embed config.go
var ConfigSource string

// Config is the part `server:` of the configuration.
type Config struct {
	Listen          string   `yaml:"listen"`           // address and port; default 127.0.0.1:8920
	TLS             TLS      `yaml:"tls"`              // without it plain HTTP is spoken
	Tokens          []Token  `yaml:"tokens"`           // who may ask; dorado token create makes an entry
	Anonymous       []string `yaml:"anonymous"`        // scopes of those without a token; default metrics and sql where only this machine can reach the address, else none
	OIDC            *OIDC    `yaml:"oidc"`             // takes the tokens of an OpenID provider too
	Webhooks        Webhooks `yaml:"webhooks"`         // whose webhooks are taken; none where it names no secret
	Limits          Limits   `yaml:"limits"`           // what queries may use
	AuditFile       string   `yaml:"audit_file"`       // file that who asked what is appended to; default the log
	ShutdownSeconds float64  `yaml:"shutdown_seconds"` // how long requests may still take when the server is stopped; default 20
}

// TLS says where the certificate is.
type TLS struct {
	CertificateFile string `yaml:"certificate_file"` // PEM, with its chain
	KeyFile         string `yaml:"key_file"`         // PEM
}

// A Token is a bearer token, of which only the hash is kept.
type Token struct {
	Name   string   `yaml:"name"`   // as the audit log has it
	Hash   string   `yaml:"hash"`   // sha256: and the SHA-256 of the token in hexadecimal
	Scopes []string `yaml:"scopes"` // metrics, sql, ingest, admin
}

// OIDC says which tokens of an OpenID provider are taken: JWTs that it signed.
type OIDC struct {
	Issuer     string              `yaml:"issuer"`      // its address; what it publishes there is read at the start
	Audience   string              `yaml:"audience"`    // whom the token must be for
	NameClaim  string              `yaml:"name_claim"`  // the claim that names the caller; default sub
	ScopeClaim string              `yaml:"scope_claim"` // the claim, a text or a list, whose values Scopes has; default groups
	Scopes     map[string][]string `yaml:"scopes"`      // scopes for each value of the claim; "*" for everybody
}

// Webhooks say what webhooks are signed with. Several secrets are for the time in which
// one replaces another.
type Webhooks struct {
	GitHub    []GitHubSecret    `yaml:"github"`    // of GitHub's webhooks, sent to /webhooks/github
	PagerDuty []PagerDutySecret `yaml:"pagerduty"` // of PagerDuty's, version 3, sent to /webhooks/pagerduty
}

// A GitHubSecret says where the secret of GitHub's webhooks is.
type GitHubSecret struct {
	SecretEnv  string `yaml:"secret_env"`  // the environment variable that holds it
	SecretFile string `yaml:"secret_file"` // or the file that holds it
}

// A PagerDutySecret says where the secret of an account's webhooks is.
type PagerDutySecret struct {
	Account    string `yaml:"account"`     // the account's name under pagerduty; "" where it has none
	SecretEnv  string `yaml:"secret_env"`  // the environment variable that holds it
	SecretFile string `yaml:"secret_file"` // or the file that holds it
}

// Limits are what queries may use.
type Limits struct {
	Rows             int     `yaml:"rows"`               // of one answer; default 1,000,000
	Seconds          float64 `yaml:"seconds"`            // one query; default 30
	Memory           string  `yaml:"memory"`             // all SQL queries at once; default 1GB
	MetricsMemory    string  `yaml:"metrics_memory"`     // all other queries at once; default 1GB
	Temporary        string  `yaml:"temporary"`          // on disk, for what does not fit in memory, each of both; default 4GB
	Threads          int     `yaml:"threads"`            // of SQL queries; default half the processors, at least 1
	Queries          int     `yaml:"queries"`            // SQL queries at once; default 2
	Waiting          int     `yaml:"waiting"`            // SQL queries that wait for their turn, 2 seconds each; default 8
	MetricsQueries   int     `yaml:"metrics_queries"`    // other queries at once; default 4
	Cache            string  `yaml:"cache"`              // answers that are kept, of each snapshot; default 64MB
	SQLBytes         int     `yaml:"sql_bytes"`          // the text of a query; default and at most 100,000
	BodyBytes        int     `yaml:"body_bytes"`         // what is sent to any other path; default 10 MiB
	HeaderSeconds    float64 `yaml:"header_seconds"`     // a request's head may take; default 10
	BodySeconds      float64 `yaml:"body_seconds"`       // a request's body may take; default 30
	FailuresInMinute int     `yaml:"failures_in_minute"` // failed tokens of one address before it has to wait; default 20
}

// defaultListen is where the server listens where nothing else is said.
const defaultListen = "127.0.0.1:8920"

// WithDefaults returns the configuration with the defaults of what it leaves out,
// on a machine with so many processors.
func (c Config) WithDefaults(processors int) Config {
	fill(&c.Listen, defaultListen)
	fill(&c.ShutdownSeconds, 20)
	limits := &c.Limits
	fill(&limits.Rows, 1_000_000)
	fill(&limits.Seconds, 30)
	fill(&limits.Memory, "1GB")
	fill(&limits.MetricsMemory, "1GB")
	fill(&limits.Temporary, "4GB")
	fill(&limits.Threads, max(1, processors/2))
	fill(&limits.Queries, 2)
	fill(&limits.Waiting, 8)
	fill(&limits.MetricsQueries, 4)
	fill(&limits.Cache, "64MB")
	fill(&limits.SQLBytes, maxSQLBytes)
	fill(&limits.BodyBytes, 10<<20)
	fill(&limits.HeaderSeconds, 10)
	fill(&limits.BodySeconds, 30)
	fill(&limits.FailuresInMinute, 20)
	if c.OIDC != nil {
		oidc := *c.OIDC
		fill(&oidc.NameClaim, "sub")
		fill(&oidc.ScopeClaim, "groups")
		c.OIDC = &oidc
	}
	if c.Anonymous == nil && isLoopback(c.Listen) {
		c.Anonymous = []string{wire.ScopeMetrics, wire.ScopeSQL}
	}
	return c
}

// fill sets a value that is not set.
func fill[T comparable](value *T, fallback T) {
	var none T
	if *value == none {
		*value = fallback
	}
}

// isLoopback reports whether only this machine can reach the address.
func isLoopback(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Wrong is something that is wrong with a configuration.
type Wrong struct {
	Path string // tokens[0].hash
	Text string
}

// Check returns all that is wrong with the configuration.
func (c Config) Check() []Wrong {
	var wrong []Wrong
	add := func(path, format string, args ...any) {
		wrong = append(wrong, Wrong{path, fmt.Sprintf(format, args...)})
	}
	if _, _, err := net.SplitHostPort(c.Listen); c.Listen != "" && err != nil {
		add("listen", "%q is not an address and a port, such as 127.0.0.1:8920 or :8920", c.Listen)
	}
	if (c.TLS.CertificateFile == "") != (c.TLS.KeyFile == "") {
		add("tls", "give both certificate_file and key_file")
	}
	checkScopes(add, "anonymous", c.Anonymous)
	for _, scope := range []string{wire.ScopeIngest, wire.ScopeAdmin} {
		if slices.Contains(c.Anonymous, scope) {
			add("anonymous", "%s is for callers with a token only", scope)
		}
	}
	seen := map[string]int{}
	for i, token := range c.Tokens {
		path := fmt.Sprintf("tokens[%d]", i)
		if first, isTwice := seen[token.Name]; isTwice {
			add(path+".name", "%q is also the name of tokens[%d]; names are unique", token.Name, first)
		}
		seen[token.Name] = i
		if strings.TrimSpace(token.Name) == "" || token.Name == anonymousName {
			add(path+".name", "name who has the token")
		}
		if _, err := parseHash(token.Hash); err != nil {
			add(path+".hash", "%v", err)
		}
		if len(token.Scopes) == 0 {
			add(path+".scopes", "say what its bearer may do: %s", strings.Join(wire.Scopes, ", "))
		}
		checkScopes(add, path+".scopes", token.Scopes)
	}
	if c.OIDC != nil {
		c.OIDC.check(add)
	}
	c.Limits.check(add)
	return wrong
}

func checkScopes(add func(string, string, ...any), path string, scopes []string) {
	for _, scope := range scopes {
		if !slices.Contains(wire.Scopes, scope) {
			add(path, "%q is not one of %s", scope, strings.Join(wire.Scopes, ", "))
		}
	}
}

func (o *OIDC) check(add func(string, string, ...any)) {
	address, err := url.Parse(o.Issuer)
	if err != nil || address.Host == "" || address.Scheme != "https" && !isLoopback(address.Host) && !isLoopback(address.Hostname()+":80") {
		add("oidc.issuer", "this is not the address of an OpenID provider, such as https://login.example.com")
	}
	if o.Audience == "" {
		add("oidc.audience", "name whom the tokens are for, else those for any other program would be taken")
	}
	if len(o.Scopes) == 0 {
		add("oidc.scopes", "say which values of the claim have which scopes: {platform: [metrics, sql]}")
	}
	for value, scopes := range o.Scopes {
		checkScopes(add, "oidc.scopes."+value, scopes)
	}
}

func (l Limits) check(add func(string, string, ...any)) {
	for _, limit := range []struct {
		name  string
		value float64
	}{
		{"rows", float64(l.Rows)}, {"seconds", l.Seconds}, {"threads", float64(l.Threads)},
		{"queries", float64(l.Queries)}, {"waiting", float64(l.Waiting)}, {"metrics_queries", float64(l.MetricsQueries)},
		{"sql_bytes", float64(l.SQLBytes)}, {"body_bytes", float64(l.BodyBytes)},
		{"header_seconds", l.HeaderSeconds}, {"body_seconds", l.BodySeconds}, {"failures_in_minute", float64(l.FailuresInMinute)},
	} {
		if limit.value < 0 {
			add("limits."+limit.name, "it is negative")
		}
	}
	if l.SQLBytes > maxSQLBytes {
		add("limits.sql_bytes", "%d is too many: at most %d", l.SQLBytes, maxSQLBytes)
	}
	for _, size := range []struct{ name, value string }{
		{"memory", l.Memory}, {"metrics_memory", l.MetricsMemory}, {"temporary", l.Temporary}, {"cache", l.Cache},
	} {
		if size.value != "" && !memorySize.MatchString(size.value) {
			add("limits."+size.name, "%q is not a size such as 512MB or 2GB", size.value)
		}
	}
}
