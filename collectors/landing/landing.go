// Package landing keeps what is pushed until a run takes it into the raw store,
// which only one process may hold at a time: a nightly run while a server receives.
//
// Landing files are segments: files of one JSON object a line, in the folder landing
// of the warehouse.
//
//	landing/20260131T090000.000000000Z-1f2e3d4c.ndjson   a segment; the last one is written to
//	landing/seen                                         the keys of what has landed, the newest of them
//	landing/lock                                         held while anything of this is changed
//
// What Append has returned for is on disk. Any number of processes may append, and
// one may take out meanwhile: each holds the lock for the moment that it writes.
// A line that a killed process, or a full disk, has cut short has no end of line;
// nobody was told that it had landed, the segment is not written to any more, and
// the line is left out. Names of segments never come again, so that how far a
// segment has been read stays true after the segment is gone.
//
// What the events mean is left to the sources.
package landing

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"dorado/collectors"
)

// Name is the folder's name in that of the warehouse.
const Name = "landing"

const (
	segmentEnding = ".ndjson"
	setAsideName  = ".unread" // the ending of segments with lines that nothing could be made of
	lockName      = "lock"
	nameTime      = "20060102T150405.000000000Z"
)

// defaultSegmentBytes is after how many bytes a new segment is begun.
const defaultSegmentBytes = 64 << 20

// A Folder is the landing folder of a warehouse. Its methods may be called from
// several goroutines.
type Folder struct {
	path         string
	now          func() time.Time
	segmentBytes int64

	mutex   sync.Mutex
	current string   // the name of the segment that was appended to last
	file    *os.File // it, open; nil where there is none
	seen    seen
}

// New returns the landing folder of the warehouse in folder. Nothing is made or read
// before something is appended.
func New(folder string, now func() time.Time) *Folder {
	path := filepath.Join(folder, Name)
	return &Folder{path: path, now: now, segmentBytes: defaultSegmentBytes, seen: seen{path: filepath.Join(path, seenName)}}
}

// Exists reports whether anything has ever landed in the warehouse in folder.
func Exists(folder string) bool {
	_, err := os.Stat(filepath.Join(folder, Name))
	return err == nil
}

// IsKept reports whether a file of the folder has what landed, and so belongs into a
// backup.
func IsKept(name string) bool {
	return strings.HasSuffix(name, segmentEnding) || strings.HasSuffix(name, setAsideName) || name == seenName
}

// A Key tells something that lands apart from all else, and says what it holds.
type Key struct {
	Name    string
	Content [32]byte // a digest of all that makes two that have the same name the same
}

// ErrOtherContent says that something with other content has landed under a key.
var ErrOtherContent = errors.New("something else has been sent under this key")

// Append keeps an event safe on disk. It reports true and keeps nothing where one
// with any of the keys has landed before; its error wraps ErrOtherContent where that
// held something else. Of keys only the newest rememberedKeys are remembered.
func (f *Folder) Append(event collectors.Event, keys ...Key) (isKnown bool, err error) {
	line, err := json.Marshal(event)
	if err != nil {
		return false, fmt.Errorf("land %s of %s: %w", event.Kind, event.Source, err)
	}
	line = append(line, '\n')
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if err := os.MkdirAll(f.path, 0o755); err != nil {
		return false, fmt.Errorf("make the landing folder: %w", err)
	}
	release, err := lock(filepath.Join(f.path, lockName))
	if err != nil {
		return false, fmt.Errorf("lock %s: %w", f.path, err)
	}
	defer func() { err = errors.Join(err, release()) }()
	if err := f.seen.refresh(); err != nil {
		return false, fmt.Errorf("read what has landed: %w", err)
	}
	if isKnown, err := f.seen.knows(keys); isKnown || err != nil {
		return isKnown, err
	}
	if err := f.append(line); err != nil {
		return false, fmt.Errorf("append to the landing file: %w", err)
	}
	// A process that dies before this has not answered, and what it kept is sent
	// again; rows have keys, so that it counts once all the same.
	if err := f.seen.add(keys, f.now()); err != nil {
		return false, fmt.Errorf("remember what has landed: %w", err)
	}
	return false, nil
}

// append writes a line to the last segment, or to a new one.
func (f *Folder) append(line []byte) error {
	segments, err := f.segments()
	if err != nil {
		return err
	}
	if err := f.open(segments); err != nil {
		return err
	}
	if _, err = f.file.Write(line); err == nil {
		err = f.file.Sync()
	}
	if err != nil {
		// What was written of it stays: whoever reads may have read it already,
		// and nothing else may come to stand where it stood.
		err = errors.Join(err, f.file.Close())
		f.file = nil
	}
	return err
}

// open opens the last of segments for appending, or a new one where that is full, was
// cut short, or is one that this process has given up.
func (f *Folder) open(segments []string) error {
	last := ""
	if len(segments) > 0 {
		last = segments[len(segments)-1]
	}
	isGivenUp := f.file == nil && last != "" && last == f.current
	if f.file != nil && last != f.current {
		if err := f.file.Close(); err != nil {
			return err
		}
		f.file = nil
	}
	if f.file == nil && last != "" && !isGivenUp {
		file, err := os.OpenFile(filepath.Join(f.path, last), os.O_RDWR|os.O_APPEND, 0o600)
		if err != nil {
			return err
		}
		f.current, f.file = last, file
	}
	if f.file != nil {
		size, isWhole, err := wholeSize(f.file)
		if err != nil {
			return err
		}
		if isWhole && size < f.segmentBytes {
			return nil
		}
		if err := f.file.Close(); err != nil {
			return err
		}
		f.file = nil
	}
	name, err := f.newName(last)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(filepath.Join(f.path, name), os.O_RDWR|os.O_APPEND|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	f.current, f.file = name, file
	return syncFolder(f.path)
}

// newName returns a name that no segment ever had and that sorts behind last.
func (f *Folder) newName(last string) (string, error) {
	var random [4]byte
	if _, err := rand.Read(random[:]); err != nil {
		return "", err
	}
	at := f.now().UTC()
	// The clock may have been set back.
	if before, err := time.Parse(nameTime, strings.SplitN(last, "-", 2)[0]); err == nil && !at.After(before) {
		at = before.Add(time.Nanosecond)
	}
	return at.Format(nameTime) + "-" + hex.EncodeToString(random[:]) + segmentEnding, nil
}

// segments returns the names of the segments, oldest first.
func (f *Folder) segments() ([]string, error) {
	entries, err := os.ReadDir(f.path) // sorted by name, hence by time
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var names []string
	for _, entry := range entries {
		if strings.HasSuffix(entry.Name(), segmentEnding) {
			names = append(names, entry.Name())
		}
	}
	slices.SortFunc(names, cmp.Compare[string])
	return names, nil
}

// wholeSize returns the size of a segment, and whether it ends with a whole line.
func wholeSize(file *os.File) (size int64, isWhole bool, err error) {
	info, err := file.Stat()
	if err != nil || info.Size() == 0 {
		return 0, err == nil, err
	}
	end := make([]byte, 1)
	_, err = file.ReadAt(end, info.Size()-1)
	return info.Size(), bytes.Equal(end, []byte{'\n'}), err
}

// syncFolder makes what was made, renamed and removed in a folder durable.
func syncFolder(path string) error {
	opened, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(opened.Sync(), opened.Close())
}

// A Waiting is what has landed and was not taken into the raw store yet, or cannot
// be.
type Waiting struct {
	Segments int   // files
	Bytes    int64 // their size
	Unread   int   // segments that were set aside because of lines that nothing could be made of
}

// Waiting returns what is in the folder.
func (f *Folder) Waiting() (waiting Waiting, err error) {
	entries, err := os.ReadDir(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return waiting, nil
	}
	if err != nil {
		return waiting, fmt.Errorf("list the landing folder: %w", err)
	}
	for _, entry := range entries {
		info, err := entry.Info()
		switch {
		case errors.Is(err, fs.ErrNotExist): // taken in the meantime
		case err != nil:
			return waiting, fmt.Errorf("list the landing folder: %w", err)
		case strings.HasSuffix(entry.Name(), segmentEnding):
			waiting.Segments++
			waiting.Bytes += info.Size()
		case strings.HasSuffix(entry.Name(), setAsideName):
			waiting.Unread++
		}
	}
	return waiting, nil
}
