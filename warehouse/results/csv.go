package results

import (
	"encoding/csv"
	"io"
)

// A csvWriter writes RFC 4180, with lines that end as they do on Unix.
type csvWriter struct {
	out     *csv.Writer
	raw     io.Writer
	columns []Column
}

func newCSVWriter(w io.Writer, columns []Column) (*csvWriter, error) {
	names := make([]string, len(columns))
	for i, column := range columns {
		names[i] = column.Name
	}
	c := &csvWriter{out: csv.NewWriter(w), raw: w, columns: columns}
	return c, c.out.Write(names)
}

// Row writes a line.
func (c *csvWriter) Row(values []any) error {
	texts := make([]string, len(values))
	for i, value := range values {
		texts[i] = Text(Plain(c.columns[i].Kind, value))
	}
	if len(texts) == 1 && texts[0] == "" {
		// csv.Writer would write an empty line, which readers skip.
		c.out.Flush()
		_, err := io.WriteString(c.raw, "\"\"\n")
		return err
	}
	return c.out.Write(texts)
}

// End writes what is not written yet.
func (c *csvWriter) End() error {
	c.out.Flush()
	return c.out.Error()
}
