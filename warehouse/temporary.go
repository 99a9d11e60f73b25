package warehouse

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Names of temporary folders: that of one that its process has not held yet, and that
// of one which is another's to remove once nobody holds it.
const (
	temporaryNew  = "dorado-new-"
	temporaryName = "dorado-snapshot-"
)

// abandonedAfter is how old a folder that has no name yet is that a killed process left.
const abandonedAfter = time.Minute

// A temporaryFolder is where a snapshot that is open puts what does not fit into
// memory, or lies itself where nobody else is to see it. Its process holds it: a
// folder that nobody holds was left by one that was killed.
type temporaryFolder struct {
	path string
	held *os.File
}

// newTemporaryFolder makes a folder in parent, which is the system's for temporary
// files where it is "", and removes those that killed processes left there.
func newTemporaryFolder(parent string) (made *temporaryFolder, err error) {
	if parent == "" {
		parent = os.TempDir()
	}
	if err := removeAbandoned(parent); err != nil {
		return nil, err
	}
	path, err := os.MkdirTemp(parent, temporaryNew)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(path))
		}
	}()
	held, _, err := holdFolder(path)
	if err != nil {
		return nil, err
	}
	// It gets its name when it is held, so that nobody finds it before.
	named := filepath.Join(parent, temporaryName+strings.TrimPrefix(filepath.Base(path), temporaryNew))
	if err := os.Rename(path, named); err != nil {
		return nil, errors.Join(err, held.Close())
	}
	return &temporaryFolder{path: named, held: held}, nil
}

// removeAbandoned removes the folders in parent that nobody holds. Those of other
// users, which cannot be opened, are theirs to remove.
func removeAbandoned(parent string) error {
	found, err := filepath.Glob(filepath.Join(parent, temporaryName+"*"))
	if err != nil {
		return err
	}
	// Those without their name yet are held within moments, and empty until then.
	unnamed, err := filepath.Glob(filepath.Join(parent, temporaryNew+"*"))
	if err != nil {
		return err
	}
	for _, path := range unnamed {
		info, err := os.Stat(path)
		if err != nil || time.Since(info.ModTime()) < abandonedAfter {
			continue
		}
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) && !errors.Is(err, os.ErrPermission) {
			return fmt.Errorf("remove what a killed process left: %w", err)
		}
	}
	for _, path := range found {
		held, isHeld, err := holdFolder(path)
		if errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrPermission) {
			continue
		}
		if err != nil {
			return err
		}
		if isHeld {
			err = os.RemoveAll(path)
		}
		if err = errors.Join(err, held.Close()); err != nil {
			return fmt.Errorf("remove what a killed process left: %w", err)
		}
	}
	return nil
}

// remove removes the folder and lets go of it.
func (t *temporaryFolder) remove() error {
	return errors.Join(os.RemoveAll(t.path), t.held.Close())
}
