package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestDemoServes opens the page that the demo shows in the end, and stops it.
func TestDemoServes(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	config := filepath.Join(t.TempDir(), "demo", "dorado.yaml")
	stdout, written := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, []string{"demo", "--folder", filepath.Dir(config), "--days", "10", "--serve"}, strings.NewReader(""), written, io.Discard)
		ended <- err
		written.CloseWithError(err)
	}()
	address := ""
	lines := bufio.NewScanner(stdout)
	for address == "" && lines.Scan() {
		address = regexp.MustCompile(`http://127\.0\.0\.1:\d+ in a browser`).FindString(lines.Text())
	}
	address, _, _ = strings.Cut(address, " ")
	answer, err := http.Get(address + "/")
	if err != nil {
		t.Fatalf("%v (%v)", err, lines.Err())
	}
	page, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK || !strings.Contains(string(page), "Change lead time") {
		t.Errorf("status %d, %v:\n%.2000s", answer.StatusCode, err, page)
	}
	if err := answer.Body.Close(); err != nil {
		t.Fatal(err)
	}
	taken := strings.TrimPrefix(address, "http://")
	second := dorado(t, "", "serve", "--config", config, "--listen", taken)
	if want := "dorado: another program has " + taken + ": stop it, or choose another address with server.listen or --listen"; second.code != 1 || !strings.Contains(second.stderr, want) {
		t.Errorf("a second one there: %+v", second)
	}
	go func() { _, _ = io.Copy(io.Discard, stdout) }() // or it would wait for somebody to read
	stop()
	if err := <-ended; err != nil {
		t.Errorf("it ends with %v", err)
	}
}
