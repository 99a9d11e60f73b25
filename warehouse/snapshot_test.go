package warehouse

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// filled returns a fill that makes the table core.numbers with one number.
func filled(number string) func(context.Context, *Database) error {
	return func(ctx context.Context, db *Database) error {
		return errors.Join(
			db.Exec(ctx, "create schema core"),
			db.Exec(ctx, "create view staging.passing as select count(*) as events from raw.events"),
			db.Exec(ctx, "create table core.numbers as select "+number+" as number, events from staging.passing"),
		)
	}
}

// newFolder returns a warehouse with one event in its raw store.
func newFolder(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	raw := openRaw(t, folder)
	put(t, raw, "", event{Source: "a", ID: 1})
	if err := raw.Close(); err != nil {
		t.Fatal(err)
	}
	return folder
}

func published(t *testing.T, folder, number string) Published {
	t.Helper()
	made, err := Publish(context.Background(), folder, 2, filled(number))
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// numberIn returns what the snapshot says.
func numberIn(t *testing.T, snapshot *Snapshot) string {
	t.Helper()
	rows, err := snapshot.Query(context.Background(), "select number || ' of ' || events from core.numbers")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var text string
	for rows.Next() {
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return text
}

func openSnapshot(t *testing.T, folder string) *Snapshot {
	t.Helper()
	snapshot, err := Open(context.Background(), folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = snapshot.Close() })
	return snapshot
}

// files returns the names in the folder of snapshots.
func files(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(folder, "published"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

func TestPublishWhileReading(t *testing.T) {
	folder := newFolder(t)
	if _, err := Open(context.Background(), folder); !errors.Is(err, ErrNoSnapshot) {
		t.Fatalf("before the first publish: %v, want ErrNoSnapshot", err)
	}
	made := published(t, folder, "1")
	if made.Path != filepath.Join(folder, "published", "000001.duckdb") || made.Bytes == 0 {
		t.Errorf("published %+v", made)
	}
	old := openSnapshot(t, folder)
	published(t, folder, "2")
	if got := numberIn(t, old); got != "1 of 1" {
		t.Errorf("the open snapshot says %s, want 1 of 1", got)
	}
	if got := numberIn(t, openSnapshot(t, folder)); got != "2 of 1" {
		t.Errorf("the newest snapshot says %s, want 2 of 1", got)
	}
	published(t, folder, "3")
	if got, want := files(t, folder), []string{"000002.duckdb", "000003.duckdb"}; !slices.Equal(got, want) {
		t.Errorf("there are %v, want the newest two %v", got, want)
	}
	if got := numberIn(t, old); got != "1 of 1" {
		t.Errorf("the open snapshot, removed by now, says %s, want 1 of 1", got)
	}
}

func TestFailedBuildChangesNothing(t *testing.T) {
	folder := newFolder(t)
	published(t, folder, "1")
	wrong := errors.New("wrong")
	_, err := Publish(context.Background(), folder, 2, func(ctx context.Context, db *Database) error {
		return errors.Join(filled("2")(ctx, db), wrong)
	})
	if !errors.Is(err, wrong) {
		t.Fatalf("got %v", err)
	}
	if got, want := files(t, folder), []string{"000001.duckdb"}; !slices.Equal(got, want) {
		t.Errorf("a failed build leaves %v, want %v", got, want)
	}
	if got := numberIn(t, openSnapshot(t, folder)); got != "1 of 1" {
		t.Errorf("after a failed build the snapshot says %s", got)
	}
}

func TestLastBuild(t *testing.T) {
	folder := newFolder(t)
	wrong := errors.New("two checks do not hold")
	fails := func(context.Context, *Database) error { return wrong }
	interrupted, stop := context.WithCancel(context.Background())
	outcome := func() BuildOutcome {
		t.Helper()
		last, err := LastBuild(folder)
		if err != nil {
			t.Fatal(err)
		}
		if last == nil {
			return BuildOutcome{}
		}
		if last.StartedAt.IsZero() || last.FinishedAt.Before(last.StartedAt) {
			t.Errorf("from %s to %s", last.StartedAt, last.FinishedAt)
		}
		last.StartedAt, last.FinishedAt = time.Time{}, time.Time{}
		return *last
	}
	for _, step := range []struct {
		name string
		ctx  context.Context
		fill func(context.Context, *Database) error
		want BuildOutcome
	}{
		{"the first fails", context.Background(), fails, BuildOutcome{Problem: wrong.Error()}},
		{"one is published", context.Background(), filled("1"), BuildOutcome{IsPublished: true, Snapshot: "000001.duckdb"}},
		{"one fails", context.Background(), fails, BuildOutcome{Problem: wrong.Error(), Snapshot: "000001.duckdb"}},
		{"one is interrupted, which says nothing", interrupted, func(ctx context.Context, _ *Database) error {
			stop()
			return ctx.Err()
		}, BuildOutcome{Problem: wrong.Error(), Snapshot: "000001.duckdb"}},
		{"another is published", context.Background(), filled("2"), BuildOutcome{IsPublished: true, Snapshot: "000002.duckdb"}},
	} {
		_, err := Publish(step.ctx, folder, 2, step.fill)
		if (err == nil) != (step.want.IsPublished) {
			t.Errorf("%s: %v", step.name, err)
		}
		if got := outcome(); got != step.want {
			t.Errorf("%s: %+v, want %+v", step.name, got, step.want)
		}
	}
	if err := os.WriteFile(filepath.Join(folder, "last_build.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LastBuild(folder); err == nil {
		t.Error("half a file is read without an error")
	}
}

func TestBuildGoesOverWhatAKilledOneLeft(t *testing.T) {
	for name, content := range map[string]string{"cut short": "half a file", "empty": ""} {
		t.Run(name, func(t *testing.T) {
			folder := newFolder(t)
			published(t, folder, "1")
			part := filepath.Join(folder, "published", "000002.duckdb.part")
			if err := os.WriteFile(part, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			published(t, folder, "2")
			if got := numberIn(t, openSnapshot(t, folder)); got != "2 of 1" {
				t.Errorf("the snapshot says %s", got)
			}
			if got, want := files(t, folder), []string{"000001.duckdb", "000002.duckdb"}; !slices.Equal(got, want) {
				t.Errorf("there are %v, want %v", got, want)
			}
		})
	}
}

func TestPublishWithoutRawStore(t *testing.T) {
	folder := t.TempDir()
	_, err := Publish(context.Background(), folder, 2, filled("1"))
	if err == nil || !strings.HasSuffix(err.Error(), "raw.duckdb: nothing has been collected yet") {
		t.Errorf("got %v", err)
	}
}

func TestSnapshotQueries(t *testing.T) {
	folder := newFolder(t)
	published(t, folder, "1")
	snapshot := openSnapshot(t, folder)
	for name, test := range map[string]struct{ query, want string }{
		"an unknown column has a caret": {"select\n  numbr from core.numbers", "LINE 2:   numbr from core.numbers\n          ^"},
		"a syntax error has a caret":    {"select 1 from from", "LINE 1: select 1 from from\n                      ^"},
		"two statements":                {"select 1; select 2", "2 statements where one SELECT is wanted"},
		"a second one that writes":      {"select 1; drop table core.numbers", "only a SELECT can be run on a snapshot"},
		"a copy":                        {"copy core.numbers to 'stolen.csv'", "only a SELECT can be run on a snapshot"},
		"an attach":                     {"attach 'other.duckdb'", "only a SELECT can be run on a snapshot"},
		"a setting":                     {"set threads = 1", "only a SELECT can be run on a snapshot"},
		"nothing":                       {"", "0 statements where one SELECT is wanted"},
	} {
		t.Run(name, func(t *testing.T) {
			rows, err := snapshot.Query(context.Background(), test.query)
			if err == nil {
				t.Fatal("it ran", rows.Close())
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %q, want %q in it", err, test.want)
			}
		})
	}
}

func TestExportParquet(t *testing.T) {
	folder := newFolder(t)
	published(t, folder, "7")
	path := filepath.Join(t.TempDir(), "it's.parquet")
	snapshot := openSnapshot(t, folder)
	if err := snapshot.ExportParquet(context.Background(), "from core.numbers -- all\n;", path); err != nil {
		t.Fatal(err)
	}
	var number int
	if err := snapshot.db.QueryRow("select number from read_parquet(?)", path).Scan(&number); err != nil || number != 7 {
		t.Errorf("the file says %d (%v), want 7", number, err)
	}
}

func TestReferences(t *testing.T) {
	db, err := OpenMemory(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	got, err := db.References(context.Background(), `
		with recent as (select * from core.deployments), b as (from metrics.periods(1, 2))
		select *, (select max(x) from raw.things) from recent
		left join staging.x as y on recent.a = y.a
		where exists (from core.deployments) and a in (select a from "odd name", unnest([1]))`)
	if err != nil {
		t.Fatal(err)
	}
	want := []Reference{{"", "odd name"}, {"core", "deployments"}, {"metrics", "periods"}, {"raw", "things"}, {"staging", "x"}}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if _, err := db.References(context.Background(), "select from where"); err == nil || !strings.Contains(err.Error(), "syntax error") {
		t.Errorf("a syntax error gives %v", err)
	}
}

func TestInterruptedFillTellsOfItsContext(t *testing.T) {
	folder := newFolder(t)
	ctx, stop := context.WithCancel(t.Context())
	interrupt := errors.New("INTERRUPT Error: Interrupted")
	_, err := Publish(ctx, folder, 1, func(context.Context, *Database) error {
		stop()
		return interrupt
	})
	if !errors.Is(err, context.Canceled) || !errors.Is(err, interrupt) {
		t.Errorf("the error is %v", err)
	}
}
