package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"dorado/server/wire"
)

// A request is what is known of a request under way.
type request struct {
	id       string
	route    string // the pattern of its path
	caller   caller
	question string // what is asked, for the audit log
	snapshot string // the number of the snapshot that answers
	rows     int64
	isCached bool
	body     []byte // as it came, of an endpoint that reads JSON
	answer   func(http.ResponseWriter, *http.Request) error
	key      string // of the answer
	repeats  *held  // where nobody asks: the snapshot that is asked what another was
	err      error  // what the caller is not told
}

type requestKey struct{}

// requestOf returns what is known of r.
func requestOf(r *http.Request) *request {
	if known, isThere := r.Context().Value(requestKey{}).(*request); isThere {
		return known
	}
	return &request{}
}

// An answerWriter notes what is answered.
type answerWriter struct {
	http.ResponseWriter
	status   int
	bytes    int64
	patience time.Duration // how long one write may take: a caller that does not read holds no query
}

// WriteHeader notes the status.
func (w *answerWriter) WriteHeader(status int) {
	if w.status == 0 || w.status < 200 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write counts the bytes.
func (w *answerWriter) Write(body []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	// It is an error of writers that know no deadline, such as those of tests.
	_ = http.NewResponseController(w.ResponseWriter).SetWriteDeadline(time.Now().Add(w.patience))
	n, err := w.ResponseWriter.Write(body)
	w.bytes += int64(n)
	return n, err
}

// Unwrap lets handlers reach what the original can do.
func (w *answerWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Flush sends what is written.
func (w *answerWriter) Flush() {
	_ = http.NewResponseController(w.ResponseWriter).Flush() // a client that is gone is found by the next write
}

// A timedBody is a body that must have come by a deadline, which goes when it has: it
// would end the answer too.
type timedBody struct {
	io.ReadCloser
	came func()
}

// timed returns a body that may take as long as the configuration says.
func (s *Server) timed(w http.ResponseWriter, body io.ReadCloser) io.ReadCloser {
	if body == nil || body == http.NoBody {
		return body
	}
	control := http.NewResponseController(w)
	// It is an error of connections that know no deadline, such as those of tests.
	_ = control.SetReadDeadline(time.Now().Add(seconds(s.config.Limits.BodySeconds)))
	return &timedBody{body, func() { _ = control.SetReadDeadline(time.Time{}) }}
}

// Read reads, and notices the end.
func (b *timedBody) Read(part []byte) (int, error) {
	n, err := b.ReadCloser.Read(part)
	if errors.Is(err, io.EOF) {
		b.came()
	}
	return n, err
}

// log gives each request an id and the headers that all answers have, bounds its
// body, and logs, counts and audits it when it is answered.
func (s *Server) log(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := s.options.Now()
		known := &request{id: fmt.Sprintf("%s-%d", s.instance, s.requests.Add(1))}
		r = r.WithContext(context.WithValue(r.Context(), requestKey{}, known))
		noted := &answerWriter{ResponseWriter: w, patience: seconds(s.config.Limits.BodySeconds)}
		header := w.Header()
		header.Set(wire.HeaderRequestID, known.id)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		header.Set("Cache-Control", "no-store")
		if r.TLS != nil {
			header.Set("Strict-Transport-Security", "max-age=31536000")
		}
		r.Body = http.MaxBytesReader(w, s.timed(w, r.Body), int64(s.config.Limits.BodyBytes))
		defer func() {
			failed := recover()
			abort, _ := failed.(error)
			if failed != nil && !errors.Is(abort, http.ErrAbortHandler) {
				known.err = errors.Join(known.err, fmt.Errorf("panic: %v\n%s", failed, debug.Stack()))
				if noted.status == 0 {
					s.fail(noted, r, known.err)
					failed = nil
				} else {
					failed = http.ErrAbortHandler
				}
			}
			s.done(r, known, noted, s.options.Now().Sub(began))
			if failed != nil {
				panic(failed) // cuts the connection, so that nobody takes half an answer for a whole one
			}
		}()
		next.ServeHTTP(noted, r)
	})
}

// done logs, counts and audits an answered request.
func (s *Server) done(r *http.Request, known *request, answer *answerWriter, took time.Duration) {
	s.telemetry.observe(known, answer.status, took)
	level := slog.LevelDebug
	switch {
	case known.err != nil && !errors.Is(known.err, context.Canceled):
		level = slog.LevelError
	case strings.HasPrefix(r.URL.Path, wire.PathAPI):
		level = slog.LevelInfo
	}
	attributes := []any{"request", known.id, "method", r.Method, "path", r.URL.Path, "status", answer.status,
		"seconds", took.Seconds(), "bytes", answer.bytes, "rows", known.rows, "caller", known.caller.name, "snapshot", known.snapshot}
	if known.err != nil {
		attributes = append(attributes, "error", known.err)
	}
	s.logger.Log(r.Context(), level, "answered", attributes...)
	if known.route == "" || !strings.Contains(known.route, wire.PathAPI) && !strings.Contains(known.route, "/webhooks/") {
		return
	}
	if err := s.audit.write(auditLine{
		At: s.options.Now().UTC(), Request: known.id, Caller: known.caller.name, Address: r.RemoteAddr, Method: r.Method, Path: r.URL.Path,
		Question: known.question, Snapshot: known.snapshot, Status: answer.status, Seconds: took.Seconds(), Rows: known.rows,
	}); err != nil {
		s.logger.Error("write the audit log", "error", err)
	}
}

// Caller returns the name of who sent a request that a [Handler] is given, "" where
// it identifies its callers itself.
func Caller(r *http.Request) string { return requestOf(r).caller.name }

// guard lets through who has the scope.
func (s *Server) guard(pattern, scope string, answer func(w http.ResponseWriter, r *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		known := requestOf(r)
		known.route, known.answer = pattern, answer
		err := error(nil)
		if scope != "" {
			known.caller, err = s.access.caller(r)
		}
		if err == nil && !known.caller.may(scope) {
			told := newProblem(http.StatusForbidden, wire.ProblemBlank, "this needs the scope %s", scope)
			if known.caller.name == anonymousName {
				told = newProblem(http.StatusUnauthorized, wire.ProblemBlank, "this needs a token with the scope %s: send it as Authorization: Bearer TOKEN", scope)
				told.challenge = true
			}
			err = told
		}
		if err == nil {
			err = answer(w, r)
		}
		if err == nil {
			return
		}
		if errors.Is(err, errCutOff) {
			known.err = err
			panic(http.ErrAbortHandler)
		}
		var told *problem
		if r.Context().Err() != nil && !errors.As(err, &told) { // a slow body ends the context too
			known.err = r.Context().Err()
			w.WriteHeader(statusGone)
			return
		}
		s.fail(w, r, err)
	})
}

// statusGone is what the log has for a caller that did not wait, as nginx has it.
const statusGone = 499

// errCutOff says that an answer failed after its beginning was sent.
var errCutOff = errors.New("the answer was cut off")

// An audit writes who asked what.
type audit struct {
	mutex  sync.Mutex
	file   *os.File // nil: to the log
	logger *slog.Logger
}

// An auditLine is a line of the audit log.
type auditLine struct {
	At       time.Time `json:"at"`
	Request  string    `json:"request"`
	Caller   string    `json:"caller"`
	Address  string    `json:"address"`
	Method   string    `json:"method"`
	Path     string    `json:"path"`
	Question string    `json:"question,omitempty"`
	Snapshot string    `json:"snapshot,omitempty"`
	Status   int       `json:"status"`
	Seconds  float64   `json:"seconds"`
	Rows     int64     `json:"rows"`
}

// newAudit returns an audit log that appends to the file, or without one to the log.
func newAudit(path string, logger *slog.Logger) (*audit, error) {
	made := &audit{logger: logger}
	if path == "" {
		return made, nil
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the audit log (server.audit_file): %w", err)
	}
	made.file = file
	return made, nil
}

func (a *audit) write(line auditLine) error {
	if a.file == nil {
		if line.Question != "" {
			a.logger.Info("audit", "request", line.Request, "caller", line.Caller, "question", line.Question, "status", line.Status, "rows", line.Rows)
		}
		return nil
	}
	encoded, err := json.Marshal(line)
	if err != nil {
		return err
	}
	a.mutex.Lock()
	defer a.mutex.Unlock()
	_, err = a.file.Write(append(encoded, '\n'))
	return err
}

func (a *audit) close() error {
	if a.file == nil {
		return nil
	}
	return a.file.Close()
}
