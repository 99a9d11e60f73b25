package main

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"dorado/server/wire"
)

// certificate writes a certificate of this machine and its key into a folder, and
// returns a client that trusts it.
func certificate(t *testing.T, folder string) *http.Client {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "dorado"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	made, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	encodedKey, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	trusted := x509.NewCertPool()
	for name, block := range map[string]*pem.Block{"server.crt": {Type: "CERTIFICATE", Bytes: made}, "server.key": {Type: "PRIVATE KEY", Bytes: encodedKey}} {
		if err := os.WriteFile(filepath.Join(folder, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	certificate, err := x509.ParseCertificate(made)
	if err != nil {
		t.Fatal(err)
	}
	trusted.AddCert(certificate)
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted}, ForceAttemptHTTP2: true}}
}

// TestServe serves a simulated warehouse from a process of its own, with TLS and a
// token that dorado made, publishes another snapshot meanwhile, and stops it.
func TestServe(t *testing.T) {
	s, _ := collectedSimulated(t)
	config := s.copied(t)
	folder := filepath.Dir(config)
	client := certificate(t, folder)
	created := dorado(t, "", "token", "create", "grafana", "--scope", "metrics,sql")
	token, _, _ := strings.Cut(created.stdout, "\n")
	line := regexp.MustCompile(`(?m)^ +- \{name: "grafana", hash: 'sha256:[0-9a-f]{64}', scopes: \[metrics, sql\]\}$`).FindString(created.stdout)
	if created.code != 0 || !strings.HasPrefix(token, "dorado_") || line == "" || strings.Contains(line, token) {
		t.Fatalf("token create: %+v", created)
	}
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, "\nserver:\n  listen: 127.0.0.1:0\n  anonymous: []\n  audit_file: audit.ndjson\n  tls: {certificate_file: server.crt, key_file: server.key}\n  tokens:\n"+line+"\n"...)
	if err := os.WriteFile(config, text, 0o600); err != nil {
		t.Fatal(err)
	}
	runDorado(t, "config", "check", "--config", config)

	process := exec.Command(os.Args[0], "serve", "--config", config, "--log-format", "json")
	process.Env = append(os.Environ(), childVariable+"=1")
	log, err := process.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = process.Process.Kill() }()
	lines := bufio.NewScanner(log)
	address := ""
	for address == "" && lines.Scan() {
		var logged struct{ Msg, Address string }
		if err := json.Unmarshal(lines.Bytes(), &logged); err != nil {
			t.Fatalf("it logs %q: %v", lines.Text(), err)
		}
		if logged.Msg == "serving" {
			address = "https://" + logged.Address
		}
	}
	rest := make(chan string, 1)
	go func() {
		text, _ := io.ReadAll(log)
		rest <- string(text)
	}()
	ask := func(path, body, bearer string) (int, string, *http.Response) {
		t.Helper()
		method := http.MethodGet
		if body != "" {
			method = http.MethodPost
		}
		request, err := http.NewRequestWithContext(context.Background(), method, address+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", wire.MediaJSON)
		request.Header.Set("Accept", wire.MediaCSV+", "+wire.MediaJSON+";q=0.5, text/plain")
		if bearer != "" {
			request.Header.Set("Authorization", "Bearer "+bearer)
		}
		answer, err := client.Do(request)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		defer answer.Body.Close()
		content, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		return answer.StatusCode, string(content), answer
	}
	if status, text, _ := ask(wire.PathWhoAmI, "", ""); status != http.StatusUnauthorized {
		t.Errorf("without a token: %d %s", status, text)
	}
	status, rows, answer := ask(wire.PathQuery, `{"sql": "select service_id, team from core.services order by all"}`, token)
	if status != http.StatusOK || answer.ProtoMajor != 2 || answer.TLS == nil || answer.Header.Get(wire.HeaderSnapshot) != "000001" {
		t.Errorf("SQL: %d by %s of snapshot %s", status, answer.Proto, answer.Header.Get(wire.HeaderSnapshot))
	}
	if printed := runDorado(t, "query", "--config", config, "--format", "csv", "select service_id, team from core.services order by all"); printed != rows {
		t.Errorf("the server answers\n%s\nand dorado query prints\n%s", rows, printed)
	}
	// What explain prints is what the server explains.
	var printed, explained struct {
		Value float64
		N     int
	}
	_, text2, _ := ask(wire.PathMetricQuery, `{"metric": "change_lead_time"}`, token)
	if !strings.Contains(text2, "change_lead_time,median_seconds,") {
		t.Errorf("change lead time is\n%s", text2)
	}
	if err := json.Unmarshal([]byte(runDorado(t, "explain", "change_lead_time", "--config", config, "--format", "json")), &printed); err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequest(http.MethodGet, address+wire.PathExplain+"?metric=change_lead_time", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	answer, err = client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.NewDecoder(answer.Body).Decode(&explained); err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if printed != explained || printed.N == 0 {
		t.Errorf("dorado explains %+v, the server %+v", printed, explained)
	}

	runDorado(t, "build", "--config", config, "--as-of", s.organization.End.Format(time.RFC3339))
	for began := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		_, _, answer := ask(wire.PathQuery, `{"sql": "select 1 as one"}`, token)
		if answer.Header.Get(wire.HeaderSnapshot) == "000002" {
			break
		}
		if time.Since(began) > 20*time.Second {
			t.Fatal("the new snapshot is not served")
		}
	}

	if err := process.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	logged := <-rest
	if err := process.Wait(); err != nil {
		t.Errorf("it ended with %v\n%s", err, logged)
	}
	if strings.Contains(logged, token) || !strings.Contains(logged, "stop serving") {
		t.Errorf("it logged\n%s", logged)
	}
	audited, err := os.ReadFile(filepath.Join(folder, "audit.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"caller":"grafana"`, `select service_id, team from core.services`, `"status":401`} {
		if !strings.Contains(string(audited), want) {
			t.Errorf("the audit log does not have %s:\n%s", want, audited)
		}
	}
	if strings.Contains(string(audited), token) {
		t.Error("the audit log has the token")
	}
}

func TestServerConfigMistakes(t *testing.T) {
	file := writeConfig(t, `github: {repositories: [example/api]}
server:
  listen: nowhere
  anonymous: [admin]
  tls: {key_file: x}
  tokens:
    - {name: a, hash: secret, scopes: [metrics]}
    - {name: a, hash: 'sha256:`+strings.Repeat("0", 64)+`', scopes: [everything]}
  oidc: {issuer: 'http://login.example.com', scopes: {}}
  limits: {memory: lots, rows: -1}
`)
	got := dorado(t, "", "config", "check", "--config", file)
	for _, want := range []string{
		`:3: server.listen: "nowhere" is not an address and a port`,
		":4: server.anonymous: admin is for callers with a token only",
		":5: server.tls: give both certificate_file and key_file",
		":7: server.tokens[0].hash: this is not the hash of a token",
		`:8: server.tokens[1].name: "a" is also the name of tokens[0]`,
		`:8: server.tokens[1].scopes: "everything" is not one of`,
		":9: server.oidc.issuer: this is not the address of an OpenID provider",
		":9: server.oidc.audience: name whom the tokens are for",
		`:10: server.limits.memory: "lots" is not a size`,
		":10: server.limits.rows: it is negative",
	} {
		if !strings.Contains(got.stderr, want) {
			t.Errorf("config check does not say %q:\n%s", want, got.stderr)
		}
	}
	if strings.Contains(got.stderr, "secret") {
		t.Error("it prints what may be a token")
	}
}
