package warehouse

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ErrNoSnapshot says that nothing has been published yet.
var ErrNoSnapshot = errors.New("no snapshot has been published yet")

// Names in the warehouse's folder.
const (
	publishedName = "published"
	currentName   = "current.duckdb"
	partEnding    = ".part" // of a snapshot that is being built
)

// Published is a snapshot as its build left it.
type Published struct {
	Path  string // of the file
	Bytes int64  // its size
}

// Publish makes a new snapshot of the warehouse in folder, lets fill write it,
// and makes it the current one. fill finds the raw store attached read-only as
// raw and two empty databases in memory as staging and config, which do not
// become part of the snapshot. Where fill returns an error everything stays as
// it was, but for what LastBuild says. Of the snapshots the newest keep are kept.
func Publish(ctx context.Context, folder string, keep int, fill func(context.Context, *Database) error) (Published, error) {
	return PublishSet(ctx, folder, "", keep, fill)
}

// publishOutcome publishes in folder what fill makes of the raw store at the path raw,
// and writes down how that ended.
func publishOutcome(ctx context.Context, folder, raw string, keep int, fill func(context.Context, *Database) error) (Published, error) {
	startedAt := time.Now()
	made, err := publish(ctx, folder, raw, keep, fill)
	return made, keepOutcome(ctx, folder, startedAt, err)
}

// publish does what Publish says.
func publish(ctx context.Context, folder, raw string, keep int, fill func(context.Context, *Database) error) (Published, error) {
	published := filepath.Join(folder, publishedName)
	if err := os.MkdirAll(published, 0o755); err != nil {
		return Published{}, fmt.Errorf("make the folder of snapshots: %w", err)
	}
	numbers, err := snapshotNumbers(published)
	if err != nil {
		return Published{}, err
	}
	next := 1
	if len(numbers) > 0 {
		next = numbers[len(numbers)-1] + 1
	}
	path := filepath.Join(published, snapshotFile(next))
	if err := fillFile(ctx, path+partEnding, raw, fill); err != nil {
		return Published{}, err
	}
	if err := os.Rename(path+partEnding, path); err != nil {
		return Published{}, fmt.Errorf("publish: %w", err)
	}
	if err := syncFolder(published); err != nil {
		return Published{}, fmt.Errorf("publish: %w", err)
	}
	if err := pointTo(folder, filepath.Join(publishedName, snapshotFile(next))); err != nil {
		return Published{}, fmt.Errorf("publish: %w", err)
	}
	for _, number := range numbers[:max(0, len(numbers)+1-keep)] {
		if err := os.Remove(filepath.Join(published, snapshotFile(number))); err != nil {
			return Published{}, fmt.Errorf("remove an old snapshot: %w", err)
		}
	}
	info, err := os.Stat(path)
	if err != nil {
		return Published{}, fmt.Errorf("publish: %w", err)
	}
	return Published{Path: path, Bytes: info.Size()}, nil
}

// snapshotFile is the name of the file of the snapshot with the number.
func snapshotFile(number int) string { return fmt.Sprintf("%06d.duckdb", number) }

// snapshotNumbers returns the numbers of the snapshots in folder, ascending.
func snapshotNumbers(folder string) ([]int, error) {
	entries, err := os.ReadDir(folder) // sorted by name, hence by number
	if err != nil {
		return nil, fmt.Errorf("list snapshots: %w", err)
	}
	var numbers []int
	for _, entry := range entries {
		text, isSnapshot := strings.CutSuffix(entry.Name(), ".duckdb")
		if number, err := strconv.Atoi(text); isSnapshot && err == nil {
			numbers = append(numbers, number)
		}
	}
	return numbers, nil
}

// pointTo moves the current link to target, atomically.
func pointTo(folder, target string) error {
	next := filepath.Join(folder, currentName+partEnding)
	if err := os.Remove(next); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := os.Symlink(target, next); err != nil {
		return err
	}
	if err := os.Rename(next, filepath.Join(folder, currentName)); err != nil {
		return err
	}
	return syncFolder(folder)
}

// fillFile makes the database file at path, lets fill write it and sees it
// safely to disk; after an error the file is gone.
func fillFile(ctx context.Context, path, raw string, fill func(context.Context, *Database) error) (err error) {
	if _, err := os.Stat(raw); err != nil {
		return fmt.Errorf("open %s: nothing has been collected yet", raw)
	}
	if err := removeLeftOver(ctx, path); err != nil {
		return err
	}
	db, err := open(ctx, path, nil)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, removeDatabase(path))
		}
	}()
	database := &Database{db: db}
	err = database.use(ctx, raw, fill)
	if err = errors.Join(err, database.Close()); err != nil {
		return err
	}
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("sync the snapshot: %w", err)
	}
	if err := errors.Join(file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("sync the snapshot: %w", err)
	}
	return nil
}

// removeLeftOver removes the file that a killed build left at path. It is opened
// before it is removed: where another build is still writing it, its lock says so.
func removeLeftOver(ctx context.Context, path string) error {
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	db, err := open(ctx, path, nil)
	if errors.Is(err, ErrInUse) {
		return err
	}
	if err == nil { // else a file cut short, which DuckDB cannot open: it goes all the same
		err = db.Close()
	} else {
		err = nil
	}
	if err = errors.Join(err, removeDatabase(path)); err != nil {
		return fmt.Errorf("remove what an earlier build left: %w", err)
	}
	return nil
}

// removeDatabase removes a database file, its write-ahead log and the folder of what
// did not fit into memory.
func removeDatabase(path string) error {
	return errors.Join(os.RemoveAll(path), os.RemoveAll(path+".wal"), os.RemoveAll(path+".tmp"))
}

// use attaches what a build reads, lets fill work, and detaches it again.
func (d *Database) use(ctx context.Context, raw string, fill func(context.Context, *Database) error) (err error) {
	if d.conn, err = d.db.Conn(ctx); err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	if _, err := d.conn.ExecContext(ctx, "attach "+literal(raw)+" as raw (read_only)"); err != nil {
		return openError(raw, err)
	}
	for _, statement := range attachMemory {
		if err := d.Exec(ctx, statement); err != nil {
			return err
		}
	}
	if err := fill(ctx, d); err != nil {
		// DuckDB may tell that it was interrupted, and not by what.
		if ended := ctx.Err(); ended != nil && !errors.Is(err, ended) {
			return fmt.Errorf("%w: %w", ended, err)
		}
		return err
	}
	for _, statement := range []string{"detach raw", "detach staging", "detach config", "checkpoint"} {
		if err := d.Exec(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// attachMemory makes the databases that a build needs only while it runs.
var attachMemory = []string{"attach ':memory:' as staging", "attach ':memory:' as config"}

// A Database is one connection to a database that is being built. All methods
// are for one goroutine.
type Database struct {
	db   *sql.DB
	conn *sql.Conn

	memory string // how much it may use, as Limit was told; "" for DuckDB's default
}

// OpenMemory returns an empty database in memory that looks like the one
// Publish gives; raw is empty too, and can be written to.
func OpenMemory(ctx context.Context) (*Database, error) {
	db, err := open(ctx, "", nil)
	if err != nil {
		return nil, err
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("connect: %w", err), db.Close())
	}
	database := &Database{db: db, conn: conn}
	statements := append([]string{"attach ':memory:' as raw"}, attachMemory...)
	for _, statement := range statements {
		if err := database.Exec(ctx, statement); err != nil {
			return nil, errors.Join(err, database.Close())
		}
	}
	return database, nil
}

// Close closes the database.
func (d *Database) Close() error {
	if d.conn == nil {
		return d.db.Close()
	}
	return errors.Join(d.conn.Close(), d.db.Close())
}

// Exec runs statements that return no rows.
func (d *Database) Exec(ctx context.Context, statement string, args ...any) error {
	_, err := d.conn.ExecContext(ctx, statement, args...)
	return err
}

// Query runs one statement that returns rows.
func (d *Database) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return d.conn.QueryContext(ctx, query, args...)
}

// Each calls read with each row that query returns, which it may not keep. For
// millions of rows it is several times as quick as Query.
func (d *Database) Each(ctx context.Context, query string, read func(row []driver.Value)) error {
	return d.conn.Raw(func(connection any) (err error) {
		rows, err := connection.(driver.QueryerContext).QueryContext(ctx, query, nil)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, rows.Close()) }()
		row := make([]driver.Value, len(rows.Columns()))
		for count := 0; ; count++ {
			if count%10_000 == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			switch err := rows.Next(row); {
			case errors.Is(err, io.EOF):
				return nil
			case err != nil:
				return err
			}
			read(row)
		}
	})
}

// Append adds rows, each with a value for every column in order, to the table
// schema.name of the database.
func (d *Database) Append(ctx context.Context, schema, name string, rows iter.Seq[[]any]) error {
	return d.conn.Raw(func(connection any) error {
		return appendRows(ctx, connection, "", schema, name, func(yield func([]driver.Value) bool) {
			values := []driver.Value{}
			for row := range rows {
				values = values[:0]
				for _, value := range row {
					values = append(values, value)
				}
				if !yield(values) {
					return
				}
			}
		})
	})
}

// A Reference is a table or a table macro that a query names: schema.name, schema "" where the
// query gives none.
type Reference struct {
	Schema, Name string
}

// References returns the tables and table macros that query, one SELECT, reads,
// without those it defines itself, sorted. DuckDB parses it; nothing
// is run.
func (d *Database) References(ctx context.Context, query string) ([]Reference, error) {
	var parsed string
	err := d.conn.QueryRowContext(ctx, "select json_serialize_sql(?::varchar)::varchar", query).Scan(&parsed)
	if err != nil {
		return nil, fmt.Errorf("parse: %w", err)
	}
	return references(parsed)
}

// references walks the syntax tree that json_serialize_sql gives.
func references(parsed string) ([]Reference, error) {
	var tree struct {
		Error        bool   `json:"error"`
		ErrorMessage string `json:"error_message"`
		Statements   []any  `json:"statements"`
	}
	if err := json.Unmarshal([]byte(parsed), &tree); err != nil {
		return nil, fmt.Errorf("parse: %w", err)
	}
	if tree.Error {
		return nil, fmt.Errorf("parse: %s", tree.ErrorMessage)
	}
	if len(tree.Statements) != 1 {
		return nil, fmt.Errorf("parse: %d statements where one SELECT is wanted", len(tree.Statements))
	}
	var found []Reference
	defined, seen := map[string]bool{}, map[Reference]bool{}
	var walk func(node any)
	walk = func(node any) {
		switch node := node.(type) {
		case []any:
			for _, child := range node {
				walk(child)
			}
		case map[string]any:
			if common, ok := node["cte_map"].(map[string]any); ok {
				entries, _ := common["map"].([]any)
				for _, entry := range entries {
					if named, ok := entry.(map[string]any); ok {
						name, _ := named["key"].(string)
						defined[name] = true
					}
				}
			}
			if reference, ok := referenceOf(node); ok && !seen[reference] {
				seen[reference] = true
				found = append(found, reference)
			}
			for _, child := range node {
				walk(child)
			}
		}
	}
	walk(tree.Statements)
	var tables []Reference
	for _, reference := range found {
		if reference.Schema != "" || !defined[reference.Name] {
			tables = append(tables, reference)
		}
	}
	slices.SortFunc(tables, func(a, b Reference) int {
		return cmp.Or(cmp.Compare(a.Schema, b.Schema), cmp.Compare(a.Name, b.Name))
	})
	return tables, nil
}

// referenceOf returns the table, or the table macro of a schema, that a node of
// the syntax tree names.
func referenceOf(node map[string]any) (Reference, bool) {
	switch node["type"] {
	case "BASE_TABLE":
		schema, _ := node["schema_name"].(string)
		name, _ := node["table_name"].(string)
		return Reference{Schema: schema, Name: name}, true
	case "TABLE_FUNCTION":
		function, _ := node["function"].(map[string]any)
		schema, _ := function["schema"].(string)
		name, _ := function["function_name"].(string)
		return Reference{Schema: schema, Name: name}, schema != ""
	}
	return Reference{}, false
}

// A Snapshot is a published snapshot, open for reading. Its methods may be
// called from several goroutines.
type Snapshot struct {
	Path      string // of the file
	db        *sql.DB
	temporary *temporaryFolder // that goes with it; nil where there is none

	isConfined bool
}

// Open opens the newest snapshot of the warehouse in folder. Its error wraps
// ErrNoSnapshot where there is none.
func Open(ctx context.Context, folder string) (*Snapshot, error) {
	// The link is resolved first: DuckDB would take a link that has moved for
	// the file it opened before under that name.
	path, err := currentPath(folder)
	if err != nil {
		return nil, err
	}
	return openFile(ctx, path)
}

// currentPath returns the path of the file of the newest snapshot.
func currentPath(folder string) (string, error) {
	path, err := filepath.EvalSymlinks(filepath.Join(folder, currentName))
	if errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("open the warehouse at %s: %w", folder, ErrNoSnapshot)
	}
	if err != nil {
		return "", fmt.Errorf("open the warehouse at %s: %w", folder, err)
	}
	return path, nil
}

// openFile opens the snapshot at path.
func openFile(ctx context.Context, path string) (*Snapshot, error) {
	db, err := open(ctx, path, map[string]string{"access_mode": "read_only"})
	if err != nil {
		return nil, err
	}
	return &Snapshot{Path: path, db: db}, nil
}

// Close lets go of the file.
func (s *Snapshot) Close() error {
	err := s.db.Close()
	if s.temporary != nil {
		err = errors.Join(err, s.temporary.remove())
	}
	return err
}

// Query runs one SELECT and streams its rows. An error in the SQL is DuckDB's
// message, with the line and a caret under the place.
func (s *Snapshot) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if err := s.allow(ctx, query); err != nil {
		return nil, err
	}
	rows, err := s.db.QueryContext(ctx, query, args...)
	if s.isConfined {
		err = queryError(err, query, 0)
	}
	return rows, err
}

// ExportParquet writes the rows that one SELECT gives to a new file at path.
func (s *Snapshot) ExportParquet(ctx context.Context, query, path string) error {
	if err := s.allow(ctx, query); err != nil {
		return err
	}
	query = strings.TrimRight(strings.TrimSpace(query), "; \n\t")
	if _, err := s.db.ExecContext(ctx, "copy (\n"+query+"\n) to "+literal(path)+" (format parquet, compression zstd)"); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	return nil
}

// allow returns an error unless query is a single SELECT. (The driver runs all
// statements of a text but the last before it looks at the last.)
func (s *Snapshot) allow(ctx context.Context, query string) error {
	tree, err := s.parse(ctx, query)
	if err != nil {
		return err
	}
	switch {
	case tree.Error && tree.ErrorType == "parser":
		// It does not parse, so nothing of it runs; this brings the message
		// with the caret.
		_, err := s.db.ExecContext(ctx, query)
		return err
	case tree.Error:
		return errors.New("only a SELECT can be run on a snapshot")
	case len(tree.Statements) != 1:
		return fmt.Errorf("%d statements where one SELECT is wanted", len(tree.Statements))
	}
	return nil
}
