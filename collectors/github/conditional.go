package github

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// Answers keeps answers to conditional requests from one run to the next. They
// only save work: whoever loses them loses nothing.
type Answers interface {
	// Recall returns what was remembered under key, nil if nothing was.
	Recall(ctx context.Context, key string) ([]byte, error)
	// Remember keeps value under key.
	Remember(ctx context.Context, key string, value []byte) error
}

// An answer is what is kept of one.
type answer struct {
	ETag string
	Link string // the pages before and after it
	Body []byte
}

// conditionalKey marks the context of requests that are made on every run.
type conditionalKey struct{}

// conditional returns a context whose requests ask only for what has changed:
// GitHub answers 304 where nothing has, which costs no quota.
func conditional(ctx context.Context) context.Context {
	return context.WithValue(ctx, conditionalKey{}, true)
}

// conditionalTransport makes the requests of a conditional context conditional,
// and answers a 304 with the body it kept, so that nobody above need know.
type conditionalTransport struct {
	next    http.RoundTripper
	answers Answers
	usage   *Usage
}

// RoundTrip sends the request.
func (t conditionalTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := t.send(request)
	if err != nil {
		return nil, err
	}
	// Where none remain go-github would refuse to send the next request, which
	// can wait for more below.
	response.Header.Del("X-RateLimit-Reset")
	return response, nil
}

func (t conditionalTransport) send(request *http.Request) (*http.Response, error) {
	ctx := request.Context()
	if ctx.Value(conditionalKey{}) == nil || request.Method != http.MethodGet {
		return t.next.RoundTrip(request)
	}
	key := "github " + request.URL.String()
	var kept answer
	text, err := t.answers.Recall(ctx, key)
	if err != nil {
		return nil, err
	}
	if text != nil {
		if err := json.Unmarshal(text, &kept); err != nil {
			return nil, fmt.Errorf("recall the answer of %s: %w", request.URL.Path, err)
		}
		request = request.Clone(ctx)
		request.Header.Set("If-None-Match", kept.ETag)
	}
	response, err := t.next.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	switch {
	case response.StatusCode == http.StatusNotModified && text != nil:
		t.usage.NotModified.Add(1)
		if err := response.Body.Close(); err != nil {
			return nil, err
		}
		response.StatusCode, response.Status = http.StatusOK, "200 OK"
		response.Header.Set("Link", kept.Link)
		response.Header.Set("Content-Type", "application/json")
		response.Body = io.NopCloser(bytes.NewReader(kept.Body))
		response.ContentLength = int64(len(kept.Body))
	case response.StatusCode == http.StatusOK && response.Header.Get("ETag") != "":
		body, err := io.ReadAll(response.Body)
		if err != nil {
			return nil, err
		}
		response.Body = io.NopCloser(bytes.NewReader(body))
		text, err := json.Marshal(answer{ETag: response.Header.Get("ETag"), Link: response.Header.Get("Link"), Body: body})
		if err != nil {
			return nil, err
		}
		if err := t.answers.Remember(ctx, key, text); err != nil {
			return nil, err
		}
	}
	return response, nil
}
