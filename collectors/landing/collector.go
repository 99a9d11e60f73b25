package landing

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"dorado/collectors"
)

// CollectorName is the name of the collector in cursors, logs and commands.
const CollectorName = "landing"

// A Receiver makes rows of the events of one source.
type Receiver interface {
	// Receive returns the rows that events, oldest first, bring to the store as
	// it is: none that is older than what is there. unread says what is wrong
	// with the events that nothing can be made of.
	Receive(ctx context.Context, events []collectors.Event) (rows []collectors.Row, unread []error, err error)
}

// A Collector takes what has landed into the raw store. Its cursor says how far each
// segment has been read, so that rows and what is done with are one transaction; a
// segment goes when all of it is stored.
type Collector struct {
	folder    *Folder
	receivers map[string]Receiver // by the source of events
	complain  func(problem string)
}

// Collector returns what takes events out of the folder. receivers has one for each
// source; complain is told of what cannot be read, which is set aside.
func (f *Folder) Collector(receivers map[string]Receiver, complain func(problem string)) *Collector {
	return &Collector{folder: f, receivers: receivers, complain: complain}
}

// Name returns the collector's name.
func (*Collector) Name() string { return CollectorName }

// How much is stored together.
const (
	eventsAtOnce = 1000
	bytesAtOnce  = 16 << 20
)

// Pages yields what has landed, oldest first.
func (c *Collector) Pages(ctx context.Context, cursor string) iter.Seq2[collectors.Page, error] {
	return func(yield func(collectors.Page, error) bool) {
		before := map[string]place{}
		if cursor != "" {
			if err := json.Unmarshal([]byte(cursor), &before); err != nil {
				yield(collectors.Page{}, fmt.Errorf("read the cursor: %w", err))
				return
			}
		}
		segments, err := c.folder.segments()
		if err != nil {
			yield(collectors.Page{}, fmt.Errorf("list the landing folder: %w", err))
			return
		}
		reading := &reading{collector: c, places: map[string]place{}}
		for _, segment := range segments { // what is said of those that are gone goes too
			reading.places[segment] = before[segment]
		}
		for _, segment := range segments {
			if err := reading.segment(ctx, segment, yield); err != nil {
				if !errors.Is(err, errStopped) {
					yield(collectors.Page{}, fmt.Errorf("%s: %w", filepath.Join(c.folder.path, segment), err))
				}
				return
			}
		}
	}
}

// errStopped says that whoever takes the pages wants no more.
var errStopped = errors.New("stopped")

// A place is how far a segment has been taken.
type place struct {
	Offset    int64 // up to where it is stored
	HasUnread bool  // before it is something that nothing could be made of
}

// A reading is one run over the segments.
type reading struct {
	collector *Collector
	places    map[string]place
}

// segment yields the pages of a segment and removes it.
func (r *reading) segment(ctx context.Context, segment string, yield func(collectors.Page, error) bool) error {
	path := filepath.Join(r.collector.folder.path, segment)
	for {
		at := r.places[segment]
		found, err := readBatch(path, at.Offset)
		if err != nil {
			return err
		}
		if found.next == at.Offset {
			// It is looked at again under the lock, where nobody appends.
			isGone, err := r.remove(path, at)
			if isGone || err != nil {
				return err
			}
			continue
		}
		rows, unread, err := r.receive(ctx, found.events)
		if err != nil {
			return err
		}
		for _, problem := range append(found.unread, unread...) {
			at.HasUnread = true
			r.collector.complain(fmt.Sprintf("%s: %s", segment, problem))
		}
		at.Offset = found.next
		r.places[segment] = at
		cursor, err := json.Marshal(r.places)
		if err != nil {
			return fmt.Errorf("write the cursor: %w", err)
		}
		if !yield(collectors.Page{Rows: rows, Cursor: string(cursor)}, nil) {
			return errStopped
		}
	}
}

// receive gives events to their sources, in runs of the same.
func (r *reading) receive(ctx context.Context, events []collectors.Event) (rows []collectors.Row, unread []error, err error) {
	bySource := map[string][]collectors.Event{}
	var sources []string
	for _, event := range events {
		if bySource[event.Source] == nil {
			sources = append(sources, event.Source)
		}
		bySource[event.Source] = append(bySource[event.Source], event)
	}
	for _, source := range sources {
		receiver, isKnown := r.collector.receivers[source]
		if !isKnown {
			unread = append(unread, fmt.Errorf("the configuration has no %s, from which %d events came", source, len(bySource[source])))
			continue
		}
		made, wrong, err := receiver.Receive(ctx, bySource[source])
		if err != nil {
			return nil, nil, err
		}
		rows, unread = append(rows, made...), append(unread, wrong...)
	}
	return rows, unread, nil
}

// remove removes a segment that is stored up to a place, unless more has landed in it
// meanwhile. One with what nothing could be made of is set aside.
func (r *reading) remove(path string, at place) (isGone bool, err error) {
	folder := filepath.Dir(path)
	release, err := lock(filepath.Join(folder, lockName))
	if err != nil {
		return false, fmt.Errorf("lock: %w", err)
	}
	defer func() { err = errors.Join(err, release()) }()
	found, err := readBatch(path, at.Offset)
	if err != nil || found.next != at.Offset {
		return false, err
	}
	if found.isTorn {
		r.collector.complain(filepath.Base(path) + ": its last line was cut short, and nobody was told that it had landed: left out")
	}
	if at.HasUnread {
		err = os.Rename(path, strings.TrimSuffix(path, segmentEnding)+setAsideName)
	} else {
		err = os.Remove(path)
	}
	if err == nil {
		err = syncFolder(folder)
	}
	return err == nil, err
}

// A batch is some events of a segment.
type batch struct {
	events []collectors.Event
	unread []error // what is wrong with lines that are no events
	next   int64   // where the next batch begins
	isTorn bool    // behind it is a line without an end
}

// readBatch reads events from an offset on.
func readBatch(path string, offset int64) (found batch, err error) {
	file, err := os.Open(path)
	if err != nil {
		return batch{}, err
	}
	defer func() { _ = file.Close() }() // it was only read
	if _, err := file.Seek(offset, io.SeekStart); err != nil {
		return batch{}, err
	}
	found.next = offset
	lines := bufio.NewReaderSize(file, 1<<16)
	for len(found.events) < eventsAtOnce && found.next-offset < bytesAtOnce {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			found.isTorn = len(line) > 0
			break
		}
		if err != nil {
			return batch{}, err
		}
		var event collectors.Event
		if err := json.Unmarshal(line, &event); err != nil {
			found.unread = append(found.unread, fmt.Errorf("the line at byte %d is no event: %w", found.next, err))
		} else {
			found.events = append(found.events, event)
		}
		found.next += int64(len(line))
	}
	return found, nil
}
