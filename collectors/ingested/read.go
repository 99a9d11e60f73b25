package ingested

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
)

// A Record is one record of a file.
type Record struct {
	Line   int            // where it begins, from 1
	Values map[string]any // by the name of the field
	Err    error          // why it cannot be read; the next one may be fine
}

// NDJSON yields the records of a file with one JSON object a line. The error is
// that of the reader.
func NDJSON(reader io.Reader) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		buffered := bufio.NewReader(reader)
		for line := 1; ; line++ {
			text, err := buffered.ReadBytes('\n')
			if len(bytes.TrimSpace(text)) > 0 {
				values, wrong := object(text)
				if !yield(Record{Line: line, Values: values, Err: wrong}, nil) {
					return
				}
			}
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(Record{}, err)
				return
			}
		}
	}
}

// JSON yields the records of a text that is a list of JSON objects, or one of them.
// The line of a record is its number. The error is that of the text.
func JSON(text []byte) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		var records []json.RawMessage
		if text = bytes.TrimSpace(text); bytes.HasPrefix(text, []byte("{")) {
			records = []json.RawMessage{text}
		} else if err := json.Unmarshal(text, &records); err != nil {
			yield(Record{}, fmt.Errorf("wants a list of JSON objects: %w", err))
			return
		}
		for i, record := range records {
			values, wrong := object(record)
			if !yield(Record{Line: i + 1, Values: values, Err: wrong}, nil) {
				return
			}
		}
	}
}

// object reads one JSON object and nothing after it.
func object(text []byte) (map[string]any, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var values map[string]any
	err := decoder.Decode(&values)
	var wrongType *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrongType), err == nil && values == nil:
		return nil, errors.New("wants one JSON object a line")
	case err != nil:
		return nil, fmt.Errorf("not JSON: %w", err)
	case decoder.More():
		return nil, errors.New("wants one JSON object a line, and nothing after it")
	}
	return values, nil
}

// CSV yields the records of a file with commas, whose first line names the
// columns. The error is that of the reader, or of the first line.
func CSV(reader io.Reader, schema *Schema) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		lines := csv.NewReader(withoutMark(reader))
		lines.FieldsPerRecord = -1
		columns, err := lines.Read()
		if errors.Is(err, io.EOF) {
			err = errors.New("the file is empty: its first line names the columns")
		}
		if err == nil {
			err = schema.Unknown(columns)
		}
		if err != nil {
			yield(Record{Line: 1}, err)
			return
		}
		for {
			texts, err := lines.Read()
			var wrong *csv.ParseError
			switch {
			case errors.Is(err, io.EOF):
				return
			case errors.As(err, &wrong):
				if !yield(Record{Line: wrong.StartLine, Err: fmt.Errorf("not CSV: %w", wrong.Err)}, nil) {
					return
				}
				continue
			case err != nil:
				yield(Record{}, err)
				return
			}
			record := Record{Values: map[string]any{}}
			record.Line, _ = lines.FieldPos(0)
			if len(texts) != len(columns) {
				record.Err = fmt.Errorf("it has %d fields and the first line names %d columns", len(texts), len(columns))
			}
			for i, text := range texts[:min(len(texts), len(columns))] {
				record.Values[columns[i]] = text
			}
			if !yield(record, nil) {
				return
			}
		}
	}
}

// withoutMark skips the byte order mark that some programs begin a file with.
func withoutMark(reader io.Reader) io.Reader {
	buffered := bufio.NewReader(reader)
	if mark, err := buffered.Peek(3); err == nil && string(mark) == "\uFEFF" {
		_, _ = buffered.Discard(len(mark)) // it has been peeked at
	}
	return buffered
}
