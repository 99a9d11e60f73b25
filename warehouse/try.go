package warehouse

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Try lets fill write a database in memory that looks like the one that Publish
// gives, with the raw store of the warehouse in folder, and forgets it.
func Try(ctx context.Context, folder string, fill func(context.Context, *Database) error) error {
	raw := filepath.Join(folder, rawName)
	if _, err := os.Stat(raw); err != nil {
		return fmt.Errorf("open %s: nothing has been collected yet", raw)
	}
	db, err := open(ctx, "", nil)
	if err != nil {
		return err
	}
	database := &Database{db: db}
	return errors.Join(database.use(ctx, raw, fill), database.Close())
}

// TrySnapshot makes a snapshot as Publish does, publishes nothing, and opens it. Closing
// it removes it.
func TrySnapshot(ctx context.Context, folder string, fill func(context.Context, *Database) error) (*Snapshot, error) {
	temporary, err := newTemporaryFolder("")
	if err != nil {
		return nil, fmt.Errorf("make a folder for a snapshot: %w", err)
	}
	path := filepath.Join(temporary.path, snapshotFile(0))
	err = fillFile(ctx, path, filepath.Join(folder, rawName), fill)
	if err != nil {
		return nil, errors.Join(err, temporary.remove())
	}
	snapshot, err := openFile(ctx, path)
	if err != nil {
		return nil, errors.Join(err, temporary.remove())
	}
	snapshot.temporary = temporary
	return snapshot, nil
}

// CheckRaw opens the raw store of the warehouse in folder for reading and returns
// its size. Its error wraps os.ErrNotExist where there is none, and ErrInUse where
// another process has it open for writing.
func CheckRaw(ctx context.Context, folder string) (bytes int64, err error) {
	path := filepath.Join(folder, rawName)
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	db, err := open(ctx, path, map[string]string{"access_mode": "read_only"})
	if err != nil {
		return 0, err
	}
	var version int
	if err := db.QueryRowContext(ctx, "select version from store").Scan(&version); err != nil {
		return 0, errors.Join(fmt.Errorf("version of %s: %w", path, err), db.Close())
	}
	return info.Size(), db.Close()
}
