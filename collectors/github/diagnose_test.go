package github

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

// diagnosed serves what Diagnose asks for. The user has two tokens: a classic one
// without scopes, and one that is refused.
func diagnosed(t *testing.T) string {
	t.Helper()
	routes := http.NewServeMux()
	answer := func(pattern, body string) {
		routes.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Date", time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).Format(http.TimeFormat))
			if r.Header.Get("Authorization") == "Bearer refused" {
				w.WriteHeader(http.StatusUnauthorized)
				fmt.Fprint(w, `{"message": "Bad credentials"}`)
				return
			}
			if r.Header.Get("Authorization") == "Bearer installation" && r.URL.Path == "/user" {
				w.WriteHeader(http.StatusForbidden)
				fmt.Fprint(w, `{"message": "Resource not accessible by integration"}`)
				return
			}
			w.Header().Set("X-OAuth-Scopes", "gist, read:user")
			w.Header().Set("X-GitHub-Enterprise-Version", "3.15.0")
			if body == "" {
				w.WriteHeader(http.StatusNotFound)
				body = `{"message": "Not Found"}`
			}
			fmt.Fprint(w, body)
		})
	}
	answer("GET /user", `{"login": "ana", "type": "User"}`)
	answer("GET /rate_limit", `{"resources": {"core": {"limit": 5000, "remaining": 4990, "reset": 1772370000}, "graphql": {"limit": 5000, "remaining": 5000, "reset": 1772370000}, "search": {"limit": 30}}}`)
	answer("GET /repos/acme/shop", `{"id": 1, "full_name": "acme/shop", "private": false}`)
	answer("GET /repos/acme/secret", "")
	answer("GET /orgs/acme/repos", `[{"id": 1, "full_name": "acme/shop"}, {"id": 2, "full_name": "acme/old", "archived": true}, {"id": 3, "full_name": "acme/api", "private": true}]`)
	server := httptest.NewServer(routes)
	t.Cleanup(server.Close)
	return server.URL
}

func TestDiagnose(t *testing.T) {
	now := func() time.Time { return time.Date(2026, 3, 1, 12, 0, 42, 0, time.UTC) }
	config := Config{
		BaseURL:      diagnosed(t),
		TokenEnv:     "GITHUB_TOKEN",
		Repositories: []string{"acme/*", "acme/secret"},
		Needs:        Needs{Owners: []string{"*/*"}},
	}
	found, err := Diagnose(context.Background(), config, Credentials{Tokens: []string{"good"}}, now)
	if err != nil {
		t.Fatal(err)
	}
	if found.Version != "3.15.0" || found.ClockSkew != 42*time.Second {
		t.Errorf("version %q, clock skew %v", found.Version, found.ClockSkew)
	}
	if want := []string{"acme/api", "acme/shop"}; !slices.Equal(found.Repositories, want) {
		t.Errorf("repositories %v, want %v", found.Repositories, want)
	}
	if len(found.Problems) != 1 || !strings.Contains(found.Problems[0].Error(), "acme/secret: not found, or the token cannot see it") {
		t.Errorf("problems %v", found.Problems)
	}
	if len(found.Identities) != 1 {
		t.Fatalf("identities %+v", found.Identities)
	}
	one := found.Identities[0]
	if one.Login != "ana" || one.Err != nil || !slices.Equal(one.Scopes, []string{"gist", "read:user"}) || !slices.Equal(one.MissingScopes, []string{"repo", "read:org"}) {
		t.Errorf("identity %+v", one)
	}
	if len(one.Quotas) != 2 || one.Quotas[0].Resource != "core" || one.Quotas[0].Remaining != 4990 {
		t.Errorf("quotas %+v", one.Quotas)
	}
}

func TestDiagnoseRefusedToken(t *testing.T) {
	config := Config{BaseURL: diagnosed(t), TokenEnv: "GITHUB_TOKEN", Repositories: []string{"acme/shop"}}
	found, err := Diagnose(context.Background(), config, Credentials{Tokens: []string{"refused"}}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	want := "github: the token in GITHUB_TOKEN was refused (401 Bad credentials)"
	if got := found.Identities[0].Err; got == nil || got.Error() != want {
		t.Errorf("error %v, want %s", got, want)
	}
	if len(found.Problems) != 1 || len(found.Repositories) != 0 {
		t.Errorf("problems %v, repositories %v", found.Problems, found.Repositories)
	}
}

// The token that GitHub Actions hands out reads repositories and is no user's.
func TestDiagnoseNobodysToken(t *testing.T) {
	config := Config{BaseURL: diagnosed(t), TokenEnv: "GITHUB_TOKEN", Repositories: []string{"acme/shop"}}
	found, err := Diagnose(context.Background(), config, Credentials{Tokens: []string{"installation"}}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	one := found.Identities[0]
	if one.Err != nil || one.Login != "" || len(one.Quotas) != 2 {
		t.Errorf("identity %+v", one)
	}
	if len(found.Problems) != 0 || len(found.Repositories) != 1 {
		t.Errorf("problems %v, repositories %v", found.Problems, found.Repositories)
	}
}

func TestDiagnoseUnreachable(t *testing.T) {
	config := Config{BaseURL: "http://127.0.0.1:1", Repositories: []string{"acme/shop"}}
	if _, err := Diagnose(context.Background(), config, Credentials{}, time.Now); err == nil || !strings.HasPrefix(err.Error(), "github: http://127.0.0.1:1 cannot be reached: github: Get ") {
		t.Errorf("error %v", err)
	}
}
