package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"
)

// needs skips a test where something is not there that make plugin builds or the
// machine must have; make test, which sets DORADO_TEST_PLUGIN, fails instead.
func needs(t *testing.T, files ...string) {
	t.Helper()
	for _, file := range files {
		if _, err := os.Stat(file); err == nil {
			continue
		}
		if os.Getenv("DORADO_TEST_PLUGIN") != "" {
			t.Fatalf("there is no %s; a Chromium elsewhere can be named in CHROMIUM", file)
		}
		t.Skipf("there is no %s; make test builds it", file)
	}
}

// chromium is where Debian has it.
func chromium() string {
	if file := os.Getenv("CHROMIUM"); file != "" {
		return file
	}
	return "/usr/bin/chromium"
}

// TestBrowser goes through the editors and dashboards in Chromium: the page, the
// built data source, and dorado serve on a simulated organisation.
func TestBrowser(t *testing.T) {
	needs(t, "../node_modules/playwright-core", "../dist/module.js", fmt.Sprintf("../dist/gpx_dorado_%s_%s", runtime.GOOS, runtime.GOARCH), "dist/index.html", chromium())
	server, token := serve(t)

	ctx, cancel := context.WithCancel(t.Context())
	output := &firstLine{found: make(chan string, 1)}
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, []string{"--folder", "..", "--server", server, "--listen", "127.0.0.1:0"}, output, io.Discard)
	}()
	defer func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	var address string
	select {
	case address = <-output.found:
	case err := <-ended:
		ended <- nil
		t.Fatal(err)
	}

	command := exec.CommandContext(ctx, "node", "e2e.mjs", address, token, "screenshots")
	command.Env = append(os.Environ(), "CHROMIUM="+chromium())
	text, err := command.CombinedOutput()
	t.Logf("%s", text)
	if err != nil {
		t.Fatal(err)
	}
}

// firstLine passes on the first line that is written to it.
type firstLine struct {
	text  bytes.Buffer
	found chan string
}

func (f *firstLine) Write(text []byte) (int, error) {
	f.text.Write(text)
	if line, _, isWhole := strings.Cut(f.text.String(), "\n"); isWhole {
		select {
		case f.found <- line:
		default:
		}
	}
	return len(text), nil
}

// serve starts dorado serve on a simulated organisation, and returns its URL and a
// token that it knows.
func serve(t *testing.T) (address, token string) {
	t.Helper()
	folder := t.TempDir()
	binary := filepath.Join(folder, "dorado")
	dorado := func(arguments ...string) string {
		t.Helper()
		command := exec.CommandContext(t.Context(), binary, arguments...)
		command.Dir = folder
		output, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("dorado %s: %v\n%s", strings.Join(arguments, " "), err, output)
		}
		return string(output)
	}
	if output, err := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-o", binary, "dorado/cmd/dorado").CombinedOutput(); err != nil {
		t.Fatalf("build dorado: %v\n%s", err, output)
	}
	dorado("demo", "--days", "90")
	made := dorado("token", "create", "grafana", "--scope", "metrics,sql")
	token, _, _ = strings.Cut(made, "\n")
	entry := regexp.MustCompile(`(?m)^ *- \{name.*$`).FindString(made)
	file := filepath.Join(folder, "demo", "dorado.yaml")
	config, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	port := freePort(t)
	config = fmt.Appendf(config, "\nserver:\n  listen: 127.0.0.1:%d\n  anonymous: []\n  tokens:\n%s\n", port, entry)
	if err := os.WriteFile(file, config, 0o600); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	command := exec.Command(binary, "serve", "--config", file)
	command.Dir, command.Stdout, command.Stderr = folder, &log, &log
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		command.Process.Signal(os.Interrupt) //nolint:errcheck // it may have ended
		if err := command.Wait(); err != nil {
			t.Errorf("dorado serve: %v\n%s", err, log.String())
		}
	})
	address = fmt.Sprintf("http://127.0.0.1:%d", port)
	for range 300 {
		if response, err := http.Get(address + "/readyz"); err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return address, token
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("dorado serve is not ready after 30 s\n%s", log.String())
	return "", ""
}

// freePort returns a port that nobody listened at a moment ago.
func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}
