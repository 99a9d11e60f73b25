package warehouse

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// publishedRows is how many rows publishOnce adds to a snapshot: enough for a kill to
// find it writing.
const publishedRows = 300_000

// publishOnce publishes a snapshot whose numbers all are one more than those of the
// one before, and says so when it begins to.
func publishOnce(folder string) error {
	ctx := context.Background()
	number := 1
	if kept, err := List(folder); err != nil {
		return err
	} else if len(kept) > 0 {
		if number, err = strconv.Atoi(kept[0].Number); err != nil {
			return err
		}
		number++
	}
	_, err := Publish(ctx, folder, 2, func(ctx context.Context, db *Database) error {
		fmt.Println("publishing")
		if err := db.Exec(ctx, "create schema core"); err != nil {
			return err
		}
		return db.Exec(ctx, fmt.Sprintf("create table core.numbers as select %d as number, hash(i) as noise from range(%d) as t(i)", number, publishedRows))
	})
	return err
}

// openForever serves the newest snapshot, and says so.
func openForever(folder string) error {
	kept, err := List(folder)
	if err != nil {
		return err
	}
	_, err = OpenConfined(context.Background(), kept[0].Path, Confinement{Memory: "100MB", TemporaryBytes: 1 << 20, Threads: 1, Temporary: folder})
	if err != nil {
		return err
	}
	fmt.Println("open")
	select {}
}

// working starts a process that works in a folder, and returns it once it has said
// something.
func working(t *testing.T, folder, work string) *exec.Cmd {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childVariable+"="+folder, workVariable+"="+work)
	child.Stderr = os.Stderr
	output, err := child.StdoutPipe()
	if err == nil {
		err = child.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = child.Process.Kill() })
	if !bufio.NewScanner(output).Scan() {
		t.Fatal("the process ended at once")
	}
	return child
}

// TestKilledPublishes kills builds wherever they are. After each the current snapshot
// is whole, and the one before or the one that was being built; the next build works,
// and nothing of the killed one is left.
func TestKilledPublishes(t *testing.T) {
	loops := 6
	if text := os.Getenv("DORADO_KILL_LOOPS"); text != "" {
		var err error
		if loops, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	folder := newFolder(t)
	whole := time.Hour // that publishing takes
	publish := func() {
		t.Helper()
		job := working(t, folder, "publish")
		started := time.Now()
		if err := job.Wait(); err != nil {
			t.Fatal(err)
		}
		whole = min(whole, time.Since(started))
	}
	// current returns what the whole of the current snapshot says.
	current := func() int {
		t.Helper()
		snapshot, err := Open(t.Context(), folder)
		if err != nil {
			t.Fatal(err)
		}
		defer snapshot.Close()
		var least, most, rows int
		err = snapshot.db.QueryRowContext(t.Context(), "select min(number), max(number), count(noise) from core.numbers").Scan(&least, &most, &rows)
		if err != nil || least != most || rows != publishedRows {
			t.Fatalf("the snapshot has %d rows from %d to %d (%v)", rows, least, most, err)
		}
		return least
	}
	publish()
	killed, left := 0, 0
	for n := range loops {
		before := current()
		job := working(t, folder, "publish")
		time.Sleep(whole * time.Duration(n+1) / time.Duration(loops))
		_ = job.Process.Kill()
		if job.Wait() != nil {
			killed++
		}
		if after := current(); after != before && after != before+1 {
			t.Errorf("after %d the snapshot says %d", before, after)
		}
		if slices.ContainsFunc(files(t, folder), func(name string) bool { return strings.Contains(name, partEnding) }) {
			left++
		}
		if n%2 == 0 { // else the next one finds what two left
			publish()
			if after := current(); after <= before {
				t.Errorf("the build after a killed one leaves %d", after)
			}
		}
	}
	publish()
	if got := files(t, folder); len(got) != 2 || slices.ContainsFunc(got, func(name string) bool { return filepath.Ext(name) != ".duckdb" }) {
		t.Errorf("there are %v, want two snapshots", got)
	}
	if _, err := os.Lstat(filepath.Join(folder, currentName+partEnding)); err == nil {
		t.Error("a link to nothing is left")
	}
	t.Logf("%d of %d builds were killed, %d left something", killed, loops, left)
}

// TestKilledServer checks that who opens a snapshot removes what a killed process left
// for files that do not fit into memory, and nothing of one that lives.
func TestKilledServer(t *testing.T) {
	folder := newFolder(t)
	made := published(t, folder, "1")
	temporary := func() []string {
		found, err := filepath.Glob(filepath.Join(folder, "dorado-*"))
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	var children []*exec.Cmd
	for range 2 {
		children = append(children, working(t, folder, "open"))
	}
	both := temporary()
	if len(both) != 2 {
		t.Fatalf("two processes have %v", both)
	}
	_ = children[0].Process.Kill()
	_ = children[0].Wait()
	unnamed, old := filepath.Join(folder, temporaryNew+"1"), time.Now().Add(-2*abandonedAfter)
	if err := errors.Join(os.Mkdir(unnamed, 0o700), os.Chtimes(unnamed, old, old)); err != nil {
		t.Fatal(err)
	}
	opened, err := OpenConfined(t.Context(), made.Path, Confinement{Memory: "100MB", TemporaryBytes: 1 << 20, Threads: 1, Temporary: folder})
	if err != nil {
		t.Fatal(err)
	}
	left := temporary()
	if _, err := os.Stat(unnamed); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a folder of a process that was killed before it held it is left (%v)", err)
	}
	if len(left) != 2 || slices.Equal(left, both) || !slices.Contains(left, opened.temporary.path) {
		t.Errorf("of %v and the new %s there are %v", both, opened.temporary.path, left)
	}
	if err := opened.Close(); err != nil {
		t.Fatal(err)
	}
	if got := temporary(); len(got) != 1 || !slices.Contains(both, got[0]) {
		t.Errorf("%v is left, want that of the process that lives", got)
	}
}
