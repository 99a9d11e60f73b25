package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"dorado/server/wire"
	"dorado/warehouse"
)

// inProcess returns dorado in a process of its own.
func inProcess(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	job := exec.Command(os.Args[0], args...)
	job.Env = append(os.Environ(), childVariable+"=1")
	return job
}

// refused runs a job, which fails with one line on standard error, and returns it.
func refused(t *testing.T, job *exec.Cmd) string {
	t.Helper()
	text, err := job.CombinedOutput()
	var lines []string
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "time=") { // of the log
			lines = append(lines, line)
		}
	}
	if err == nil || len(lines) != 1 {
		t.Errorf("%s: %v: %s", job.Args[1:], err, text)
	}
	return strings.Join(lines, "")
}

// TestFullDisk builds where files cannot grow, as on a full disk: the line says so, the
// snapshot stays, nothing is left, and the next build works.
func TestFullDisk(t *testing.T) {
	config := storeDeployments(t, 100) // none of them of a service, and one of one that waits in the landing folder
	folder := filepath.Join(filepath.Dir(config), defaultPath)
	runDorado(t, "build", "--config", config)
	job := inProcess(t, "build", "--config", config)
	job.Args = append([]string{"sh", "-c", `ulimit -f 200; exec "$@"`, "sh"}, job.Args...)
	job.Path = "/bin/sh"
	if got := refused(t, job); !strings.HasPrefix(got, "dorado: build: ") || !strings.Contains(got, "File too large") {
		t.Errorf("got %s", got)
	}
	if got := query(t, config, "select count(*) from core.deployments"); got[0][0] != "0" {
		t.Errorf("the snapshot says %v", got)
	}
	names, err := filepath.Glob(filepath.Join(folder, "published", "*"))
	if err != nil || len(names) != 1 {
		t.Errorf("there are %v (%v)", names, err)
	}
	if last, err := warehouse.LastBuild(folder); err != nil || last.IsPublished || !strings.Contains(last.Problem, "File too large") {
		t.Errorf("the last build is %+v (%v)", last, err)
	}
	runDorado(t, "collect", "landing", "--config", config)
	runDorado(t, "build", "--config", config)
	if got := query(t, config, "select count(*) from core.deployments"); got[0][0] != "1" {
		t.Errorf("after that the snapshot says %v", got)
	}
}

// TestFullFileSystem fills a small file system under a warehouse: the build says so, the
// snapshot stays, and when there is room again the next build works.
func TestFullFileSystem(t *testing.T) {
	config := storeDeployments(t, 100)
	folder := filepath.Join(filepath.Dir(config), defaultPath)
	runDorado(t, "build", "--config", config)
	before := folder + ".before"
	if err := errors.Join(os.Rename(folder, before), os.Mkdir(folder, 0o755)); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, "size=48m"); err != nil {
		t.Skipf("no file system can be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(folder, 0); err != nil {
			t.Error(err)
		}
	})
	if err := os.CopyFS(folder, os.DirFS(before)); err != nil {
		t.Fatal(err)
	}
	filler := filepath.Join(folder, "filler")
	var free syscall.Statfs_t
	err := syscall.Statfs(folder, &free)
	if err == nil {
		err = os.WriteFile(filler, make([]byte, int64(free.Bavail)*free.Bsize-200<<10), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if got := refused(t, inProcess(t, "build", "--config", config)); !strings.HasPrefix(got, "dorado: build: ") || !strings.Contains(got, "space") {
		t.Errorf("got %s", got)
	}
	if got := query(t, config, "select count(*) from core.deployments"); got[0][0] != "0" {
		t.Errorf("the snapshot says %v", got)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	runDorado(t, "build", "--config", config)
	if names, err := filepath.Glob(filepath.Join(folder, "published", "*")); err != nil || len(names) != 2 {
		t.Errorf("there are %v (%v)", names, err)
	}
}

// TestReadOnlyWarehouse reads as a user who may not write: what only reads works, and
// what writes says what is missing.
func TestReadOnlyWarehouse(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can run as another user")
	}
	folder, err := os.MkdirTemp("", "dorado-read-only-") // not below one that only root may enter
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	published := publish(t, "create schema core", "create table core.snapshot as select 7 as as_of")
	config := filepath.Join(folder, "dorado.yaml")
	text, err := os.ReadFile(published)
	if err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(folder, "data")
	old := strings.Split(string(text), `"`)[1]
	if err := os.CopyFS(data, os.DirFS(old)); err != nil {
		t.Fatal(err)
	}
	for path, mode := range map[string]os.FileMode{folder: 0o755, data: 0o755, filepath.Join(data, "published"): 0o755} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(config, []byte(strings.ReplaceAll(string(text), old, data)), 0o644); err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(folder, "dorado")
	program, err := os.ReadFile(os.Args[0])
	if err == nil {
		err = os.WriteFile(binary, program, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	as := func(args ...string) *exec.Cmd {
		job := inProcess(t, append(args, "--config", config)...)
		job.Path, job.Dir = binary, folder
		job.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		return job
	}
	if text, err := as("query", "--format", "csv", "select as_of from core.snapshot").CombinedOutput(); err != nil || string(text) != "as_of\n7\n" {
		t.Errorf("query: %v: %s", err, text)
	}
	want := "dorado: open " + filepath.Join(data, "raw.duckdb") + ": permission denied; run as the user that owns the warehouse\n"
	for _, command := range []string{"build", "collect", "run"} {
		if got := refused(t, as(command)); got != want {
			t.Errorf("%s: got %s", command, got)
		}
	}
}

// TestHeldRawStore starts what writes while another process has the raw store: each
// says who in one line, and a server goes on.
func TestHeldRawStore(t *testing.T) {
	config := storeDeployments(t, 1)
	raw, err := warehouse.OpenRaw(t.Context(), filepath.Join(filepath.Dir(config), defaultPath))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = raw.Close() })
	records := filepath.Join(t.TempDir(), "deployments.ndjson")
	if err := os.WriteFile(records, []byte(`{"id": "1", "service": "checkout", "finished_at": "2026-01-31T09:00:00Z"}`+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("in use by another process: %s (process %d); wait until it ends, or stop it\n", filepath.Base(os.Args[0]), os.Getpid())
	for _, args := range [][]string{{"build"}, {"collect"}, {"run"}, {"ingest", "deployments", records}} {
		if got := refused(t, inProcess(t, append(args, "--config", config)...)); !strings.HasSuffix(got, want) {
			t.Errorf("%s: got %swant %s", args, got, want)
		}
	}
}

// TestHeldRawStoreOfASchedule starts a server whose run is due while another process has
// the raw store: one line says that it did not start, and why, the server goes on
// answering, and its next run takes what was pushed.
func TestHeldRawStoreOfASchedule(t *testing.T) {
	t.Parallel()
	config := storeDeployments(t, 1)
	runDorado(t, "build", "--config", config)
	folder := filepath.Join(filepath.Dir(config), defaultPath)
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	for file, content := range map[string]string{
		config:                                 string(text) + "schedule: {at: ['* * * * *']}\n",
		filepath.Join(folder, "schedule.json"): `{"done_at": "2026-01-15T00:00:00Z"}`, // so that one was missed, and is due at the start
	} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := warehouse.OpenRaw(t.Context(), folder)
	if err != nil {
		t.Fatal(err)
	}
	release := sync.OnceValue(raw.Close)
	t.Cleanup(func() { _ = release() })

	log := &sharedBuffer{}
	server := inProcess(t, "serve", "--config", config, "--listen", "127.0.0.1:0")
	server.Stderr = log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = server.Process.Kill(), server.Wait() })
	count := func(pattern string) int { return len(regexp.MustCompile(pattern).FindAllString(log.String(), -1)) }
	waitFor(t, "the run that is refused", func() bool { return count("msg=serving ") == 1 && count("scheduled run did not start") > 0 })
	held := fmt.Sprintf(`(?m)^\S+ level=INFO msg="scheduled run did not start; it is tried again the next time" reason=".*raw\.duckdb.* in use by another process: %s \(process %d\); wait until it ends, or stop it"$`,
		regexp.QuoteMeta(filepath.Base(os.Args[0])), os.Getpid())
	hasLogged := func() {
		t.Helper()
		// Another minute may have begun meanwhile.
		if count(held) != count("scheduled run did not start") || count("level=(WARN|ERROR)") != 0 {
			t.Errorf("it logged\n%s", log)
		}
	}
	hasLogged()
	address := "http://" + regexp.MustCompile(`msg=serving address=(\S+)`).FindStringSubmatch(log.String())[1]
	deployments := func() string {
		t.Helper()
		request, err := http.NewRequest(http.MethodPost, address+wire.PathQuery, strings.NewReader(`{"sql": "select deployment_id from core.deployments order by all"}`))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", wire.MediaJSON)
		request.Header.Set("Accept", wire.MediaCSV)
		status, body := ask(t, request)
		if status != http.StatusOK {
			t.Errorf("%d: %s\n%s", status, body, log)
		}
		return strings.Join(strings.Fields(body), " ")
	}
	if got := deployments(); strings.Contains(got, "landed") {
		t.Errorf("deployments are %s, and nothing has run", got)
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the next run", func() bool { return count("scheduled run succeeded") > 0 })
	waitFor(t, "the next snapshot", func() bool { return strings.Contains(deployments(), "checkout/ingested:landed") })
	hasLogged()
}

// TestClockSetBack collects and builds by a clock that goes back two days between the
// runs: what was stored stays, and no time is negative.
func TestClockSetBack(t *testing.T) {
	config := storeDeployments(t, 10)
	folder := filepath.Join(filepath.Dir(config), defaultPath)
	var fresh []string
	for _, now := range []time.Time{at("03-10 12:00"), at("03-08 12:00"), at("03-10 13:00")} {
		var stderr strings.Builder
		p := impatient(strings.NewReader(""), &stderr, &stderr)
		p.now = func() time.Time { return now }
		if err := p.run(context.Background(), []string{"run", "--config", config}); err != nil {
			t.Fatalf("at %s: %v\n%s", now, err, stderr.String())
		}
		rows := query(t, config, "select (select count(*) from core.deployments), count(*), coalesce(min(lag_seconds), 0)::varchar from marts.freshness")
		fresh = append(fresh, strings.Join(rows[0], " "))
	}
	if want := []string{"1 1 0", "1 1 0", "1 1 0"}; !slices.Equal(fresh, want) {
		t.Errorf("deployments, collectors and their lag are %q, want %q", fresh, want)
	}
	if got := rawStrings(t, config, countDeployments); got[0] != "11" {
		t.Errorf("%s deployments are stored", got)
	}
	if kept, err := warehouse.List(folder); err != nil || len(kept) != 3 || !kept[0].IsCurrent {
		t.Errorf("snapshots are %+v (%v)", kept, err)
	}
}
