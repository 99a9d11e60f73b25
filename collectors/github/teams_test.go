package github

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// A run that may send no more requests leaves teams to the next, and keeps no half of
// an organization, by which the other half would look gone.
func TestTeamsStopWhereTheRunIsSpent(t *testing.T) {
	routes := http.NewServeMux()
	routes.HandleFunc("GET /orgs/acme/teams", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `[{"id": 1, "slug": "payments", "name": "Payments"}]`)
	})
	routes.HandleFunc("GET /orgs/acme/teams/payments/repos", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `[{"id": 7, "full_name": "acme/shop", "role_name": "admin"}]`)
	})
	server := httptest.NewServer(routes)
	t.Cleanup(server.Close)
	for _, test := range []struct{ requests, rows int }{{1, 0}, {2, 2}} {
		config := Config{BaseURL: server.URL, Repositories: []string{"acme/shop"}, MaxRequests: test.requests, Needs: Needs{Owners: []string{"*/*"}}}
		client, err := NewClient(config, Credentials{}, forgetful{}, &Usage{}, func(time.Time, string) {})
		if err != nil {
			t.Fatal(err)
		}
		source, err := newSource(config, client, forgetful{})
		if err != nil {
			t.Fatal(err)
		}
		rows := 0
		for page, err := range (teams{source}).Pages(context.Background(), "") {
			if err != nil {
				t.Errorf("%d requests: %s", test.requests, err)
			}
			rows += len(page.Rows)
		}
		if rows != test.rows {
			t.Errorf("%d requests: %d rows, want %d", test.requests, rows, test.rows)
		}
	}
}
