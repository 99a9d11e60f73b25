package server

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"dorado/server/wire"
	"dorado/warehouse"
	"dorado/warehouse/results"
)

// A format is how an answer is written.
type format struct {
	media string // as Content-Type has it
	name  string // as package results has it
}

// formats are the formats of rows; the first is the default.
var formats = []format{
	{wire.MediaJSON, results.FormatJSON},
	{wire.MediaNDJSON, results.FormatNDJSON},
	{wire.MediaCSV + "; charset=utf-8", results.FormatCSV},
	{wire.MediaArrow, results.FormatArrow},
}

// negotiate returns the format that the request's Accept prefers.
func negotiate(r *http.Request, offered ...format) (format, error) {
	accept := strings.Join(r.Header.Values("Accept"), ",")
	if strings.TrimSpace(accept) == "" {
		return offered[0], nil
	}
	best, bestQuality := -1, 0.0
	for wanted := range strings.SplitSeq(accept, ",") {
		media, parameters, err := mime.ParseMediaType(wanted)
		if err != nil {
			continue
		}
		quality := 1.0
		if text, isGiven := parameters["q"]; isGiven {
			if quality, err = strconv.ParseFloat(text, 64); err != nil {
				continue
			}
		}
		for i, one := range offered {
			name, _, _ := strings.Cut(one.media, ";")
			kind, _, _ := strings.Cut(name, "/")
			if (media == name || media == kind+"/*" || media == "*/*") && quality > bestQuality {
				best, bestQuality = i, quality
			}
		}
	}
	if best < 0 {
		var names []string
		for _, one := range offered {
			names = append(names, one.media)
		}
		return format{}, newProblem(http.StatusNotAcceptable, wire.ProblemBlank, "the answer can be had as %s", strings.Join(names, ", "))
	}
	return offered[best], nil
}

// hold returns the snapshot of a definition set, which the caller releases.
func (s *Server) hold(r *http.Request, set string) (*held, error) {
	if repeats := requestOf(r).repeats; repeats != nil {
		repeats.use()
		return repeats, nil
	}
	holder, isKnown := s.holders[set]
	if !isKnown {
		return nil, newProblem(http.StatusNotFound, wire.ProblemUnknownSet, "there is no definition set %q; GET %s lists them", set, wire.PathMetrics)
	}
	held, err := holder.acquire()
	if err != nil {
		told := newProblem(http.StatusServiceUnavailable, wire.ProblemNoSnapshot, "%v", err)
		told.retryAfter = s.options.Poll
		return nil, told
	}
	requestOf(r).snapshot = held.Number
	return held, nil
}

// A produced is what was written of an answer.
type produced func(ctx context.Context, out *bufio.Writer, format string) (results.Copied, error)

// answer answers with what produce writes, or with what it wrote when the same was
// asked of the same snapshot before. question is all that the answer depends on, and
// what the audit log has.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, held *held, question any, produce produced, offered ...format) error {
	format, err := negotiate(r, offered...)
	if err != nil {
		return err
	}
	key, err := s.key(r, held, question, format)
	if err != nil {
		return err
	}
	if isUnchanged(w, r, key) {
		return nil
	}
	for {
		if known := held.cache.get(key); known != nil {
			s.hit(r, true)
			return s.send(w, r, held, format, known)
		}
		s.hit(r, false)
		// Who asks the same at the same time gets the same answer.
		made, err, isShared := s.flights.Do(key, func() (any, error) { return s.produce(r, held, key, format, produce) })
		if err != nil && isShared && errors.Is(err, context.Canceled) && r.Context().Err() == nil {
			continue // it was another that did not wait
		}
		if err != nil {
			return s.reopenBroken(r, held, err)
		}
		return s.send(w, r, held, format, made.(*cached))
	}
}

// produce makes an answer and keeps it.
func (s *Server) produce(r *http.Request, held *held, key string, format format, produce produced) (*cached, error) {
	leave, err := s.enter(r, s.asking)
	if err != nil {
		return nil, err
	}
	defer leave()
	ctx, cancel := context.WithTimeout(r.Context(), seconds(s.config.Limits.Seconds))
	defer cancel()
	var body bytes.Buffer
	out := bufio.NewWriter(&body)
	copied, err := produce(ctx, out, format.name)
	if err != nil {
		return nil, err
	}
	if err := out.Flush(); err != nil {
		return nil, err
	}
	made := &cached{key: key, body: body.Bytes(), rows: copied.Rows, isTruncated: copied.IsTruncated, again: repeatableOf(r)}
	held.cache.put(made)
	return made, nil
}

// reopenBroken opens the snapshot again where err says that DuckDB has given it up.
func (s *Server) reopenBroken(r *http.Request, broken *held, err error) error {
	if warehouse.IsFatal(err) {
		for _, holder := range s.holders {
			go holder.reopen(context.WithoutCancel(r.Context()), broken)
		}
	}
	return err
}

// key returns the ETag of an answer: another one where the snapshot, the question, the
// format or the program is.
func (s *Server) key(r *http.Request, held *held, question any, format format) (string, error) {
	asked, err := json.Marshal(question)
	if err != nil {
		return "", err
	}
	requestOf(r).question = string(asked)
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%s\x00%s\x00%s", s.options.Version, held.id(), r.URL.Path, format.media, asked))
	// A weak one: compressed or not, it is the same answer.
	key := `W/"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`
	requestOf(r).key = key
	return key, nil
}

// hit counts whether an answer was kept, unless nobody asks.
func (s *Server) hit(r *http.Request, isHit bool) {
	known := requestOf(r)
	known.isCached = isHit
	if known.repeats == nil {
		s.telemetry.hit(isHit)
	}
}

// enter waits for a turn at the gate, but not where nobody asks: that is one request at
// a time, and takes no turn from those who do.
func (s *Server) enter(r *http.Request, gate *gate) (leave func(), err error) {
	if requestOf(r).repeats != nil {
		return func() {}, nil
	}
	return gate.enter(r.Context())
}

// isUnchanged sets the headers of a cacheable answer, and answers where the caller
// has it already.
func isUnchanged(w http.ResponseWriter, r *http.Request, key string) bool {
	w.Header().Set("ETag", key)
	// Kept by the caller only, and asked for again each time.
	w.Header().Set("Cache-Control", "private, no-cache")
	w.Header().Add("Vary", "Accept, Authorization")
	for known := range strings.SplitSeq(strings.Join(r.Header.Values("If-None-Match"), ","), ",") {
		known = strings.TrimSpace(known)
		if known == key || known == strings.TrimPrefix(key, "W/") {
			w.WriteHeader(http.StatusNotModified)
			return true
		}
	}
	return false
}

// send sends an answer.
func (s *Server) send(w http.ResponseWriter, r *http.Request, held *held, format format, answer *cached) error {
	requestOf(r).rows = answer.rows
	w.Header().Set("Content-Type", format.media)
	w.Header().Set(wire.HeaderSnapshot, held.Number)
	if answer.isTruncated {
		w.Header().Set("Trailer", wire.HeaderTruncated)
	}
	if _, err := w.Write(answer.body); err != nil {
		return fmt.Errorf("%w: %w", errCutOff, err)
	}
	if answer.isTruncated {
		w.Header().Set(wire.HeaderTruncated, "true")
	}
	return nil
}

// rowsOf returns what writes the rows of a query of the server's own.
func (s *Server) rowsOf(held *held, query string, args ...any) produced {
	return func(ctx context.Context, out *bufio.Writer, format string) (results.Copied, error) {
		rows, err := held.metrics.Query(ctx, query, args...)
		if err != nil {
			return results.Copied{}, ours(err)
		}
		defer rows.Close()
		copied, err := results.Copy(rows, int64(s.config.Limits.Rows), func(columns []results.Column) (results.Writer, error) {
			return results.NewWriter(out, format, columns)
		})
		if err == nil {
			err = rows.Err()
		}
		return copied, err
	}
}

// ours returns an error of a query of the server's own: what is wrong with its text is
// no business of the caller's, unlike what it lacks.
func ours(err error) error {
	var wrong *warehouse.QueryError
	if !errors.As(err, &wrong) || slices.Contains([]string{warehouse.KindOutOfMemory, warehouse.KindFatal, warehouse.KindInternal}, wrong.Kind) {
		return err
	}
	if errors.Is(err, context.Canceled) {
		return context.Canceled
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return context.DeadlineExceeded
	}
	return fmt.Errorf("a query of the server: %s", wrong.Error())
}

// answerJSON answers with one JSON value that is not rows.
func (s *Server) answerJSON(w http.ResponseWriter, r *http.Request, value any) error {
	format, err := negotiate(r, formats[0])
	if err != nil {
		return err
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", format.media)
	if _, err := w.Write(append(encoded, '\n')); err != nil {
		return fmt.Errorf("%w: %w", errCutOff, err)
	}
	return nil
}

// jsonOf returns what writes the one JSON value that find finds.
func jsonOf[T any](find func(ctx context.Context) (T, error)) produced {
	return func(ctx context.Context, out *bufio.Writer, _ string) (results.Copied, error) {
		value, err := find(ctx)
		if err != nil {
			return results.Copied{}, ours(err)
		}
		encoder := json.NewEncoder(out)
		encoder.SetEscapeHTML(false)
		return results.Copied{}, encoder.Encode(value)
	}
}

// maxSQLBytes is how long the text of a query may be at most.
const maxSQLBytes = 100_000

// memorySize is what DuckDB takes for a size.
var memorySize = regexp.MustCompile(`^[0-9]+(\.[0-9]+)? ?([KMGT]i?B)$`)

// readJSON reads the body of a request into value. Its error is a problem.
func readJSON(r *http.Request, limit int64, value any) error {
	media, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if charset := parameters["charset"]; err != nil || media != wire.MediaJSON || charset != "" && !strings.EqualFold(charset, "utf-8") {
		return newProblem(http.StatusUnsupportedMediaType, wire.ProblemBlank, "send JSON, with the header Content-Type: %s", wire.MediaJSON)
	}
	if r.Header.Get("Content-Encoding") != "" {
		return newProblem(http.StatusUnsupportedMediaType, wire.ProblemBlank, "send the body without Content-Encoding")
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, limit))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return err
	case err != nil:
		return newProblem(http.StatusRequestTimeout, wire.ProblemBlank, "the body of the request did not come whole")
	}
	requestOf(r).body = body
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(value); err != nil {
		return bad("the body is not the JSON that is wanted: %v", strings.TrimPrefix(err.Error(), "json: "))
	}
	if decoder.More() {
		return bad("there is more than one JSON value in the body")
	}
	return nil
}

// eachRow calls scan for each row of a query of the server's own, with what scans it,
// and returns how many there were.
func eachRow(ctx context.Context, snapshot *warehouse.Snapshot, query string, args []any, scan func(scan func(...any) error) error) (int, error) {
	rows, err := snapshot.Query(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	count := 0
	for ; rows.Next(); count++ {
		if err := scan(rows.Scan); err != nil {
			return count, err
		}
	}
	return count, rows.Err()
}

// scanOne scans the one row that a query gives.
func scanOne(ctx context.Context, snapshot *warehouse.Snapshot, query string, args []any, places ...any) error {
	count, err := eachRow(ctx, snapshot, query, args, func(scan func(...any) error) error { return scan(places...) })
	if err == nil && count == 0 {
		return fmt.Errorf("%s: %w", query, sql.ErrNoRows)
	}
	return err
}
