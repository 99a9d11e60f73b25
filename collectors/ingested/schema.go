package ingested

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"dorado/collectors"
	"dorado/strictyaml"
)

// A Schema says what the files of one kind of record hold.
type Schema struct {
	Fields []Field
	row    reflect.Type
}

// A Field is a column of a CSV or Parquet file, or a key of an NDJSON one.
type Field struct {
	Name       string
	Kind       string // text, integer, number, boolean or instant
	IsRequired bool
	Default    string   // where it is not given; "" for none
	OneOf      []string // what it may be; none for anything
	Meaning    string

	index int // of the struct's field
}

// A record is a row that can say what is wrong with it as a whole.
type record interface {
	collectors.Row
	problem() string
}

// The schemas of what can be ingested.
var (
	Deployments = schemaOf[Deployment]()
	Changes     = schemaOf[Change]()
	Incidents   = schemaOf[Incident]()
	SLI         = schemaOf[Measurement]()
)

// kinds are the types of the fields, as a user knows them.
var kinds = map[reflect.Type]string{
	reflect.TypeFor[string]():    "text",
	reflect.TypeFor[bool]():      "boolean",
	reflect.TypeFor[int64]():     "integer",
	reflect.TypeFor[float64]():   "number",
	reflect.TypeFor[time.Time](): "instant",
}

// schemaOf reads the schema off the fields of a row.
func schemaOf[T record]() *Schema {
	schema := &Schema{row: reflect.TypeFor[T]()}
	for i := range schema.row.NumField() {
		field := schema.row.Field(i)
		fieldType := field.Type
		if fieldType.Kind() == reflect.Pointer {
			fieldType = fieldType.Elem()
		}
		name, _, _ := strings.Cut(field.Tag.Get("db"), ",")
		fallback, hasDefault := field.Tag.Lookup("default")
		schema.Fields = append(schema.Fields, Field{
			Name:       name,
			Kind:       kinds[fieldType],
			IsRequired: field.Type.Kind() != reflect.Pointer && !hasDefault,
			Default:    fallback,
			OneOf:      strings.Fields(field.Tag.Get("oneof")),
			Meaning:    field.Tag.Get("doc"),
			index:      i,
		})
	}
	return schema
}

// names returns the names of the fields.
func (s *Schema) names() []string {
	names := make([]string, len(s.Fields))
	for i, field := range s.Fields {
		names[i] = field.Name
	}
	return names
}

// Unknown returns an error that names the first of columns that is no field.
func (s *Schema) Unknown(columns []string) error {
	for _, column := range columns {
		if names := s.names(); !slices.Contains(names, column) {
			return fmt.Errorf("unknown column %q%s", column, strictyaml.DidYouMean(column, names))
		}
	}
	return nil
}

// Row makes the raw row of what a record gives for each field: nil or "" for
// nothing, else a text or a value of the field's kind.
func (s *Schema) Row(values map[string]any) (collectors.Row, error) {
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	if err := s.Unknown(names); err != nil {
		return nil, err
	}
	made := reflect.New(s.row).Elem()
	for _, field := range s.Fields {
		value := values[field.Name]
		if text, isText := value.(string); isText {
			value = strings.TrimSpace(text)
		}
		if value == nil || value == "" {
			if field.IsRequired {
				return nil, fmt.Errorf("%s: it is missing", field.Name)
			}
			value = field.Default
		}
		if value == "" {
			continue
		}
		if err := field.set(made.Field(field.index), value); err != nil {
			return nil, fmt.Errorf("%s: %w", field.Name, err)
		}
	}
	row := made.Interface().(record)
	if problem := row.problem(); problem != "" {
		return nil, fmt.Errorf("%s", problem)
	}
	return row, nil
}

// set sets target, a field of a row, to value.
func (f Field) set(target reflect.Value, value any) error {
	if target.Kind() == reflect.Pointer {
		target.Set(reflect.New(target.Type().Elem()))
		target = target.Elem()
	}
	var read any
	var ok bool
	switch f.Kind {
	case "text":
		read, ok = readText(value)
	case "integer":
		read, ok = readInteger(value)
	case "number":
		read, ok = readNumber(value)
	case "boolean":
		read, ok = readBoolean(value)
	case "instant":
		read, ok = readInstant(value)
	}
	if !ok {
		return fmt.Errorf("wants %s, not %s", examples[f.Kind], shown(value))
	}
	if text, _ := read.(string); len(f.OneOf) > 0 && !slices.Contains(f.OneOf, text) {
		return fmt.Errorf("%q is not one of %s%s", text, strings.Join(f.OneOf, ", "), strictyaml.DidYouMean(text, f.OneOf))
	}
	target.Set(reflect.ValueOf(read))
	return nil
}

// examples say what the values of a kind look like.
var examples = map[string]string{
	"text":    "a text",
	"integer": "a whole number",
	"number":  "a number",
	"boolean": "true or false",
	"instant": "an instant with its zone like 2026-01-31T09:00:00Z",
}

// shown writes a value for an error.
func shown(value any) string {
	if text, ok := value.(string); ok {
		return strconv.Quote(text)
	}
	return fmt.Sprint(value)
}

// readText takes numbers too: build numbers are versions.
func readText(value any) (string, bool) {
	switch value := value.(type) {
	case string:
		return value, true
	case json.Number:
		return value.String(), true
	case int32, int64:
		return fmt.Sprint(value), true
	}
	return "", false
}

func readInteger(value any) (int64, bool) {
	text, ok := readText(value)
	number, err := strconv.ParseInt(text, 10, 64)
	return number, ok && err == nil
}

func readNumber(value any) (float64, bool) {
	if number, ok := value.(float64); ok { // Parquet's
		return number, true
	}
	text, ok := readText(value)
	number, err := strconv.ParseFloat(text, 64)
	return number, ok && err == nil
}

func readBoolean(value any) (read, ok bool) {
	switch value := value.(type) {
	case bool:
		return value, true
	case string:
		return strings.EqualFold(value, "true"), strings.EqualFold(value, "true") || strings.EqualFold(value, "false")
	}
	return false, false
}

// readInstant takes texts with a zone only: what a clock without one showed is
// not known.
func readInstant(value any) (time.Time, bool) {
	switch value := value.(type) {
	case time.Time:
		return value.UTC(), true
	case string:
		instant, err := time.Parse(time.RFC3339, value)
		return instant.UTC(), err == nil
	}
	return time.Time{}, false
}
