package warehouse

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/duckdb/duckdb-go/v2"
)

// Kept is a snapshot that is kept in a warehouse.
type Kept struct {
	Number      string // 000123
	Path        string // of its file
	Bytes       int64
	PublishedAt time.Time // UTC
	IsCurrent   bool      // the link points to it
}

// List returns the snapshots of the warehouse in folder, newest first; of a
// warehouse without any none.
func List(folder string) ([]Kept, error) {
	current, err := currentPath(folder)
	if err != nil && !errors.Is(err, ErrNoSnapshot) {
		return nil, err
	}
	published := filepath.Join(folder, publishedName)
	numbers, err := snapshotNumbers(published)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var kept []Kept
	for _, number := range slices.Backward(numbers) {
		path, err := filepath.EvalSymlinks(filepath.Join(published, snapshotFile(number)))
		if errors.Is(err, os.ErrNotExist) { // a build has removed it meanwhile
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("list snapshots: %w", err)
		}
		info, err := os.Stat(path)
		if err != nil {
			return nil, fmt.Errorf("list snapshots: %w", err)
		}
		kept = append(kept, Kept{Number: fmt.Sprintf("%06d", number), Path: path, Bytes: info.Size(),
			PublishedAt: info.ModTime().UTC(), IsCurrent: path == current})
	}
	return kept, nil
}

// Confinement is what the queries of a snapshot may use, all at once.
type Confinement struct {
	Memory         string // such as 1GB; what does not fit goes to files
	TemporaryBytes int64  // the most of these
	Temporary      string // the folder for them, in which each snapshot has one of its own
	Threads        int
}

// OpenConfined opens the snapshot at path in an instance of DuckDB of its own, so
// that what is asked of it takes nothing from others but processor time. No query
// can reach any other file, the network, an extension or a setting, which is tried
// before it returns. Its errors are [QueryError]s.
func OpenConfined(ctx context.Context, path string, limits Confinement) (_ *Snapshot, err error) {
	temporary, err := newTemporaryFolder(limits.Temporary)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, temporary.remove())
		}
	}()
	var isPrepared atomic.Bool
	prepare := []string{
		"set global timezone = 'UTC'",
		"set global errors_as_json = true",
		"set autoinstall_known_extensions = false",
		"set autoload_known_extensions = false",
		"set allow_community_extensions = false",
		"set temp_directory = " + literal(temporary.path),
		fmt.Sprintf("set max_temp_directory_size = '%d bytes'", limits.TemporaryBytes),
		"set memory_limit = " + literal(limits.Memory),
		fmt.Sprintf("set threads = %d", limits.Threads),
		"attach " + literal(path) + " as snapshot (read_only)",
		"set enable_external_access = false",
		"set lock_configuration = true",
	}
	connector, err := duckdb.NewConnector("", func(execer driver.ExecerContext) error {
		statements := []string{"use snapshot"}
		if isPrepared.CompareAndSwap(false, true) { // the first connection of the instance
			statements = append(prepare, statements...)
		}
		for _, statement := range statements {
			if _, err := execer.ExecContext(ctx, statement, nil); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, openError(path, err)
	}
	// The context is that of opening; connections come later too.
	ctx = context.WithoutCancel(ctx)
	snapshot := &Snapshot{Path: path, db: sql.OpenDB(connector), temporary: temporary, isConfined: true}
	if err := snapshot.verify(ctx); err != nil {
		return nil, errors.Join(openError(path, queryError(err, "", 0)), snapshot.db.Close())
	}
	return snapshot, nil
}

// verify returns an error where the snapshot is not whole, or not confined.
func (s *Snapshot) verify(ctx context.Context) error {
	if err := s.db.PingContext(ctx); err != nil {
		return err
	}
	var wanted int64
	err := s.db.QueryRowContext(ctx, "select block_size * total_blocks from pragma_database_size() where database_name = 'snapshot'").Scan(&wanted)
	if err != nil {
		return fmt.Errorf("ask for its size: %w", err)
	}
	info, err := os.Stat(s.Path)
	if err != nil {
		return err
	}
	if info.Size() < wanted {
		return fmt.Errorf("the file has been cut off: it has %d bytes of at least %d", info.Size(), wanted)
	}
	program, err := os.Executable() // a file that is certainly there
	if err != nil {
		return err
	}
	for _, forbidden := range []string{
		"select count(*) from glob(" + literal(program) + ")",
		"select size from read_blob(" + literal(program) + ")",
		"attach " + literal(program) + " as other (read_only)",
		"attach " + literal(s.Path+".other") + " as other",
		"set memory_limit = '1TB'",
		"reset enable_external_access",
		"load httpfs",
		"create table snapshot.main.written as select 1",
	} {
		_, err := s.db.ExecContext(ctx, forbidden)
		if err == nil {
			return fmt.Errorf("DuckDB is not confined: it ran %q", forbidden)
		}
	}
	return nil
}

// A QueryError is what is wrong with a query, or with how it went.
type QueryError struct {
	Kind    string // DuckDB's, in lower case: parser, binder, catalog, out of memory, …; refused for what may not be run
	Message string // without the query
	Line    int    // the place in the query, counted from 1; 0 where it is not known
	Column  int    // in characters
}

// Error returns the message with the place.
func (e *QueryError) Error() string {
	if e.Line == 0 {
		return e.Message
	}
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Message)
}

// Kinds of errors that something can be done about.
const (
	KindRefused     = "refused"       // the query may not be run
	KindOutOfMemory = "out of memory" // it needs more than there is, also of temporary space
	KindInterrupted = "interrupt"     // its context ended
	KindFatal       = "fatal"         // the snapshot must be opened again
	KindInternal    = "internal"      // likewise
)

// placed sets the place to that of the byte at offset of query, unless it lies
// outside.
func (e *QueryError) placed(query string, offset int) {
	if offset < 0 || offset > len(query) {
		return
	}
	before := query[:offset]
	e.Line = strings.Count(before, "\n") + 1
	e.Column = utf8.RuneCountInString(before[strings.LastIndex(before, "\n")+1:]) + 1
}

// queryError returns what DuckDB says of query in the error of a confined snapshot,
// which is JSON somewhere in a text; prefix is how many bytes stood before it.
func queryError(err error, query string, prefix int) error {
	var own *duckdb.Error
	if err == nil || !errors.As(err, &own) {
		return err
	}
	said := struct {
		Type     string      `json:"exception_type"`
		Message  string      `json:"exception_message"`
		Position json.Number `json:"position"`
	}{}
	at := strings.Index(own.Msg, "{")
	if at < 0 || json.NewDecoder(strings.NewReader(own.Msg[at:])).Decode(&said) != nil {
		return err
	}
	// What follows the message are advice about settings that nobody can change.
	message, _, _ := strings.Cut(said.Message, "\n\nPossible solutions")
	found := &QueryError{Kind: strings.ToLower(said.Type), Message: message}
	if offset, notThere := said.Position.Int64(); notThere == nil {
		found.placed(query, int(offset)-prefix)
	}
	if found.Kind == "io" && strings.Contains(message, "max_temp_directory_size") {
		found.Kind = KindOutOfMemory
	}
	if strings.Contains(own.Msg, "database has been invalidated") {
		found.Kind = KindFatal
	}
	return errors.Join(found, contextError(err))
}

// contextError returns the part of err that says that a context ended.
func contextError(err error) error {
	for _, known := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, known) {
			return known
		}
	}
	return nil
}

// Checked is a query of somebody else that may be run.
type Checked struct {
	query        string // as it was written, without what ends it
	isExplained  bool   // its plan is wanted and not its rows
	IsRepeatable bool   // its result depends on the snapshot alone, and on no clock or random number
}

// untrustedSchemas are those that untrusted queries may read; of the last
// untrustedListings only.
var untrustedSchemas = []string{"core", "marts", "metrics", "information_schema"}

var (
	// explains begins a text that asks for the plan of a query.
	explains = regexp.MustCompile(`(?i)^\s*explain(\s+(select|from|with|values)\b|\s*\()`)
	explain  = regexp.MustCompile(`(?i)explain`)
	// showsTables is a text that asks for the names of all tables. DuckDB would give those
	// of the schema main, where there are none.
	showsTables = regexp.MustCompile(`(?i)^\s*show\s+(all\s+)?tables[;\s]*$`)
)

// tableNames gives the names of all tables.
const tableNames = `
	select table_schema || '.' || table_name as name from information_schema.tables
	where table_catalog = current_database() and table_schema in ('core', 'marts') order by name`

// Check returns a [QueryError] unless query is one SELECT over the tables and
// macros of core, marts and metrics, or the lists of information_schema, that
// reaches nothing else and calls no function that could use any amount of memory at
// once; or such a SELECT or table after EXPLAIN, DESCRIBE or SUMMARIZE, or SHOW TABLES.
// Nothing is run.
func (s *Snapshot) Check(ctx context.Context, query string) (Checked, error) {
	if showsTables.MatchString(query) {
		return Checked{query: tableNames, IsRepeatable: true}, nil
	}
	isExplained := explains.MatchString(query)
	if isExplained {
		at := explain.FindStringIndex(query)
		query = query[:at[0]] + strings.Repeat(" ", len("explain")) + query[at[1]:] // places stay as they are
	}
	parsed, err := s.parse(ctx, query)
	if err != nil {
		return Checked{}, queryError(err, query, 0)
	}
	if wrong := parsed.problem(query); wrong != nil {
		return Checked{}, wrong
	}
	checked := Checked{query: strings.TrimRight(query, "; \t\r\n"), isExplained: isExplained, IsRepeatable: true}
	// What is run is the query inside another, so that is what is checked.
	wrapped, err := s.parse(ctx, wrap(checked.query, 1))
	if err != nil {
		return Checked{}, queryError(err, query, len(wrapStart))
	}
	if wrong := wrapped.problem(query); wrong != nil {
		return Checked{}, &QueryError{Kind: "parser", Message: "put nothing behind the semicolon"}
	}
	rules := queryRules{schemas: untrustedSchemas, isAdHoc: true, isRepeatable: &checked.IsRepeatable}
	if err := rules.check(wrapped.text); err != nil {
		refused := &QueryError{Kind: KindRefused, Message: err.Error()}
		var placed *placedError
		if errors.As(err, &placed) {
			refused.placed(query, placed.offset-len(wrapStart))
		}
		return Checked{}, refused
	}
	return checked, nil
}

// Run runs a query that was checked and streams its rows, limit at most. DuckDB
// holds them until they are read.
func (s *Snapshot) Run(ctx context.Context, checked Checked, limit int64) (*sql.Rows, error) {
	before := ""
	if checked.isExplained {
		before = "explain "
	}
	rows, err := s.db.QueryContext(ctx, before+wrap(checked.query, limit))
	return rows, queryError(err, checked.query, len(before)+len(wrapStart))
}

const wrapStart = "select * from (\n"

// wrap returns a SELECT of the first rows of another.
func wrap(query string, limit int64) string {
	return fmt.Sprintf("%s%s\n) limit %d", wrapStart, query, limit)
}

// A syntaxTree is what json_serialize_sql says of a text.
type syntaxTree struct {
	text string

	Error        bool        `json:"error"`
	ErrorType    string      `json:"error_type"`
	ErrorMessage string      `json:"error_message"`
	Position     json.Number `json:"position"`
	Statements   []any       `json:"statements"`
}

// parse parses query; the error is not about what is wrong with it.
func (s *Snapshot) parse(ctx context.Context, query string) (syntaxTree, error) {
	var tree syntaxTree
	if err := s.db.QueryRowContext(ctx, "select json_serialize_sql(?::varchar)::varchar", query).Scan(&tree.text); err != nil {
		return tree, fmt.Errorf("parse: %w", err)
	}
	if err := json.Unmarshal([]byte(tree.text), &tree); err != nil {
		return tree, &QueryError{Kind: KindRefused, Message: "it is too deeply nested"}
	}
	return tree, nil
}

// problem returns what is wrong with the text: nil for one SELECT.
func (t syntaxTree) problem(query string) error {
	switch {
	case t.Error && t.ErrorType == "parser":
		wrong := &QueryError{Kind: "parser", Message: t.ErrorMessage}
		if offset, err := t.Position.Int64(); err == nil {
			wrong.placed(query, int(offset))
		}
		return wrong
	case t.Error:
		return &QueryError{Kind: KindRefused, Message: "only a SELECT can be run on a snapshot, or EXPLAIN, DESCRIBE or SUMMARIZE with one, or SHOW TABLES"}
	case len(t.Statements) != 1:
		return &QueryError{Kind: KindRefused, Message: fmt.Sprintf("%d statements where one SELECT is wanted", len(t.Statements))}
	}
	return nil
}

// RowsError returns the error of reading rows as [Snapshot.Run] does its own.
func RowsError(err error) error { return queryError(err, "", -1) }

// IsFatal reports whether the error says that the snapshot must be opened again.
func IsFatal(err error) bool {
	var wrong *QueryError
	return errors.As(err, &wrong) && slices.Contains([]string{KindFatal, KindInternal}, cmp.Or(wrong.Kind, ""))
}
