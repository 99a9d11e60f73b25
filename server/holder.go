package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"dorado/server/page"
	"dorado/warehouse"
)

// A holder holds the newest snapshot of a warehouse that can be served.
//
// It looks at the link every interval, opens what it points to, asks of it what the one
// before was asked, and then takes new requests there; those that have the old one keep it until they are done.
// A file that cannot be served leaves everything as it is, with the reason.
type holder struct {
	folder   string
	interval time.Duration
	open     func(ctx context.Context, kept warehouse.Kept) (*held, error)
	logger   *slog.Logger
	repeat   func(ctx context.Context, old, opened *held) // asks of a snapshot what the one before was asked; of the first, whose old is nil, what everybody asks
	switched func(*held)                                  // called after each switch

	mutex   sync.Mutex
	current *held              // nil before the first
	refused map[string]refusal // by path: what cannot be served
	listing error              // why the last look at the folder failed
}

// A refusal is why a file cannot be served.
type refusal struct {
	reason string
	bytes  int64 // the file's size and time then: another file is tried again
	at     time.Time
	tried  time.Time
}

// retryRefused is how long until a refused file is tried again: it may have been
// memory that was missing.
const retryRefused = time.Minute

// A held is a snapshot that is open. It closes when the holder has let go of it and
// all who acquired it have.
type held struct {
	warehouse.Kept
	set             string // the definition set
	asOf            time.Time
	timeZone        *time.Location
	definitionsHash string
	metrics         *warehouse.Snapshot // for what the server asks
	sql             *warehouse.Snapshot // for what callers ask
	cache           *cache

	mutex  sync.Mutex
	uses   int
	isOver bool
	close  func()
}

// id returns a text that no other snapshot has.
func (d *held) id() string {
	return fmt.Sprintf("%s\x00%d\x00%s", d.Path, d.PublishedAt.UnixNano(), d.definitionsHash)
}

// shown returns the snapshot as pages need it.
func (d *held) shown() page.Shown { return page.Shown{Snapshot: d.metrics, ID: d.id()} }

// errNoSnapshot says that there is nothing to serve, and what to do.
var errNoSnapshot = errors.New("nothing has been published yet: dorado run makes the first snapshot, which is served when it is there")

// acquire returns the snapshot to serve, which the caller releases.
func (h *holder) acquire() (*held, error) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	if h.current == nil {
		if reasons := h.reasons(); len(reasons) > 0 {
			return nil, fmt.Errorf("no snapshot can be served: %s", strings.Join(reasons, "; "))
		}
		return nil, errNoSnapshot
	}
	h.current.use()
	return h.current, nil
}

// use acquires the snapshot, which the caller releases.
func (d *held) use() {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.uses++
}

// release lets go of an acquired snapshot.
func (d *held) release() {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.uses--
	d.closeUnused()
}

// retire closes the snapshot as soon as nobody uses it.
func (d *held) retire() {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.isOver = true
	d.closeUnused()
}

// closeUnused closes the snapshot in the background: DuckDB may take its time.
func (d *held) closeUnused() {
	if d.isOver && d.uses == 0 && d.close != nil {
		go d.close()
		d.close = nil
	}
}

// reasons returns why newer snapshots than the one held are not served; the mutex is
// held.
func (h *holder) reasons() []string {
	var reasons []string
	if h.listing != nil {
		reasons = append(reasons, h.listing.Error())
	}
	for path, refused := range h.refused {
		if h.current == nil || path > h.current.Path {
			reasons = append(reasons, "snapshot "+numberOf(path)+" cannot be served: "+refused.reason)
		}
	}
	return reasons
}

// numberOf returns the number in the name of a snapshot's file.
func numberOf(path string) string { return strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)) }

// state returns the problems of newer snapshots, and of each kept file by path.
func (h *holder) state() (reasons []string, refused map[string]string) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	refused = map[string]string{}
	for path, why := range h.refused {
		refused[path] = why.reason
	}
	return h.reasons(), refused
}

// run looks for new snapshots until the context ends.
func (h *holder) run(ctx context.Context) {
	ticker := time.NewTicker(h.interval)
	defer ticker.Stop()
	for {
		h.look(ctx)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// look serves the snapshot that is current, or where that cannot be and none is
// held the newest that can.
func (h *holder) look(ctx context.Context) {
	kept, err := warehouse.List(h.folder)
	h.mutex.Lock()
	if (err != nil) != (h.listing != nil) && err != nil {
		h.logger.Error("look for snapshots", "error", err)
	}
	h.listing = err
	current := h.current
	h.forget(kept)
	h.mutex.Unlock()
	if err != nil {
		return
	}
	at := 0
	for i, one := range kept {
		if one.IsCurrent {
			at = i
		}
	}
	for i := at; i < len(kept); i++ {
		if current != nil && current.Path == kept[i].Path && current.Bytes == kept[i].Bytes && current.PublishedAt.Equal(kept[i].PublishedAt) {
			return
		}
		if h.serve(ctx, kept[i]) {
			return
		}
		if current != nil {
			return // an older one is no better than the one that is held
		}
	}
}

// forget drops the reasons about files that are gone.
func (h *holder) forget(kept []warehouse.Kept) {
	paths := map[string]bool{}
	for _, one := range kept {
		paths[one.Path] = true
	}
	for path := range h.refused {
		if !paths[path] {
			delete(h.refused, path)
		}
	}
}

// serve opens a snapshot and serves it from now on. It returns false where that
// cannot be.
func (h *holder) serve(ctx context.Context, kept warehouse.Kept) bool {
	h.mutex.Lock()
	before, wasRefused := h.refused[kept.Path]
	h.mutex.Unlock()
	if wasRefused && before.bytes == kept.Bytes && before.at.Equal(kept.PublishedAt) && time.Since(before.tried) < retryRefused {
		return false
	}
	began := time.Now()
	opened, err := h.open(ctx, kept)
	if ctx.Err() != nil {
		return false
	}
	if err != nil {
		if !wasRefused || before.bytes != kept.Bytes || !before.at.Equal(kept.PublishedAt) {
			h.logger.Error("a snapshot cannot be served", "snapshot", kept.Number, "error", err)
		}
		h.mutex.Lock()
		defer h.mutex.Unlock()
		// Where the file lies is no business of callers'.
		h.refused[kept.Path] = refusal{reason: withoutFolder(err.Error(), filepath.Dir(kept.Path)), bytes: kept.Bytes, at: kept.PublishedAt, tried: time.Now()}
		return false
	}
	if old := h.previous(); old != nil {
		h.repeat(ctx, old, opened)
		old.release()
		h.replace(opened)
	} else {
		opened.use()
		h.replace(opened)
		go func() { // whoever waits for the first wants it now
			defer opened.release()
			h.repeat(ctx, nil, opened)
		}()
	}
	h.logger.Info("serve a snapshot", "snapshot", kept.Number, "as_of", opened.asOf, "seconds", time.Since(began).Seconds())
	return true
}

// withoutFolder leaves a folder out of the paths in a text. DuckDB tells the whole path
// of what was opened by a relative one.
func withoutFolder(text, folder string) string {
	if whole, err := filepath.Abs(folder); err == nil {
		text = strings.ReplaceAll(text, whole+string(filepath.Separator), "")
	}
	return strings.ReplaceAll(text, folder+string(filepath.Separator), "")
}

// previous returns the snapshot that is served, which the caller releases; nil where
// there is none.
func (h *holder) previous() *held {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	if h.current != nil {
		h.current.use()
	}
	return h.current
}

// replace serves opened instead of what is held.
func (h *holder) replace(opened *held) {
	h.mutex.Lock()
	old := h.current
	h.current = opened
	delete(h.refused, opened.Path)
	h.mutex.Unlock()
	if old != nil {
		old.retire()
	}
	if h.switched != nil {
		h.switched(opened)
	}
}

// reopen opens the snapshot again where DuckDB has given it up.
func (h *holder) reopen(ctx context.Context, broken *held) {
	h.mutex.Lock()
	isHeld := h.current == broken
	h.mutex.Unlock()
	if !isHeld {
		return
	}
	opened, err := h.open(ctx, broken.Kept)
	if err != nil {
		h.logger.Error("open a snapshot again", "snapshot", broken.Number, "error", err)
		return
	}
	h.logger.Warn("opened a snapshot again, which DuckDB had given up", "snapshot", broken.Number)
	h.replace(opened)
}

// closeAll lets go of the snapshot.
func (h *holder) closeAll() {
	h.mutex.Lock()
	old := h.current
	h.current = nil
	h.mutex.Unlock()
	if old != nil {
		old.retire()
	}
}
