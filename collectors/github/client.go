package github

import (
	"encoding/json"
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
	Queries     atomic.Int64 // of GraphQL that were sent
	Points      atomic.Int64 // that GraphQL took from its own quota
	IsSpent     atomic.Bool  // whether the run stopped because it may send no more
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
		Pause:   config.Pause,
		Next:    &authorized{next: transport.Direct(), host: base.Host, identities: identities, now: time.Now},
	})
	client.Transport = conditionalTransport{next: client.Transport, answers: answers, usage: usage, maxRequests: config.MaxRequests}
	return client, nil
}

// rateLimit reports whether an answer says that too much was asked, and how long
// to wait then. GitHub answers 403 or 429, and for GraphQL also 200; a secondary
// limit names the time in Retry-After, the primary one in X-RateLimit-Reset, and
// some secondary ones only say so in the text.
func rateLimit(response *http.Response) (wait time.Duration, limited bool) {
	isSpent := response.Header.Get("X-RateLimit-Remaining") == "0"
	switch response.StatusCode {
	case http.StatusOK:
		if response.Request.Method != http.MethodPost || !isLimitError(transport.Body(response)) {
			return 0, false
		}
	case http.StatusForbidden, http.StatusTooManyRequests:
		if !isSpent {
			return 0, response.Header.Get("Retry-After") != "" || strings.Contains(string(transport.Body(response)), "secondary rate limit")
		}
	default:
		return 0, false
	}
	reset, err := strconv.ParseInt(response.Header.Get("X-RateLimit-Reset"), 10, 64)
	if !isSpent || err != nil {
		return 0, true
	}
	// The server's own clock says when that is.
	now, err := http.ParseTime(response.Header.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	return time.Unix(reset, 0).Sub(now) + time.Second, true
}

// isLimitError reports whether GraphQL answers with nothing but the error that its
// quota is spent, or that too much was asked in a short time.
func isLimitError(body []byte) bool {
	const longest = 4096 // bytes of such an answer
	if len(body) > longest {
		return false
	}
	var answer queryAnswer
	if json.Unmarshal(body, &answer) != nil || len(answer.Errors) == 0 || len(answer.Data) > 0 {
		return false
	}
	first := answer.Errors[0]
	return first.Type == "RATE_LIMITED" || strings.Contains(first.Message, "secondary rate limit")
}
