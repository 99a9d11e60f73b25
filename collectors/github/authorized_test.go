package github

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// memory remembers answers and has nothing stored.
type memory struct {
	forgetful
	mutex   sync.Mutex
	answers map[string][]byte
}

func (m *memory) Recall(_ context.Context, key string) ([]byte, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return m.answers[key], nil
}

func (m *memory) Remember(_ context.Context, key string, value []byte) error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if m.answers == nil {
		m.answers = map[string][]byte{}
	}
	m.answers[key] = value
	return nil
}

// A fakeServer answers every path with the same repository, knows ETags as GitHub
// makes them, and counts a quota for each Authorization.
type fakeServer struct {
	mutex   sync.Mutex
	quota   map[string]int // by Authorization; what is not there has no limit
	asked   []string       // the Authorization of each request
	etags   []string       // the If-None-Match of each
	minted  int            // how many installation tokens were given
	expires time.Duration  // of an installation token
}

const repositoryJSON = `{"id": 1, "full_name": "acme/shop", "private": true}`

func (f *fakeServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if r.Method == http.MethodPost && r.URL.Path == "/api/v3/app/installations/34/access_tokens" {
		f.minted++
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, `{"token": "minted-%d", "expires_at": %q}`, f.minted, time.Now().Add(f.expires).UTC().Format(time.RFC3339))
		return
	}
	authorization := r.Header.Get("Authorization")
	f.asked = append(f.asked, authorization)
	f.etags = append(f.etags, r.Header.Get("If-None-Match"))
	left, isLimited := f.quota[authorization]
	if isLimited {
		w.Header().Set("X-RateLimit-Reset", fmt.Sprint(time.Now().Add(time.Hour).Unix()))
		w.Header().Set("X-RateLimit-Remaining", fmt.Sprint(max(left-1, 0)))
		if left == 0 {
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `{"message": "API rate limit exceeded"}`)
			return
		}
	}
	hash := sha256.Sum256([]byte(r.Header.Get("Accept") + ":" + authorization + ":" + repositoryJSON))
	tag := `"` + hex.EncodeToString(hash[:]) + `"`
	w.Header().Set("ETag", tag)
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if isLimited {
		f.quota[authorization]--
	}
	fmt.Fprint(w, repositoryJSON)
}

// reading returns a source that reads from the server, as in one run.
func (f *fakeServer) reading(t *testing.T, answers Answers, usage *Usage, app *App, credentials Credentials) *source {
	t.Helper()
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	config := Config{BaseURL: server.URL + "/api/v3", App: app}
	client, err := NewClient(config, credentials, answers, usage, func(time.Time, string) { t.Error("a request waits") })
	if err != nil {
		t.Fatal(err)
	}
	s, err := newSource(config, client, forgetful{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// ask asks for the repository, conditionally.
func ask(t *testing.T, s *source) {
	t.Helper()
	var found Repository
	if _, err := s.get(conditional(context.Background()), &found, "repos/acme/shop"); err != nil {
		t.Fatal(err)
	}
	if found.FullName != "acme/shop" {
		t.Errorf("got repository %q", found.FullName)
	}
}

func TestTheTokenWithMostQuotaIsUsed(t *testing.T) {
	server, usage := &fakeServer{quota: map[string]int{"Bearer one": 2, "Bearer two": 5}}, &Usage{}
	s := server.reading(t, forgetful{}, usage, nil, Credentials{Tokens: []string{"one", "two"}})
	if left := usage.RequestsLeft.Sum(); left != nil {
		t.Errorf("%d are left before anything was said", *left)
	}
	for range 7 { // the sum of both: no request waits
		ask(t, s)
		said := 0
		for _, authorization := range []string{"Bearer one", "Bearer two"} {
			if slices.Contains(server.asked, authorization) {
				said += server.quota[authorization]
			}
		}
		if left := usage.RequestsLeft.Sum(); left == nil || *left != int64(said) {
			t.Errorf("%v are left, want %d", left, said)
		}
	}
	if left := usage.PointsLeft.Sum(); left != nil {
		t.Errorf("%d points are left of a quota that nothing was said of", *left)
	}
	if used := server.quota; used["Bearer one"] != 0 || used["Bearer two"] != 0 {
		t.Errorf("left %v, want nothing", used)
	}
}

func TestAnAnswerIsNotModifiedForAnotherToken(t *testing.T) {
	server, usage, answers := &fakeServer{}, &Usage{}, &memory{}
	s := server.reading(t, answers, usage, nil, Credentials{Tokens: []string{"yesterday"}})
	ask(t, s)
	ask(t, s)
	if got := usage.NotModified.Load(); got != 1 {
		t.Errorf("with the same token %d answers were not modified, want 1", got)
	}
	// A run with another token has another address here, which is part of the
	// key: give it the same answers under its own.
	other := server.reading(t, answers, usage, nil, Credentials{Tokens: []string{"today"}})
	for key, value := range answers.answers {
		answers.answers[strings.ReplaceAll(key, s.client.BaseURL.Host, other.client.BaseURL.Host)] = value
	}
	ask(t, other)
	if got := usage.NotModified.Load(); got != 2 {
		t.Errorf("with another token %d answers were not modified, want 2; asked with %v", got, server.etags)
	}
}

// TestAnswersOfOlderFormAreAskedForAgain keeps them compressed from then on.
func TestAnswersOfOlderFormAreAskedForAgain(t *testing.T) {
	answers, server, usage := &memory{}, &fakeServer{}, &Usage{}
	s := server.reading(t, answers, usage, nil, Credentials{Tokens: []string{"today"}})
	ask(t, s)
	if len(answers.answers) != 1 {
		t.Fatalf("%d answers are kept, want 1", len(answers.answers))
	}
	for key, value := range answers.answers {
		kept, err := unpacked(value)
		if err != nil || string(kept.Body) != repositoryJSON {
			t.Fatalf("kept is %v, %v", kept, err)
		}
		answers.answers[key] = []byte(`{"ETag": "\"old\"", "Body": "e30="}`)
	}
	for range 2 {
		ask(t, s)
	}
	if got := usage.NotModified.Load(); got != 1 || len(server.asked) != 3 {
		t.Errorf("of %d answers %d were not modified, want the last of 3", len(server.asked), got)
	}
}

func TestAppTokensAreRenewed(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	// A token that lasts for less than a minute more is renewed before it is used.
	for name, test := range map[string]struct {
		expires time.Duration
		want    []string
	}{
		"lasting":  {expires: time.Hour, want: []string{"Bearer minted-1", "Bearer minted-1"}},
		"expiring": {expires: 30 * time.Second, want: []string{"Bearer minted-1", "Bearer minted-2"}},
	} {
		t.Run(name, func(t *testing.T) {
			server, usage := &fakeServer{expires: test.expires}, &Usage{}
			s := server.reading(t, &memory{}, usage, &App{ID: 12, InstallationID: 34}, Credentials{AppKey: text})
			ask(t, s)
			ask(t, s)
			if !slices.Equal(server.asked, test.want) {
				t.Errorf("asked with %v, want %v", server.asked, test.want)
			}
			if got := usage.NotModified.Load(); got != 1 {
				t.Errorf("%d answers were not modified, want 1: whichever token asks", got)
			}
		})
	}
}

func TestAnAppWithABrokenKeyIsRefused(t *testing.T) {
	_, err := NewClient(Config{BaseURL: "http://localhost", App: &App{ID: 12, InstallationID: 34}}, Credentials{AppKey: []byte("no key")}, forgetful{}, &Usage{}, nil)
	if err == nil || !strings.Contains(err.Error(), "the private key of the App") {
		t.Errorf("error %v", err)
	}
}

func TestTheTokenStaysWithItsServer(t *testing.T) {
	elsewhere := &fakeServer{}
	other := httptest.NewServer(elsewhere)
	defer other.Close()
	redirecting := httptest.NewServer(http.RedirectHandler(other.URL+"/repos/acme/shop", http.StatusMovedPermanently))
	defer redirecting.Close()
	config := Config{BaseURL: redirecting.URL}
	client, err := NewClient(config, Credentials{Tokens: []string{"secret"}}, forgetful{}, &Usage{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := newSource(config, client, forgetful{})
	if err != nil {
		t.Fatal(err)
	}
	ask(t, s)
	if want := []string{""}; !slices.Equal(elsewhere.asked, want) {
		t.Errorf("another server was asked with %q", elsewhere.asked)
	}
}
