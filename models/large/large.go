// Package large makes up the raw store of a large organisation, for benchmarks.
// Unlike package demo it simulates nobody: what it makes is as regular as it is large.
package large

import (
	"context"
	_ "embed" // the statements
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"dorado/sql"
	"dorado/warehouse"
)

//go:embed organisation.sql
var statements string

// Pulls is how many pull requests each service of a large organisation has in two
// years: 4,000 deployments and 400 incidents come with them.
const Pulls = 10_000

// AsOf is when the two years of an organisation end.
var AsOf = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// Fill makes the raw store of an organisation of so many services in folder, each with
// so many pull requests.
func Fill(ctx context.Context, folder string, services, pulls int) (err error) {
	raw, err := warehouse.OpenRaw(ctx, folder)
	if err != nil {
		return err
	}
	if err := raw.Close(); err != nil {
		return err
	}
	db, err := warehouse.OpenMemory(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	for _, statement := range []string{
		"attach '" + filepath.Join(folder, "raw.duckdb") + "' as filled", "use filled", sql.Raw,
		fmt.Sprintf("set variable services = %d", services), fmt.Sprintf("set variable pulls = %d", pulls), statements,
		"use memory", "detach filled",
	} {
		if err := db.Exec(ctx, statement); err != nil {
			return fmt.Errorf("fill the raw store of an organisation: %w", err)
		}
	}
	return nil
}
