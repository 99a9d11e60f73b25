package warehouse

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// lastBuildName is the file in the warehouse's folder that tells how the newest
// build ended.
const lastBuildName = "last_build.json"

// A BuildOutcome is how a build of a snapshot ended.
type BuildOutcome struct {
	StartedAt   time.Time `json:"started_at"`   // UTC
	FinishedAt  time.Time `json:"finished_at"`  // UTC
	IsPublished bool      `json:"is_published"` // false where a check or an error kept it from being
	Problem     string    `json:"problem"`      // what did: a line for each check; "" where it was published
	Snapshot    string    `json:"snapshot"`     // the name of the current snapshot's file since then; "" where there is none
}

// LastBuild returns how the newest build of the warehouse in folder ended, nil where
// none has ended yet. One that was interrupted, or found another at work, did not
// end. A reader whose snapshot is not as new as it thinks learns here why.
func LastBuild(folder string) (*BuildOutcome, error) {
	text, err := os.ReadFile(filepath.Join(folder, lastBuildName))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read how the last build ended: %w", err)
	}
	var outcome BuildOutcome
	if err := json.Unmarshal(text, &outcome); err != nil {
		return nil, fmt.Errorf("read how the last build ended: %s: %w", lastBuildName, err)
	}
	return &outcome, nil
}

// keepOutcome writes down how a build that began at startedAt ended, and returns err,
// which is nil where it was published.
func keepOutcome(ctx context.Context, folder string, startedAt time.Time, err error) error {
	if ctx.Err() != nil || errors.Is(err, ErrInUse) {
		return err
	}
	outcome := BuildOutcome{StartedAt: startedAt.UTC(), FinishedAt: time.Now().UTC(), IsPublished: err == nil}
	if err != nil {
		outcome.Problem = err.Error()
	}
	if target, linkErr := os.Readlink(filepath.Join(folder, currentName)); linkErr == nil {
		outcome.Snapshot = filepath.Base(target)
	}
	if keepErr := writeOutcome(folder, outcome); keepErr != nil {
		return errors.Join(err, fmt.Errorf("write down how the build ended: %w", keepErr))
	}
	return err
}

// writeOutcome replaces the file, so that a reader never sees half of one.
func writeOutcome(folder string, outcome BuildOutcome) error {
	text, err := json.MarshalIndent(outcome, "", "  ")
	if err != nil {
		return err
	}
	path := filepath.Join(folder, lastBuildName)
	if err := os.WriteFile(path+partEnding, append(text, '\n'), 0o644); err != nil {
		return err
	}
	if err := os.Rename(path+partEnding, path); err != nil {
		return err
	}
	return syncFolder(folder)
}
