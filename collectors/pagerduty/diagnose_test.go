package pagerduty

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

// diagnosed serves what Diagnose asks for: a token of a user, one of the account,
// and one that may not read incidents. Its clock is an hour behind.
func diagnosed(t *testing.T, now time.Time) Config {
	t.Helper()
	answer := func(w http.ResponseWriter, code int, body string) {
		w.Header().Set("Date", now.Add(-time.Hour).Format(http.TimeFormat))
		w.Header().Set("Ratelimit-Limit", "960")
		w.Header().Set("Ratelimit-Remaining", "950")
		w.WriteHeader(code)
		fmt.Fprint(w, body)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token := strings.TrimPrefix(r.Header.Get("Authorization"), "Token token=")
		switch {
		case token == "refused":
			answer(w, http.StatusUnauthorized, `{}`)
		case r.URL.Path == "/users/me" && token == "user":
			answer(w, http.StatusOK, `{"user": {"id": "PU", "summary": "Ana"}}`)
		case r.URL.Path == "/users/me":
			answer(w, http.StatusBadRequest, `{"error": {"message": "you need a user's token"}}`)
		case r.URL.Path == "/services":
			answer(w, http.StatusOK, `{"services": [{"id": "P1", "summary": "Checkout"}, {"id": "P2", "summary": "Search"}], "more": false}`)
		case r.URL.Path == "/incidents" && token == "limited":
			answer(w, http.StatusForbidden, `{"error": {"message": "Access Denied"}}`)
		default:
			answer(w, http.StatusOK, fmt.Sprintf(`{%q: [], "more": false}`, strings.TrimPrefix(r.URL.Path, "/")))
		}
	}))
	t.Cleanup(server.Close)
	return Config{BaseURL: server.URL, TokenEnv: "PAGERDUTY_TOKEN", Since: now, Services: []string{"check.*"}}
}

func TestDiagnose(t *testing.T) {
	now := time.Date(2026, 2, 1, 12, 0, 0, 0, time.UTC)
	for token, want := range map[string]Diagnosis{
		"user":    {ClockSkew: time.Hour, User: "Ana", Limit: 960, Remaining: 950, Services: []string{"Checkout"}},
		"account": {ClockSkew: time.Hour, Limit: 960, Remaining: 950, Services: []string{"Checkout"}},
		"limited": {ClockSkew: time.Hour, Limit: 960, Remaining: 950, Services: []string{"Checkout"},
			Problems: []error{errors.New("pagerduty: the token in PAGERDUTY_TOKEN may not read /incidents (403)")}},
		"refused": {ClockSkew: time.Hour, Problems: []error{errors.New("pagerduty: the token in PAGERDUTY_TOKEN was refused (401)")}},
	} {
		t.Run(token, func(t *testing.T) {
			got, err := Diagnose(context.Background(), diagnosed(t, now), token, func() time.Time { return now })
			if err != nil {
				t.Fatal(err)
			}
			if got.ClockSkew != want.ClockSkew || got.User != want.User || got.Limit != want.Limit || got.Remaining != want.Remaining ||
				!slices.Equal(got.Services, want.Services) || fmt.Sprint(got.Problems) != fmt.Sprint(want.Problems) {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
	_, err := Diagnose(context.Background(), Config{BaseURL: "http://127.0.0.1:1", Since: now}, "user", time.Now)
	if err == nil || !strings.Contains(err.Error(), "http://127.0.0.1:1 cannot be reached") {
		t.Errorf("error %v", err)
	}
}
