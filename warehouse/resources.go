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
	}
	if resources.Threads > 0 {
		if err := d.Exec(ctx, fmt.Sprintf("set threads = %d", resources.Threads)); err != nil {
			return fmt.Errorf("limit the threads to %d: %w", resources.Threads, err)
		}
	}
	return nil
}

// memoryLimit returns how much memory the database may use, as DuckDB writes it.
func (d *Database) memoryLimit(ctx context.Context) (limit string, err error) {
	err = d.conn.QueryRowContext(ctx, "select current_setting('memory_limit')").Scan(&limit)
	return limit, err
}
