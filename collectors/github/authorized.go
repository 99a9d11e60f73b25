package github

import (
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/bradleyfalzon/ghinstallation/v2"

	"dorado/collectors/transport"
)

// Credentials are what gives access to a server. They are neither logged nor part
// of an error.
type Credentials struct {
	Tokens []string // none: requests are sent without
	AppKey []byte   // the private key of Config.App, as PEM; nil where there is no App
}

// An identity is someone whom a server grants access and a quota.
type identity struct {
	name  string                                    // as the configuration would call it: "token 1"
	token func(ctx context.Context) (string, error) // "" for none
	usage *transport.Usage                          // of all identities
	mutex sync.Mutex
	left  map[string]int       // of the quota for each resource, as it was said last
	rests map[string]time.Time // until when nothing may be asked of a resource
}

// newIdentities returns whom the credentials belong to, at least one.
func newIdentities(config Config, credentials Credentials, usage *transport.Usage) ([]*identity, error) {
	var found []*identity
	add := func(name string, token func(context.Context) (string, error)) {
		found = append(found, &identity{name: name, token: token, usage: usage, left: map[string]int{}, rests: map[string]time.Time{}})
	}
	if config.App != nil && credentials.AppKey != nil {
		// The tokens of an installation are asked for with the same patience.
		client := transport.New(transport.Options{Usage: usage, Limit: rateLimit})
		app, err := ghinstallation.New(client.Transport, int64(config.App.ID), int64(config.App.InstallationID), credentials.AppKey)
		if err != nil {
			return nil, fmt.Errorf("github: the private key of the App: %w", err)
		}
		app.BaseURL = strings.TrimRight(config.BaseURL, "/")
		add(fmt.Sprintf("app %d", config.App.ID), app.Token)
	}
	for i, token := range credentials.Tokens {
		add(fmt.Sprintf("token %d", i+1), func(context.Context) (string, error) { return token, nil })
	}
	if len(found) == 0 {
		add("no token", func(context.Context) (string, error) { return "", nil })
	}
	return found, nil
}

// authorized sends each request as the identity that has most quota left, and as
// another one where that has none left after all.
type authorized struct {
	next       http.RoundTripper
	host       string // the one that is given the token
	identities []*identity
	now        func() time.Time
}

// RoundTrip sends the request.
func (a *authorized) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.URL.Host != a.host {
		return a.next.RoundTrip(request)
	}
	resource := resourceOf(request)
	for tried := 1; ; tried++ {
		chosen := a.choose(request, resource)
		response, err := a.send(request, chosen, tried > 1)
		if err != nil {
			return nil, err
		}
		isLimited := chosen.note(resource, response, a.now())
		if !isLimited || tried == len(a.identities) || request.Body != nil && request.GetBody == nil {
			return response, nil
		}
		if _, err := io.Copy(io.Discard, response.Body); err != nil {
			return nil, err
		}
		if err := response.Body.Close(); err != nil {
			return nil, err
		}
	}
}

// resourceOf returns which of the quotas, that GitHub counts apart, a request uses.
func resourceOf(request *http.Request) string {
	if strings.HasSuffix(request.URL.Path, "/graphql") {
		return "graphql"
	}
	return "core"
}

// choose returns the identity to send a request as: of those that do not rest the
// one that the kept answer was given to, because it may be unchanged for it, else
// the one with most quota left; where all rest the one that rests least long.
func (a *authorized) choose(request *http.Request, resource string) *identity {
	kept, isKept := request.Context().Value(keptKey{}).(answer)
	now := a.now()
	var best *identity
	bestRest, bestLeft := time.Duration(0), 0
	for _, candidate := range a.identities {
		rest, left := candidate.state(resource, now)
		if isKept && rest == 0 && len(a.identities) > 1 {
			if token, err := candidate.token(request.Context()); err == nil && kept.For == mark("Bearer "+token) {
				return candidate
			}
		}
		if best == nil || rest < bestRest || rest == bestRest && left > bestLeft {
			best, bestRest, bestLeft = candidate, rest, left
		}
	}
	return best
}

// send sends a request as an identity, isAgain if it was sent as another one.
func (a *authorized) send(request *http.Request, as *identity, isAgain bool) (*http.Response, error) {
	token, err := as.token(request.Context())
	if err != nil {
		return nil, fmt.Errorf("github: %s: %w", as.name, err)
	}
	sent := request.Clone(request.Context())
	if isAgain && request.GetBody != nil {
		if sent.Body, err = request.GetBody(); err != nil {
			return nil, err
		}
	}
	if token != "" {
		sent.Header.Set("Authorization", "Bearer "+token)
	}
	if kept, isKept := request.Context().Value(keptKey{}).(answer); isKept {
		sent.Header.Set("If-None-Match", kept.etag(sent.Header))
	}
	return a.next.RoundTrip(sent)
}

// state returns for how long an identity rests and how much of its quota is left,
// the most possible where nothing was said yet.
func (i *identity) state(resource string, now time.Time) (rest time.Duration, left int) {
	i.mutex.Lock()
	defer i.mutex.Unlock()
	left, isSaid := i.left[resource]
	if !isSaid {
		left = math.MaxInt
	}
	return max(i.rests[resource].Sub(now), 0), left
}

// note takes from an answer how much of the quota is left, and reports whether it
// says that too much was asked.
func (i *identity) note(resource string, response *http.Response, now time.Time) (isLimited bool) {
	if said := response.Header.Get("X-RateLimit-Resource"); said != "" {
		resource = said
	}
	wait := time.Duration(0)
	if wait, isLimited = rateLimit(response); isLimited {
		if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil {
			wait = time.Duration(seconds) * time.Second
		}
		wait = max(wait, time.Second)
	}
	i.mutex.Lock()
	defer i.mutex.Unlock()
	if left, err := strconv.Atoi(response.Header.Get("X-RateLimit-Remaining")); err == nil {
		i.left[resource] = left
		switch resource {
		case "core":
			i.usage.RequestsLeft.Say(i.name, int64(left))
		case "graphql":
			i.usage.PointsLeft.Say(i.name, int64(left))
		}
	}
	if isLimited {
		i.rests[resource] = now.Add(wait)
	}
	return isLimited
}
