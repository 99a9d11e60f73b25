package github

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"dorado/collectors/transport"
)

// Usage counts what was asked of a server.
type Usage struct {
	transport.Usage
	NotModified atomic.Int64 // answered with 304, which cost no quota
}

// NewClient returns the client that the collectors of a GitHub server send their
// requests with. It sends credentials to that server only, waits for rate limits,
// telling waiting until when, tries again after failures (see package transport),
// and asks conditionally for what is read on every run.
func NewClient(config Config, credentials Credentials, answers Answers, usage *Usage, waiting func(until time.Time, why string)) (*http.Client, error) {
	base, err := url.Parse(config.BaseURL)
	if err != nil {
		return nil, fmt.Errorf("github: base URL: %w", err)
	}
	identities, err := newIdentities(config, credentials, &usage.Usage)
	if err != nil {
		return nil, err
	}
	client := transport.New(transport.Options{
		Limit:   rateLimit,
		Waiting: waiting,
		Usage:   &usage.Usage,
		Next:    &authorized{next: transport.Direct(), host: base.Host, identities: identities, now: time.Now},
	})
	client.Transport = conditionalTransport{next: client.Transport, answers: answers, usage: usage}
	return client, nil
}

// rateLimit reports whether an answer says that too much was asked, and how long
// to wait then. GitHub answers 403 or 429; a secondary limit names the time in
// Retry-After, the primary one in X-RateLimit-Reset, and some secondary ones only
// say so in the text.
func rateLimit(response *http.Response) (wait time.Duration, limited bool) {
	if response.StatusCode != http.StatusForbidden && response.StatusCode != http.StatusTooManyRequests {
		return 0, false
	}
	if response.Header.Get("X-RateLimit-Remaining") == "0" {
		if reset, err := strconv.ParseInt(response.Header.Get("X-RateLimit-Reset"), 10, 64); err == nil {
			// The server's own clock says when that is.
			now, err := http.ParseTime(response.Header.Get("Date"))
			if err != nil {
				now = time.Now()
			}
			return time.Unix(reset, 0).Sub(now) + time.Second, true
		}
	}
	return 0, response.Header.Get("Retry-After") != "" || strings.Contains(string(transport.Body(response)), "secondary rate limit")
}
