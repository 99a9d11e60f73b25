package page

import (
	"fmt"
	"net/url"
	"testing"

	"dorado/reports"
)

// TestKept gives what was made to the next request, with that request's own banner,
// and nothing of another snapshot.
func TestKept(t *testing.T) {
	const first, second, third = "first", "second", "third"
	about := subject{"service", "checkout"}
	of := func(banner string, query url.Values) *view {
		return &view{By: "service", Banner: []string{banner}, Days: reports.Days{From: "2026-01-01", To: "2026-01-31"}, query: query}
	}
	made := of("old", url.Values{"days": {"31"}})
	made.Title = "checkout"
	var k kept
	k.put(first, keyOf(made, about), overview{view: made, Heading: "checkout"})
	later := of("new", url.Values{"days": {"31"}})
	if found, isKept := k.get(first, keyOf(later, about), later); !isKept || found.Heading != "checkout" || found.Banner[0] != "new" || found.Title != "checkout" {
		t.Errorf("kept is %+v, %v", found, isKept)
	}
	if made.Banner[0] != "old" {
		t.Error("the view of the first request was changed")
	}
	for name, key := range map[string]string{
		"another subject": keyOf(later, subject{"team", "checkout"}),
		"other addresses": keyOf(of("", url.Values{"from": {"2026-01-01"}, "to": {"2026-01-31"}}), about),
	} {
		if _, isKept := k.get(first, key, later); isKept {
			t.Errorf("%s got what was kept", name)
		}
	}
	if _, isKept := k.get(second, keyOf(later, about), later); isKept {
		t.Error("another snapshot got what was kept")
	}
	// Who still has the old snapshot finds it as long as there is no third.
	k.put(second, "x", overview{})
	if _, isKept := k.get(first, keyOf(later, about), later); !isKept {
		t.Error("the snapshot before was let go of")
	}
	k.put(third, "x", overview{})
	if _, isKept := k.get(first, keyOf(later, about), later); isKept {
		t.Error("three snapshots are kept")
	}
	for i := range 3 * mostKept {
		k.put(third, string(rune('a'+i)), overview{})
	}
	if len(k.overviews[0]) > mostKept {
		t.Errorf("%d overviews are kept", len(k.overviews[0]))
	}
}

// TestExpect makes of the next snapshot what was looked at more than once, which counts
// half for the one after that.
func TestExpect(t *testing.T) {
	var k kept
	for address, times := range map[string]int{"/slow": 1, "/teams/a": 3, "/services/b?days=7": 4} {
		for range times {
			k.asks(address)
		}
	}
	for _, want := range []string{"[/ /services/b?days=7 /teams/a]", "[/ /services/b?days=7]", "[/]"} {
		if got := fmt.Sprint(k.expect("next")); got != want {
			t.Errorf("expected are %s, want %s", got, want)
		}
	}
}
