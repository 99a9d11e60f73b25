package models

import (
	"context"
	"encoding/csv"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"dorado/sql"
	"dorado/warehouse"
)

// TestExamples runs the examples that stand beside the models: a file
// sql/core/changes__a_claim.txtar gives the tables that core.changes reads, as
// CSV, and the rows that must come out. What is not given is built from what is,
// or is empty; columns not given are NULL. For a macro query.sql says how it is
// called. Of a check the rows are those that speak against its claim. In want.csv only the columns that it names are compared.
func TestExamples(t *testing.T) {
	files, err := filepath.Glob("../sql/*/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	nested, err := filepath.Glob("../sql/staging/*/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	empty, models := emptyBuild(t, testSettings)
	for _, file := range append(files, nested...) {
		name := strings.TrimSuffix(strings.TrimPrefix(file, "../sql/"), ".txtar")
		t.Run(name, func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			runExample(t, empty, models, strings.Split(name, "__")[0]+".sql", archive)
		})
	}
}

// TestEveryModelHasAnExample keeps core, marts, metrics and checks from going
// without one.
func TestEveryModelHasAnExample(t *testing.T) {
	models, err := Load(sql.Files)
	if err != nil {
		t.Fatal(err)
	}
	for _, model := range models {
		if model.Layer == Staging || model.fill != nil {
			continue
		}
		pattern := "../sql/" + strings.TrimSuffix(model.Path, ".sql")
		plain, err := filepath.Glob(pattern + ".txtar")
		if err != nil {
			t.Fatal(err)
		}
		claims, err := filepath.Glob(pattern + "__*.txtar")
		if err != nil {
			t.Fatal(err)
		}
		if len(plain)+len(claims) == 0 {
			t.Errorf("%s has no example", model.Path)
		}
	}
}

// runExample builds what the model at file needs from the tables of the archive
// and compares.
func runExample(t *testing.T, empty *warehouse.Database, models []*Model, file string, archive *txtar.Archive) {
	t.Helper()
	ctx := context.Background()
	if len(strings.TrimSpace(string(archive.Comment))) == 0 {
		t.Fatal("an example begins with its claim")
	}
	db := memory(t)
	settings := testSettings
	given := map[string][][]string{}
	var query string
	var want [][]string
	for _, part := range archive.Files {
		switch {
		case part.Name == "query.sql":
			query = string(part.Data)
		case part.Name == "want.csv":
			want = readCSV(t, part)
		case part.Name == "settings":
			settings = readSettings(t, string(part.Data))
		case path.Ext(part.Name) == ".csv":
			given[strings.TrimSuffix(part.Name, ".csv")] = readCSV(t, part)
		default:
			t.Fatalf("an example has no part %s", part.Name)
		}
	}
	if err := prepare(ctx, db, settings); err != nil {
		t.Fatal(err)
	}
	for name, rows := range given {
		if strings.HasPrefix(name, "config.") || strings.HasPrefix(name, "raw.") {
			exec(t, db, "delete from "+name)
			insert(t, db, name, rows)
		}
	}
	sorted, err := order(ctx, db, models)
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(sorted, func(m *Model) bool { return m.Path == file })
	if at < 0 {
		t.Fatalf("there is no model %s", file)
	}
	needed := neededFor(t, db, sorted, sorted[at], given)
	for _, model := range sorted {
		rows, isGiven := given[model.String()]
		switch {
		case isGiven:
			exec(t, db, fmt.Sprintf("create table %s (%s)", model, columnTypes(t, empty, model.String())))
			insert(t, db, model.String(), rows)
		case model.Layer == Checks:
		case needed[model]:
			if err := model.build(ctx, db); err != nil {
				t.Fatal(err)
			}
		}
	}
	switch {
	case sorted[at].Layer == Checks:
		query = sorted[at].SQL
	case query == "":
		query = "from " + sorted[at].String()
	}
	got := [][]string{want[0]}
	got = append(got, texts(t, db, fmt.Sprintf("select %s from (%s)", strings.Join(want[0], ", "), strings.TrimRight(query, "; \n")))...)
	if a, b := table(got), table(want); a != b {
		t.Errorf("%s\ngot\n%s\nwant\n%s", strings.TrimSpace(string(archive.Comment)), a, b)
	}
}

// neededFor returns the models that target is built from, as far as they are not
// given, and target.
func neededFor(t *testing.T, db *warehouse.Database, models []*Model, target *Model, given map[string][][]string) map[*Model]bool {
	t.Helper()
	needed := map[*Model]bool{}
	var visit func(model *Model)
	visit = func(model *Model) {
		if _, ok := given[model.String()]; ok || needed[model] {
			return
		}
		needed[model] = true
		reads, err := model.references(context.Background(), db)
		if err != nil {
			t.Fatal(err)
		}
		for _, reference := range reads {
			if at := slices.IndexFunc(models, func(m *Model) bool { return m.String() == reference.Schema+"."+reference.Name }); at >= 0 {
				visit(models[at])
			}
		}
	}
	visit(target)
	for _, model := range models {
		if model.isScalar() { // any model may call it, which the tables that it reads are needed for
			visit(model)
		}
	}
	return needed
}

// readSettings reads lines "as_of: …" and "time_zone: …".
func readSettings(t *testing.T, text string) Settings {
	t.Helper()
	settings := testSettings
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch name {
		case "as_of":
			at, err := time.Parse(time.RFC3339, value)
			if err != nil {
				t.Fatal(err)
			}
			settings.AsOf = at
		case "time_zone":
			settings.TimeZone = value
		default:
			t.Fatalf("an example has no setting %q", name)
		}
	}
	return settings
}

func readCSV(t *testing.T, part txtar.File) [][]string {
	t.Helper()
	reader := csv.NewReader(strings.NewReader(string(part.Data)))
	reader.TrimLeadingSpace = true
	rows, err := reader.ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", part.Name, err)
	}
	if len(rows) == 0 {
		t.Fatalf("%s: no line with the columns", part.Name)
	}
	return rows
}

// insert adds rows, the first of which names the columns, to a table. An empty
// field is NULL.
func insert(t *testing.T, db *warehouse.Database, name string, rows [][]string) {
	t.Helper()
	for _, row := range rows[1:] {
		values := make([]string, len(row))
		for i, value := range row {
			values[i] = "null"
			if value != "" {
				values[i] = quote(value)
			}
		}
		exec(t, db, fmt.Sprintf("insert into %s (%s) values (%s)", name, strings.Join(rows[0], ", "), strings.Join(values, ", ")))
	}
}

func exec(t *testing.T, db *warehouse.Database, statement string) {
	t.Helper()
	if err := db.Exec(context.Background(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// columnTypes returns the columns of a table as a CREATE TABLE names them.
func columnTypes(t *testing.T, db *warehouse.Database, name string) string {
	t.Helper()
	rows, err := db.Query(context.Background(), "select column_name || ' ' || column_type from (describe "+name+")")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var columns []string
	for rows.Next() {
		var column string
		if err := rows.Scan(&column); err != nil {
			t.Fatal(err)
		}
		columns = append(columns, column)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return strings.Join(columns, ", ")
}

// texts returns the rows of a query as texts, "" for NULL.
func texts(t *testing.T, db *warehouse.Database, query string) [][]string {
	t.Helper()
	rows, err := db.Query(context.Background(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var all [][]string
	for rows.Next() {
		values, places := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			places[i] = &values[i]
		}
		if err := rows.Scan(places...); err != nil {
			t.Fatal(err)
		}
		row := make([]string, len(columns))
		for i, value := range values {
			row[i] = text(value)
		}
		all = append(all, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// text writes a value as examples do: days as 2026-01-31, instants as RFC 3339.
func text(value any) string {
	switch value := value.(type) {
	case nil:
		return ""
	case time.Time:
		if value.Equal(value.Truncate(24 * time.Hour)) {
			return value.Format(time.DateOnly)
		}
		return value.Format(time.RFC3339)
	default:
		return fmt.Sprint(value)
	}
}

// table lays rows out one a line.
func table(rows [][]string) string {
	lines := make([]string, len(rows))
	for i, row := range rows {
		lines[i] = strings.Join(row, ",")
	}
	return strings.Join(lines, "\n")
}

// TestSQLStyle holds the definitions to rules that a reader relies on.
func TestSQLStyle(t *testing.T) {
	err := fs.WalkDir(os.DirFS("../sql"), ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || path.Ext(file) != ".sql" || file == "raw.sql" {
			return err
		}
		data, err := os.ReadFile("../sql/" + file)
		if err != nil {
			return err
		}
		_, body := cutHeader(string(data))
		for _, word := range []string{"now()", "current_date", "current_timestamp", "today()", " using ("} {
			if strings.Contains(body, word) {
				t.Errorf("%s: %q: a build is a function of its inputs, and joins say on what", file, word)
			}
		}
		for number, line := range strings.Split(string(data), "\n") {
			if strings.Contains(line, "\t") || strings.TrimRight(line, " ") != line {
				t.Errorf("%s:%d: a tab, or blanks at the end of the line", file, number+1)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
