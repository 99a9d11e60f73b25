package server

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dorado/server/wire"
)

// A provider is an OpenID provider that signs whatever a test says.
type provider struct {
	*httptest.Server
	key *rsa.PrivateKey
}

func newProvider(t *testing.T) *provider {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	made := &provider{key: key}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"issuer": %q, "jwks_uri": %q, "id_token_signing_alg_values_supported": ["RS256"]}`, made.URL, made.URL+"/keys")
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"keys": [{"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "1", "n": %q, "e": %q}]}`,
			base64.RawURLEncoding.EncodeToString(key.N.Bytes()), base64.RawURLEncoding.EncodeToString(big.NewInt(int64(key.E)).Bytes()))
	})
	made.Server = httptest.NewServer(mux)
	t.Cleanup(made.Close)
	return made
}

// sign returns a token with the claims.
func (p *provider) sign(t *testing.T, key *rsa.PrivateKey, claims map[string]any) string {
	t.Helper()
	encoded, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	text := base64.RawURLEncoding.EncodeToString([]byte(`{"alg": "RS256", "kid": "1"}`)) + "." + base64.RawURLEncoding.EncodeToString(encoded)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// TestOIDC takes tokens of a provider for their audience, while they are valid, with
// the scopes of the caller's groups.
func TestOIDC(t *testing.T) {
	issuer := newProvider(t)
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	_, listening, _ := serve(t, organisation, func(o *Options) {
		o.Config.OIDC = &OIDC{Issuer: issuer.URL, Audience: "dorado", NameClaim: "email",
			Scopes: map[string][]string{"platform": {wire.ScopeMetrics, wire.ScopeSQL}, "everybody": {wire.ScopeMetrics}}}
	})
	claims := func(changes map[string]any) map[string]any {
		made := map[string]any{"iss": issuer.URL, "aud": "dorado", "sub": "42", "email": "ana@example.com", "groups": []string{"platform", "else"},
			"exp": time.Now().Add(time.Hour).Unix(), "iat": time.Now().Unix()}
		for name, value := range changes {
			made[name] = value
		}
		return made
	}
	for name, test := range map[string]struct {
		token string
		want  int
		has   string
	}{
		"right":             {issuer.sign(t, issuer.key, claims(nil)), 200, `"name":"ana@example.com","scopes":["metrics","sql"]`},
		"groups as text":    {issuer.sign(t, issuer.key, claims(map[string]any{"groups": "x everybody"})), 200, `"scopes":["metrics"]`},
		"no group":          {issuer.sign(t, issuer.key, claims(map[string]any{"groups": []string{}})), 403, "scope metrics"},
		"expired":           {issuer.sign(t, issuer.key, claims(map[string]any{"exp": time.Now().Add(-time.Hour).Unix()})), 401, ""},
		"another audience":  {issuer.sign(t, issuer.key, claims(map[string]any{"aud": "grafana"})), 401, ""},
		"another issuer":    {issuer.sign(t, issuer.key, claims(map[string]any{"iss": "https://evil.example"})), 401, ""},
		"another signature": {issuer.sign(t, other, claims(nil)), 401, ""},
	} {
		if got := ask(t, "GET", listening.URL+wire.PathWhoAmI, "", "Authorization", "Bearer "+test.token); got.status != test.want || !strings.Contains(got.body, test.has) {
			t.Errorf("%s: %d %s, want %d with %s", name, got.status, got.body, test.want, test.has)
		}
	}
}

// TestTelemetry reads the server's own numbers, the audit log and the ids of requests.
func TestTelemetry(t *testing.T) {
	token, hash := NewToken()
	file := filepath.Join(t.TempDir(), "audit.ndjson")
	_, listening, log := serve(t, organisation, func(o *Options) {
		o.Config.Tokens = []Token{{Name: "prometheus", Hash: hash, Scopes: []string{wire.ScopeAdmin}}}
		o.Config.AuditFile = file
	})
	query := sqlBody("select * from range(3)")
	first := ask(t, "POST", listening.URL+wire.PathQuery, query)
	ask(t, "POST", listening.URL+wire.PathQuery, query)
	ask(t, "GET", listening.URL+"/guess/"+strings.Repeat("x", 100), "")
	got := ask(t, "GET", listening.URL+wire.PathTelemetry, "", "Authorization", "Bearer "+token)
	for _, want := range []string{
		`dorado_request_duration_seconds_count{route="POST /api/v1/query",status="200"} 2`, `route="unknown",status="404"`,
		`dorado_cache_requests_total{result="hit"} 1`, `dorado_cache_requests_total{result="miss"} 1`, "dorado_rows_sent_total 6", "dorado_snapshot_number 1",
		"dorado_snapshot_age_seconds ", "dorado_snapshot_size_bytes ", "dorado_checks_not_held ", "dorado_last_build_success 1", "dorado_last_build_duration_seconds ",
		"dorado_snapshot_switches_total 1", "dorado_cache_size_bytes ", "dorado_sql_queries_running 0", "go_goroutines ",
	} {
		if !strings.Contains(got.body, want) {
			t.Errorf("/metrics does not have %s", want)
		}
	}
	audited, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Split(strings.TrimSpace(string(audited)), "\n"); len(lines) != 2 || !strings.Contains(lines[0], `"question":"select * from range(3)"`) ||
		!strings.Contains(lines[0], `"rows":3`) || !strings.Contains(lines[0], `"request":"`+first.header.Get(wire.HeaderRequestID)+`"`) {
		t.Errorf("the audit log is\n%s", audited)
	}
	if !strings.Contains(log.String(), "request="+first.header.Get(wire.HeaderRequestID)) {
		t.Error("the log does not have the id of the request")
	}
}
