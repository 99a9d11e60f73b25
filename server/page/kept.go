package page

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"
)

const (
	// mostKept is how many overviews are kept; each has some 100 KB, most of it drawings.
	mostKept = 100
	// mostExpected is how many of them are made of the next snapshot in advance.
	mostExpected = 20
)

// kept are overviews of two snapshots, the one that is shown and the one before it or
// after it. They never change: what somebody has looked at costs nothing for the next who
// does.
type kept struct {
	mutex     sync.Mutex
	snapshots [2]string // their IDs, the newer first
	overviews [2]map[string]overview
	asked     map[string]int // how often each address was asked for, half of it of former snapshots
}

// keyOf names an overview within a snapshot: what it is about, and what the addresses
// on it are made of.
func keyOf(v *view, about subject) string {
	return strings.Join([]string{about.kind, about.name, v.By, v.Days.From, v.Days.To, v.query.Encode()}, "\x00")
}

// asks counts that somebody looks at an address.
func (k *kept) asks(address string) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	if k.asked == nil {
		k.asked = map[string]int{}
	}
	if _, isKnown := k.asked[address]; isKnown || len(k.asked) < mostKept {
		k.asked[address]++
	}
}

// expect makes room for the overviews of a new snapshot, and returns the addresses of
// those that will be looked at: the first that anybody sees, and what has been looked at
// more than once.
func (k *kept) expect(snapshot string) []string {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	k.placeOf(snapshot)
	addresses := slices.SortedFunc(maps.Keys(k.asked), func(a, b string) int { return cmp.Or(cmp.Compare(k.asked[b], k.asked[a]), strings.Compare(a, b)) })
	addresses = slices.DeleteFunc(addresses, func(address string) bool { return address == "/" || k.asked[address] < 2 })
	for address, times := range k.asked {
		if k.asked[address] = times / 2; times < 2 {
			delete(k.asked, address)
		}
	}
	return append([]string{"/"}, addresses[:min(mostExpected-1, len(addresses))]...)
}

// get returns the overview with the key, for the view of another request.
func (k *kept) get(snapshot, key string, v *view) (overview, bool) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	place := slices.Index(k.snapshots[:], snapshot)
	if place < 0 {
		return overview{}, false
	}
	found, isKept := k.overviews[place][key]
	if !isKept {
		return overview{}, false
	}
	v.Page, v.Title = found.Page, found.Title
	found.view = v
	return found, true
}

// put keeps an overview.
func (k *kept) put(snapshot, key string, made overview) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	place := k.placeOf(snapshot)
	if len(k.overviews[place]) >= mostKept {
		clear(k.overviews[place])
	}
	k.overviews[place][key] = made
}

// placeOf returns the place of a snapshot, which for a new one is the first; the older of
// those before is let go of. The mutex is held.
func (k *kept) placeOf(snapshot string) int {
	if place := slices.Index(k.snapshots[:], snapshot); place >= 0 && k.overviews[place] != nil {
		return place
	}
	k.snapshots[1], k.overviews[1] = k.snapshots[0], k.overviews[0]
	k.snapshots[0], k.overviews[0] = snapshot, map[string]overview{}
	return 0
}
