package warehouse

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Newer returns of rows one for each key, the newest, and only those that the store
// has no row of, or an older one: what a copy of a record, of whatever age, would
// add. The column tagged version says how old a copy is; in a table without one
// what is stored stays.
func (r *Raw) Newer(ctx context.Context, rows []Row) ([]Row, error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	newest, err := newestOf(rows)
	if err != nil {
		return nil, err
	}
	var newer []Row
	for _, candidates := range newest {
		if r.staged[candidates.table.name] == nil {
			if err := r.ensure(ctx, candidates.rows[0]); err != nil {
				return nil, err
			}
		}
		stored, err := r.versions(ctx, candidates)
		if err != nil {
			return nil, fmt.Errorf("look for %d rows in %s: %w", len(candidates.rows), candidates.table.name, err)
		}
		for i, row := range candidates.rows {
			version, isStored := stored[candidates.table.key(candidates.values[i])]
			if !isStored || isNewer(candidates.table.versionOf(candidates.values[i]), version) {
				newer = append(newer, row)
			}
		}
	}
	return newer, nil
}

// candidates are rows of one table, each with another key, and their values.
type candidates struct {
	table  *table
	rows   []Row
	values [][]driver.Value
	places map[string]int // by key
}

// newestOf sorts rows by table and keeps the newest of each key; of several that are
// as new the last, and of those without a version the first.
func newestOf(rows []Row) ([]*candidates, error) {
	var all []*candidates
	for _, row := range rows {
		table, err := tableOf(row)
		if err != nil {
			return nil, err
		}
		at := slices.IndexFunc(all, func(c *candidates) bool { return c.table == table })
		if at < 0 {
			at = len(all)
			all = append(all, &candidates{table: table, places: map[string]int{}})
		}
		found, values := all[at], table.values(row)
		key := table.key(values)
		place, isKnown := found.places[key]
		switch {
		case !isKnown:
			found.places[key] = len(found.rows)
			found.rows, found.values = append(found.rows, row), append(found.values, values)
		case table.version >= 0 && !isNewer(table.versionOf(found.values[place]), table.versionOf(values)):
			found.rows[place], found.values[place] = row, values
		}
	}
	return all, nil
}

// versionOf returns the version among a row's values, nil where it has none.
func (t *table) versionOf(values []driver.Value) *time.Time {
	if t.version < 0 {
		return nil
	}
	if at, isTime := values[t.version].(time.Time); isTime {
		// As precise as the store.
		at = at.Truncate(time.Microsecond)
		return &at
	}
	return nil
}

// isNewer reports whether a version is known to be newer than another.
func isNewer(version, than *time.Time) bool {
	return version != nil && (than == nil || version.After(*than))
}

// versions returns the versions of those candidates that are stored, by key.
func (r *Raw) versions(ctx context.Context, wanted *candidates) (found map[string]*time.Time, err error) {
	table := wanted.table
	from := quoted(incoming(table))
	transaction, err := r.conn.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	// Nothing is to stay in the incoming table.
	defer func() { err = errors.Join(err, transaction.Rollback()) }()
	err = r.conn.Raw(func(connection any) error {
		return appendRows(ctx, connection, "temp", "main", incoming(table), slices.Values(wanted.values))
	})
	if err != nil {
		return nil, err
	}
	key := strings.Join(table.names(true), ", ")
	version := "null::timestamp"
	if table.version >= 0 {
		version = quoted(table.columns[table.version].name)
	}
	rows, err := r.conn.QueryContext(ctx, fmt.Sprintf("select %s, %s from %s where (%s) in (select (%s) from %s)",
		key, version, quoted(table.name), key, key, from))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	found = map[string]*time.Time{}
	width := len(table.names(true))
	values, places := make([]any, width+1), make([]any, width+1)
	for i := range values {
		places[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(places...); err != nil {
			return nil, err
		}
		var key strings.Builder
		for _, value := range values[:width] {
			fmt.Fprintf(&key, "%v\x00", value)
		}
		if at, isTime := values[width].(time.Time); isTime {
			found[key.String()] = &at
		} else {
			found[key.String()] = nil
		}
	}
	return found, errors.Join(rows.Err(), rows.Close())
}
