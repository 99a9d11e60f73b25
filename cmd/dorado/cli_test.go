package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"dorado/warehouse"
)

var update = flag.Bool("update", false, "write the golden files in testdata instead of comparing with them")

// A ran is what a run of dorado left behind.
type ran struct {
	code           int
	stdout, stderr string
}

// impatient returns a program that does what dorado does, but waits for a moment
// only where a server failed: those of tests mind nothing.
func impatient(stdin io.Reader, stdout, stderr io.Writer) *program {
	return &program{stdin: stdin, stdout: stdout, stderr: stderr, now: time.Now, pause: time.Millisecond}
}

// dorado runs the program as main does.
func dorado(t *testing.T, stdin string, args ...string) ran {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := 0
	if err := impatient(strings.NewReader(stdin), &stdout, &stderr).run(t.Context(), args); err != nil {
		code = printError(&stderr, err, false)
	}
	return ran{code, stdout.String(), stderr.String()}
}

// writeInto writes a file of that name into folder, and returns its path.
func writeInto(t *testing.T, folder, name, text string) string {
	t.Helper()
	file := filepath.Join(folder, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// golden compares got with the file in testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got\n%s\nwant, as in %s (go test -update rewrites it)\n%s", got, path, want)
	}
}

// TestCollectFromAnUnreachableServer tells once that it waits and once that it gave up,
// and keeps of every collector that it did not run.
func TestCollectFromAnUnreachableServer(t *testing.T) {
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	folder := t.TempDir()
	for _, road := range []string{"auto", "rest"} {
		t.Run(road, func(t *testing.T) {
			config := writeInto(t, filepath.Join(folder, road), "dorado.yaml",
				"github:\n  api: "+road+"\n  base_url: "+closed.URL+"/api/v3\n  repositories: [acme/checkout, acme/search]\n")
			got := dorado(t, "", "collect", "--config", config)
			if got.code != exitFailure || strings.Count(got.stderr, "connection refused") != 2 ||
				strings.Count(got.stderr, "msg=waits") != 1 || strings.Count(got.stderr, "dorado: collect github_repositories") != 1 {
				t.Errorf("exit code %d and\n%swant one line that it waits and one that it gave up", got.code, got.stderr)
			}
			raw, err := warehouse.OpenRaw(t.Context(), filepath.Join(folder, road, defaultPath))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = raw.Close() }()
			kept, err := raw.Strings(t.Context(), "select collector from collector_runs where error like '%connection refused'")
			if err != nil || len(kept) < 10 {
				t.Errorf("kept is that %v failed (%v), want all collectors of GitHub", kept, err)
			}
		})
	}
}

func TestEveryCommandExplainsItself(t *testing.T) {
	var visit func(command *cobra.Command)
	visit = func(command *cobra.Command) {
		t.Run(command.CommandPath(), func(t *testing.T) {
			if command.Short == "" || command.Long == "" || command.Example == "" {
				t.Errorf("it has no short or long description, or no example")
			}
			if !strings.Contains(command.Example, command.CommandPath()) {
				t.Errorf("the example does not show it:\n%s", command.Example)
			}
			args := append(strings.Fields(command.CommandPath())[1:], "--help")
			got := dorado(t, "", args...)
			if got.code != 0 || got.stderr != "" || !strings.Contains(got.stdout, command.Example) {
				t.Errorf("--help exits with %d and prints\n%s%s", got.code, got.stdout, got.stderr)
			}
		})
		for _, child := range command.Commands() {
			visit(child)
		}
	}
	visit(rootCommand(&program{}))
}

func TestCommandLineMistakes(t *testing.T) {
	for _, test := range []struct {
		args string
		want string
	}{
		{"qurey", `dorado: unknown command "qurey" (did you mean "query"?); see dorado --help`},
		{"config chekc", `dorado: unknown command "chekc" (did you mean "check"?); see dorado config --help`},
		{"query --fromat csv", `dorado: unknown flag: --fromat; see dorado query --help`},
		{"query --format xml x", `dorado: invalid argument "xml" for "--format" flag: it is one of table, csv, json, ndjson, markdown, parquet; see dorado query --help`},
		{"query --format parquet x", `dorado: --format parquet needs --output FILE; see dorado query --help`},
		{"query", `dorado: no SQL: give it as an argument or on standard input; see dorado query --help`},
		{"query from core.deployments", `dorado: unexpected argument "core.deployments"; see dorado query --help`},
		{"version please", `dorado: unexpected argument "please"; see dorado version --help`},
		{"version --log-format xml", `dorado: invalid argument "xml" for "--log-format" flag: it is one of text, json; see dorado version --help`},
	} {
		t.Run(test.args, func(t *testing.T) {
			got := dorado(t, "", strings.Fields(test.args)...)
			if want := (ran{exitUsage, "", test.want + "\n"}); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

func TestVersion(t *testing.T) {
	got := dorado(t, "", "version")
	want := regexp.MustCompile(`^dorado   \S.*\nGo       go1\.\d+.*\nplatform \w+/\w+\nDuckDB   v\d+\.\d+\.\d+\n$`)
	if got.code != 0 || got.stderr != "" || !want.MatchString(got.stdout) {
		t.Errorf("got %+v, want it to match %s", got, want)
	}
}

func TestConfigCheck(t *testing.T) {
	file := writeConfig(t, "github: {repositories: [example/api, example/web]}\n")
	if got, want := dorado(t, "", "config", "check", "--config", file), (ran{0, file + ": ok, 2 repositories, every repository is a service\n", ""}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	file = writeConfig(t, "github: {repositories: [example/api]}\nservices: [{name: api, repositories: [example/api]}]\n")
	if got, want := dorado(t, "", "config", "check", "--config", file), (ran{0, file + ": ok, 1 repository, 1 service\n", ""}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	file = writeConfig(t, "warehouse: {keep_snapshots: 0}\ngithub:\n  repositores: [example/api]\n")
	want := ran{exitFailure, "", file + ":1: warehouse.keep_snapshots: 0 is too few: at least 1 snapshot is kept\n" +
		file + ":3: unknown key \"repositores\" (did you mean \"repositories\"?)\n"}
	if got := dorado(t, "", "config", "check", "--config", file); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// publish makes a warehouse with one snapshot, filled by statements, and returns
// a configuration for it.
func publish(t *testing.T, statements ...string) (configFile string) {
	t.Helper()
	folder := t.TempDir()
	raw, err := warehouse.OpenRaw(t.Context(), folder)
	if err != nil {
		t.Fatal(err)
	}
	if err := raw.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = warehouse.Publish(t.Context(), folder, 1, func(ctx context.Context, database *warehouse.Database) error {
		for _, statement := range statements {
			if err := database.Exec(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return writeConfig(t, fmt.Sprintf("warehouse: {path: %q}\ngithub: {repositories: [example/api]}\n", folder))
}

func TestInterruptedQuery(t *testing.T) {
	file := publish(t)
	ctx, interrupt := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, interrupt)
	started := time.Now()
	var stdout, stderr bytes.Buffer
	err := run(ctx, []string{"query", "--config", file, "select count(*) from range(100000000) a, range(100000000) b"},
		strings.NewReader(""), &stdout, &stderr)
	if err == nil {
		t.Fatal("the query ended well")
	}
	code := printError(&stderr, err, ctx.Err() != nil)
	if got, want := (ran{code, stdout.String(), stderr.String()}), (ran{exitFailure, "", "dorado: interrupted\n"}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if took := time.Since(started); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
}
