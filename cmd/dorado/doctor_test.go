package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// healthyGitHub serves what doctor asks GitHub for; its clock is skew ahead.
func healthyGitHub(t *testing.T, skew time.Duration) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", time.Now().Add(skew).UTC().Format(http.TimeFormat))
		switch {
		case r.Header.Get("Authorization") != "Bearer s3cret":
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"message": "Bad credentials"}`)
		case strings.HasSuffix(r.URL.Path, "/user"):
			w.Header().Set("X-Oauth-Scopes", "repo")
			fmt.Fprint(w, `{"login": "ana"}`)
		case strings.HasSuffix(r.URL.Path, "/rate_limit"):
			fmt.Fprintf(w, `{"resources": {"core": {"limit": 5000, "remaining": 100, "reset": %d}}}`, time.Now().Add(time.Hour).Unix())
		case strings.HasSuffix(r.URL.Path, "/repos/example/api"):
			fmt.Fprint(w, `{"id": 1, "full_name": "example/api", "private": true, "default_branch": "main"}`)
		default:
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"message": "Not Found"}`)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestDoctor(t *testing.T) {
	t.Setenv("DORADO_TEST_GOOD", "s3cret")
	t.Setenv("DORADO_TEST_BAD", "wrong")
	folder := t.TempDir()
	for name, test := range map[string]struct {
		config string
		skew   time.Duration
		code   int
		want   []string
	}{
		"well": {
			config: "token_env: DORADO_TEST_GOOD, repositories: [example/api]",
			want: []string{
				"ok    configuration  ", "ok    warehouse      " + folder + " can be written", "ok    free space", "warn  raw store      nothing has been collected yet",
				"warn  snapshot       none yet: dorado run makes the first one", "ok    GitHub         http://127.0.0.1", "the clocks agree",
				"token 1 is ana's, with the scopes repo", "warn  GitHub         token 1 lacks the scopes read:org",
				"warn  GitHub         token 1 may send 100 of 5000 core requests until", "reads 1 repository: example/api",
			},
		},
		"a clock that is wrong": {
			config: "token_env: DORADO_TEST_GOOD, repositories: [example/api]", skew: -time.Hour,
			want: []string{"warn  GitHub         this machine's clock is 1h0m"},
		},
		"a repository that is not there": {
			config: "token_env: DORADO_TEST_GOOD, repositories: [example/api, example/gone]", code: exitFailure,
			want: []string{"FAIL  GitHub         github: repository example/gone: not found, or the token cannot see it", "reads 1 repository: example/api"},
		},
		"a token that is refused": {
			config: "token_env: DORADO_TEST_BAD, repositories: [example/api]", code: exitFailure,
			want: []string{"github: the token in DORADO_TEST_BAD was refused (401 Bad credentials)", "warn  GitHub         reads 0 repositories: nothing will be read"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			config := writeConfig(t, fmt.Sprintf("warehouse: {path: %q}\ngithub: {base_url: %s, %s}\n", folder, healthyGitHub(t, test.skew), test.config))
			got := dorado(t, "", "doctor", "--config", config)
			if got.code != test.code {
				t.Errorf("exit code %d, want %d", got.code, test.code)
			}
			for _, want := range test.want {
				if !strings.Contains(got.stdout, want) {
					t.Errorf("no %q in\n%s", want, got.stdout)
				}
			}
			if strings.Contains(got.stdout+got.stderr, "s3cret") {
				t.Error("it prints the token")
			}
		})
	}
}

func TestDoctorOfABrokenConfiguration(t *testing.T) {
	config := writeConfig(t, "github: {repositores: [example/api]}\n")
	got := dorado(t, "", "doctor", "--config", config)
	want := ran{exitFailure, "FAIL  configuration  " + config + ":1: unknown key \"repositores\" (did you mean \"repositories\"?)\n", "dorado: 1 check failed\n"}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestDoctorOfAStoreThatWasBuilt(t *testing.T) {
	config := ingestConfig(t)
	storeRows(t, config)
	buildAsOf(t, config, "2026-01-31T00:00:00Z")
	got := dorado(t, "", "doctor", "--config", config)
	for _, want := range []string{"ok    raw store      can be read", "warn  snapshot       as of 2026-01-31T00:00:00Z, "} {
		if !strings.Contains(got.stdout, want) {
			t.Errorf("no %q in\n%s", want, got.stdout)
		}
	}
}
