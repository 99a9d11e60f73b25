package github

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// Usage counts what was asked of a server.
type Usage struct {
	Requests    atomic.Int64 // sent, with those sent again
	NotModified atomic.Int64 // answered with 304, which cost no quota
	Retried     atomic.Int64 // sent again after an error or a rate limit
}

const (
	// maxFailures is how often a request is sent before its failure counts.
	maxFailures = 8
	// maxWaiting is how long one request waits for rate limits in all: longer
	// than the hour after which GitHub grants a new quota.
	maxWaiting = 2 * time.Hour
	// unnamedLimit is how long to wait for a secondary rate limit that does not
	// say, as GitHub's documentation asks.
	unnamedLimit = time.Minute
)

// NewClient returns the client that the collectors of a GitHub server send their
// requests with. It sends the token ("" for none) to that server only; waits for
// rate limits, telling waiting until when; sends a request again after an error
// of the network or the server, and after an answer that was cut off; and asks
// conditionally for what is read on every run.
func NewClient(config Config, token string, answers Answers, usage *Usage, waiting func(until time.Time, why string)) (*http.Client, error) {
	base, err := url.Parse(config.BaseURL)
	if err != nil {
		return nil, fmt.Errorf("github: base URL: %w", err)
	}
	retrying := &retryablehttp.Client{
		HTTPClient:   &http.Client{Transport: wholeTransport{next: http.DefaultTransport, usage: usage}},
		RetryMax:     1 << 20, // shouldRetry says when it is enough
		CheckRetry:   shouldRetry,
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
		Backoff: func(_, _ time.Duration, _ int, response *http.Response) time.Duration {
			usage.Retried.Add(1)
			return pause(response, waiting)
		},
	}
	return &http.Client{Transport: conditionalTransport{
		next:    authorizingTransport{next: patientTransport{client: retrying}, host: base.Host, token: token},
		answers: answers,
		usage:   usage,
	}}, nil
}

// wholeTransport reads each answer to its end, so that one that was cut off is
// an error of the request, which can be sent again.
type wholeTransport struct {
	next  http.RoundTripper
	usage *Usage
}

// RoundTrip sends the request.
func (t wholeTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	t.usage.Requests.Add(1)
	response, err := t.next.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		_ = response.Body.Close() // the error of reading says more
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	if err := response.Body.Close(); err != nil {
		return nil, err
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	return response, nil
}

// authorizingTransport adds the token.
type authorizingTransport struct {
	next  http.RoundTripper
	host  string
	token string
}

// RoundTrip sends the request.
func (t authorizingTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	if t.token != "" && request.URL.Host == t.host {
		request = request.Clone(request.Context())
		request.Header.Set("Authorization", "Bearer "+t.token)
	}
	return t.next.RoundTrip(request)
}

// A struggle is what one request has been through.
type struggle struct {
	failures int           // how often it failed
	waited   time.Duration // how long it waited for rate limits
}

type struggleKey struct{}

// struggleOf returns the struggle of the request that ctx belongs to.
func struggleOf(ctx context.Context) *struggle { return ctx.Value(struggleKey{}).(*struggle) }

// patientTransport sends requests again as shouldRetry says.
type patientTransport struct{ client *retryablehttp.Client }

// RoundTrip sends the request.
func (t patientTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.WithContext(context.WithValue(request.Context(), struggleKey{}, &struggle{}))
	retryable, err := retryablehttp.FromRequest(request)
	if err != nil {
		return nil, err
	}
	response, err := t.client.Do(retryable)
	if err != nil {
		return nil, err
	}
	// go-github would refuse to send the next request when none remain, instead
	// of letting it wait here.
	response.Header.Del("X-RateLimit-Reset")
	return response, nil
}

// shouldRetry reports whether a request is to be sent again.
func shouldRetry(ctx context.Context, response *http.Response, err error) (bool, error) {
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	struggle := struggleOf(ctx)
	if err == nil {
		if wait, isLimit := rateLimit(response); isLimit {
			return struggle.waited+wait <= maxWaiting, nil
		}
		if response.StatusCode < http.StatusInternalServerError || response.StatusCode == http.StatusNotImplemented {
			return false, nil
		}
	}
	struggle.failures++
	return struggle.failures < maxFailures, nil
}

// pause returns how long to wait before a request is sent again.
func pause(response *http.Response, waiting func(until time.Time, why string)) time.Duration {
	if response == nil { // the network failed
		return jittered(time.Second)
	}
	struggle := struggleOf(response.Request.Context())
	if wait, isLimit := rateLimit(response); isLimit {
		struggle.waited += wait
		waiting(time.Now().Add(wait), "GitHub's rate limit")
		return wait
	}
	return jittered(250 * time.Millisecond << min(struggle.failures, maxFailures))
}

// jittered returns a duration between half of d and d, so that requests that
// failed together are not sent again together.
func jittered(d time.Duration) time.Duration { return d/2 + rand.N(d/2) }

// rateLimit reports whether an answer says that too much was asked, and how long
// to wait then. GitHub answers 403 or 429; a secondary limit names the time in
// Retry-After, the primary one in X-RateLimit-Reset, and some secondary ones only
// say so in the text.
func rateLimit(response *http.Response) (wait time.Duration, isLimit bool) {
	if response.StatusCode != http.StatusForbidden && response.StatusCode != http.StatusTooManyRequests {
		return 0, false
	}
	// The server's own clock says what its times mean.
	now, err := http.ParseTime(response.Header.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	after := response.Header.Get("Retry-After")
	if seconds, err := strconv.Atoi(after); err == nil && after != "" {
		return time.Duration(max(seconds, 0)) * time.Second, true
	}
	if at, err := http.ParseTime(after); err == nil {
		return max(at.Sub(now), 0), true
	}
	if response.Header.Get("X-RateLimit-Remaining") == "0" {
		if reset, err := strconv.ParseInt(response.Header.Get("X-RateLimit-Reset"), 10, 64); err == nil {
			return max(time.Unix(reset, 0).Sub(now), 0) + time.Second, true
		}
	}
	if response.StatusCode == http.StatusTooManyRequests || strings.Contains(peek(response), "secondary rate limit") {
		return unnamedLimit, true
	}
	return 0, false
}

// peek returns the body of an answer that was read to its end, and leaves it
// there.
func peek(response *http.Response) string {
	body, err := io.ReadAll(response.Body)
	response.Body = io.NopCloser(bytes.NewReader(body))
	if err != nil {
		return ""
	}
	return string(body)
}
