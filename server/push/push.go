// Package push has the HTTP handlers by which others send records and events: the
// webhooks of GitHub and PagerDuty, and the records and CDEvents of other systems.
// What is accepted is safe on disk, in landing files, before the answer says so; the
// next run takes it into the raw store. Who may send records is for the server to
// say, which mounts the handlers; webhooks are signed.
package push

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"dorado/collectors/github"
	"dorado/collectors/landing"
	"dorado/collectors/pagerduty"
	"dorado/server/wire"
)

// Paths of what is pushed.
const (
	PathGitHub    = "/webhooks/github"
	PathPagerDuty = "/webhooks/pagerduty"
	PathIngest    = wire.PathAPI + "/ingest/" // and a kind
)

// What became of a request, for the server's own metrics.
const (
	Taken   = "taken"   // it is on disk
	Known   = "known"   // it has been taken before
	Ignored = "ignored" // it was in order, and nothing is made of it
	Refused = "refused" // it was not in order
	Failed  = "failed"  // it could not be kept
)

// Options say what is accepted.
type Options struct {
	Landing   *landing.Folder
	GitHub    *github.Receiver               // nil where nothing is read from GitHub
	PagerDuty map[string]*pagerduty.Receiver // by the account's name
	Secrets   Secrets
	Now       func() time.Time
	Logger    *slog.Logger
	// Caller names who sends records, so that the keys of one are not those of
	// another.
	Caller func(*http.Request) string
	// Count is told of each request: its source (github, pagerduty, ingest) and
	// what became of it.
	Count func(source, outcome string)

	WebhookBytes int64         // the largest body of a webhook; 0 for GitHub's own limit
	IngestBytes  int64         // the largest body of records; 0 for 64 MiB
	BodyTime     time.Duration // how long a body may take to come; 0 for a minute
}

// Secrets are what webhooks are signed with, several of each while one replaces
// another.
type Secrets struct {
	GitHub    [][]byte
	PagerDuty []AccountSecret
}

// An AccountSecret is what one PagerDuty account's webhook is signed with.
type AccountSecret struct {
	Account string // its name in the configuration
	Secret  []byte
}

// The limits where Options say nothing.
const (
	githubBytes     = 25 << 20 // GitHub sends no more
	defaultBytes    = 64 << 20
	defaultBodyTime = time.Minute
)

// Handler returns the handler of all paths of this package.
func Handler(options Options) http.Handler {
	if options.WebhookBytes == 0 {
		options.WebhookBytes = githubBytes
	}
	if options.IngestBytes == 0 {
		options.IngestBytes = defaultBytes
	}
	if options.BodyTime == 0 {
		options.BodyTime = defaultBodyTime
	}
	p := &pusher{options}
	routes := http.NewServeMux()
	routes.Handle("POST "+PathGitHub, p.handler("github", p.github))
	routes.Handle("POST "+PathPagerDuty, p.handler("pagerduty", p.pagerDuty))
	routes.Handle("POST "+PathIngest+"{kind}", p.handler("ingest", p.ingest))
	return routes
}

// A pusher answers what is pushed.
type pusher struct{ Options }

// An answer is what a request is answered with.
type answer struct {
	status  int
	outcome string
	body    any // nil for none
}

// accepted is the answer to a webhook.
func accepted(outcome string) answer { return answer{status: http.StatusAccepted, outcome: outcome} }

// A refusal is an error that who sent the request can do something about.
type refusal struct {
	status int
	detail string
}

func (r *refusal) Error() string { return r.detail }

// refuse returns a refusal.
func refuse(status int, format string, args ...any) *refusal {
	return &refusal{status: status, detail: fmt.Sprintf(format, args...)}
}

// handler makes a handler of what answers the requests of a source.
func (p *pusher) handler(source string, answerTo func(*http.Request, []byte) (answer, error)) http.Handler {
	limit := p.WebhookBytes
	if source == "ingest" {
		limit = p.IngestBytes
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := p.body(w, r, limit)
		var found answer
		if err == nil {
			found, err = answerTo(r, body)
		}
		var refused *refusal
		switch {
		case err == nil:
		case errors.As(err, &refused):
			found = answer{refused.status, Refused, problem(refused.status, refused.detail)}
		default:
			// What is wrong with the disk is for the log, not for who sends.
			p.Logger.Error("what was pushed is not kept", "source", source, "error", err)
			w.Header().Set("Retry-After", "60")
			found = answer{http.StatusServiceUnavailable, Failed, problem(http.StatusServiceUnavailable, "it could not be kept: send it again later")}
		}
		if told, isProblem := found.body.(wire.Problem); isProblem {
			told.Instance = w.Header().Get(wire.HeaderRequestID)
			found.body = told
		}
		p.Count(source, found.outcome)
		write(w, found)
	})
}

// body reads the body of a request.
func (p *pusher) body(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return nil, refuse(http.StatusUnsupportedMediaType, "the body is encoded as %q: send it as it is", encoding)
	}
	// A server may have no deadlines of its own, as one in tests.
	if err := http.NewResponseController(w).SetReadDeadline(time.Now().Add(p.BodyTime)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return nil, fmt.Errorf("limit the time for the body: %w", err)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, refuse(http.StatusRequestEntityTooLarge, "the body is larger than %d bytes", tooLarge.Limit)
	case err != nil:
		return nil, refuse(http.StatusRequestTimeout, "the body did not come whole within %s", p.BodyTime)
	}
	return body, nil
}

// mediaType returns what the body of a request is said to be, one of those allowed.
func mediaType(r *http.Request, allowed ...string) (string, error) {
	found, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || !slices.Contains(allowed, found) {
		return "", refuse(http.StatusUnsupportedMediaType, "Content-Type: it is one of %s", strings.Join(allowed, ", "))
	}
	if set := parameters["charset"]; set != "" && !strings.EqualFold(set, "utf-8") {
		return "", refuse(http.StatusUnsupportedMediaType, "Content-Type: the charset is UTF-8, not %q", set)
	}
	return found, nil
}

// isText refuses a body that is not UTF-8, which no table can hold.
func isText(body []byte) error {
	if !utf8.Valid(body) {
		return refuse(http.StatusBadRequest, "the body is not UTF-8")
	}
	return nil
}

// problem returns the body of an error.
func problem(status int, detail string) wire.Problem {
	return wire.Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: detail}
}

// write writes an answer.
func write(w http.ResponseWriter, found answer) {
	if found.body == nil {
		w.WriteHeader(found.status)
		return
	}
	kind := wire.MediaJSON
	if _, isProblem := found.body.(wire.Problem); isProblem {
		kind = wire.MediaProblem
	}
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(found.status)
	_ = json.NewEncoder(w).Encode(found.body) // who asked may be gone
}
