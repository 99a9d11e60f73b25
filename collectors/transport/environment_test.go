package transport

import (
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestEnvironment asks servers in a process of its own, because Go looks at the
// proxy and the certificates of the environment once.
func TestEnvironment(t *testing.T) {
	if address := os.Getenv("DORADO_TEST_ASK"); address != "" {
		response, err := New(Options{}).Get(address)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil || string(body) != "answered" {
			t.Fatalf("%s %q (%v)", response.Status, body, err)
		}
		return
	}
	answer := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "answered") }) //nolint:errcheck
	ask := func(t *testing.T, address string, environment ...string) {
		t.Helper()
		command := exec.Command(os.Args[0], "-test.run", "^TestEnvironment$")
		command.Env = append(append(os.Environ(), environment...), "DORADO_TEST_ASK="+address)
		if output, err := command.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", address, err, output)
		}
	}
	t.Run("proxy", func(t *testing.T) {
		proxy := httptest.NewServer(answer)
		defer proxy.Close()
		// Only the proxy can answer for a name that does not exist.
		ask(t, "http://github.invalid/", "HTTP_PROXY="+proxy.URL, "NO_PROXY=", "no_proxy=")
	})
	t.Run("certificates", func(t *testing.T) {
		server := httptest.NewTLSServer(answer)
		defer server.Close()
		file := filepath.Join(t.TempDir(), "ca.pem")
		text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		ask(t, server.URL, "SSL_CERT_FILE="+file)
	})
}
