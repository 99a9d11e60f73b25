// Package transport is the HTTP client that sources share. It sends a request
// again after an error of the network or the server and after an answer that was
// cut off, waits for rate limits, and adds the headers that give access. What
// an answer means is left to the sources, and so is keeping answers.
//
// Everything is sent again, whatever its method: the client is for requests that
// may be sent twice.
package transport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// Options say how a client treats its server. All may be left out.
type Options struct {
	// Header is added to every request to Host, to which "" means every host.
	// It is neither logged nor part of an error.
	Header http.Header
	Host   string
	// Limit reports whether an answer says that too much was asked, and how
	// long it asks to wait then, 0 if it does not say. A 429 is always taken
	// as a limit, and a Retry-After header always decides how long. See Body.
	Limit func(*http.Response) (wait time.Duration, limited bool)
	// Waiting is called before the client waits for a rate limit, and before it sends
	// again what has failed several times.
	Waiting func(until time.Time, reason string)
	// Answered is called with the header of every answer of Host, before it is looked
	// at whether it is a limit.
	Answered func(http.Header)
	// Usage counts what is sent.
	Usage *Usage
	// Pause is how long to wait after the first failure of a request; after
	// each more it is doubled. A rate limit is waited for twice as long at
	// least, so that a server that says 0 is not asked at once, again and
	// again. Default half a second.
	Pause time.Duration
	// Next sends the requests. Default a transport that takes its proxy from
	// the environment.
	Next http.RoundTripper
}

// Usage counts what was asked of a server. It may be read at any time.
type Usage struct {
	Requests atomic.Int64 // sent, with those sent again
	Retried  atomic.Int64 // sent again after a failure or a rate limit
	waited   atomic.Int64 // nanoseconds
	// What is left of the quota of requests, and of that of points, in which GraphQL
	// counts.
	RequestsLeft, PointsLeft Left
}

// Left is what a server says is left of a quota. It may be used at any time.
type Left struct {
	mutex    sync.Mutex
	byBearer map[string]int64
}

// Say notes what the server said to one of those who have a quota of their own.
func (l *Left) Say(bearer string, left int64) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.byBearer == nil {
		l.byBearer = map[string]int64{}
	}
	l.byBearer[bearer] = left
}

// Sum returns what the server last said to each, added up, nil where it never said.
func (l *Left) Sum() *int64 {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.byBearer == nil {
		return nil
	}
	sum := int64(0)
	for _, left := range l.byBearer {
		sum += left
	}
	return &sum
}

// Waited returns how long requests waited for rate limits, added up.
func (u *Usage) Waited() time.Duration { return time.Duration(u.waited.Load()) }

// DefaultPause is Options.Pause where it is left out.
const DefaultPause = 500 * time.Millisecond

// ErrUnreachable says that no connection to the server could be made, whatever was
// asked for: the next request will fail as well.
var ErrUnreachable = errors.New("no connection")

const (
	// maxFailures is how often a request fails before its failure counts.
	maxFailures = 8
	// toldFailures is how often it fails before that is told: a single failure is
	// nothing that anybody need know.
	toldFailures = 3
	// maxWaiting is how long one request waits for rate limits in all: longer
	// than the hour after which the slowest servers grant a new quota.
	maxWaiting = 2 * time.Hour
	// unnamedLimit is how long to wait for a limit that does not say.
	unnamedLimit = time.Minute
	// maxAnswering is how long one answer may take, with its body. A time-out of the
	// http.Client would be kept, with all of the request, until it is over, wherever
	// a body is put in the place of the answer's: go-github does so after an error.
	maxAnswering = 2 * time.Minute
)

// New returns a client as the options say. The last answer or error of a request
// that was sent in vain too often is given as it is.
func New(options Options) *http.Client {
	if options.Limit == nil {
		options.Limit = func(*http.Response) (time.Duration, bool) { return 0, false }
	}
	if options.Waiting == nil {
		options.Waiting = func(time.Time, string) {}
	}
	if options.Answered == nil {
		options.Answered = func(http.Header) {}
	}
	if options.Usage == nil {
		options.Usage = &Usage{}
	}
	if options.Pause == 0 {
		options.Pause = DefaultPause
	}
	if options.Next == nil {
		options.Next = Direct()
	}
	return &http.Client{Transport: &patient{
		options: options,
		once: &http.Client{
			Transport: whole{options: options},
			// Redirects are followed by the client around this one.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}}
}

// Direct returns what sends a request once. It takes its proxy from the
// environment (HTTPS_PROXY, NO_PROXY), and the certificates it trusts from the
// system or SSL_CERT_FILE.
func Direct() http.RoundTripper {
	direct := http.DefaultTransport.(*http.Transport).Clone() // with http.ProxyFromEnvironment
	direct.MaxIdleConnsPerHost = 8
	return direct
}

// Body returns the body of an answer of this package's client, and leaves it
// there to be read.
func Body(response *http.Response) []byte {
	body, err := io.ReadAll(response.Body)
	response.Body = io.NopCloser(bytes.NewReader(body))
	if err != nil {
		return nil
	}
	return body
}

// whole sends a request once, with the added headers, and reads the answer to its
// end, so that one that was cut off is an error of the request.
type whole struct{ options Options }

// RoundTrip sends the request.
func (t whole) RoundTrip(request *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(request.Context(), maxAnswering)
	defer cancel()
	request = request.WithContext(ctx)
	isHost := t.options.Host == "" || request.URL.Host == t.options.Host
	if isHost {
		request = request.Clone(request.Context())
		for name, values := range t.options.Header {
			request.Header[http.CanonicalHeaderKey(name)] = values
		}
	}
	t.options.Usage.Requests.Add(1)
	response, err := t.options.Next.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	if isHost {
		t.options.Answered(response.Header)
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

// patient sends requests until they are answered, or have failed too often.
type patient struct {
	options Options
	once    *http.Client
}

// RoundTrip sends the request.
func (t *patient) RoundTrip(request *http.Request) (*http.Response, error) {
	retryable, err := retryablehttp.FromRequest(request) // keeps the body, to send it again
	if err != nil {
		return nil, err
	}
	struggle := &struggle{options: t.options}
	client := &retryablehttp.Client{
		HTTPClient:   t.once,
		RetryMax:     1 << 20, // shouldRetry says when it is enough
		CheckRetry:   struggle.shouldRetry,
		Backoff:      struggle.pause,
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
	response, err := client.Do(retryable)
	if isUnreachable(err) {
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	return response, err
}

// isUnreachable reports whether an error says that no connection could be made.
func isUnreachable(err error) bool {
	var failed *net.OpError
	return errors.As(err, &failed) && (failed.Op == "dial" || failed.Op == "proxyconnect")
}

// A struggle is what one request has been through.
type struggle struct {
	options  Options
	failures int           // how often it failed
	waited   time.Duration // how long it waited for rate limits
	next     time.Duration // how long to wait before it is sent again
}

// onceKey marks the context of requests that are not sent again after a failure.
type onceKey struct{}

// Once returns a context whose requests are not sent again after a failure, for
// who would rather ask for less then. Rate limits are waited for all the same, and so
// are servers that no connection can be made to.
func Once(ctx context.Context) context.Context { return context.WithValue(ctx, onceKey{}, true) }

// shouldRetry reports whether the request is to be sent again, after an answer or
// else an error, and notes when.
func (s *struggle) shouldRetry(ctx context.Context, response *http.Response, err error) (bool, error) {
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	if err == nil {
		if wait, limited := s.limit(response); limited {
			s.next = wait
			s.waited += wait
			if s.waited > maxWaiting {
				return false, nil
			}
			s.options.Usage.waited.Add(int64(wait))
			s.options.Waiting(time.Now().Add(wait), "rate limit of "+response.Request.URL.Host)
			return true, nil
		}
		if response.StatusCode < http.StatusInternalServerError || response.StatusCode == http.StatusNotImplemented {
			return false, nil
		}
	}
	if ctx.Value(onceKey{}) != nil && !isUnreachable(err) {
		return false, nil
	}
	// Between half of the pause and all of it, so that requests that failed
	// together are not sent again together.
	pause := s.options.Pause << s.failures
	s.next = pause/2 + rand.N(pause/2+1)
	s.failures++
	isAgain := s.failures < maxFailures
	if isAgain && s.failures >= toldFailures {
		s.options.Waiting(time.Now().Add(s.next), s.failure(response, err))
	}
	return isAgain, nil
}

// failure says in few words what has failed.
func (s *struggle) failure(response *http.Response, err error) string {
	var asked *url.Error
	switch {
	case err == nil:
		return fmt.Sprintf("%s, which answered %s", response.Request.URL.Host, response.Status)
	case errors.As(err, &asked):
		if address, parseErr := url.Parse(asked.URL); parseErr == nil {
			return fmt.Sprintf("%s, which cannot be asked (%v)", address.Host, asked.Err)
		}
	}
	return fmt.Sprintf("an answer (%v)", err)
}

// pause returns how long to wait before the request is sent again.
func (s *struggle) pause(_, _ time.Duration, _ int, _ *http.Response) time.Duration {
	s.options.Usage.Retried.Add(1)
	return s.next
}

// limit reports whether an answer says that too much was asked, and how long to
// wait then.
func (s *struggle) limit(response *http.Response) (time.Duration, bool) {
	wait, limited := s.options.Limit(response)
	if !limited && response.StatusCode != http.StatusTooManyRequests {
		return 0, false
	}
	if named, ok := retryAfter(response.Header); ok {
		wait = named
	} else if wait <= 0 {
		wait = unnamedLimit
	}
	return max(wait, 2*s.options.Pause), true
}

// retryAfter returns how long a Retry-After header asks to wait, in seconds or
// until a time, which counts from the server's own clock.
func retryAfter(header http.Header) (time.Duration, bool) {
	text := strings.TrimSpace(header.Get("Retry-After"))
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second, true
	}
	until, err := http.ParseTime(text)
	if err != nil {
		return 0, false
	}
	now, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	return max(until.Sub(now), 0), true
}
