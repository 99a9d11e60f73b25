// Package results writes the rows of a query in the formats that programs read:
// CSV, JSON and Arrow. It knows DuckDB's types by their names and the values that
// the driver gives for them, and names neither.
package results

import (
	"bufio"
	"database/sql"
	"fmt"
	"strings"
)

// The formats that [NewWriter] writes.
const (
	FormatCSV    = "csv"    // RFC 4180 with a header, lines that end as on Unix
	FormatJSON   = "json"   // an array of objects
	FormatNDJSON = "ndjson" // an object a line
	FormatArrow  = "arrow"  // Arrow's IPC stream; see its types at [ArrowType]
)

// A Writer writes the rows of a result in one format. It does not flush what it
// writes to.
type Writer interface {
	Row(values []any) error // values are what the driver gives, one for each column; they are not kept
	End() error             // called after the last row
}

// A Column is a column of a result.
type Column struct {
	Name string
	Kind string // DuckDB's type; "" where it is not known
}

// NewWriter returns the writer of a format for a result with the columns. Its
// error says why the result cannot be written so.
func NewWriter(w *bufio.Writer, format string, columns []Column) (Writer, error) {
	switch format {
	case FormatCSV:
		return newCSVWriter(w, columns)
	case FormatJSON, FormatNDJSON:
		return newJSONWriter(w, columns, format == FormatJSON)
	case FormatArrow:
		return newArrowWriter(w, columns)
	}
	return nil, fmt.Errorf("no rows can be written as %s", format)
}

// Columns returns the columns of rows.
func Columns(rows *sql.Rows) ([]Column, error) {
	types, err := rows.ColumnTypes()
	if err != nil {
		return nil, fmt.Errorf("columns of the result: %w", err)
	}
	columns := make([]Column, len(types))
	for i, column := range types {
		columns[i] = Column{Name: column.Name(), Kind: column.DatabaseTypeName()}
	}
	return columns, nil
}

// Copied says how much of a result was written.
type Copied struct {
	Rows        int64
	IsTruncated bool // there were more
}

// Copy writes the rows with the writer that newWriter makes, the first limit of
// them unless that is 0. Where it returns an error, part of them may have been
// written.
func Copy(rows *sql.Rows, limit int64, newWriter func([]Column) (Writer, error)) (Copied, error) {
	var copied Copied
	columns, err := Columns(rows)
	if err != nil {
		return copied, err
	}
	values, targets := make([]any, len(columns)), make([]any, len(columns))
	for i := range columns {
		targets[i] = &values[i]
	}
	writer, err := newWriter(columns)
	if err != nil {
		return copied, err
	}
	for rows.Next() {
		if limit > 0 && copied.Rows == limit {
			copied.IsTruncated = true
			break
		}
		if err := rows.Scan(targets...); err != nil {
			return copied, fmt.Errorf("read a row: %w", err)
		}
		if err := writer.Row(values); err != nil {
			return copied, fmt.Errorf("write a row: %w", err)
		}
		copied.Rows++
	}
	if err := rows.Err(); err != nil {
		return copied, err
	}
	if err := writer.End(); err != nil {
		return copied, fmt.Errorf("write the rows: %w", err)
	}
	return copied, nil
}

// baseKind returns the name of DuckDB's type kind without what stands in
// brackets, and whether it is a list or an array: DECIMAL for DECIMAL(18,3).
func baseKind(kind string) (base string, isList bool) {
	base, _, _ = strings.Cut(kind, "(")
	return base, strings.HasSuffix(kind, "]")
}
