package warehouse

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// An event is a row with a column of every type, and a key of two columns.
type event struct {
	Source    string     `db:"source,key"`
	ID        int64      `db:"id,key"`
	Count     int        `db:"count"`
	Ratio     *float64   `db:"ratio"`
	IsOpen    *bool      `db:"is_open"`
	Title     *string    `db:"title"`
	StartedAt time.Time  `db:"started_at"`
	EndedAt   *time.Time `db:"ended_at"`
	ignored   int        //nolint:unused // a field without the tag is no column
}

func (event) Table() string { return "events" }

// openRaw opens a raw store in folder and closes it when the test ends.
func openRaw(t *testing.T, folder string) *Raw {
	t.Helper()
	raw, err := OpenRaw(context.Background(), folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = raw.Close() }) // closed twice where the test closes it
	return raw
}

// lines returns the rows that query, of one text column, gives.
func lines(t *testing.T, raw *Raw, query string) []string {
	t.Helper()
	texts, err := raw.Strings(context.Background(), query)
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

func put(t *testing.T, raw *Raw, cursor string, rows ...Row) {
	t.Helper()
	if err := raw.Put(context.Background(), "events", rows, cursor); err != nil {
		t.Fatal(err)
	}
}

func TestPutKeepsValues(t *testing.T) {
	raw := openRaw(t, t.TempDir())
	berlin := time.FixedZone("CET", 3600)
	yes, half, title := true, 0.5, "it's \"quoted\"\n"
	ended := time.Date(2026, 1, 2, 0, 30, 0, 123456000, berlin)
	put(t, raw, "",
		event{Source: "a", ID: 1, Count: -3, StartedAt: time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)},
		event{Source: "a", ID: 2, Ratio: &half, IsOpen: &yes, Title: &title, StartedAt: ended, EndedAt: &ended},
	)
	got := lines(t, raw, "select concat_ws('|', source, id, count, coalesce(ratio::varchar, 'NULL'), coalesce(is_open::varchar, 'NULL'), coalesce(title, 'NULL'), started_at, coalesce(ended_at::varchar, 'NULL')) from events order by id")
	want := []string{
		"a|1|-3|NULL|NULL|NULL|2026-01-01 12:00:00|NULL",
		"a|2|0|0.5|true|it's \"quoted\"\n|2026-01-01 23:30:00.123456|2026-01-01 23:30:00.123456",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

func TestPutReplacesByKey(t *testing.T) {
	raw := openRaw(t, t.TempDir())
	put(t, raw, "one", event{Source: "a", ID: 1, Count: 1}, event{Source: "a", ID: 2, Count: 1}, event{Source: "b", ID: 1, Count: 1})
	put(t, raw, "", event{Source: "a", ID: 1, Count: 2}, event{Source: "a", ID: 3, Count: 2}, event{Source: "a", ID: 1, Count: 3})
	got := lines(t, raw, "select source || id || '=' || count from events order by source, id")
	if want := []string{"a1=3", "a2=1", "a3=2", "b1=1"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	cursor, err := raw.Cursor(context.Background(), "events")
	if err != nil || cursor != "one" {
		t.Errorf("a page without a cursor left %q (%v), want the old one", cursor, err)
	}
	if err := raw.Forget(context.Background(), "events"); err != nil {
		t.Fatal(err)
	}
	if cursor, err := raw.Cursor(context.Background(), "events"); err != nil || cursor != "" {
		t.Errorf("after Forget the cursor is %q (%v)", cursor, err)
	}
}

// badRow has a value that its column cannot hold: it fails half-way into a Put.
type badRow struct {
	ID   int64     `db:"id,key"`
	When time.Time `db:"happened_at"`
}

func (badRow) Table() string { return "bad_rows" }

func TestPutKeepsAllOrNothing(t *testing.T) {
	raw := openRaw(t, t.TempDir())
	ctx := context.Background()
	put(t, raw, "before", event{Source: "a", ID: 1})
	farAway := time.Date(400_000, 1, 1, 0, 0, 0, 0, time.UTC) // beyond what a TIMESTAMP holds
	err := raw.Put(ctx, "events", []Row{event{Source: "a", ID: 2}, badRow{ID: 1, When: farAway}}, "after")
	if err == nil {
		t.Fatal("a year that no column can hold was kept")
	}
	if got := lines(t, raw, "select id::varchar from events"); !slices.Equal(got, []string{"1"}) {
		t.Errorf("after a failed Put there are the events %v, want 1 only", got)
	}
	if cursor, err := raw.Cursor(ctx, "events"); err != nil || cursor != "before" {
		t.Errorf("after a failed Put the cursor is %q (%v), want before", cursor, err)
	}
	put(t, raw, "after", event{Source: "a", ID: 2}) // the store goes on
	if got := lines(t, raw, "select id::varchar from events order by id"); !slices.Equal(got, []string{"1", "2"}) {
		t.Errorf("after the next Put there are the events %v", got)
	}
}

// narrowEvent and otherEvent are earlier shapes of event's table.
type narrowEvent struct {
	Source string `db:"source,key"`
	ID     int64  `db:"id,key"`
}

func (narrowEvent) Table() string { return "events" }

type otherEvent struct {
	Source string `db:"source,key"`
	ID     string `db:"id,key"`
}

func (otherEvent) Table() string { return "events" }

func TestEnsureWidens(t *testing.T) {
	folder := t.TempDir()
	raw := openRaw(t, folder)
	put(t, raw, "", narrowEvent{Source: "a", ID: 1})
	if err := raw.Close(); err != nil {
		t.Fatal(err)
	}
	raw = openRaw(t, folder)
	put(t, raw, "", event{Source: "a", ID: 2, Count: 7})
	got := lines(t, raw, "select id || '=' || coalesce(count::varchar, 'NULL') from events order by id")
	if want := []string{"1=NULL", "2=7"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	err := raw.Ensure(context.Background(), otherEvent{})
	if err == nil || !strings.Contains(err.Error(), "column id of table events is BIGINT and this dorado writes VARCHAR") {
		t.Errorf("a column of another type gives %v", err)
	}
}

// titledEvent is a later shape of event's table, with another key.
type titledEvent struct {
	Source string `db:"source,key"`
	Name   string `db:"name,key"`
}

func (titledEvent) Table() string     { return "events" }
func (titledEvent) Collector() string { return "stories" }

func TestTableOfAnotherKeyIsSetAside(t *testing.T) {
	ctx := context.Background()
	folder := t.TempDir()
	raw := openRaw(t, folder)
	put(t, raw, "far", narrowEvent{Source: "a", ID: 1}, narrowEvent{Source: "a", ID: 2})
	if err := raw.Put(ctx, "stories", nil, "far"); err != nil {
		t.Fatal(err)
	}
	if err := raw.Close(); err != nil {
		t.Fatal(err)
	}
	raw = openRaw(t, folder)
	for range 2 { // the second time there is nothing to do
		if err := raw.Ensure(ctx, titledEvent{}); err != nil {
			t.Fatal(err)
		}
	}
	want := []SetAside{{Table: "events", Kept: "events_of_older_key", Collector: "stories"}}
	if got := raw.SetAside(); !slices.Equal(got, want) {
		t.Errorf("set aside were %v, want %v", got, want)
	}
	put(t, raw, "", titledEvent{Source: "a", Name: "first"}, titledEvent{Source: "a", Name: "second"})
	put(t, raw, "", titledEvent{Source: "a", Name: "second"})
	if got := lines(t, raw, "select name from events order by name"); !slices.Equal(got, []string{"first", "second"}) {
		t.Errorf("the table has %v", got)
	}
	if got := lines(t, raw, "select id::varchar from events_of_older_key order by id"); !slices.Equal(got, []string{"1", "2"}) {
		t.Errorf("what was set aside has %v", got)
	}
	for collector, want := range map[string]string{"stories": "", "events": "far"} {
		if cursor, err := raw.Cursor(ctx, collector); err != nil || cursor != want {
			t.Errorf("the cursor of %s is %q (%v), want %q", collector, cursor, err, want)
		}
	}
}

func TestNewerRawStoreIsRefused(t *testing.T) {
	folder := t.TempDir()
	raw := openRaw(t, folder)
	if _, err := raw.db.Exec("update store set version = 99"); err != nil {
		t.Fatal(err)
	}
	if err := raw.Close(); err != nil {
		t.Fatal(err)
	}
	want := filepath.Join(folder, "raw.duckdb") + " has version 99 and this dorado reads up to 1: it was written by a newer dorado, use that one"
	for range 2 { // the first must let go of the file
		if _, err := OpenRaw(context.Background(), folder); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestNoDuckDBFile(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "raw.duckdb")
	if err := os.WriteFile(path, []byte(strings.Repeat("not a database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenRaw(context.Background(), folder); err == nil || err.Error() != "open "+path+": it is not a DuckDB file" {
		t.Errorf("got %v", err)
	}
}

func TestRemember(t *testing.T) {
	raw := openRaw(t, t.TempDir())
	ctx := context.Background()
	if value, err := raw.Recall(ctx, "page"); err != nil || value != nil {
		t.Errorf("before anything was remembered: %q, %v", value, err)
	}
	for _, value := range []string{"one", "two\x00"} {
		if err := raw.Remember(ctx, "page", []byte(value)); err != nil {
			t.Fatal(err)
		}
		if got, err := raw.Recall(ctx, "page"); err != nil || string(got) != value {
			t.Errorf("got %q (%v), want %q", got, err, value)
		}
	}
}

// childVariable, when set, turns the test program into a process that works on
// the warehouse in the folder that it names, as workVariable says.
const (
	childVariable = "DORADO_TEST_FOLDER"
	workVariable  = "DORADO_TEST_WORK"
)

// works are what a child does in a folder.
var works = map[string]func(folder string) error{"": writeForever, "publish": publishOnce, "open": openForever}

func TestMain(m *testing.M) {
	if folder := os.Getenv(childVariable); folder != "" {
		if err := works[os.Getenv(workVariable)](folder); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// writeForever puts batches of 50 rows, each with the batch's number as its
// cursor, and prints the number once the batch is kept.
func writeForever(folder string) error {
	ctx := context.Background()
	raw, err := OpenRaw(ctx, folder)
	if err != nil {
		return err
	}
	cursor, err := raw.Cursor(ctx, "events")
	if err != nil {
		return err
	}
	number := 0
	if cursor != "" {
		if _, err := fmt.Sscan(cursor, &number); err != nil {
			return err
		}
	}
	for {
		number++
		rows := make([]Row, 50)
		for i := range rows {
			rows[i] = event{Source: "child", ID: int64(number*50 + i), Count: number}
		}
		if err := raw.Put(ctx, "events", rows, fmt.Sprint(number)); err != nil {
			return err
		}
		fmt.Println(number)
	}
}

// startChild starts a process that writes to folder, and returns it once it has
// kept its first batch, with the lines it prints.
func startChild(t *testing.T, folder string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childVariable+"="+folder)
	output, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	child.Stderr = os.Stderr
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = child.Process.Kill() })
	scanner := bufio.NewScanner(output)
	if !scanner.Scan() {
		t.Fatal("the process that writes ended at once")
	}
	return child, scanner
}

func TestSecondWriterIsRefused(t *testing.T) {
	folder := t.TempDir()
	child, _ := startChild(t, folder)
	_, err := OpenRaw(context.Background(), folder)
	if !errors.Is(err, ErrInUse) {
		t.Fatalf("got %v, want ErrInUse", err)
	}
	if want := fmt.Sprintf("(process %d); wait until it ends, or stop it", child.Process.Pid); !strings.Contains(err.Error(), want) {
		t.Errorf("%q does not say %q", err, want)
	}
}

func TestKilledWriterLosesNothing(t *testing.T) {
	folder := t.TempDir()
	for round := range 5 {
		child, output := startChild(t, folder)
		acknowledged := output.Text()
		stop := time.After(time.Duration(20+30*round) * time.Millisecond)
		killed := make(chan error, 1)
		go func() {
			<-stop
			killed <- child.Process.Kill()
		}()
		for output.Scan() {
			acknowledged = output.Text()
		}
		if err := <-killed; err != nil {
			t.Fatal(err)
		}
		_ = child.Wait() // it was killed
		raw := openRaw(t, folder)
		var kept, batches, cursor int
		var last sql.NullInt64
		if err := raw.db.QueryRow("select count(*), count(distinct count), max(count), (select cursor::integer from cursors) from events").Scan(&kept, &batches, &last, &cursor); err != nil {
			t.Fatal(err)
		}
		if kept != 50*cursor || batches != cursor || int(last.Int64) != cursor {
			t.Errorf("round %d: cursor %d, but %d rows of %d batches up to %d", round, cursor, kept, batches, last.Int64)
		}
		if fmt.Sprint(cursor) < acknowledged && len(fmt.Sprint(cursor)) <= len(acknowledged) {
			t.Errorf("round %d: batch %s was acknowledged and the cursor is %d", round, acknowledged, cursor)
		}
		if err := raw.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRename(t *testing.T) {
	raw := openRaw(t, t.TempDir())
	at := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	put(t, raw, "",
		event{Source: "old", ID: 1, Count: 1, StartedAt: at},
		event{Source: "old", ID: 2, Count: 2, StartedAt: at},
		event{Source: "new", ID: 2, Count: 3, StartedAt: at}, // it has the key already, and stays
		event{Source: "other", ID: 1, Count: 4, StartedAt: at},
	)
	if err := raw.Rename(context.Background(), "source", "old", "new"); err != nil {
		t.Fatal(err)
	}
	got := lines(t, raw, "select concat_ws('|', source, id, count) from events order by source, id")
	if want := []string{"new|1|1", "new|2|3", "other|1|4"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
