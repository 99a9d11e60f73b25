package main

import (
	"bufio"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"dorado/warehouse/results"
)

// writeRows writes all rows in the format. Where it returns an error, part of
// them may have been written.
func writeRows(w io.Writer, format string, rows *sql.Rows) error {
	buffered := bufio.NewWriter(w)
	_, err := results.Copy(rows, 0, func(columns []results.Column) (results.Writer, error) {
		if format == "table" || format == "markdown" {
			return newTableWriter(buffered, columns, format == "markdown"), nil
		}
		return results.NewWriter(buffered, format, columns)
	})
	if err != nil {
		return err
	}
	if err := buffered.Flush(); err != nil {
		return fmt.Errorf("write the rows: %w", err)
	}
	return nil
}

// A tableWriter draws a table when all rows are there.
type tableWriter struct {
	out        io.Writer
	table      table.Writer
	columns    []results.Column
	isMarkdown bool
}

func newTableWriter(w io.Writer, columns []results.Column, isMarkdown bool) *tableWriter {
	t := &tableWriter{out: w, table: table.NewWriter(), columns: columns, isMarkdown: isMarkdown}
	t.table.SetStyle(table.StyleLight)
	t.table.Style().Format.Header = text.FormatDefault
	header := table.Row{}
	configs := []table.ColumnConfig{}
	for i, column := range columns {
		header = append(header, printable(column.Name))
		if isNumeric(column.Kind) {
			configs = append(configs, table.ColumnConfig{Number: i + 1, Align: text.AlignRight, AlignHeader: text.AlignRight})
		}
	}
	t.table.AppendHeader(header)
	t.table.SetColumnConfigs(configs)
	return t
}

// Row keeps a row.
func (t *tableWriter) Row(values []any) error {
	row := make(table.Row, len(values))
	for i, value := range values {
		row[i] = printable(results.Text(results.Plain(t.columns[i].Kind, value)))
	}
	t.table.AppendRow(row)
	return nil
}

// End draws the table.
func (t *tableWriter) End() error {
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
