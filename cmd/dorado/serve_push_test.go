package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"dorado/server"
	"dorado/server/push"
)

// A sharedBuffer may be written and read at once.
type sharedBuffer struct {
	mutex sync.Mutex
	text  strings.Builder
}

func (b *sharedBuffer) Write(text []byte) (int, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.text.Write(text)
}

func (b *sharedBuffer) String() string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.text.String()
}

// waitFor waits until something holds.
func waitFor(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s takes too long", what)
		}
	}
}

// serveUntilEnd runs dorado serve until the test ends and returns its address.
func serveUntilEnd(t *testing.T, configFile string) (address string, log *sharedBuffer) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	log = &sharedBuffer{}
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, []string{"serve", "--listen", "127.0.0.1:0", "--config", configFile}, strings.NewReader(""), io.Discard, log)
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("serve ended with %v", err)
		}
	})
	listening := regexp.MustCompile(`msg=serving address=(\S+)`)
	waitFor(t, "to start", func() bool {
		select {
		case err := <-ended:
			t.Fatalf("serve ended with %v: %s", err, log)
		default:
		}
		return listening.MatchString(log.String())
	})
	return "http://" + listening.FindStringSubmatch(log.String())[1], log
}

// TestServeTakesAndRuns pushes to a running server, which then runs by its schedule:
// what was pushed is in the snapshot that it serves.
func TestServeTakesAndRuns(t *testing.T) {
	t.Setenv("DORADO_TEST_WEBHOOK", pushSecret)
	token, hash := server.NewToken()
	file := writeConfig(t, `
services: [{name: checkout, repositories: [acme/checkout]}]
schedule: {at: ['0 4 1 * *'], timezone: Europe/Berlin}
github: {base_url: 'http://127.0.0.1:1', repositories: [acme/checkout], api: rest}
pagerduty: [{base_url: 'http://127.0.0.1:1', since: 2026-01-01}]
server:
  webhooks:
    github: [{secret_env: DORADO_TEST_WEBHOOK}]
    pagerduty: [{secret_env: DORADO_TEST_WEBHOOK}]
  tokens:
    - {name: ci, hash: '`+hash+`', scopes: [ingest]}
    - {name: root, hash: '`+hash[:len(hash)-1]+`0', scopes: [admin]}
`)
	// Sources that nobody answers for would be tried for minutes.
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	only := regexp.MustCompile(`(?m)^(github|pagerduty): .*\n`).ReplaceAllString(string(text), "")
	only = regexp.MustCompile(`(?m)^ +(webhooks:|github:|pagerduty:).*\n`).ReplaceAllString(only, "")
	folder := filepath.Join(filepath.Dir(file), defaultPath)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}

	t.Run("webhooks", func(t *testing.T) {
		address, _ := serveUntilEnd(t, file)
		for _, test := range []struct {
			path, body string
			status     int
		}{
			{push.PathGitHub, `{"repository": {"id": 1, "full_name": "acme/checkout"}, "deployment": {"id": 7, "created_at": "2026-01-31T09:00:00Z", "updated_at": "2026-01-31T09:00:00Z"}}`, http.StatusAccepted},
			{push.PathPagerDuty, `{"event": {"id": "E1", "event_type": "incident.resolved", "data": {"id": "Q1"}}}`, http.StatusAccepted},
			{push.PathGitHub, `{}`, http.StatusBadRequest},
		} {
			request := delivery{test.path, "deployment", "d1", []byte(test.body)}.request()
			request.RequestURI = ""
			var err error
			if request.URL, err = request.URL.Parse(address + test.path); err != nil {
				t.Fatal(err)
			}
			if status, body := ask(t, request); status != test.status {
				t.Errorf("%s: %d %s, want %d", test.path, status, body, test.status)
			}
		}
		request, _ := http.NewRequest(http.MethodPost, address+push.PathIngest+"deployments", strings.NewReader(""))
		if status, body := ask(t, request); status != http.StatusUnauthorized {
			t.Errorf("without a token: %d %s", status, body)
		}
	})
	if err := os.WriteFile(file, []byte(only), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(folder, "landing")); err != nil {
		t.Fatal(err)
	}
	t.Run("records and a missed run", func(t *testing.T) {
		address, log := serveUntilEnd(t, file)
		request, _ := http.NewRequest(http.MethodPost, address+push.PathIngest+"deployments", strings.NewReader(
			`[{"id": "b1", "service": "checkout", "finished_at": "2026-01-31T09:00:00Z"}, {"id": "b2", "service": "checkout"}]`))
		request.Header.Set("Authorization", "Bearer "+token)
		request.Header.Set("Content-Type", "application/json")
		if status, body := ask(t, request); status != http.StatusMultiStatus || !strings.Contains(body, `"taken":1`) {
			t.Fatalf("%d %s: %s", status, body, log)
		}
	})
	// The run of the first of a month is missed while nothing runs.
	if err := os.WriteFile(filepath.Join(folder, "schedule.json"), []byte(`{"done_at": "2026-01-15T00:00:00Z"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Run("it is caught up", func(t *testing.T) {
		_, log := serveUntilEnd(t, file)
		waitFor(t, "the run", func() bool { return strings.Contains(log.String(), "scheduled run succeeded") })
		if got := fmt.Sprint(query(t, file, "select deployment_id from core.deployments")); got != "[[checkout/ingested:b1]]" {
			t.Errorf("deployments are %s\n%s", got, log)
		}
		nothingWaits(t, file)
	})
}

// ask sends a request.
func ask(t *testing.T, request *http.Request) (status int, body string) {
	t.Helper()
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

func TestConfigOfPush(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"server: {webhooks: {github: [{}]}}", "server.webhooks.github[0]: say where the secret is: secret_env or secret_file"},
		{"server: {webhooks: {github: [{secret_env: 'not a name'}]}}", "server.webhooks.github[0].secret_env: this is not the name of an environment variable"},
		{"server: {webhooks: {github: [{secret_env: A, secret_file: b}]}}", "server.webhooks.github[0].secret_file: the secret comes from secret_env or from secret_file, not from both"},
		{"server: {webhooks: {pagerduty: [{secret_env: A, account: eu}]}}", `server.webhooks.pagerduty[0].account: there is no account "eu" under pagerduty`},
		{"schedule: {at: ['61 * * * *']}", `schedule.at[0]: "61 * * * *" is not a cron expression`},
		{"schedule: {at: ['@daily'], timezone: Berlin}", `schedule.timezone: "Berlin" is not the IANA name`},
		{"schedule: {at: ['@daily'], jitter_minutes: -5}", "schedule.jitter_minutes: give minutes"},
		{"schedule: {times: []}", `unknown key "times"`},
	} {
		file := writeConfig(t, "github: {repositories: [acme/checkout]}\n"+test.text+"\n")
		got := dorado(t, "", "config", "check", "--config", file)
		if got.code != exitFailure || !strings.Contains(got.stderr, file+":2: "+test.want) {
			t.Errorf("%s: got %q, want %q", test.text, got.stderr, test.want)
		}
	}
}
