package warehouse

import (
	"database/sql/driver"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"

	"dorado/collectors"
)

// A Row is one record of a raw table. Its struct is the table: each field with a
// tag db is a column, a pointer field a nullable one.
type Row = collectors.Row

// A table is what a row struct says of its raw table.
type table struct {
	name    string
	columns []column
	version int // index of the column that says which of two copies of a record is newer, -1 where there is none
}

// A column is one tagged field of a row struct.
type column struct {
	name  string
	kind  string // DuckDB's type
	isKey bool
	field int // index of the struct's field
}

// kinds are the Go types a row may hold and the DuckDB types they become.
// Instants are kept as UTC without a zone.
var kinds = map[reflect.Type]string{
	reflect.TypeFor[string]():    "VARCHAR",
	reflect.TypeFor[bool]():      "BOOLEAN",
	reflect.TypeFor[int]():       "BIGINT",
	reflect.TypeFor[int64]():     "BIGINT",
	reflect.TypeFor[float64]():   "DOUBLE",
	reflect.TypeFor[time.Time](): "TIMESTAMP",
}

// tables remembers the table of each row type: a fact about the program, read
// by reflection once.
var tables sync.Map

// tableOf returns the table that row is a record of.
func tableOf(row Row) (*table, error) {
	rowType := reflect.TypeOf(row)
	if known, ok := tables.Load(rowType); ok {
		return known.(*table), nil
	}
	made := &table{name: row.Table(), version: -1}
	if rowType.Kind() != reflect.Struct {
		return nil, fmt.Errorf("table %s: row is a %s, not a struct", made.name, rowType)
	}
	keys := 0
	for i := range rowType.NumField() {
		field := rowType.Field(i)
		tag, ok := field.Tag.Lookup("db")
		if !ok {
			continue
		}
		name, option, _ := strings.Cut(tag, ",")
		fieldType := field.Type
		if fieldType.Kind() == reflect.Pointer {
			fieldType = fieldType.Elem()
		}
		kind, ok := kinds[fieldType]
		if !ok {
			return nil, fmt.Errorf("table %s: column %s has the type %s, which no column can hold", made.name, name, field.Type)
		}
		made.columns = append(made.columns, column{name: name, kind: kind, isKey: option == "key", field: i})
		switch option {
		case "key":
			keys++
		case "version":
			made.version = len(made.columns) - 1
		}
	}
	if keys == 0 {
		return nil, fmt.Errorf("table %s: no column is tagged as key", made.name)
	}
	known, _ := tables.LoadOrStore(rowType, made)
	return known.(*table), nil
}

// DDL returns the statement that creates the raw table of row.
func DDL(row Row) (string, error) {
	described, err := tableOf(row)
	if err != nil {
		return "", err
	}
	return described.ddl("create table", described.name), nil
}

// ddl returns the statement, begun with create, that makes the table under name.
func (t *table) ddl(create, name string) string {
	lines := make([]string, len(t.columns))
	for i, column := range t.columns {
		lines[i] = "    " + quoted(column.name) + " " + column.kind
	}
	return create + " " + quoted(name) + " (\n" + strings.Join(lines, ",\n") + "\n)"
}

// names returns the quoted names of the columns, of the key only if keyOnly.
func (t *table) names(keyOnly bool) []string {
	var names []string
	for _, column := range t.columns {
		if column.isKey || !keyOnly {
			names = append(names, quoted(column.name))
		}
	}
	return names
}

// values returns the row's values in the order of the columns, nil for NULL.
func (t *table) values(row Row) []driver.Value {
	fields := reflect.ValueOf(row)
	values := make([]driver.Value, len(t.columns))
	for i, column := range t.columns {
		field := fields.Field(column.field)
		if field.Kind() == reflect.Pointer {
			if field.IsNil() {
				continue
			}
			field = field.Elem()
		}
		switch value := field.Interface().(type) {
		case int:
			values[i] = int64(value)
		case time.Time:
			values[i] = value.UTC()
		default:
			values[i] = value
		}
	}
	return values
}

// key returns a text that is the same for rows with the same key.
func (t *table) key(values []driver.Value) string {
	var key strings.Builder
	for i, column := range t.columns {
		if column.isKey {
			fmt.Fprintf(&key, "%v\x00", values[i])
		}
	}
	return key.String()
}
