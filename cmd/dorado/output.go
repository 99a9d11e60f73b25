package main

import (
	"bufio"
	"bytes"
	"database/sql"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"time"
	"unicode"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// A rowWriter writes the rows of a result in one format. Its values are what
// plain returns.
type rowWriter interface {
	row(values []any) error
	end() error // called after the last row
}

// A resultColumn is a column of a result.
type resultColumn struct {
	name string
	kind string // DuckDB's type
}

// writeRows writes all rows in the format. Where it returns an error, part of
// them may have been written.
func writeRows(w io.Writer, format string, rows *sql.Rows) error {
	types, err := rows.ColumnTypes()
	if err != nil {
		return fmt.Errorf("columns of the result: %w", err)
	}
	columns := make([]resultColumn, len(types))
	values, targets := make([]any, len(types)), make([]any, len(types))
	for i, column := range types {
		columns[i] = resultColumn{name: column.Name(), kind: column.DatabaseTypeName()}
		targets[i] = &values[i]
	}
	buffered := bufio.NewWriter(w)
	writer, err := newRowWriter(buffered, format, columns)
	if err != nil {
		return err
	}
	for rows.Next() {
		if err := rows.Scan(targets...); err != nil {
			return fmt.Errorf("read a row: %w", err)
		}
		for i, column := range columns {
			values[i] = plain(column.kind, values[i])
		}
		if err := writer.row(values); err != nil {
			return fmt.Errorf("write a row: %w", err)
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if err := errors.Join(writer.end(), buffered.Flush()); err != nil {
		return fmt.Errorf("write the rows: %w", err)
	}
	return nil
}

// newRowWriter returns the writer of a format for a result with columns.
func newRowWriter(w *bufio.Writer, format string, columns []resultColumn) (rowWriter, error) {
	switch format {
	case "csv":
		return newCSVWriter(w, columns)
	case "json", "ndjson":
		return newJSONWriter(w, columns, format == "json")
	case "table", "markdown":
		return newTableWriter(w, columns, format == "markdown"), nil
	}
	return nil, fmt.Errorf("no rows can be written as %s", format)
}

// A csvWriter writes RFC 4180, with lines that end as they do on Unix.
type csvWriter struct {
	out *csv.Writer
	raw io.Writer
}

func newCSVWriter(w io.Writer, columns []resultColumn) (*csvWriter, error) {
	names := make([]string, len(columns))
	for i, column := range columns {
		names[i] = column.name
	}
	c := &csvWriter{out: csv.NewWriter(w), raw: w}
	return c, c.out.Write(names)
}

func (c *csvWriter) row(values []any) error {
	texts := make([]string, len(values))
	for i, value := range values {
		texts[i] = plainText(value)
	}
	if len(texts) == 1 && texts[0] == "" {
		// csv.Writer would write an empty line, which readers skip.
		c.out.Flush()
		_, err := io.WriteString(c.raw, "\"\"\n")
		return err
	}
	return c.out.Write(texts)
}

func (c *csvWriter) end() error {
	c.out.Flush()
	return c.out.Error()
}

// A jsonWriter writes an object for each row, with the columns in their order:
// one a line, as an array or not.
type jsonWriter struct {
	out     *bufio.Writer
	keys    [][]byte // of the columns, as JSON
	isArray bool
	rows    int
}

func newJSONWriter(w *bufio.Writer, columns []resultColumn, isArray bool) (*jsonWriter, error) {
	j := &jsonWriter{out: w, isArray: isArray}
	seen := map[string]bool{}
	for _, column := range columns {
		if seen[column.name] {
			return nil, fmt.Errorf("two columns are named %q, and a JSON object can have one: rename one with \"as\"", column.name)
		}
		seen[column.name] = true
		j.keys = append(j.keys, marshal(column.name))
	}
	return j, nil
}

func (j *jsonWriter) row(values []any) error {
	separator := ""
	switch {
	case j.isArray && j.rows == 0:
		separator = "[\n"
	case j.isArray:
		separator = ",\n"
	}
	j.rows++
	line := append([]byte(separator), '{')
	for i, value := range values {
		if i > 0 {
			line = append(line, ',')
		}
		line = append(append(append(line, j.keys[i]...), ':'), marshal(value)...)
	}
	line = append(line, '}')
	if !j.isArray {
		line = append(line, '\n')
	}
	_, err := j.out.Write(line)
	return err
}

func (j *jsonWriter) end() error {
	ending := ""
	switch {
	case j.isArray && j.rows == 0:
		ending = "[]\n"
	case j.isArray:
		ending = "\n]\n"
	}
	_, err := j.out.WriteString(ending)
	return err
}

// A tableWriter draws a table when all rows are there.
type tableWriter struct {
	out        io.Writer
	table      table.Writer
	isMarkdown bool
}

func newTableWriter(w io.Writer, columns []resultColumn, isMarkdown bool) *tableWriter {
	t := &tableWriter{out: w, table: table.NewWriter(), isMarkdown: isMarkdown}
	t.table.SetStyle(table.StyleLight)
	t.table.Style().Format.Header = text.FormatDefault
	header := table.Row{}
	configs := []table.ColumnConfig{}
	for i, column := range columns {
		header = append(header, printable(column.name))
		if isNumeric(column.kind) {
			configs = append(configs, table.ColumnConfig{Number: i + 1, Align: text.AlignRight, AlignHeader: text.AlignRight})
		}
	}
	t.table.AppendHeader(header)
	t.table.SetColumnConfigs(configs)
	return t
}

func (t *tableWriter) row(values []any) error {
	row := make(table.Row, len(values))
	for i, value := range values {
		row[i] = printable(plainText(value))
	}
	t.table.AppendRow(row)
	return nil
}

func (t *tableWriter) end() error {
	render := t.table.Render
	if t.isMarkdown {
		render = t.table.RenderMarkdown
	}
	if t.table.Length() == 0 {
		// go-pretty draws the lower border of a table without rows too short.
		t.table.Style().Options.DrawBorder = false
	}
	_, err := fmt.Fprintln(t.out, render())
	return err
}

// isNumeric reports whether values of DuckDB's type line up to the right.
func isNumeric(kind string) bool {
	switch name, _, _ := strings.Cut(kind, "("); name {
	case "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER",
		"UBIGINT", "UHUGEINT", "BIGNUM", "FLOAT", "DOUBLE", "DECIMAL":
		return !strings.HasSuffix(kind, "]")
	}
	return false
}

// printable returns content without the control characters that move a
// terminal's cursor or change its colours: titles and names are written by
// anyone.
func printable(content string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return '�'
		}
		return r
	}, content)
}

// plain turns what the driver returns for DuckDB's type kind into nil, a bool, a
// number, a string, or a []any or map of such, all of which JSON can hold. An
// instant becomes RFC 3339 in UTC, an interval an ISO 8601 duration, a blob
// hexadecimal. Inside a struct, kind is not known ("") and a date is an instant.
func plain(kind string, value any) any {
	switch value := value.(type) {
	case nil, bool, string, int8, int16, int32, int64, uint8, uint16, uint32, uint64:
		return value
	case float32:
		return plainFloat(float64(value), value)
	case float64:
		return plainFloat(value, value)
	case *big.Int:
		return json.Number(value.String())
	case time.Time:
		return plainTime(kind, value)
	case []byte:
		if kind == "UUID" && len(value) == 16 {
			return fmt.Sprintf("%x-%x-%x-%x-%x", value[:4], value[4:6], value[6:8], value[8:10], value[10:])
		}
		return hex.EncodeToString(value)
	case []any:
		elements := make([]any, len(value))
		for i, element := range value {
			elements[i] = plain(elementKind(kind), element)
		}
		return elements
	case map[string]any:
		fields := make(map[string]any, len(value))
		for name, field := range value {
			fields[name] = plain("", field)
		}
		return fields
	}
	return plainOther(value)
}

// elementKind returns the type of the elements of a list or array: DATE for
// DATE[] and DATE[3].
func elementKind(kind string) string {
	return kind[:max(0, strings.LastIndex(kind, "["))]
}

// plainFloat returns value, which is f, or its name where JSON has no number for
// it.
func plainFloat(f float64, value any) any {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	}
	return value
}

func plainTime(kind string, instant time.Time) string {
	switch kind {
	case "DATE":
		return instant.Format(time.DateOnly)
	case "TIME", "TIME_NS":
		return instant.Format("15:04:05.999999999")
	case "TIMETZ":
		return instant.Format("15:04:05.999999999Z07:00")
	}
	return instant.UTC().Format(time.RFC3339Nano)
}

// plainOther is plain for the driver's own types, which only package warehouse
// may name. It knows a MAP and a DECIMAL by their methods, and an INTERVAL by
// its JSON, {"months":…,"days":…,"micros":…}.
func plainOther(value any) any {
	pointer := reflect.New(reflect.TypeOf(value))
	pointer.Elem().Set(reflect.ValueOf(value))
	if entries, isMap := pointer.Interface().(interface {
		Keys() []any
		Values() []any
	}); isMap {
		fields, values := map[string]any{}, entries.Values()
		for i, key := range entries.Keys() {
			fields[plainText(plain("", key))] = plain("", values[i])
		}
		return fields
	}
	if stringer, ok := value.(fmt.Stringer); ok {
		if number := stringer.String(); json.Valid([]byte(number)) {
			return json.Number(number)
		}
		return stringer.String()
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	var interval struct{ Months, Days, Micros *int64 }
	decoder := json.NewDecoder(bytes.NewReader(encoded))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&interval); err == nil && interval.Months != nil && interval.Days != nil && interval.Micros != nil {
		return isoDuration(*interval.Months, *interval.Days, *interval.Micros)
	}
	return json.RawMessage(encoded)
}

// isoDuration returns an ISO 8601 duration: P1M2DT3.5S.
func isoDuration(months, days, micros int64) string {
	duration := "P"
	if months != 0 {
		duration += fmt.Sprintf("%dM", months)
	}
	if days != 0 {
		duration += fmt.Sprintf("%dD", days)
	}
	if micros != 0 || duration == "P" {
		seconds := new(big.Rat).SetFrac64(micros, 1e6).FloatString(6)
		duration += "T" + strings.TrimSuffix(strings.TrimRight(seconds, "0"), ".") + "S"
	}
	return duration
}

// plainText returns a value that plain returned as text: NULL as "", text as it
// is, the rest as JSON.
func plainText(value any) string {
	switch value := value.(type) {
	case nil:
		return ""
	case string:
		return value
	}
	return string(marshal(value))
}

// marshal returns a value that plain returned as JSON.
func marshal(value any) []byte {
	var encoded bytes.Buffer
	encoder := json.NewEncoder(&encoded)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(fmt.Sprintf("%T is no plain value: %v", value, err))
	}
	return bytes.TrimSuffix(encoded.Bytes(), []byte("\n"))
}

// replaceFile lets write make a file beside path and then gives it the name
// path, so that nobody sees half a file; after an error path is as it was.
// Something else than a file at path, such as a pipe, is written directly.
func replaceFile(path string, write func(path string) error) (err error) {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return fmt.Errorf("write %s: it is a folder", path)
	} else if err == nil && !info.Mode().IsRegular() {
		return write(path)
	}
	part := path + ".part"
	if err := write(part); err != nil {
		if removeError := os.Remove(part); !errors.Is(removeError, os.ErrNotExist) {
			return errors.Join(err, removeError)
		}
		return err
	}
	return os.Rename(part, path)
}

// writeFile makes the file at path and lets write fill it.
func writeFile(path string, write func(io.Writer) error) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(write(file), file.Close())
}
