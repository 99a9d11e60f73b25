package pagerduty

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"dorado/collectors/simulator"
)

// TestHintedIncidents checks that an incident that a hint is about is read, although
// it is too old to be watched, and that the hint is then done with.
func TestHintedIncidents(t *testing.T) {
	organization := simulator.New(simulator.Options{Seed: 3, Services: 6, Days: 60})
	handler := simulator.Handler(organization, simulator.ServerOptions{RateLimit: -1})
	old := organization.Incidents[0].ID
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/incidents/"+old) {
			asked++
		}
		handler.ServeHTTP(w, r)
	}))
	defer server.Close()
	store := newMemory()
	config := Config{BaseURL: server.URL + "/pagerduty", Since: organization.Start}
	for _, step := range []struct {
		hints []string
		asked int
	}{{nil, 0}, {nil, 0}, {[]string{"1767225600000000 " + old}, 1}} {
		store.hints, asked = step.hints, 0
		if err := run(t, config, http.DefaultClient, organization.End, store, "pagerduty_incidents"); err != nil {
			t.Fatal(err)
		}
		if asked != step.asked {
			t.Errorf("with the hints %q it was asked for %d times", step.hints, asked)
		}
	}
	hint := store.records["hints pagerduty_incidents "+old]
	if !strings.Contains(hint, "read_at="+organization.End.Format(time.DateOnly)) {
		t.Errorf("the hint is %q", hint)
	}
}
