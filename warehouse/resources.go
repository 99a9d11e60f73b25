package warehouse

import (
	"context"
	"fmt"
	"regexp"
)

// Resources say how much of the machine a build may use.
type Resources struct {
	MemoryLimit string // a memory size, see IsMemorySize; "" for what DuckDB takes, four fifths of the machine's
	Threads     int    // 0 for one for each core
}

var memorySize = regexp.MustCompile(`^[1-9][0-9]*(\.[0-9]+)? ?[KMGTkmgt]i?[Bb]$`)

// IsMemorySize reports whether text is a size of memory as DuckDB reads it: 500MB,
// 4GB, 1.5 GiB.
func IsMemorySize(text string) bool { return memorySize.MatchString(text) }

// Limit lets the build use no more than resources say. What does not fit into the
// memory is kept in files beside the snapshot.
func (d *Database) Limit(ctx context.Context, resources Resources) error {
	if resources.MemoryLimit != "" {
		if err := d.Exec(ctx, "set memory_limit = "+literal(resources.MemoryLimit)); err != nil {
			return fmt.Errorf("limit the memory to %s: %w", resources.MemoryLimit, err)
		}
		d.memory = resources.MemoryLimit
	}
	if resources.Threads > 0 {
		if err := d.Exec(ctx, fmt.Sprintf("set threads = %d", resources.Threads)); err != nil {
			return fmt.Errorf("limit the threads to %d: %w", resources.Threads, err)
		}
	}
	return nil
}

// restoreMemory lets the database use as much memory as Limit says. DuckDB tells its
// setting rounded down, so that what it tells must not be set again.
func (d *Database) restoreMemory(ctx context.Context) error {
	if d.memory == "" {
		return d.Exec(ctx, "reset memory_limit")
	}
	return d.Exec(ctx, "set memory_limit = "+literal(d.memory))
}
