package github

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/klauspost/compress/zstd"

	"dorado/collectors"
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
	For  string // the mark of the Authorization that it was given to
}

// Kept answers are compressed: a page of a hundred pull requests has more than a
// megabyte, and repeats itself. The store writes all of them again whenever it writes
// out one, so that they decide how much memory a run takes.
var (
	compressor, _   = zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1)) // these options are valid
	decompressor, _ = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
)

// packed returns an answer as it is kept.
func (a answer) packed() ([]byte, error) {
	text, err := json.Marshal(a)
	if err != nil {
		return nil, err
	}
	return compressor.EncodeAll(text, nil), nil
}

// unpacked returns a kept answer, nil where there is none, or one that an older dorado
// kept otherwise: that is as good as none.
func unpacked(kept []byte) (*answer, error) {
	text, err := decompressor.DecodeAll(kept, nil)
	if kept == nil || errors.Is(err, zstd.ErrMagicMismatch) {
		return nil, nil
	}
	var found answer
	if err = errors.Join(err, json.Unmarshal(text, &found)); err != nil {
		return nil, err
	}
	return &found, nil
}

// keptKey holds in a request's context the answer that is kept of it.
type keptKey struct{}

// mark returns a text that tells the values of Authorization apart and does not
// show them.
func mark(authorization string) string {
	sum := sha256.Sum256([]byte(authorization))
	return hex.EncodeToString(sum[:8])
}

// etag returns the ETag with which the server knows the kept answer if it is asked
// with these headers. GitHub's ETag is a hash of the answer and of the headers
// that it may depend on, the token among them, so that with another token (those
// of an App last for an hour) nothing would ever be unchanged. For the token that
// the answer was given to it is the one that came with it; for another one it is
// worked out. That is not documented, and costs a full answer where it is wrong.
func (a answer) etag(header http.Header) string {
	if a.For == mark(header.Get("Authorization")) {
		return a.ETag
	}
	hash := sha256.New()
	for _, name := range []string{"Accept", "Authorization"} {
		if value := header.Get(name); value != "" {
			hash.Write([]byte(value + ":"))
		}
	}
	hash.Write(a.Body)
	return `"` + hex.EncodeToString(hash.Sum(nil)) + `"`
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
	next        http.RoundTripper
	answers     Answers
	usage       *Usage
	maxRequests int // 0: no limit
}

// RoundTrip sends the request, unless the run may send no more.
func (t conditionalTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	if t.maxRequests > 0 && t.usage.Requests.Load() >= int64(t.maxRequests) {
		t.usage.IsSpent.Store(true)
		return nil, collectors.ErrSpent
	}
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
	recalled, err := t.answers.Recall(ctx, key)
	if err != nil {
		return nil, err
	}
	kept, err := unpacked(recalled)
	if err != nil {
		return nil, fmt.Errorf("recall the answer of %s: %w", request.URL.Path, err)
	}
	if kept != nil {
		request = request.WithContext(context.WithValue(ctx, keptKey{}, *kept))
	}
	response, err := t.next.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	switch {
	case response.StatusCode == http.StatusNotModified && kept != nil:
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
		packed, err := answer{
			ETag: response.Header.Get("ETag"),
			Link: response.Header.Get("Link"),
			Body: body,
			For:  mark(response.Request.Header.Get("Authorization")),
		}.packed()
		if err != nil {
			return nil, err
		}
		if err := t.answers.Remember(ctx, key, packed); err != nil {
			return nil, err
		}
	}
	return response, nil
}
