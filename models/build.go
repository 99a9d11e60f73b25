package models

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"dorado/warehouse"
)

// A Result is what a build found.
type Result struct {
	Models   int       // models built
	Checks   int       // checks run
	Findings []Finding // checks that did not hold, those of severity warn only
}

// A Finding is a check that did not hold.
type Finding struct {
	Check    string // its name, which is the claim
	Claim    string // the same as a sentence
	Severity string // error or warn
	Rows     int    // how many rows speak against it
	First    string // the first of them
}

// Build builds all models into db as the settings say, and runs the checks. It
// calls built after each model with how many are done, of how many. A result
// that is not what its header says, and a check of severity error that does not
// hold, is an error.
func Build(ctx context.Context, db *warehouse.Database, models []*Model, settings Settings, built func(done, all int, name string)) (Result, error) {
	if err := prepare(ctx, db, settings); err != nil {
		return Result{}, err
	}
	sorted, err := order(ctx, db, models)
	if err != nil {
		return Result{}, err
	}
	var result Result
	var findings []Finding
	var failed []error
	for i, model := range sorted {
		if model.Layer != Checks {
			if err := model.build(ctx, db); err != nil {
				return result, err
			}
			result.Models++
		} else {
			finding, err := model.check(ctx, db)
			if err != nil {
				return result, err
			}
			result.Checks++
			findings = append(findings, finding)
			if finding.Rows > 0 && finding.Severity == "warn" {
				result.Findings = append(result.Findings, finding)
			} else if finding.Rows > 0 {
				failed = append(failed, fmt.Errorf("%s: does not hold for %d rows, the first is %s", model.Path, finding.Rows, finding.First))
			}
		}
		built(i+1, len(sorted), model.String())
	}
	if err := errors.Join(failed...); err != nil {
		return result, err
	}
	if result.Checks == 0 { // so where only some models are built, see Needed
		return result, nil
	}
	return result, keepFindings(ctx, db, findings)
}

// prepare makes the schemas, and the settings as tables of config.
func prepare(ctx context.Context, db *warehouse.Database, settings Settings) error {
	for _, schema := range []string{Core, Marts, Macros} {
		if err := db.Exec(ctx, "create schema if not exists "+schema); err != nil {
			return fmt.Errorf("make schema %s: %w", schema, err)
		}
	}
	for _, table := range settings.tables() {
		if err := table.make(ctx, db); err != nil {
			return fmt.Errorf("make table %s: %w", table.name, err)
		}
	}
	return nil
}

// build makes the model's view, table or macro and holds it to its header.
func (m *Model) build(ctx context.Context, db *warehouse.Database) error {
	if err := m.create(ctx, db); err != nil {
		return fmt.Errorf("%s: %w", m.Path, err)
	}
	if m.Layer == Macros {
		if err := m.commentMacro(ctx, db); err != nil {
			return fmt.Errorf("%s: %w", m.Path, err)
		}
	}
	if m.isScalar() {
		return nil
	}
	from := m.String()
	if m.Layer == Macros {
		from = "(" + m.Header.Example + ")"
	}
	if err := m.verify(ctx, db, from); err != nil {
		return fmt.Errorf("%s: %w", m.Path, err)
	}
	return nil
}

// create makes the model's view, table or macro.
func (m *Model) create(ctx context.Context, db *warehouse.Database) error {
	switch {
	case m.fill != nil:
		if err := db.Exec(ctx, fmt.Sprintf("create table %s (%s)", m, m.columns)); err != nil {
			return err
		}
		return m.fill(ctx, db)
	case m.isScalar():
		// An expression, not a subquery, so that it may hold an aggregate.
		return db.Exec(ctx, fmt.Sprintf("create macro %s(%s) as (%s)", m, m.Header.Parameters, strings.TrimPrefix(m.SQL, "select")))
	case m.Layer == Macros:
		return db.Exec(ctx, fmt.Sprintf("create macro %s(%s) as table\n%s", m, m.Header.Parameters, m.SQL))
	case m.Layer == Staging || m.Header.IsView:
		return db.Exec(ctx, fmt.Sprintf("create view %s as\n%s", m, m.SQL))
	default:
		return db.Exec(ctx, fmt.Sprintf("create table %s as\n%s", m, m.SQL))
	}
}

// verify compares the columns and the key of a result with the header, and
// keeps the header's texts as the table's comments.
func (m *Model) verify(ctx context.Context, db *warehouse.Database, from string) error {
	columns, err := columnsOf(ctx, db, from)
	if err != nil {
		return err
	}
	documented := make([]string, len(m.Header.Columns))
	for i, column := range m.Header.Columns {
		documented[i] = column.Name
	}
	if got, want := strings.Join(columns, ", "), strings.Join(documented, ", "); got != want {
		return fmt.Errorf("%w: it has the columns %s and the header names %s", errContract, got, want)
	}
	if m.Layer == Core || m.Layer == Marts {
		if !m.Header.IsView { // making all its rows only to look at them costs as much as storing them: checks hold a view to its key
			if err := m.verifyKey(ctx, db); err != nil {
				return err
			}
		}
		return m.comment(ctx, db)
	}
	return nil
}

// columnsOf returns the names of the columns of from, a table or a query in
// parentheses.
func columnsOf(ctx context.Context, db *warehouse.Database, from string) ([]string, error) {
	rows, err := db.Query(ctx, "select * from "+from+" limit 0")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	return columns, errors.Join(err, rows.Err())
}

// verifyKey looks for rows that have the same key, or none. Most tables are in the
// order of their key, which one look at each row and the one before it tells. The
// others have such rows only where hashes of the keys say so: numbers are grouped in
// a small part of the time and memory that texts take.
func (m *Model) verifyKey(ctx context.Context, db *warehouse.Database) error {
	key := strings.Join(m.Header.Key, ", ")
	nulls := strings.Join(m.Header.Key, " is null or ") + " is null"
	hashes := fmt.Sprintf("select hash(%s) as hash from %s group by all having count(*) > 1 or bool_or(%s) limit 1", key, m, nulls)
	for _, suspects := range []string{m.outOfOrder(nulls), hashes} {
		if count, _, err := offending(ctx, db, suspects); err != nil || count == 0 {
			return err
		}
	}
	offenders := fmt.Sprintf("select %s, count(*) as rows from %s group by all having count(*) > 1 or %s order by all", key, m, nulls)
	count, first, err := offending(ctx, db, offenders)
	if err != nil {
		return err
	}
	if count > 0 {
		return fmt.Errorf("%w: its key (%s) is not unique or is NULL, %d times, first at %s", errContract, key, count, first)
	}
	return nil
}

// outOfOrder returns a query of the first row whose key is NULL or does not come
// after that of the row before it. A table gives its rows as they were put in.
func (m *Model) outOfOrder(nulls string) string {
	var before []string
	notAfter := "true"
	for i, column := range slices.Backward(m.Header.Key) {
		before = append(before, fmt.Sprintf("lag(%s) over () as before_%d", column, i))
		notAfter = fmt.Sprintf("(before_%d > %s or before_%[1]d = %[2]s and %s)", i, column, notAfter)
	}
	return fmt.Sprintf("select 1 from (select %s, %s from %s) where %s or %s limit 1",
		strings.Join(m.Header.Key, ", "), strings.Join(before, ", "), m, nulls, notAfter)
}

// comment keeps the header's texts where SQL tools show them.
func (m *Model) comment(ctx context.Context, db *warehouse.Database) error {
	kind := "table"
	if m.Header.IsView {
		kind = "view"
	}
	if err := db.Exec(ctx, fmt.Sprintf("comment on %s %s is %s", kind, m, quote(m.Header.Description))); err != nil {
		return err
	}
	for _, column := range m.Header.Columns {
		if err := db.Exec(ctx, fmt.Sprintf("comment on column %s.%s is %s", m, column.Name, quote(column.Meaning))); err != nil {
			return err
		}
	}
	return nil
}

// commentMacro keeps what the macro is, the decisions included, where SQL tools
// show it: duckdb_functions().
func (m *Model) commentMacro(ctx context.Context, db *warehouse.Database) error {
	kind := "macro table"
	if m.isScalar() {
		kind = "macro"
	}
	parts := append([]string{m.Header.Description}, m.Header.Notes...)
	var columns []string
	for _, column := range m.Header.Columns {
		columns = append(columns, column.Name+"  "+column.Meaning)
	}
	if len(columns) > 0 { // DuckDB takes no comments on the columns of a macro
		parts = append(parts, strings.Join(columns, "\n"))
	}
	parts = append(parts, "parameters: "+m.Header.Parameters+"\nexample: "+m.Header.Example)
	text := strings.Join(parts, "\n\n")
	return db.Exec(ctx, fmt.Sprintf("comment on %s %s is %s", kind, m, quote(text)))
}

// quote returns text as an SQL string.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// check runs the check and returns what it found.
func (m *Model) check(ctx context.Context, db *warehouse.Database) (Finding, error) {
	finding := Finding{Check: m.Name, Claim: m.Header.Description, Severity: m.Header.Severity}
	if finding.Severity == "" {
		finding.Severity = "error"
	}
	var err error
	finding.Rows, finding.First, err = offending(ctx, db, m.SQL)
	if err != nil {
		return Finding{}, fmt.Errorf("%s: %w", m.Path, err)
	}
	return finding, nil
}

// offending counts the rows that query gives and shows the first.
func offending(ctx context.Context, db *warehouse.Database, query string) (count int, first string, err error) {
	rows, err := db.Query(ctx, query)
	if err != nil {
		return 0, "", err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return 0, "", err
	}
	for rows.Next() {
		if count++; count > 1 {
			continue
		}
		values, places := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			places[i] = &values[i]
		}
		if err := rows.Scan(places...); err != nil {
			return 0, "", err
		}
		pairs := make([]string, len(columns))
		for i, column := range columns {
			if values[i] == nil {
				values[i] = "NULL"
			}
			pairs[i] = fmt.Sprintf("%s=%v", column, values[i])
		}
		first = strings.Join(pairs, " ")
	}
	return count, first, rows.Err()
}
