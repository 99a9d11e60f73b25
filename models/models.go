// Package models builds a snapshot: it reads the SQL definitions of package
// sql, finds out what each of them reads, runs them in that order, and holds
// every result to what the definition's header says of it.
//
// A model is one SELECT in one file. Its folder is its layer:
//
//	staging/SOURCE  renames and casts a source's raw tables; views that exist only while a build runs
//	core            the entities: services, deployments, changes, …
//	marts           what panels read
//	macros          the metrics, table macros of the schema metrics, and the functions they share
//	checks          claims: queries that must return no rows
//
// and its file's name is the table's name. The first comment of the file, the
// header, is documentation, contract and the comments in the snapshot at once:
//
//	-- One row per service and day, from the service's first deployment on.
//	--
//	-- service_id   The service, as in core.services.
//	-- deployments  Production deployments that succeeded that day; 0 on quiet days.
//	--
//	-- key: service_id, day
//
// What the numbers mean is decided in package sql; where and how data is kept
// is left to package warehouse.
package models

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"dorado/warehouse"
)

// The layers a model can belong to, in the order they are built.
const (
	Staging = "staging"
	Core    = "core"
	Marts   = "marts"
	Macros  = "metrics" // the schema that the folder macros becomes
	Checks  = "checks"
)

// A Model is one definition.
type Model struct {
	Layer  string // the schema it is built in; Checks are built nowhere
	Name   string // of the table, macro or check
	Path   string // of the file it was read from
	Header Header
	SQL    string // the SELECT; "" where Go code fills the table

	reads   []warehouse.Reference // the tables it reads: what a step says, else nil until references finds them
	fill    fillFunc              // the step's code
	isLate  bool                  // the step comes after all tables that do not read it
	columns string                // of a step's table, with their types
}

// fillFunc fills the table of a model that is a step in Go. The table is there,
// empty, with the columns of the header.
type fillFunc func(ctx context.Context, db *warehouse.Database) error

// String returns the name by which other models read it: "core.deployments".
func (m *Model) String() string { return m.Layer + "." + m.Name }

// A Header is what a definition says of its result.
type Header struct {
	Description string   // the first paragraph: "One row per …"
	Notes       []string // the paragraphs after it: decisions, and where definitions come from
	Columns     []Column // in the order of the result
	Key         []string // the columns that tell rows apart
	Parameters  string   // of a macro: "from_at, to_at, grain := 'total'"
	Example     string   // of a macro: a call that works in every snapshot
	Severity    string   // of a check: error (the default) stops the publish, warn only reports
	IsView      bool     // of a table: its rows are not stored but made when they are asked for ("materialized: view")
}

// A Column is one column of a result.
type Column struct {
	Name, Meaning string
}

// Load reads all definitions of files, sorted by path.
func Load(files fs.FS) ([]*Model, error) {
	models := steps()
	err := fs.WalkDir(files, ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(file) != ".sql" {
			return err
		}
		text, err := fs.ReadFile(files, file)
		if err != nil {
			return err
		}
		model, err := parse(file, string(text))
		if err != nil {
			return err
		}
		models = append(models, model)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("load models: %w", err)
	}
	seen := map[string]string{}
	for _, model := range models {
		if other, ok := seen[model.String()]; ok {
			return nil, fmt.Errorf("load models: %s and %s both make %s", other, model.Path, model)
		}
		seen[model.String()] = model.Path
	}
	return models, nil
}

// parse reads one definition.
func parse(file, text string) (*Model, error) {
	model := &Model{Path: file, Name: strings.TrimSuffix(path.Base(file), ".sql")}
	folders := strings.Split(path.Dir(file), "/")
	switch {
	case len(folders) == 2 && folders[0] == "staging":
		model.Layer, model.Name = Staging, folders[1]+"_"+model.Name
	case len(folders) == 1 && folders[0] == "macros":
		model.Layer = Macros
	case len(folders) == 1 && slices.Contains([]string{Core, Marts, Checks}, folders[0]):
		model.Layer = folders[0]
	default:
		return nil, fmt.Errorf("%s: a model belongs into staging/SOURCE, core, marts, macros or checks", file)
	}
	header, body := cutHeader(text)
	model.SQL = strings.TrimRight(strings.TrimSpace(body), ";")
	var err error
	if model.Header, err = parseHeader(header); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if model.SQL == "" {
		return nil, fmt.Errorf("%s: no SELECT below the header", file)
	}
	return model, model.complete()
}

// complete says what the header of m lacks.
func (m *Model) complete() error {
	header := m.Header
	var missing string
	switch {
	case header.Description == "":
		missing = `a first line "One row per …"`
	case m.Layer == Checks || m.isScalar():
	case len(header.Columns) == 0:
		missing = "a line for each column"
	case len(header.Key) == 0:
		missing = `a line "key: …"`
	}
	if m.Layer == Macros && header.Example == "" {
		missing = `a line "example: …"`
	}
	if missing != "" {
		return fmt.Errorf("%s: the header lacks %s", m.Path, missing)
	}
	for _, key := range header.Key {
		if !slices.ContainsFunc(header.Columns, func(c Column) bool { return c.Name == key }) {
			return fmt.Errorf("%s: the header's key %q is not one of its columns", m.Path, key)
		}
	}
	return nil
}

// isScalar reports whether m is a macro that gives a value, not rows.
func (m *Model) isScalar() bool {
	return m.Layer == Macros && !strings.HasPrefix(m.Header.Description, "One row")
}

// cutHeader cuts the comment lines on top of text from what follows.
func cutHeader(text string) (header []string, body string) {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		comment, ok := strings.CutPrefix(line, "--")
		if !ok {
			return header, strings.Join(lines[i:], "\n")
		}
		header = append(header, strings.TrimPrefix(comment, " "))
	}
	return header, ""
}

var (
	columnLine = regexp.MustCompile(`^([a-z][a-z0-9_]*)  +(\S.*)$`)
	optionLine = regexp.MustCompile(`^(key|parameters|example|severity|materialized): (.+)$`)
)

// parseHeader reads the lines of a header, without their comment signs: a
// paragraph, a column ("name  meaning"), an option ("key: …"), or, indented,
// what continues the line before.
func parseHeader(lines []string) (Header, error) {
	var header Header
	var paragraphs []string
	var last *string // what an indented line continues
	inParagraph := false
	for _, line := range lines {
		column, option := columnLine.FindStringSubmatch(line), optionLine.FindStringSubmatch(line)
		switch {
		case strings.TrimSpace(line) == "":
			inParagraph, last = false, nil
		case strings.HasPrefix(line, " ") && last != nil:
			*last += " " + strings.TrimSpace(line)
		case column != nil:
			header.Columns = append(header.Columns, Column{Name: column[1], Meaning: column[2]})
			last, inParagraph = &header.Columns[len(header.Columns)-1].Meaning, false
		case option != nil:
			inParagraph = false
			switch value := option[2]; option[1] {
			case "key":
				header.Key = strings.Split(value, ", ")
				last = nil
			case "parameters":
				header.Parameters, last = value, &header.Parameters
			case "example":
				header.Example, last = value, &header.Example
			case "severity":
				if value != "error" && value != "warn" {
					return header, fmt.Errorf("the header's severity is %q, not error or warn", value)
				}
				header.Severity, last = value, nil
			case "materialized":
				if value != "view" {
					return header, fmt.Errorf("the header's materialized is %q, not view", value)
				}
				header.IsView, last = true, nil
			}
		case inParagraph:
			paragraphs[len(paragraphs)-1] += " " + strings.TrimSpace(line)
		default:
			paragraphs = append(paragraphs, strings.TrimSpace(line))
			inParagraph, last = true, nil
		}
	}
	if len(paragraphs) > 0 {
		header.Description, header.Notes = paragraphs[0], paragraphs[1:]
	}
	return header, nil
}

// readable says which layers a layer may read. Macros outlive the build, so
// they read only what the snapshot keeps.
var readable = map[string][]string{
	Staging: {"raw", "config"},
	Core:    {"config", Staging, Core, Macros},
	Marts:   {Core, Marts, Macros},
	Macros:  {Core, Marts, Macros},
	Checks:  {"config", Staging, Core, Marts, Macros},
}

// order sorts models so that each comes after those it reads: macros that give
// values first, then tables, macros that give rows, and checks.
func order(ctx context.Context, db *warehouse.Database, models []*Model) ([]*Model, error) {
	byName := map[string]*Model{}
	for _, model := range models {
		byName[model.String()] = model
	}
	late, err := lateModels(ctx, db, models)
	if err != nil {
		return nil, err
	}
	var sorted []*Model
	state := map[*Model]string{}
	var visit func(model *Model, path []string) error
	visit = func(model *Model, path []string) error {
		path = append(path, model.String())
		switch state[model] {
		case "done":
			return nil
		case "open":
			return fmt.Errorf("%s: models read each other in a circle: %s", model.Path, strings.Join(path, " reads "))
		}
		state[model] = "open"
		reads, err := model.references(ctx, db)
		if err != nil {
			return err
		}
		for _, reference := range reads {
			name := reference.Schema + "." + reference.Name
			if !slices.Contains(readable[model.Layer], reference.Schema) {
				return fmt.Errorf("%s reads %s, but %s may read only %s",
					model.Path, strings.TrimPrefix(name, "."), model.Layer, strings.Join(readable[model.Layer], ", "))
			}
			if reference.Schema == "raw" || reference.Schema == "config" {
				continue
			}
			read, ok := byName[name]
			if !ok {
				return fmt.Errorf("%s reads %s, which no model makes", model.Path, name)
			}
			if err := visit(read, path); err != nil {
				return err
			}
		}
		state[model] = "done"
		sorted = append(sorted, model)
		return nil
	}
	for _, first := range []func(*Model) bool{
		(*Model).isScalar,
		func(m *Model) bool { return m.isTable() && !late[m] },
		(*Model).isTable,
		func(m *Model) bool { return m.Layer == Macros },
		func(m *Model) bool { return m.Layer == Checks },
	} {
		for _, model := range models {
			if first(model) {
				if err := visit(model, nil); err != nil {
					return nil, err
				}
			}
		}
	}
	return sorted, nil
}

// isTable reports whether m becomes a table or a view.
func (m *Model) isTable() bool { return m.Layer != Macros && m.Layer != Checks }

// lateModels returns the steps that come late and the models that read them.
func lateModels(ctx context.Context, db *warehouse.Database, models []*Model) (map[*Model]bool, error) {
	readers := map[string][]*Model{}
	late := map[*Model]bool{}
	var queue []*Model
	for _, model := range models {
		reads, err := model.references(ctx, db)
		if err != nil {
			return nil, err
		}
		for _, reference := range reads {
			name := reference.Schema + "." + reference.Name
			readers[name] = append(readers[name], model)
		}
		if model.isLate {
			queue = append(queue, model)
		}
	}
	for len(queue) > 0 {
		model := queue[0]
		queue = queue[1:]
		if !late[model] {
			late[model] = true
			queue = append(queue, readers[model.String()]...)
		}
	}
	return late, nil
}

// references returns the tables that m reads. A SELECT is parsed once.
func (m *Model) references(ctx context.Context, db *warehouse.Database) ([]warehouse.Reference, error) {
	if m.fill != nil || m.reads != nil {
		return m.reads, nil
	}
	references, err := db.References(ctx, m.SQL)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", m.Path, err)
	}
	m.reads = references
	return references, nil
}

// errContract is the start of every error about a result that is not what its
// header says.
var errContract = errors.New("the result is not what the header says")
