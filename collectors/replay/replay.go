// Package replay serves real input to tests: what GitHub and PagerDuty answered about
// public projects, as these services would. The input is not part of this module,
// because it is others'; a test that needs it is skipped where it is not there.
package replay

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

// script is the server's file in the folder of the input.
const script = "replay.py"

// Folder returns the folder with the input, and skips the test where there is none.
func Folder(t testing.TB) string {
	t.Helper()
	folder := os.Getenv("DORADO_REAL_DATA")
	if folder == "" { // a package's tests run two levels below the module
		folder = filepath.Join("..", "..", "..", "shared", "real")
	}
	if _, err := os.Stat(filepath.Join(folder, script)); err != nil {
		t.Skipf("no real input at %s: set DORADO_REAL_DATA to its folder", folder)
	}
	return folder
}

// Check skips the test where the input cannot be served.
func Check(t testing.TB) {
	t.Helper()
	Folder(t)
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("no python3 to serve the real input with")
	}
}

// Serve serves the input with the server's options until the test ends, and returns
// the base URL.
func Serve(t testing.TB, options ...string) string {
	t.Helper()
	base, stop := Start(t, options...)
	t.Cleanup(stop)
	return base
}

var address = regexp.MustCompile(`http://[0-9.]+:[0-9]+`)

// Start serves the input until stop is called.
func Start(t testing.TB, options ...string) (base string, stop func()) {
	t.Helper()
	Check(t)
	folder := Folder(t)
	server := exec.Command("python3", append([]string{filepath.Join(folder, script), folder, "--port", "0"}, options...)...)
	server.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1") // the folder is not ours to write to
	server.Stderr = os.Stderr
	output, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	stop = func() {
		_ = server.Process.Kill()
		_ = server.Wait() // it was killed
	}
	line, err := bufio.NewReader(output).ReadString('\n')
	base = address.FindString(line)
	if base == "" {
		stop()
		t.Fatalf("%s does not say where it serves: %q, %v", script, line, err)
	}
	return base, stop
}
