package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"

	"dorado/server/wire"
	"dorado/warehouse"
)

// A problem is an error that a caller is told.
type problem struct {
	wire.Problem
	retryAfter time.Duration // 0 where the caller need not come back
	challenge  bool          // a token would help
}

// newProblem returns a problem with the status; kind is its type.
func newProblem(status int, kind, format string, args ...any) *problem {
	return &problem{Problem: wire.Problem{Type: kind, Title: http.StatusText(status), Status: status, Detail: fmt.Sprintf(format, args...)}}
}

// bad returns the problem of a request that is wrong in itself.
func bad(format string, args ...any) *problem {
	return newProblem(http.StatusBadRequest, wire.ProblemBlank, format, args...)
}

// unprocessable returns the problem of a request that asks for what cannot be.
func unprocessable(kind, format string, args ...any) *problem {
	return newProblem(http.StatusUnprocessableEntity, kind, format, args...)
}

// problemOf returns what a caller is told of err. What is wrong on this side of the
// wire is only told to the log.
func (s *Server) problemOf(err error) *problem {
	var told *problem
	var wrong *warehouse.QueryError
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &told):
		return told
	case errors.As(err, &tooLarge):
		return newProblem(http.StatusRequestEntityTooLarge, wire.ProblemBlank, "the request is larger than %d bytes", tooLarge.Limit)
	case errors.Is(err, context.DeadlineExceeded):
		return unprocessable(wire.ProblemTimeout, "it took longer than %g seconds: ask for a shorter range or for less", s.config.Limits.Seconds)
	case errors.As(err, &wrong):
		return problemOfQuery(wrong)
	}
	return newProblem(http.StatusInternalServerError, wire.ProblemBlank, "something is wrong with the server; its log has more under the id of this request")
}

// problemOfQuery returns what a caller is told of an error in its SQL.
func problemOfQuery(wrong *warehouse.QueryError) *problem {
	kind := wire.ProblemBadSQL
	switch wrong.Kind {
	case warehouse.KindRefused, "permission":
		kind = wire.ProblemRefusedSQL
	case warehouse.KindOutOfMemory:
		made := unprocessable(wire.ProblemTooMuchMemory, "the query needs more memory, or more space on disk, than it may use: ask for less, or aggregate first")
		return made
	case "io": // DuckDB names the file, which is no business of callers'
		made := newProblem(http.StatusServiceUnavailable, wire.ProblemBusy, "the query could not read or write a file that it needs: the server's disk may be full")
		made.retryAfter = 2 * time.Second
		return made
	case warehouse.KindFatal, warehouse.KindInternal:
		made := newProblem(http.StatusServiceUnavailable, wire.ProblemBusy, "the query could not be run; the snapshot is opened again")
		made.retryAfter = 2 * time.Second
		return made
	}
	// One line, as all details: DuckDB's further lines are candidates and hints.
	made := unprocessable(kind, "%s", strings.Join(strings.Fields(wrong.Message), " "))
	if wrong.Line > 0 {
		made.Position = &wire.Position{Line: wrong.Line, Column: wrong.Column}
	}
	return made
}

// fail answers with what a caller is told of err.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	told := s.problemOf(err)
	answer := told.Problem
	answer.Instance = requestOf(r).id
	if told.Status >= http.StatusInternalServerError {
		requestOf(r).err = err
	}
	header := w.Header()
	for _, name := range []string{"ETag", "Trailer", "Content-Length", "Cache-Control"} {
		header.Del(name)
	}
	header.Set("Content-Type", wire.MediaProblem)
	header.Set("Cache-Control", "no-store")
	if told.retryAfter > 0 {
		header.Set("Retry-After", strconv.Itoa(max(1, int(told.retryAfter.Round(time.Second).Seconds()))))
	}
	if told.challenge {
		header.Set("WWW-Authenticate", `Bearer realm="dorado"`)
	}
	w.WriteHeader(told.Status)
	if r.Method != http.MethodHead {
		encoded, err := json.Marshal(answer)
		if err == nil {
			_, err = w.Write(append(encoded, '\n'))
		}
		if err != nil {
			requestOf(r).err = errors.Join(requestOf(r).err, err)
		}
	}
}

// unknown answers what the mux knows no path for with a problem instead of a text.
func (s *Server) unknown(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The mux would send a client from a path with dots in it to one without.
		_, pattern := mux.Handler(r)
		if pattern != "" && path.Clean(r.URL.Path) == r.URL.Path {
			mux.ServeHTTP(w, r)
			return
		}
		// The mux knows whether it is the path or the method that is wrong.
		noted := &notedHeader{header: http.Header{}}
		if pattern == "" {
			mux.ServeHTTP(noted, r)
		}
		if allowed := noted.header.Get("Allow"); noted.status == http.StatusMethodNotAllowed {
			w.Header().Set("Allow", allowed)
			s.fail(w, r, newProblem(noted.status, wire.ProblemBlank, "this path takes %s", allowed))
			return
		}
		if isPage := !strings.HasPrefix(r.URL.Path, wire.PathAPI) && strings.Contains(r.Header.Get("Accept"), "text/html"); isPage && path.Clean(r.URL.Path) == r.URL.Path {
			s.shown.ServeHTTP(w, r)
			return
		}
		s.fail(w, r, newProblem(http.StatusNotFound, wire.ProblemBlank, "there is nothing at this path"))
	})
}

// A notedHeader notes the head of an answer that nobody gets.
type notedHeader struct {
	header http.Header
	status int
}

// Header returns the head.
func (n *notedHeader) Header() http.Header { return n.header }

// WriteHeader notes the status.
func (n *notedHeader) WriteHeader(status int) { n.status = status }

// Write forgets the body.
func (n *notedHeader) Write(body []byte) (int, error) { return len(body), nil }
