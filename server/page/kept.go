package page

import (
	"strings"
	"sync"

	"dorado/reports"
)

// mostKept is how many overviews are kept; each has some 100 KB, most of it drawings.
const mostKept = 100

// kept are overviews of one snapshot, which never change: what somebody has looked at
// costs nothing for the next who does.
type kept struct {
	mutex     sync.Mutex
	snapshot  reports.Snapshot
	overviews map[string]overview
}

// keyOf names an overview within a snapshot: what it is about, and what the addresses
// on it are made of.
func keyOf(v *view, about subject) string {
	return strings.Join([]string{about.kind, about.name, v.By, v.Days.From, v.Days.To, v.query.Encode()}, "\x00")
}

// get returns the overview with the key, for the view of another request.
func (k *kept) get(snapshot reports.Snapshot, key string, v *view) (overview, bool) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	found, isKept := k.overviews[key]
	if !isKept || k.snapshot != snapshot {
		return overview{}, false
	}
	v.Page, v.Title = found.Page, found.Title
	found.view = v
	return found, true
}

// put keeps an overview, and lets go of those of another snapshot.
func (k *kept) put(snapshot reports.Snapshot, key string, made overview) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	if k.snapshot != snapshot || len(k.overviews) >= mostKept {
		k.snapshot, k.overviews = snapshot, map[string]overview{}
	}
	k.overviews[key] = made
}
