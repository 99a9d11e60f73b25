package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"

	"dorado/collectors/transport"
)

// A Diagnosis is what a GitHub server says of whoever reads it.
type Diagnosis struct {
	Version      string        // of a GitHub Enterprise Server; "" for github.com
	ClockSkew    time.Duration // how much this machine's clock is ahead of the server's; negative: behind. To the second
	Identities   []Identity    // one for each token, or the App
	Repositories []string      // owner/name of those that will be read
	Problems     []error       // what keeps repositories from being read, each one clear line
}

// An Identity is whom the credentials belong to and what they may do.
type Identity struct {
	Name          string   // "token 1", "app 12", "no token"
	Login         string   // of the user; "" of an App and of an installation's token, which are none
	Scopes        []string // of a classic token; nil of other ones, which do not say what they may read
	MissingScopes []string // of a classic token those that what is configured needs
	Quotas        []Quota  // empty where the server has no limit
	Err           error    // why nothing can be said of it, nil where something can
}

// A Quota is how many requests of a kind may be sent in an hour.
type Quota struct {
	Resource  string // core, which is the REST API, or graphql, whose queries may cost more than one
	Limit     int
	Remaining int
	ResetAt   time.Time // when it is Limit again, by the server's clock; UTC
}

// Diagnose asks a server who the credentials belong to and what they may read, and
// tries to find every repository that config names. It takes a request or two for
// each token, one for each repository, and one for every 100 that a pattern finds.
// now is this machine's clock. The error says that the server cannot be reached;
// everything else that is wrong is in the Diagnosis.
func Diagnose(ctx context.Context, config Config, credentials Credentials, now func() time.Time) (Diagnosis, error) {
	usage := &Usage{}
	identities, err := newIdentities(config, credentials, &usage.Usage)
	if err != nil {
		return Diagnosis{}, err
	}
	client, err := NewClient(config, credentials, forgetful{}, usage, func(time.Time, string) {})
	if err != nil {
		return Diagnosis{}, err
	}
	s, err := newSource(config, client, forgetful{})
	if err != nil {
		return Diagnosis{}, err
	}
	var found Diagnosis
	isReached := false
	for _, identity := range identities {
		asked := s.as(identity)
		described, header, err := asked.identify(ctx, config.App != nil)
		described.Name, described.Err = identity.name, err
		found.Identities = append(found.Identities, described)
		if header == nil {
			continue
		}
		isReached = true
		found.Version = header.Get("X-GitHub-Enterprise-Version")
		if said, err := http.ParseTime(header.Get("Date")); err == nil {
			found.ClockSkew = now().Sub(said).Truncate(time.Second)
		}
	}
	if !isReached {
		return found, fmt.Errorf("github: %s cannot be reached: %w", config.BaseURL, found.Identities[0].Err)
	}
	hasPrivate := s.find(ctx, &found)
	for i := range found.Identities {
		found.Identities[i].MissingScopes = missingScopes(found.Identities[i].Scopes, config, hasPrivate || len(found.Problems) > 0)
	}
	return found, nil
}

// as returns a source that asks the server as one identity only.
func (s *source) as(one *identity) *source {
	usage := &Usage{}
	client := github.NewClient(transport.New(transport.Options{
		Limit: rateLimit,
		Usage: &usage.Usage,
		Pause: 20 * time.Millisecond, // who diagnoses is waiting for it
		Next:  &authorized{next: transport.Direct(), host: s.client.BaseURL.Host, identities: []*identity{one}, now: time.Now},
	}))
	client.BaseURL, client.UserAgent = s.client.BaseURL, s.client.UserAgent
	return &source{config: s.config, client: client, reader: s.reader}
}

// identify asks who the source's identity is. The header is that of an answer, nil
// where there was none.
func (s *source) identify(ctx context.Context, isApp bool) (described Identity, header http.Header, err error) {
	path := "user"
	if isApp {
		path = "installation/repositories?per_page=1" // an App is no user
	}
	request, err := s.client.NewRequest(http.MethodGet, path, nil)
	if err != nil {
		return described, nil, err
	}
	var user account
	response, err := s.client.Do(ctx, request, &user)
	if response != nil {
		header = response.Header
	}
	// An installation's token, as GitHub Actions hands out, is no user's: 403, and
	// servers that only speak like GitHub may have no users at all: 404.
	isNobodys := !isApp && (status(err) == http.StatusForbidden || status(err) == http.StatusNotFound)
	if err != nil && !isNobodys {
		return described, header, s.explain("", err)
	}
	described.Login = user.Login
	if scopes, isClassic := header["X-Oauth-Scopes"]; isClassic {
		described.Scopes = strings.FieldsFunc(strings.Join(scopes, ","), func(r rune) bool { return r == ',' || r == ' ' })
	}
	described.Quotas, err = s.quotas(ctx)
	return described, header, err
}

// quotas returns what is left of the quotas, nothing where there are none.
func (s *source) quotas(ctx context.Context) ([]Quota, error) {
	var limits struct {
		Resources map[string]struct {
			Limit     int   `json:"limit"`
			Remaining int   `json:"remaining"`
			Reset     int64 `json:"reset"`
		} `json:"resources"`
	}
	_, err := s.get(ctx, &limits, "rate_limit")
	if status(err) == http.StatusNotFound { // so where they are turned off
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var quotas []Quota
	for _, resource := range []string{"core", "graphql"} {
		if limit, isSaid := limits.Resources[resource]; isSaid {
			quotas = append(quotas, Quota{Resource: resource, Limit: limit.Limit, Remaining: limit.Remaining, ResetAt: time.Unix(limit.Reset, 0).UTC()})
		}
	}
	return quotas, nil
}

// find looks for the repositories and reports whether one of them is private.
func (s *source) find(ctx context.Context, found *Diagnosis) (hasPrivate bool) {
	names, err := s.discovered(ctx)
	if err != nil {
		found.Problems = append(found.Problems, err)
		return false
	}
	for _, name := range names {
		repository, err := s.repository(ctx, name)
		if err != nil {
			found.Problems = append(found.Problems, s.explain(name, err))
			if s.isFatal(ctx, err) {
				return hasPrivate
			}
			continue
		}
		found.Repositories = append(found.Repositories, repository.FullName)
		hasPrivate = hasPrivate || repository.Private
	}
	return hasPrivate
}

// missingScopes returns the scopes that a classic token lacks. Public repositories
// need none.
func missingScopes(scopes []string, config Config, needsPrivate bool) []string {
	if scopes == nil {
		return nil
	}
	has := func(any ...string) bool {
		return slices.ContainsFunc(any, func(scope string) bool { return slices.Contains(scopes, scope) })
	}
	var missing []string
	if needsPrivate && !has("repo") {
		missing = append(missing, "repo")
	}
	if len(config.Needs.Owners) > 0 && !has("read:org", "write:org", "admin:org") {
		missing = append(missing, "read:org")
	}
	return missing
}

// forgetful remembers no answer and has nothing stored.
type forgetful struct{}

// Recall returns nothing.
func (forgetful) Recall(context.Context, string) ([]byte, error) { return nil, nil }

// Remember keeps nothing.
func (forgetful) Remember(context.Context, string, []byte) error { return nil }

// Strings returns nothing.
func (forgetful) Strings(context.Context, string, ...any) ([]string, error) { return nil, nil }

// Rename is never called, as nothing is stored under an older name.
func (forgetful) Rename(context.Context, string, string, string) error {
	return errors.New("nothing is stored")
}
