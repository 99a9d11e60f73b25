package warehouse

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// setsName is the folder of the definition sets in the warehouse's folder.
const setsName = "sets"

// SetFolder returns the folder that snapshots of a definition set are published in,
// laid out as the warehouse's: Open, LastBuild and the rest take it for one. The set
// "" is the warehouse itself.
func SetFolder(folder, set string) string {
	if set == "" {
		return folder
	}
	return filepath.Join(folder, setsName, set)
}

// Sets returns the names of the definition sets of the warehouse in folder, sorted,
// without "".
func Sets(folder string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(folder, setsName))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list definition sets: %w", err)
	}
	var names []string
	for _, entry := range entries {
		if entry.IsDir() {
			names = append(names, entry.Name())
		}
	}
	return names, nil
}

// RemoveSet removes all snapshots of a definition set. Whoever has one open reads
// on.
func RemoveSet(folder, set string) error {
	if set == "" || set != filepath.Base(set) {
		return fmt.Errorf("remove the definition set %q: there is none of that name", set)
	}
	if err := os.RemoveAll(SetFolder(folder, set)); err != nil {
		return fmt.Errorf("remove the definition set %s: %w", set, err)
	}
	return nil
}

// PublishSet does for a definition set what Publish does, from the same raw store.
func PublishSet(ctx context.Context, folder, set string, keep int, fill func(context.Context, *Database) error) (Published, error) {
	return publishOutcome(ctx, SetFolder(folder, set), filepath.Join(folder, rawName), keep, fill)
}
