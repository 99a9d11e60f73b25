package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"dorado/collectors"
	"dorado/collectors/ingested"
	"dorado/collectors/landing"
	"dorado/collectors/simulator"
	"dorado/warehouse"
)

// storeDeployments makes a warehouse with so many ingested deployments and one that
// has landed, and returns its configuration.
func storeDeployments(t *testing.T, number int) (configFile string) {
	t.Helper()
	configFile = writeConfig(t, "services: [{name: checkout, repositories: [acme/checkout]}]\n")
	folder := filepath.Join(filepath.Dir(configFile), defaultPath)
	raw, err := warehouse.OpenRaw(t.Context(), folder)
	if err != nil {
		t.Fatal(err)
	}
	var rows []collectors.Row
	for n := range number {
		at := time.Date(2026, 1, 1, 0, n, 0, 0, time.UTC)
		rows = append(rows, ingested.Deployment{ID: fmt.Sprint(n), Service: new(string), Environment: "production", Status: "success", FinishedAt: &at})
	}
	if err := errors.Join(raw.Ensure(t.Context(), rawTables()...), raw.Put(t.Context(), "", rows, ""), raw.Close()); err != nil {
		t.Fatal(err)
	}
	_, err = landing.New(folder, time.Now).Append(collectors.Event{Source: ingested.Source, Kind: "deployments", ReceivedAt: time.Now(),
		Body: json.RawMessage(`[{"id": "landed", "service": "checkout", "finished_at": "2026-01-31T09:00:00Z"}]`)}, landing.Key{Name: "k"})
	if err != nil {
		t.Fatal(err)
	}
	return configFile
}

const countDeployments = "select count(*)::varchar from ingested_deployments"

func TestBackupAndRestore(t *testing.T) {
	config := storeDeployments(t, 1000)
	backups := t.TempDir()
	file := filepath.Join(backups, "one.tar")
	got := runDorado(t, "backup", file, "--config", config)
	if !strings.HasPrefix(got, "backup     "+file+": ") || !strings.Contains(got, "2 landing files") {
		t.Errorf("got %s", got)
	}
	if got := dorado(t, "", "backup", file, "--config", config); got.stderr != "dorado: backup: "+file+" is there already\n" {
		t.Errorf("got %+v", got)
	}
	if got := dorado(t, "", "restore", file, "--config", config); got.code != exitFailure || !strings.Contains(got.stderr, "replace it with --force") {
		t.Errorf("got %+v", got)
	}
	// What comes after the backup is gone with it, but not what landed.
	runDorado(t, "collect", "landing", "--config", config)
	if got := rawStrings(t, config, countDeployments); got[0] != "1001" {
		t.Fatalf("%s deployments", got)
	}
	if got := runDorado(t, "restore", file, "--force", "--config", config); !strings.Contains(got, "raw.duckdb.replaced") {
		t.Errorf("got %s", got)
	}
	if got := rawStrings(t, config, countDeployments); got[0] != "1000" {
		t.Errorf("%s deployments after restoring", got)
	}
	runDorado(t, "collect", "landing", "--config", config)
	if got := rawStrings(t, config, countDeployments); got[0] != "1001" {
		t.Errorf("%s deployments after merging again", got)
	}
	// Into an empty warehouse.
	empty := writeConfig(t, "services: [{name: checkout, repositories: [acme/checkout]}]\n")
	runDorado(t, "restore", file, "--config", empty)
	runDorado(t, "collect", "landing", "--config", empty)
	if got := rawStrings(t, empty, countDeployments); got[0] != "1001" {
		t.Errorf("%s deployments in the new warehouse", got)
	}

	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	spoilt := filepath.Join(backups, "spoilt.tar")
	for name, spoil := range map[string]func() []byte{
		"empty":      func() []byte { return nil },
		"cut short":  func() []byte { return text[:len(text)*2/3] },
		"changed":    func() []byte { changed := append([]byte{}, text...); changed[len(text)/2] ^= 1; return changed },
		"no tar":     func() []byte { return []byte(strings.Repeat("x", 5000)) },
		"other name": func() []byte { return []byte(strings.Replace(string(text), "manifest.json", "manifest.jso_", 1)) },
	} {
		if err := os.WriteFile(spoilt, spoil(), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := dorado(t, "", "restore", spoilt, "--force", "--config", config); got.code != exitFailure || !strings.Contains(got.stderr, spoilt) {
			t.Errorf("%s: got %+v", name, got)
		}
	}
	if got := rawStrings(t, config, countDeployments); got[0] != "1001" {
		t.Errorf("%s deployments after restoring nothing", got)
	}
}

// TestBackupsAreKept checks which are.
func TestBackupsAreKept(t *testing.T) {
	config := storeDeployments(t, 10)
	folder := t.TempDir()
	for _, name := range []string{"dorado-20260101T000000Z.tar", "dorado-20260102T000000Z.tar", "dorado-mine.tar", "other.tar"} {
		if err := os.WriteFile(filepath.Join(folder, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	runDorado(t, "backup", folder, "--keep", "2", "--config", config)
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	if len(names) != 4 || names[0] != "dorado-20260102T000000Z.tar" || names[2] != "dorado-mine.tar" {
		t.Errorf("kept %q", names)
	}
}

// TestBackupWhileCollecting asks for a backup of a store that another process has
// open, which makes the copy.
func TestBackupWhileCollecting(t *testing.T) {
	t.Parallel() // it waits more than it works
	s := simulate(t)
	held := s.anew(t)
	// A source that is slow to answer keeps the store open.
	s.serve(simulator.ServerOptions{Faults: simulator.Faults{Slow: 100 * time.Millisecond}})
	job := nightlyJob(held)
	if err := job.Start(); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(filepath.Dir(held), defaultPath)
	// It asks for something only when it has the store open.
	waitFor(t, "the run to open the store", func() bool { return len(s.requests.take()) > 0 })
	file := filepath.Join(t.TempDir(), "backup.tar")
	runDorado(t, "backup", file, "--config", held)
	if err := job.Process.Signal(syscall.Signal(0)); err != nil {
		t.Errorf("the run had ended before the backup: %v", err)
	}
	_ = job.Process.Kill()
	_ = job.Wait()
	s.serve(simulator.ServerOptions{})
	restored := s.anew(t)
	runDorado(t, "restore", file, "--config", restored)
	_, clean := collectedSimulated(t)
	samePrints(t, s.collectAndBuild(t, restored), clean)
	if left, _ := filepath.Glob(filepath.Join(folder, requestsName, "*")); len(left) > 0 {
		t.Errorf("%q is left", left)
	}
}

// TestKilledBackups kills backups wherever they are: each that has its name is whole,
// and the store is as it was.
func TestKilledBackups(t *testing.T) {
	t.Parallel() // it waits more than it works
	loops := 10
	if text := os.Getenv("DORADO_KILL_LOOPS"); text != "" {
		var err error
		if loops, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	config := storeDeployments(t, 20_000)
	folder := t.TempDir()
	backup := func(n int) *exec.Cmd {
		job := exec.Command(os.Args[0], "backup", filepath.Join(folder, fmt.Sprint(n, ".tar")), "--config", config)
		job.Env = append(os.Environ(), childVariable+"=1")
		return job
	}
	started := time.Now()
	if text, err := backup(0).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	whole := time.Since(started)
	killed := 0
	for n := 1; n <= loops; n++ {
		job := backup(n)
		if err := job.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(whole * time.Duration(n) / time.Duration(loops))
		_ = job.Process.Kill()
		if job.Wait() != nil {
			killed++
		}
	}
	found, err := filepath.Glob(filepath.Join(folder, "*.tar"))
	if err != nil || len(found) == 0 {
		t.Errorf("%d backups (%v)", len(found), err)
	}
	for _, file := range found {
		restored := writeConfig(t, "services: [{name: checkout, repositories: [acme/checkout]}]\n")
		runDorado(t, "restore", file, "--config", restored)
		if got := rawStrings(t, restored, countDeployments); got[0] != "20000" {
			t.Errorf("%s has %s deployments", file, got)
		}
	}
	if got := rawStrings(t, config, countDeployments); got[0] != "20000" {
		t.Errorf("%s deployments are left", got)
	}
	t.Logf("%d of %d backups were killed, %d are whole", killed, loops, len(found))
}
