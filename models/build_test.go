package models

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"dorado/sql"
	"dorado/warehouse"
)

// changed returns the definitions with one file replaced or added.
func changed(t *testing.T, name, text string) fs.FS {
	t.Helper()
	files := fstest.MapFS{}
	err := fs.WalkDir(sql.Files, ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(sql.Files, file)
		files[file] = &fstest.MapFile{Data: content}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	files[name] = &fstest.MapFile{Data: []byte(text)}
	return files
}

// TestWrongModels gives the builder a definition that is wrong in one way. The
// build must refuse it with one line that names the file.
func TestWrongModels(t *testing.T) {
	for _, test := range []struct {
		name, file, text, want string
	}{
		{"another column", "marts/wrong.sql", "-- One row.\n--\n-- day  A day.\n--\n-- key: day\nselect 1 as week",
			"marts/wrong.sql: the result is not what the header says: it has the columns week and the header names day"},
		{"a column too many", "marts/wrong.sql", "-- One row.\n--\n-- day  A day.\n--\n-- key: day\nselect 1 as day, 2 as week",
			"marts/wrong.sql: the result is not what the header says: it has the columns day, week and the header names day"},
		{"key twice", "marts/wrong.sql", "-- One row.\n--\n-- day  A day.\n--\n-- key: day\nselect unnest([1, 2, 2]) as day",
			"marts/wrong.sql: the result is not what the header says: its key (day) is not unique or is NULL, 1 times, first at day=2 rows=2"},
		{"key is NULL", "marts/wrong.sql", "-- One row.\n--\n-- day  A day.\n--\n-- key: day\nselect null::integer as day",
			"marts/wrong.sql: the result is not what the header says: its key (day) is not unique or is NULL, 1 times, first at day=NULL rows=1"},
		{"no header", "marts/wrong.sql", "select 1 as day",
			`marts/wrong.sql: the header lacks a first line "One row per …"`},
		{"no key", "marts/wrong.sql", "-- One row.\n--\n-- day  A day.\nselect 1 as day",
			`marts/wrong.sql: the header lacks a line "key: …"`},
		{"key of no column", "marts/wrong.sql", "-- One row.\n--\n-- day  A day.\n--\n-- key: week\nselect 1 as day",
			`marts/wrong.sql: the header's key "week" is not one of its columns`},
		{"no SELECT", "marts/wrong.sql", "-- One row.\n--\n-- day  A day.\n--\n-- key: day\n",
			"marts/wrong.sql: no SELECT below the header"},
		{"does not parse", "marts/wrong.sql", "-- One row.\n--\n-- day  A day.\n--\n-- key: day\nselect 1 as day frm x",
			`marts/wrong.sql: parse: syntax error at or near "frm"`},
		{"reads the raw store", "marts/wrong.sql", "-- One row.\n--\n-- day  A day.\n--\n-- key: day\nselect id as day from raw.github_releases",
			"marts/wrong.sql reads raw.github_releases, but marts may read only core, marts, metrics"},
		{"reads what is not there", "marts/wrong.sql", "-- One row.\n--\n-- day  A day.\n--\n-- key: day\nselect day from core.dayz",
			"marts/wrong.sql reads core.dayz, which no model makes"},
		{"reads itself", "marts/wrong.sql", "-- One row.\n--\n-- day  A day.\n--\n-- key: day\nselect day from marts.wrong",
			"marts/wrong.sql: models read each other in a circle: marts.wrong reads marts.wrong"},
		{"in no layer", "mart/wrong.sql", "-- One row.\nselect 1 as day",
			"mart/wrong.sql: a model belongs into staging/SOURCE, core, marts, macros or checks"},
		{"macro without example", "macros/wrong.sql", "-- One row.\n--\n-- day  A day.\n--\n-- key: day\nselect 1 as day",
			`macros/wrong.sql: the header lacks a line "example: …"`},
		{"check that does not hold", "checks/wrong.sql", "-- Nothing is wrong.\nselect 7 as wrong",
			"checks/wrong.sql: does not hold for 1 rows, the first is wrong=7"},
		{"unknown severity", "checks/wrong.sql", "-- Nothing is wrong.\n--\n-- severity: fatal\nselect 7 as wrong",
			`checks/wrong.sql: the header's severity is "fatal", not error or warn`},
	} {
		t.Run(test.name, func(t *testing.T) {
			models, err := Load(changed(t, test.file, test.text))
			if err == nil {
				_, err = Build(t.Context(), memory(t), models, testSettings, func(int, int, string) {})
			}
			if err == nil || !strings.HasSuffix(strings.Split(err.Error(), "\n")[0], test.want) {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
		})
	}
}

// TestRefusedBuildKeepsTheSnapshot builds once as it should be and once with a
// header that does not match: the first snapshot must still be served.
func TestRefusedBuildKeepsTheSnapshot(t *testing.T) {
	folder := t.TempDir()
	raw, err := warehouse.OpenRaw(t.Context(), folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range strings.Split(strings.TrimSpace(sql.Raw), ";\n") {
		if _, err := raw.Strings(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := raw.Close(); err != nil {
		t.Fatal(err)
	}
	publish := func(files fs.FS) (warehouse.Published, error) {
		models, err := Load(files)
		if err != nil {
			t.Fatal(err)
		}
		return warehouse.Publish(t.Context(), folder, 3, func(ctx context.Context, db *warehouse.Database) error {
			_, err := Build(ctx, db, models, testSettings, func(int, int, string) {})
			return err
		})
	}
	first, err := publish(sql.Files)
	if err != nil {
		t.Fatal(err)
	}
	_, err = publish(changed(t, "marts/wrong.sql", "-- One row.\n--\n-- day  A day.\n--\n-- key: day\nselect 1 as week"))
	if !errors.Is(err, errContract) {
		t.Fatalf("got %v, want %v", err, errContract)
	}
	snapshot, err := warehouse.Open(t.Context(), folder)
	if err != nil {
		t.Fatal(err)
	}
	defer snapshot.Close()
	if snapshot.Path != first.Path {
		t.Errorf("the snapshot is %s, want %s", snapshot.Path, first.Path)
	}
}
