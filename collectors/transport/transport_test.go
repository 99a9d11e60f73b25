package transport

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// serve answers the requests one after the other with answers, the last of them
// from then on.
func serve(t *testing.T, answers ...http.HandlerFunc) (*httptest.Server, func() int) {
	t.Helper()
	var lock sync.Mutex
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		lock.Lock()
		answer := answers[min(asked, len(answers)-1)]
		asked++
		lock.Unlock()
		answer(w, r)
	}))
	t.Cleanup(server.Close)
	return server, func() int {
		lock.Lock()
		defer lock.Unlock()
		return asked
	}
}

func status(code int, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
	}
}

func ok(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	_, _ = io.WriteString(w, "got "+string(body))
}

// cutOff promises more than it sends.
func cutOff(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "1000")
	_, _ = io.WriteString(w, "got")
}

func TestRequestsAreSentAgain(t *testing.T) {
	inOneSecond := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", "Mon, 02 Nov 2026 10:00:00 GMT")
		w.Header().Set("Retry-After", "Mon, 02 Nov 2026 10:00:01 GMT")
		w.WriteHeader(http.StatusTooManyRequests)
	}
	for _, test := range []struct {
		name    string
		answers []http.HandlerFunc
		status  int
		asked   int
		waited  time.Duration
		told    int // how many waits, with those for a server that goes on failing
	}{
		{name: "answered", answers: []http.HandlerFunc{ok}, status: 200, asked: 1},
		{name: "server errors", answers: []http.HandlerFunc{status(500), status(502), status(503), ok}, status: 200, asked: 4, told: 1},
		{name: "cut off", answers: []http.HandlerFunc{cutOff, cutOff, ok}, status: 200, asked: 3},
		{name: "no answer", answers: []http.HandlerFunc{func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, ok}, status: 200, asked: 2},
		{name: "always a server error", answers: []http.HandlerFunc{status(502)}, status: 502, asked: maxFailures, told: maxFailures - toldFailures},
		{name: "not found", answers: []http.HandlerFunc{status(404)}, status: 404, asked: 1},
		{name: "not implemented", answers: []http.HandlerFunc{status(501)}, status: 501, asked: 1},
		{name: "limit in seconds", answers: []http.HandlerFunc{status(429, "Retry-After", "1"), ok}, status: 200, asked: 2, waited: time.Second, told: 1},
		{name: "limit until a time", answers: []http.HandlerFunc{inOneSecond, ok}, status: 200, asked: 2, waited: time.Second, told: 1},
		{name: "limit of the source's own", answers: []http.HandlerFunc{status(403, "Reset", "soon"), ok}, status: 200, asked: 2, waited: time.Second, told: 1},
		{name: "limit for longer than is waited", answers: []http.HandlerFunc{status(429, "Retry-After", "10000"), ok}, status: 429, asked: 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server, asked := serve(t, test.answers...)
			usage := &Usage{}
			var waits []string
			client := New(Options{
				Usage:   usage,
				Pause:   time.Millisecond,
				Waiting: func(_ time.Time, reason string) { waits = append(waits, reason) },
				Limit: func(response *http.Response) (time.Duration, bool) {
					return time.Second, response.Header.Get("Reset") == "soon"
				},
			})
			response, err := client.Post(server.URL, "text/plain", strings.NewReader("this"))
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			if response.StatusCode != test.status || asked() != test.asked {
				t.Errorf("status %d after %d requests, want %d after %d", response.StatusCode, asked(), test.status, test.asked)
			}
			if test.status == 200 {
				if body := string(Body(response)); body != "got this" || string(Body(response)) != body {
					t.Errorf("the body was %q", body)
				}
			}
			if int(usage.Requests.Load()) != test.asked || int(usage.Retried.Load()) != test.asked-1 || usage.Waited() != test.waited {
				t.Errorf("usage: %d requests, %d retried, waited %v", usage.Requests.Load(), usage.Retried.Load(), usage.Waited())
			}
			if len(waits) != test.told {
				t.Errorf("told of %d waits: %q", len(waits), waits)
			}
		})
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	server, _ := serve(t, status(429, "Retry-After", "3600"))
	ctx, cancel := context.WithCancel(context.Background())
	var until time.Time
	client := New(Options{Waiting: func(at time.Time, _ string) { until = at; cancel() }})
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err == nil {
		response.Body.Close()
	}
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
	if wait := time.Until(until); wait < 59*time.Minute || wait > time.Hour {
		t.Errorf("told to wait for %v", wait)
	}
}

func TestUnreachableServerIsTold(t *testing.T) {
	server, _ := serve(t, ok)
	server.Close()
	for name, ctx := range map[string]context.Context{"again": t.Context(), "once": Once(t.Context())} {
		t.Run(name, func(t *testing.T) {
			var waits []string
			usage := &Usage{}
			client := New(Options{Usage: usage, Pause: time.Millisecond, Waiting: func(_ time.Time, reason string) { waits = append(waits, reason) }})
			request, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, nil)
			if err != nil {
				t.Fatal(err)
			}
			response, err := client.Do(request)
			if err == nil {
				response.Body.Close()
			}
			if !errors.Is(err, ErrUnreachable) || !strings.Contains(err.Error(), "connection refused") {
				t.Errorf("the error is %v", err)
			}
			if sent := usage.Requests.Load(); sent != maxFailures {
				t.Errorf("%d requests were sent, want %d", sent, maxFailures)
			}
			want := strings.TrimPrefix(server.URL, "http://") + ", which cannot be asked ("
			if len(waits) != maxFailures-toldFailures || !strings.HasPrefix(waits[0], want) {
				t.Errorf("told of %d waits: %q, want %q", len(waits), waits, want)
			}
		})
	}
}

func TestHeaderGoesToItsHostOnly(t *testing.T) {
	const secret = "Token token=secret"
	echo := func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Header.Get("Authorization")) }
	other, _ := serve(t, echo)
	server, _ := serve(t, echo, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.URL, http.StatusFound) })
	client := New(Options{
		Host:   strings.TrimPrefix(server.URL, "http://"),
		Header: http.Header{"Authorization": {secret}},
	})
	for _, want := range []string{secret, ""} {
		response, err := client.Get(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		if body := string(Body(response)); body != want {
			t.Errorf("the header was %q, want %q", body, want)
		}
		response.Body.Close()
	}
	server.Close()
	fast := New(Options{Header: http.Header{"Authorization": {secret}}, Pause: time.Millisecond})
	response, err := fast.Get(server.URL)
	if err == nil {
		response.Body.Close()
		t.Fatal("a closed server answered")
	}
	if strings.Contains(err.Error(), "secret") {
		t.Errorf("the error shows the header: %v", err)
	}
}
