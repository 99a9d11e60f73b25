package warehouse

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// RawPath returns where the raw store of the warehouse in folder is.
func RawPath(folder string) string { return filepath.Join(folder, rawName) }

// Copy writes the raw store, as it is between two transactions, to a new file at
// path. It may be called while others use the store; who writes waits for it.
func (r *Raw) Copy(ctx context.Context, path string) error {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return copyDatabase(ctx, r.conn, "raw", path)
}

// CopyRaw writes the raw store of the warehouse in folder to a new file at path. Its
// error wraps ErrInUse where another process has the store open for writing.
func CopyRaw(ctx context.Context, folder, path string) (err error) {
	raw := RawPath(folder)
	if _, err := os.Stat(raw); err != nil {
		return fmt.Errorf("open %s: nothing has been collected yet", raw)
	}
	db, err := open(ctx, "", nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	conn, err := db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if _, err := conn.ExecContext(ctx, "attach "+literal(raw)+" as raw (read_only)"); err != nil {
		return openError(raw, err)
	}
	return copyDatabase(ctx, conn, "raw", path)
}

// An execer runs statements, as a connection does.
type execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// copyDatabase writes the attached database of a name to a new file, safely to disk.
// After an error the file is gone.
func copyDatabase(ctx context.Context, conn execer, name, path string) (err error) {
	if err := removeDatabase(path); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, removeDatabase(path))
		}
	}()
	// An attached database is known by its name in the whole process.
	if _, err := conn.ExecContext(ctx, "attach "+literal(path)+" as copied"); err != nil {
		return openError(path, err)
	}
	_, err = conn.ExecContext(ctx, "copy from database "+quoted(name)+" to copied")
	_, detachErr := conn.ExecContext(context.WithoutCancel(ctx), "detach copied")
	if err = errors.Join(err, detachErr); err != nil {
		return fmt.Errorf("copy to %s: %w", path, err)
	}
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("sync the copy: %w", err)
	}
	if err := errors.Join(file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("sync the copy: %w", err)
	}
	return nil
}

// CountRows returns how many rows each table of the raw store in the file at path
// has, by name: what a copy is compared by.
func CountRows(ctx context.Context, path string) (counts map[string]int64, err error) {
	db, err := open(ctx, path, map[string]string{"access_mode": "read_only"})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	rows, err := db.QueryContext(ctx, "select table_name from duckdb_tables() where database_name = current_database() order by 1")
	if err != nil {
		return nil, fmt.Errorf("tables of %s: %w", path, err)
	}
	defer rows.Close()
	var names []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, fmt.Errorf("tables of %s: %w", path, err)
		}
		names = append(names, name)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("tables of %s: %w", path, err)
	}
	counts = map[string]int64{}
	for _, name := range names {
		var count int64
		if err := db.QueryRowContext(ctx, "select count(*) from "+quoted(name)).Scan(&count); err != nil {
			return nil, fmt.Errorf("rows of %s in %s: %w", name, path, err)
		}
		counts[name] = count
	}
	return counts, nil
}

// ReplaceRaw makes the file at path the raw store of the warehouse in folder. What was
// the raw store before is kept beside it, as replaced. Its error wraps ErrInUse where
// another process has the store open.
func ReplaceRaw(ctx context.Context, folder, path string) (replaced string, err error) {
	target := RawPath(folder)
	if _, err := os.Stat(target); err == nil {
		// Opening it writes out what is in its log, and finds whoever has it open.
		raw, err := OpenRaw(ctx, folder)
		if errors.Is(err, ErrInUse) {
			return "", err
		}
		if err == nil {
			if err := raw.Close(); err != nil {
				return "", err
			}
		} // else a store that cannot be read: the reason to replace it
		replaced = target + ".replaced"
		for _, ending := range []string{"", ".wal"} {
			if err := os.Rename(target+ending, replaced+ending); err != nil && !errors.Is(err, os.ErrNotExist) {
				return "", fmt.Errorf("set the old raw store aside: %w", err)
			}
		}
	}
	if err := os.Rename(path, target); err != nil {
		return replaced, fmt.Errorf("put the raw store in its place: %w", err)
	}
	return replaced, syncFolder(folder)
}
