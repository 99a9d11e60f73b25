// Package warehouse keeps the data: the raw store that collectors fill, and the
// snapshots that builds publish. It is the only package that knows DuckDB.
//
// A warehouse is a folder:
//
//	raw.duckdb               the system of record, one writer at a time
//	published/000123.duckdb  one snapshot a build, never changed after it is published
//	current.duckdb           a link to the newest snapshot
//	last_build.json          how the newest build ended, see LastBuild
//	sets/NAME                the same but for the raw store, for each definition set
//
// What the tables mean is left to the sources, whose row structs are the raw
// tables, and to package models, which fills snapshots.
package warehouse

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/duckdb/duckdb-go/v2"
)

// ErrInUse says that another process holds a file of the warehouse.
var ErrInUse = errors.New("in use by another process")

// EngineVersion returns DuckDB's version: "v1.5.6".
func EngineVersion(ctx context.Context) (string, error) {
	db, err := open(ctx, "", nil)
	if err != nil {
		return "", err
	}
	defer db.Close()
	var version string
	if err := db.QueryRowContext(ctx, "select version()").Scan(&version); err != nil {
		return "", fmt.Errorf("ask DuckDB for its version: %w", err)
	}
	return version, nil
}

// open opens the DuckDB file at path, or a database in memory for "".
// Timestamps are UTC throughout, whatever the machine's zone is.
func open(ctx context.Context, path string, settings map[string]string) (*sql.DB, error) {
	var options []string
	for name, value := range settings {
		options = append(options, name+"="+value)
	}
	source := path
	if len(options) > 0 {
		source += "?" + strings.Join(options, "&")
	}
	connector, err := duckdb.NewConnector(source, func(execer driver.ExecerContext) error {
		// Connections are made later too, when ctx may be over.
		_, err := execer.ExecContext(context.WithoutCancel(ctx), "set timezone = 'UTC'", nil)
		return err
	})
	if err != nil {
		return nil, openError(path, err)
	}
	db := sql.OpenDB(connector)
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(openError(path, err), db.Close())
	}
	return db, nil
}

// holder finds who holds the lock in DuckDB's message: "Conflicting lock is
// held in /usr/bin/dorado (PID 4711)".
var holder = regexp.MustCompile(`Conflicting lock is held in (\S+?)(?: \(deleted\))? \(PID (\d+)\)`)

// openError turns DuckDB's message about a file that cannot be opened into a
// line that says what to do.
func openError(path string, err error) error {
	if found := holder.FindStringSubmatch(err.Error()); found != nil {
		return fmt.Errorf("open %s: %w: %s (process %s); wait until it ends, or stop it",
			path, ErrInUse, filepath.Base(found[1]), found[2])
	}
	for said, meant := range map[string]string{
		"not a valid DuckDB database file": "it is not a DuckDB file",
		"Could not read enough bytes":      "the file has been cut off",
		"Permission denied":                "permission denied; run as the user that owns the warehouse",
		"Read-only file system":            "the file system is read-only",
	} {
		if strings.Contains(err.Error(), said) {
			return fmt.Errorf("open %s: %s", path, meant)
		}
	}
	return fmt.Errorf("open %s: %w", path, err)
}

// syncFolder makes renames in folder durable.
func syncFolder(folder string) error {
	opened, err := os.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(opened.Sync(), opened.Close())
}

// quoted returns name as an SQL identifier.
func quoted(name string) string {
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

// literal returns text as an SQL string.
func literal(text string) string {
	return "'" + strings.ReplaceAll(text, "'", "''") + "'"
}
