package results

import (
	"bufio"
	"fmt"
)

// A jsonWriter writes an object for each row, with the columns in their order:
// one a line, as an array or not.
type jsonWriter struct {
	out     *bufio.Writer
	columns []Column
	keys    [][]byte // of the columns, as JSON
	isArray bool
	rows    int
}

func newJSONWriter(w *bufio.Writer, columns []Column, isArray bool) (*jsonWriter, error) {
	j := &jsonWriter{out: w, columns: columns, isArray: isArray}
	seen := map[string]bool{}
	for _, column := range columns {
		if seen[column.Name] {
			return nil, fmt.Errorf("two columns are named %q, and a JSON object can have one: rename one with \"as\"", column.Name)
		}
		seen[column.Name] = true
		j.keys = append(j.keys, JSON(column.Name))
	}
	return j, nil
}

// Row writes an object.
func (j *jsonWriter) Row(values []any) error {
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
		line = append(append(append(line, j.keys[i]...), ':'), JSON(Plain(j.columns[i].Kind, value))...)
	}
	line = append(line, '}')
	if !j.isArray {
		line = append(line, '\n')
	}
	_, err := j.out.Write(line)
	return err
}

// End closes the array.
func (j *jsonWriter) End() error {
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
