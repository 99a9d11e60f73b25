package server

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"dorado/server/wire"
)

// anonymousName is the name of a caller without a token.
const anonymousName = "anonymous"

// Tokens are 256 random bits, so that nobody can find one by trying, not even with
// the hash at hand; that is why one round of SHA-256 is enough, where a password would
// need a slow hash.
const (
	tokenBytes  = 32
	tokenPrefix = "dorado_" // by which secret scanners know them
	hashPrefix  = "sha256:"
)

// NewToken returns a new token, which is to be told to its bearer, and its hash,
// which is to be kept.
func NewToken() (token, hash string) {
	token = tokenPrefix + randomText(tokenBytes)
	sum := sha256.Sum256([]byte(token))
	return token, hashPrefix + hex.EncodeToString(sum[:])
}

// randomText returns so many random bytes as text.
func randomText(bytes int) string {
	random := make([]byte, bytes)
	_, _ = rand.Read(random) // never returns an error
	return base64.RawURLEncoding.EncodeToString(random)
}

// parseHash returns the hash that is written as sha256: and hexadecimal.
func parseHash(written string) (hash [sha256.Size]byte, err error) {
	digits, isHash := strings.CutPrefix(written, hashPrefix)
	decoded, err := hex.DecodeString(digits)
	if !isHash || err != nil || len(decoded) != len(hash) {
		return hash, errors.New("this is not the hash of a token: dorado token create makes both, and the hash looks like sha256:9f86d0…")
	}
	return [sha256.Size]byte(decoded), nil
}

// A caller is who asks.
type caller struct {
	name   string
	scopes []string
}

// may reports whether the caller has a scope.
func (c caller) may(scope string) bool {
	return scope == "" || slices.Contains(c.scopes, scope) || slices.Contains(c.scopes, wire.ScopeAdmin)
}

// An access knows who may ask what.
type access struct {
	tokens    []hashedToken
	anonymous []string
	verifier  *oidc.IDTokenVerifier
	oidc      *OIDC
	failures  *failures
}

type hashedToken struct {
	caller
	hash [sha256.Size]byte
}

// newAccess returns the access that the configuration describes.
func newAccess(ctx context.Context, config Config, now func() time.Time) (*access, error) {
	made := &access{anonymous: config.Anonymous, failures: &failures{limit: config.Limits.FailuresInMinute, now: now, at: map[string][]time.Time{}}}
	for _, token := range config.Tokens {
		hash, err := parseHash(token.Hash)
		if err != nil {
			return nil, fmt.Errorf("token %q: %w", token.Name, err)
		}
		made.tokens = append(made.tokens, hashedToken{caller{token.Name, token.Scopes}, hash})
	}
	if config.OIDC != nil {
		provider, err := oidc.NewProvider(ctx, config.OIDC.Issuer)
		if err != nil {
			return nil, fmt.Errorf("read what the OpenID provider publishes (server.oidc.issuer): %w", err)
		}
		made.oidc = config.OIDC
		made.verifier = provider.VerifierContext(context.WithoutCancel(ctx), &oidc.Config{ClientID: config.OIDC.Audience, Now: now})
	}
	return made, nil
}

// caller returns who sends the request; its error is a problem.
func (a *access) caller(r *http.Request) (caller, error) {
	address, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		address = r.RemoteAddr
	}
	headers := r.Header.Values("Authorization")
	if len(headers) == 0 {
		return caller{anonymousName, a.anonymous}, nil
	}
	if wait := a.failures.wait(address); wait > 0 {
		told := newProblem(http.StatusTooManyRequests, wire.ProblemTooManyFailures, "too many tokens of this address were wrong: wait")
		told.retryAfter = wait
		return caller{}, told
	}
	scheme, token, _ := strings.Cut(headers[0], " ")
	if len(headers) == 1 && strings.EqualFold(scheme, "Bearer") {
		if found, isKnown := a.find(token); isKnown {
			return found, nil
		}
		if found, err := a.verify(r.Context(), token); err == nil {
			return found, nil
		}
	}
	a.failures.add(address)
	told := newProblem(http.StatusUnauthorized, wire.ProblemBlank, "the token is not valid; send it as Authorization: Bearer TOKEN")
	told.challenge = true
	return caller{}, told
}

// find returns the bearer of a token of the configuration. It looks at all of them,
// and at each as long as at any other, so that the time says nothing.
func (a *access) find(token string) (caller, bool) {
	hash, found := sha256.Sum256([]byte(token)), -1
	for i, known := range a.tokens {
		if subtle.ConstantTimeCompare(hash[:], known.hash[:]) == 1 {
			found = i
		}
	}
	if found < 0 {
		return caller{}, false
	}
	return a.tokens[found].caller, true
}

// verify returns the bearer of a token of the OpenID provider.
func (a *access) verify(ctx context.Context, token string) (caller, error) {
	if a.verifier == nil {
		return caller{}, errors.New("no OpenID provider is configured")
	}
	verified, err := a.verifier.Verify(ctx, token)
	if err != nil {
		return caller{}, err
	}
	var claims map[string]any
	if err := verified.Claims(&claims); err != nil {
		return caller{}, err
	}
	found := caller{name: verified.Subject}
	if name, isText := claims[a.oidc.NameClaim].(string); isText {
		found.name = name
	}
	values := []string{"*"}
	switch claimed := claims[a.oidc.ScopeClaim].(type) {
	case string:
		values = append(values, strings.Fields(claimed)...)
	case []any:
		for _, value := range claimed {
			if text, isText := value.(string); isText {
				values = append(values, text)
			}
		}
	}
	for _, value := range values {
		for _, scope := range a.oidc.Scopes[value] {
			if !slices.Contains(found.scopes, scope) {
				found.scopes = append(found.scopes, scope)
			}
		}
	}
	slices.Sort(found.scopes)
	return found, nil
}

// failures counts wrong tokens by address, of the last minute.
type failures struct {
	limit int
	now   func() time.Time

	mutex sync.Mutex
	at    map[string][]time.Time
}

// maxAddresses bounds how many addresses are remembered: beyond it the oldest
// knowledge of all goes.
const maxAddresses = 10_000

// wait returns how long the address must wait until it may try again.
func (f *failures) wait(address string) time.Duration {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	recent := f.recent(address)
	if len(recent) < f.limit {
		return 0
	}
	return recent[0].Add(time.Minute).Sub(f.now())
}

// add counts a failure.
func (f *failures) add(address string) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if len(f.at) >= maxAddresses {
		clear(f.at)
	}
	f.at[address] = append(f.recent(address), f.now())
}

// recent returns the failures of the last minute.
func (f *failures) recent(address string) []time.Time {
	begin := f.now().Add(-time.Minute)
	return slices.DeleteFunc(slices.Clone(f.at[address]), func(at time.Time) bool { return !at.After(begin) })
}
