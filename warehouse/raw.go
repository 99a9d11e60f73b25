package warehouse

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/duckdb/duckdb-go/v2"

	"dorado/collectors"
)

// rawVersion is the version of the raw store's own tables; a change that an
// older program cannot read raises it. New columns and tables of sources do not.
const rawVersion = 1

// rawName is the raw store's file in the warehouse's folder.
const rawName = "raw.duckdb"

// Raw is the raw store, the system of record: the rows that collectors read and
// how far each of them got. Its methods may be called from several goroutines.
type Raw struct {
	path   string
	db     *sql.DB
	mutex  sync.Mutex        // held by whoever uses conn
	conn   *sql.Conn         // the connection that writes; it owns the incoming tables
	staged map[string]*table // those that have their incoming table, by name
	aside  []SetAside
}

// OpenRaw opens the raw store of the warehouse in folder for writing, and makes
// both where they do not exist. Its error wraps ErrInUse where another process
// has it open.
func OpenRaw(ctx context.Context, folder string) (*Raw, error) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, fmt.Errorf("make the warehouse's folder: %w", err)
	}
	path := filepath.Join(folder, rawName)
	db, err := open(ctx, path, nil)
	if err != nil {
		return nil, err
	}
	raw := &Raw{path: path, db: db, staged: map[string]*table{}}
	if raw.conn, err = db.Conn(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("connect to %s: %w", path, err), db.Close())
	}
	if err := raw.prepare(ctx); err != nil {
		// A connection left open would keep the file, and block whoever opens
		// it next in this process.
		return nil, errors.Join(err, raw.conn.Close(), db.Close())
	}
	return raw, nil
}

// prepare makes the store's own tables, or checks their version.
func (r *Raw) prepare(ctx context.Context) error {
	for _, statement := range []string{
		"create table if not exists store (version integer)",
		fmt.Sprintf("insert into store select %d where not exists (from store)", rawVersion),
		"create table if not exists cursors (collector varchar, cursor varchar)",
		"create table if not exists remembered (key varchar, value blob)",
	} {
		if _, err := r.conn.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("prepare %s: %w", r.path, err)
		}
	}
	var version int
	if err := r.conn.QueryRowContext(ctx, "select version from store").Scan(&version); err != nil {
		return fmt.Errorf("version of %s: %w", r.path, err)
	}
	if version > rawVersion {
		return fmt.Errorf("%s has version %d and this dorado reads up to %d: it was written by a newer dorado, use that one",
			r.path, version, rawVersion)
	}
	return nil
}

// Close writes everything out and lets go of the file.
func (r *Raw) Close() error {
	_, err := r.conn.ExecContext(context.Background(), "checkpoint")
	if err != nil {
		err = fmt.Errorf("checkpoint %s: %w", r.path, err)
	}
	return errors.Join(err, r.conn.Close(), r.db.Close())
}

// Ensure makes the tables of rows, and adds the columns that a table lacks. A
// column that is there with another type is an error; one that no row has any
// more is left alone. A table that lacks a column of the key is set aside.
func (r *Raw) Ensure(ctx context.Context, rows ...Row) error {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	for _, row := range rows {
		if err := r.ensure(ctx, row); err != nil {
			return err
		}
	}
	return nil
}

func (r *Raw) ensure(ctx context.Context, row Row) error {
	table, err := tableOf(row)
	if err != nil {
		return err
	}
	kinds, err := r.columns(ctx, table.name)
	if err != nil {
		return err
	}
	lacksKey := func(c column) bool { return c.isKey && kinds[c.name] == "" }
	if len(kinds) > 0 && slices.ContainsFunc(table.columns, lacksKey) {
		if err := r.setAside(ctx, table.name, collectors.Of(row)); err != nil {
			return fmt.Errorf("set table %s aside, which has another key: %w", table.name, err)
		}
		kinds = nil
	}
	if len(kinds) == 0 {
		if _, err := r.conn.ExecContext(ctx, table.ddl("create table", table.name)); err != nil {
			return fmt.Errorf("make table %s: %w", table.name, err)
		}
		if kinds, err = r.columns(ctx, table.name); err != nil {
			return err
		}
	}
	for _, column := range table.columns {
		switch kind, ok := kinds[column.name]; {
		case !ok:
			statement := fmt.Sprintf("alter table %s add column %s %s", quoted(table.name), quoted(column.name), column.kind)
			if _, err := r.conn.ExecContext(ctx, statement); err != nil {
				return fmt.Errorf("add column %s to table %s: %w", column.name, table.name, err)
			}
		case kind != column.kind:
			return fmt.Errorf("%s: column %s of table %s is %s and this dorado writes %s: it was written by another version",
				r.path, column.name, table.name, kind, column.kind)
		}
	}
	// Rows come in through a temporary table of the same shape, because a
	// batch that is deleted and inserted again takes a tenth of the time of
	// ON CONFLICT, and does not slow down as the table grows.
	_, err = r.conn.ExecContext(ctx, table.ddl("create or replace temp table", incoming(table)))
	if err != nil {
		return fmt.Errorf("make the incoming table of %s: %w", table.name, err)
	}
	r.staged[table.name] = table
	return nil
}

// columns returns the types of a table's columns by name, none where there is no such
// table.
func (r *Raw) columns(ctx context.Context, name string) (map[string]string, error) {
	rows, err := r.conn.QueryContext(ctx,
		"select column_name, data_type from duckdb_columns() where table_name = ? and database_name <> 'temp'", name)
	if err != nil {
		return nil, fmt.Errorf("columns of table %s: %w", name, err)
	}
	defer rows.Close()
	kinds := map[string]string{}
	for rows.Next() {
		var name, kind string
		if err := rows.Scan(&name, &kind); err != nil {
			return nil, fmt.Errorf("columns of table %s: %w", name, err)
		}
		kinds[name] = kind
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("columns of table %s: %w", name, err)
	}
	return kinds, nil
}

// setAside makes room for a table whose rows an older dorado told apart otherwise: what
// is read from now on could not take their place. They stay under another name, and the
// collector reads everything again.
func (r *Raw) setAside(ctx context.Context, name, collector string) (err error) {
	transaction, err := r.conn.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, transaction.Rollback())
		}
	}()
	aside := name + "_of_older_key"
	for _, statement := range []string{
		"drop table if exists " + quoted(aside),
		fmt.Sprintf("alter table %s rename to %s", quoted(name), quoted(aside)),
		"delete from cursors where collector = " + literal(collector),
	} {
		if _, err := r.conn.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	if err := transaction.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	r.aside = append(r.aside, SetAside{Table: name, Kept: aside, Collector: collector})
	return nil
}

// A SetAside is a table whose rows had another key when they were stored.
type SetAside struct {
	Table     string
	Kept      string // the table that has the rows now
	Collector string // which reads them again
}

// SetAside returns the tables that were set aside since the store was opened.
func (r *Raw) SetAside() []SetAside {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return slices.Clone(r.aside)
}

// incoming is the name of the temporary table that rows come in through.
func incoming(t *table) string { return "incoming_" + t.name }

// Cursor returns the cursor last put for the collector, "" if there is none.
func (r *Raw) Cursor(ctx context.Context, collector string) (string, error) {
	var cursor string
	err := r.db.QueryRowContext(ctx, "select cursor from cursors where collector = ?", collector).Scan(&cursor)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read cursor %s: %w", collector, err)
	}
	return cursor, nil
}

// Forget removes the collector's cursor, so that it reads from the start again.
// The rows stay: what is read again replaces them.
func (r *Raw) Forget(ctx context.Context, collector string) error {
	if _, err := r.db.ExecContext(ctx, "delete from cursors where collector = ?", collector); err != nil {
		return fmt.Errorf("remove cursor %s: %w", collector, err)
	}
	return nil
}

// Put keeps rows, replacing those with the same key, and the cursor (unless it
// is "") in one transaction: after an error neither is kept. Of rows with the
// same key the last one counts.
func (r *Raw) Put(ctx context.Context, collector string, rows []Row, cursor string) (err error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	batches, err := batchesOf(rows)
	if err != nil {
		return err
	}
	for _, batch := range batches {
		if r.staged[batch.table.name] == nil {
			if err := r.ensure(ctx, batch.row); err != nil {
				return err
			}
		}
	}
	transaction, err := r.conn.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, transaction.Rollback())
		}
	}()
	for _, batch := range batches {
		if err := r.upsert(ctx, batch); err != nil {
			return fmt.Errorf("put %d rows into %s: %w", len(batch.values), batch.table.name, err)
		}
	}
	if cursor != "" {
		if _, err := r.conn.ExecContext(ctx, "delete from cursors where collector = ?", collector); err != nil {
			return fmt.Errorf("put cursor: %w", err)
		}
		if _, err := r.conn.ExecContext(ctx, "insert into cursors values (?, ?)", collector, cursor); err != nil {
			return fmt.Errorf("put cursor: %w", err)
		}
	}
	if err := transaction.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// A batch is the rows of one table in one Put, one for each key.
type batch struct {
	table  *table
	row    Row
	values [][]driver.Value
}

// batchesOf sorts rows by table and lets the last row of each key count.
func batchesOf(rows []Row) ([]*batch, error) {
	var batches []*batch
	places := map[string]int{} // of a table's key in its batch
	for _, row := range rows {
		table, err := tableOf(row)
		if err != nil {
			return nil, err
		}
		at := slices.IndexFunc(batches, func(b *batch) bool { return b.table == table })
		if at < 0 {
			at = len(batches)
			batches = append(batches, &batch{table: table, row: row})
		}
		values := table.values(row)
		key := table.name + "\x00" + table.key(values)
		if place, ok := places[key]; ok {
			batches[at].values[place] = values
			continue
		}
		places[key] = len(batches[at].values)
		batches[at].values = append(batches[at].values, values)
	}
	return batches, nil
}

// upsert replaces the rows of the batch's table. It is called in a transaction.
func (r *Raw) upsert(ctx context.Context, batch *batch) error {
	name, from := quoted(batch.table.name), quoted(incoming(batch.table))
	err := r.conn.Raw(func(connection any) error {
		return appendRows(ctx, connection, "temp", "main", incoming(batch.table), slices.Values(batch.values))
	})
	if err != nil {
		return err
	}
	columns := strings.Join(batch.table.names(false), ", ")
	key := strings.Join(batch.table.names(true), ", ")
	for _, statement := range []string{
		fmt.Sprintf("delete from %s where (%s) in (select (%s) from %s)", name, key, key, from),
		fmt.Sprintf("insert into %s (%s) select %s from %s", name, columns, columns, from),
		"truncate " + from,
	} {
		if _, err := r.conn.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// appendRows appends to a table through DuckDB's appender, the fastest way in.
func appendRows(ctx context.Context, connection any, catalog, schema, table string, rows func(yield func([]driver.Value) bool)) (err error) {
	appender, err := duckdb.NewAppender(connection.(driver.Conn), catalog, schema, table)
	if err != nil {
		return fmt.Errorf("append to %s: %w", table, err)
	}
	count := 0
	for row := range rows {
		if err = appender.AppendRow(row...); err != nil {
			break
		}
		if count++; count%10_000 == 0 && ctx.Err() != nil {
			err = ctx.Err()
			break
		}
	}
	if err = errors.Join(err, appender.Close()); err != nil {
		return fmt.Errorf("append to %s: %w", table, err)
	}
	return nil
}

// Strings returns the first column, a text, of the rows that query gives.
func (r *Raw) Strings(ctx context.Context, query string, args ...any) ([]string, error) {
	rows, err := r.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("query %s: %w", r.path, err)
	}
	defer rows.Close()
	var texts []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, fmt.Errorf("query %s: %w", r.path, err)
		}
		texts = append(texts, text)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("query %s: %w", r.path, err)
	}
	return texts, nil
}

// Remember keeps value under key for a later run. It is for what only saves
// work, such as answers to conditional requests: it is not part of the record.
func (r *Raw) Remember(ctx context.Context, key string, value []byte) error {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if _, err := r.conn.ExecContext(ctx, "delete from remembered where key = ?", key); err != nil {
		return fmt.Errorf("remember %s: %w", key, err)
	}
	if _, err := r.conn.ExecContext(ctx, "insert into remembered values (?, ?)", key, value); err != nil {
		return fmt.Errorf("remember %s: %w", key, err)
	}
	return nil
}

// Recall returns what was remembered under key, nil if nothing was.
func (r *Raw) Recall(ctx context.Context, key string) ([]byte, error) {
	var value []byte
	err := r.db.QueryRowContext(ctx, "select value from remembered where key = ?", key).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("recall %s: %w", key, err)
	}
	return value, nil
}
