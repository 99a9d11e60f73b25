package grafana

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/httpclient"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"dorado/grafana/frames"
	"dorado/server/wire"
)

// A server is `dorado serve`, over HTTP. Every request ends with its context, and
// with it the query in the server.
type server struct {
	client    *http.Client
	url       *url.URL
	mistake   error // why it cannot be asked
	catalogue atomic.Pointer[knownCatalogue]
}

// A knownCatalogue is what the server could do a moment ago.
type knownCatalogue struct {
	wire.Catalogue
	readAt time.Time
}

// catalogueAge is for how long a catalogue is taken to be the server's still. It
// only gives names and units; a metric that it does not know is asked for anyway.
const catalogueAge = time.Minute

// newServer returns the server that the settings name.
func newServer(ctx context.Context, saved backend.DataSourceInstanceSettings, settings settings) *server {
	s := &server{client: &http.Client{}, url: settings.url, mistake: settings.mistake}
	if s.mistake != nil {
		return s
	}
	options, err := saved.HTTPClientOptions(ctx)
	if err != nil {
		s.mistake = fmt.Errorf("the HTTP settings cannot be used: %w", err)
		return s
	}
	if settings.token != "" {
		options.Header.Set("Authorization", "Bearer "+settings.token)
	}
	client, err := httpclient.New(options)
	if err != nil {
		s.mistake = fmt.Errorf("the TLS settings cannot be used: %w", err)
		return s
	}
	// The server sends nobody elsewhere, and a token is not for others.
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	s.client = client
	return s
}

// A requestError says why the server did not answer as asked.
type requestError struct {
	status  backend.Status
	problem wire.Problem // what the server said; zero if it did not answer
	text    string
	cause   error

	retryAfter time.Duration // when a busy server wants to be asked again
}

func (e *requestError) Error() string { return e.text }

func (e *requestError) Unwrap() error { return e.cause }

// busyPatience is how long a busy server is asked again.
const busyPatience = 30 * time.Second

// ask sends a request and returns the answer, which is 200 and of the media type
// accepted; else the error is a *requestError. The caller closes the body. A server
// that is busy, as where all panels of many dashboards ask at once, is asked again
// when it said, and a little later, so that those who wait do not all come together.
func (s *server) ask(ctx context.Context, method, path string, parameters url.Values, body any, accept string) (*http.Response, error) {
	began := time.Now()
	for {
		response, err := s.askOnce(ctx, method, path, parameters, body, accept)
		var refused *requestError
		if !errors.As(err, &refused) || refused.problem.Type != wire.ProblemBusy || time.Since(began) > busyPatience {
			return response, err
		}
		timer := time.NewTimer(refused.retryAfter + rand.N(time.Second))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, s.unreachable(ctx, ctx.Err())
		}
	}
}

func (s *server) askOnce(ctx context.Context, method, path string, parameters url.Values, body any, accept string) (*http.Response, error) {
	if s.mistake != nil {
		return nil, &requestError{status: backend.StatusBadRequest, text: s.mistake.Error(), cause: s.mistake}
	}
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, fmt.Errorf("write the question: %w", err)
		}
		content = bytes.NewReader(text)
	}
	address := s.url.JoinPath(path)
	address.RawQuery = parameters.Encode()
	request, err := http.NewRequestWithContext(ctx, method, address.String(), content)
	if err != nil {
		return nil, fmt.Errorf("ask for %s: %w", path, err)
	}
	request.Header.Set("Accept", accept)
	if body != nil {
		request.Header.Set("Content-Type", wire.MediaJSON)
	}
	response, err := s.client.Do(request)
	if err != nil {
		return nil, s.unreachable(ctx, err)
	}
	media, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type")) // what is none is not the one accepted either
	if response.StatusCode == http.StatusOK && media == accept {
		return response, nil
	}
	defer response.Body.Close()
	return nil, s.refusal(response, media)
}

// unreachable returns the error of a request that got no answer.
func (s *server) unreachable(ctx context.Context, err error) error {
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return &requestError{status: 499, text: "the query was cancelled", cause: err}
	case isTimeout(err):
		return &requestError{status: backend.StatusTimeout, cause: err,
			text: fmt.Sprintf("%s did not answer in time; ask for a shorter range, or raise the data source's timeout", s.url.Redacted())}
	}
	// The outer error repeats the address.
	var outer *url.Error
	reason := err
	if errors.As(err, &outer) {
		reason = outer.Err
	}
	return &requestError{status: backend.StatusBadGateway, cause: err, text: fmt.Sprintf("cannot reach %s: %v", s.url.Redacted(), reason)}
}

// isTimeout reports whether an error is of the timeout. The SDK wraps errors in one
// that hides whether it is, hence the two ways to ask.
func isTimeout(err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
}

// refusal returns the error that an answer is.
func (s *server) refusal(response *http.Response, media string) error {
	refused := &requestError{status: backend.Status(response.StatusCode)}
	if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil {
		refused.retryAfter = time.Duration(seconds) * time.Second
	}
	const most = 64 << 10
	body, err := io.ReadAll(io.LimitReader(response.Body, most))
	if err != nil {
		return &requestError{status: backend.StatusBadGateway, text: fmt.Sprintf("the answer of %s was cut off", s.url.Redacted()), cause: err}
	}
	if media == wire.MediaProblem && json.Unmarshal(body, &refused.problem) == nil {
		refused.text = refused.problem.Error()
		if position := refused.problem.Position; position != nil {
			refused.text = fmt.Sprintf("line %d, column %d: %s", position.Line, position.Column, refused.text)
		}
		return refused
	}
	// Something else answers there: a proxy, or another program.
	refused.text = fmt.Sprintf("%s does not answer as dorado serve does: %s with %s", s.url.Redacted(), response.Status, orNothing(media))
	if location := response.Header.Get("Location"); location != "" {
		refused.text += ", sent on to " + location
	}
	if refused.status < 400 {
		refused.status = backend.StatusBadGateway
	}
	return refused
}

func orNothing(media string) string {
	if media == "" {
		return "nothing"
	}
	return media
}

// get asks for JSON.
func (s *server) get(ctx context.Context, path string, parameters url.Values, into any) error {
	response, err := s.ask(ctx, http.MethodGet, path, parameters, nil, wire.MediaJSON)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(into); err != nil {
		return s.unreadable(ctx, path, err)
	}
	return nil
}

// rows asks for rows and returns the first limit of them as a frame, and whether
// there are more. A limit of 0 is the server's.
func (s *server) rows(ctx context.Context, method, path string, parameters url.Values, body any, limit int) (*data.Frame, bool, error) {
	response, err := s.ask(ctx, method, path, parameters, body, wire.MediaArrow)
	if err != nil {
		return nil, false, err
	}
	defer response.Body.Close()
	frame, isCut, err := frames.FromArrow(response.Body, limit)
	if err != nil {
		return nil, false, s.unreadable(ctx, path, err)
	}
	if !isCut {
		// The trailer comes after the last byte.
		if _, err := io.Copy(io.Discard, response.Body); err != nil {
			return nil, false, s.unreadable(ctx, path, err)
		}
		isCut = strings.EqualFold(response.Trailer.Get(wire.HeaderTruncated), "true")
	}
	return frame, isCut, nil
}

// unreadable returns the error of an answer that began well.
func (s *server) unreadable(ctx context.Context, path string, err error) error {
	if ctx.Err() != nil || isTimeout(err) {
		return s.unreachable(ctx, err)
	}
	return &requestError{status: backend.StatusBadGateway, text: fmt.Sprintf("the answer of %s%s cannot be read: %v", s.url.Redacted(), path, err), cause: err}
}

// metric returns what the catalogue says of a metric. A metric that it does not
// know has only its name.
func (s *server) metric(ctx context.Context, name string) (wire.Metric, error) {
	known := s.catalogue.Load()
	if known == nil || time.Since(known.readAt) > catalogueAge {
		known = &knownCatalogue{readAt: time.Now()}
		if err := s.get(ctx, wire.PathMetrics, nil, &known.Catalogue); err != nil {
			return wire.Metric{}, err
		}
		s.catalogue.Store(known)
	}
	for _, metric := range known.Metrics {
		if metric.Name == name {
			return metric, nil
		}
	}
	return wire.Metric{Name: name, Title: name}, nil
}
