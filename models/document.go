package models

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"golang.org/x/tools/txtar"

	"dorado/sql"
	"dorado/warehouse"
)

// ConfigSources are the files that declare the parts of the configuration that
// models read: the documentation takes the comments of their fields from them.
//
//go:embed settings.go settings_incidents.go rules.go paths.go quality.go
var ConfigSources embed.FS

// A Page is one file of the documentation.
type Page struct {
	Name string // "metrics.md"
	Text string // Markdown
}

// A dictionary is all that the definitions say of themselves.
type dictionary struct {
	models   []*Model
	raw      []string                    // names of the raw tables
	reads    map[*Model][]string         // what each model reads, by name
	columns  map[string][]typedColumn    // of each table and macro by name, raw tables included
	examples map[*Model][]*txtar.Archive // the worked examples of each model
}

// A typedColumn is a column of a result.
type typedColumn struct {
	name, kind string
}

// Document returns the data dictionary: what every table, metric and check is,
// made from the definitions, so that it says what the program does.
func Document(ctx context.Context) (pages []Page, err error) {
	db, err := warehouse.OpenMemory(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	made, err := newDictionary(ctx, db)
	if err != nil {
		return nil, fmt.Errorf("document: %w", err)
	}
	return []Page{
		{"README.md", made.indexPage()},
		{"metrics.md", made.metricsPage()},
		{"tables.md", made.tablesPage()},
		{"checks.md", made.checksPage()},
		{"lineage.md", made.lineagePage()},
		{"sources.md", made.sourcesPage()},
	}, nil
}

// newDictionary builds all models from empty raw tables in db, and asks it what
// came of them.
func newDictionary(ctx context.Context, db *warehouse.Database) (*dictionary, error) {
	models, err := Load(sql.Files)
	if err != nil {
		return nil, err
	}
	for _, statement := range []string{"use raw", sql.Raw, "use memory"} {
		if err := db.Exec(ctx, statement); err != nil {
			return nil, err
		}
	}
	settings := Settings{AsOf: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), TimeZone: "UTC"}
	if _, err := Build(ctx, db, models, settings, func(int, int, string) {}); err != nil {
		return nil, err
	}
	d := &dictionary{models: models, reads: map[*Model][]string{}, columns: map[string][]typedColumn{}, examples: map[*Model][]*txtar.Archive{}}
	for _, model := range models {
		references, err := model.references(ctx, db)
		if err != nil {
			return nil, err
		}
		for _, reference := range references {
			d.reads[model] = append(d.reads[model], reference.Schema+"."+reference.Name)
		}
		if model.Layer != Checks && !model.isScalar() {
			from := model.String()
			if model.Layer == Macros {
				from = model.Header.Example
			}
			if d.columns[model.String()], err = describe(ctx, db, from); err != nil {
				return nil, fmt.Errorf("%s: %w", model.Path, err)
			}
		}
		if d.examples[model], err = examplesOf(model); err != nil {
			return nil, err
		}
	}
	return d, d.findRaw(ctx, db)
}

// findRaw finds the raw tables and their columns.
func (d *dictionary) findRaw(ctx context.Context, db *warehouse.Database) error {
	rows, err := db.Query(ctx, "select table_name from duckdb_tables() where database_name = 'raw' order by 1")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return err
		}
		d.raw = append(d.raw, "raw."+name)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for _, name := range d.raw {
		if d.columns[name], err = describe(ctx, db, name); err != nil {
			return err
		}
	}
	return nil
}

// describe returns the columns of a table or a query.
func describe(ctx context.Context, db *warehouse.Database, from string) ([]typedColumn, error) {
	if !strings.Contains(from, " ") {
		from = "from " + from
	}
	rows, err := db.Query(ctx, "select column_name, column_type from (describe "+from+")")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var columns []typedColumn
	for rows.Next() {
		var column typedColumn
		if err := rows.Scan(&column.name, &column.kind); err != nil {
			return nil, err
		}
		columns = append(columns, column)
	}
	return columns, rows.Err()
}

// examplesOf returns the worked examples that stand beside the model's file.
func examplesOf(model *Model) ([]*txtar.Archive, error) {
	stem := strings.TrimSuffix(model.Path, ".sql")
	if stem == model.Path { // a step
		stem = model.Layer + "/" + model.Name
	}
	files, err := fs.Glob(sql.Examples, stem+"*.txtar")
	if err != nil {
		return nil, err
	}
	slices.Sort(files)
	var examples []*txtar.Archive
	for _, file := range files {
		name := strings.TrimSuffix(path.Base(file), ".txtar")
		if claim, _, _ := strings.Cut(name, "__"); claim != path.Base(stem) {
			continue // that of a model whose name begins alike
		}
		text, err := fs.ReadFile(sql.Examples, file)
		if err != nil {
			return nil, err
		}
		examples = append(examples, txtar.Parse(text))
	}
	return examples, nil
}

// inLayer returns the models of a layer, by name.
func (d *dictionary) inLayer(layer string) []*Model {
	var some []*Model
	for _, model := range d.models {
		if model.Layer == layer {
			some = append(some, model)
		}
	}
	slices.SortFunc(some, func(a, b *Model) int { return strings.Compare(a.Name, b.Name) })
	return some
}

// unitOf returns the unit that a column's name says it has, "" where it has none.
func unitOf(column typedColumn) string {
	for _, ending := range []struct{ suffix, unit string }{
		{"_seconds", "seconds"}, {"_minutes", "minutes"}, {"_hours", "hours"}, {"_days", "days"},
		{"_ratio", "ratio, 0 to 1"}, {"_percent", "percent"}, {"_per_day", "per day"}, {"_per_week", "per week"},
		{"_at", "instant, UTC"}, {"_day", "calendar day"}, {"_url", "address"},
	} {
		if strings.HasSuffix(column.name, ending.suffix) {
			return ending.unit
		}
	}
	switch {
	case column.name == "day" || column.kind == "DATE":
		return "calendar day"
	case column.kind == "BOOLEAN":
		return "true or false"
	}
	return ""
}
