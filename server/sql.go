package server

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"

	"dorado/server/wire"
	"dorado/warehouse"
	"dorado/warehouse/results"
)

// answerSQL runs one SELECT of a caller.
func (s *Server) answerSQL(w http.ResponseWriter, r *http.Request) error {
	var query wire.SQLQuery
	if err := readJSON(r, 6*maxSQLBytes+10_000, &query); err != nil { // \u0041 has six bytes for one
		return err
	}
	requestOf(r).question = query.SQL
	limit := int64(s.config.Limits.Rows)
	switch {
	case strings.TrimSpace(query.SQL) == "":
		return bad("there is no SQL in sql")
	case len(query.SQL) > s.config.Limits.SQLBytes:
		return newProblem(http.StatusRequestEntityTooLarge, wire.ProblemBlank, "the SQL is longer than %d bytes", s.config.Limits.SQLBytes)
	case !utf8.ValidString(query.SQL) || strings.ContainsRune(query.SQL, 0):
		return bad("the SQL holds characters that are none")
	case query.Limit < 0:
		return bad("limit is how many rows are wanted: 1 or more")
	case query.Limit > 0:
		limit = min(limit, int64(query.Limit))
	}
	format, err := negotiate(r, formats...)
	if err != nil {
		return err
	}
	held, err := s.hold(r, query.DefinitionSet)
	if err != nil {
		return err
	}
	defer held.release()
	leave, err := s.enter(r, s.queries)
	if err != nil {
		return err
	}
	defer leave()
	ctx, cancel := context.WithTimeout(r.Context(), seconds(s.config.Limits.Seconds))
	defer cancel()
	ctx, watched := s.watchMemory(ctx)
	defer watched()
	checked, err := held.sql.Check(ctx, query.SQL)
	if err != nil {
		return cause(ctx, err)
	}
	query.Limit = int(limit)
	key, err := s.key(r, held, query, format)
	if err != nil {
		return err
	}
	requestOf(r).question = query.SQL
	if checked.IsRepeatable {
		if isUnchanged(w, r, key) {
			return nil
		}
		if known := held.cache.get(key); known != nil {
			s.hit(r, true)
			return s.send(w, r, held, format, known)
		}
		s.hit(r, false)
	}
	// One more tells whether there are more.
	rows, err := held.sql.Run(ctx, checked, limit+1)
	if err != nil {
		return s.reopenBroken(r, held, cause(ctx, err))
	}
	defer rows.Close()
	answer := &kept{limit: int(sizeBytes(s.config.Limits.Cache) / 16), to: w, begin: func() {
		w.Header().Set("Content-Type", format.media)
		w.Header().Set(wire.HeaderSnapshot, held.Number)
		w.Header().Set("Trailer", wire.HeaderTruncated)
	}}
	out := bufio.NewWriterSize(answer, 32<<10)
	copied, err := results.Copy(rows, limit, func(columns []results.Column) (results.Writer, error) {
		writer, err := results.NewWriter(out, format.name, columns)
		if err != nil {
			return nil, unprocessable(wire.ProblemBadSQL, "%v", err)
		}
		return writer, nil
	})
	if err == nil {
		err = rows.Err()
	}
	if err == nil {
		err = out.Flush()
	}
	if err != nil {
		if answer.hasBegun {
			return fmt.Errorf("%w: %w", errCutOff, cause(ctx, err))
		}
		return cause(ctx, warehouse.RowsError(err))
	}
	if !answer.hasBegun {
		answer.start() // an answer without a byte, such as no row as NDJSON
	}
	requestOf(r).rows = copied.Rows
	if copied.IsTruncated {
		w.Header().Set(wire.HeaderTruncated, "true")
	}
	if checked.IsRepeatable && answer.body != nil {
		held.cache.put(&cached{key: key, body: answer.body, rows: copied.Rows, isTruncated: copied.IsTruncated, again: repeatableOf(r)})
	}
	return nil
}

// cause returns why the context ended where that is what err is about.
func cause(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	if why := context.Cause(ctx); why != nil {
		return why
	}
	return errors.Join(ctx.Err(), err)
}

// kept is a writer that keeps what it writes as long as that is little. What goes
// before the first byte is sent with it, so that an error until then has a status.
type kept struct {
	to       http.ResponseWriter
	begin    func()
	limit    int
	hasBegun bool
	body     []byte // nil when it is too much
}

func (k *kept) start() {
	k.begin()
	k.hasBegun, k.body = true, []byte{}
}

// Write writes.
func (k *kept) Write(part []byte) (int, error) {
	if !k.hasBegun {
		k.start()
	}
	switch {
	case k.body == nil:
	case len(k.body)+len(part) > k.limit:
		k.body = nil
	default:
		k.body = append(k.body, part...)
	}
	return k.to.Write(part)
}
