package results_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/ipc"

	"dorado/warehouse"
	"dorado/warehouse/results"
)

// written returns the rows of the query in the format.
func written(t *testing.T, format, query string, limit int64) (string, results.Copied) {
	t.Helper()
	db, err := warehouse.OpenMemory(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query(context.Background(), query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	var out bytes.Buffer
	buffered := bufio.NewWriter(&out)
	copied, err := results.Copy(rows, limit, func(columns []results.Column) (results.Writer, error) {
		return results.NewWriter(buffered, format, columns)
	})
	if err != nil {
		t.Fatalf("%s as %s: %v", query, format, err)
	}
	if err := buffered.Flush(); err != nil {
		t.Fatal(err)
	}
	return out.String(), copied
}

// TestTypes writes a value and NULL of each of DuckDB's types as JSON and as
// Arrow, and no row.
func TestTypes(t *testing.T) {
	for _, test := range []struct{ expression, json, arrowType, arrow string }{
		{"true", "true", "bool", "true"},
		{"1::tinyint", "1", "int8", "1"},
		{"1::smallint", "1", "int16", "1"},
		{"1::integer", "1", "int32", "1"},
		{"9007199254740993::bigint", "9007199254740993", "int64", "9007199254740993"},
		{"1::utinyint", "1", "uint8", "1"},
		{"1::usmallint", "1", "uint16", "1"},
		{"1::uinteger", "1", "uint32", "1"},
		{"18446744073709551615::ubigint", "18446744073709551615", "uint64", "18446744073709551615"},
		{"sum(1::integer)", "1", "float64", "1"},
		{"12::uhugeint", "12", "float64", "12"},
		{"1.25", "1.25", "float64", "1.25"},
		{"(-1234.5)::decimal(30, 3)", "-1234.5", "float64", "-1234.5"},
		{"0.5::float", "0.5", "float32", "0.5"},
		{"0.1::double", "0.1", "float64", "0.1"},
		{"'infinity'::double", `"Infinity"`, "float64", "+Inf"},
		{"date '2024-02-29'", `"2024-02-29"`, "date32", "2024-02-29"},
		{"date '1969-12-31'", `"1969-12-31"`, "date32", "1969-12-31"},
		{"timestamp '2026-01-02 03:04:05.678901'", `"2026-01-02T03:04:05.678901Z"`, "timestamp[us, tz=UTC]", "2026-01-02T03:04:05.678901Z"},
		{"timestamp '1915-01-02 03:04:05'", `"1915-01-02T03:04:05Z"`, "timestamp[us, tz=UTC]", "1915-01-02T03:04:05Z"},
		{"timestamptz '2026-01-02 03:04:05+02'", `"2026-01-02T01:04:05Z"`, "timestamp[us, tz=UTC]", "2026-01-02T01:04:05Z"},
		{"timestamp_s '2026-01-02 03:04:05'", `"2026-01-02T03:04:05Z"`, "timestamp[us, tz=UTC]", "2026-01-02T03:04:05Z"},
		{"timestamp_ms '2026-01-02 03:04:05.1'", `"2026-01-02T03:04:05.1Z"`, "timestamp[us, tz=UTC]", "2026-01-02T03:04:05.1Z"},
		{"timestamp_ns '2026-01-02 03:04:05.000001'", `"2026-01-02T03:04:05.000001Z"`, "timestamp[us, tz=UTC]", "2026-01-02T03:04:05.000001Z"},
		{"time '03:04:05'", `"03:04:05"`, "utf8", "03:04:05"},
		{"interval '1 month 2 days 3.5 seconds'", `"P1M2DT3.5S"`, "float64", fmt.Sprint(float64(32*86400) + 3.5)},
		{"'ä'", `"ä"`, "utf8", "ä"},
		{"'<&>'", `"<&>"`, "utf8", "<&>"},
		{"'ok'::enum ('ok', 'not')", `"ok"`, "utf8", "ok"},
		{"'6ba7b810-9dad-11d1-80b4-00c04fd430c8'::uuid", `"6ba7b810-9dad-11d1-80b4-00c04fd430c8"`, "utf8", "6ba7b810-9dad-11d1-80b4-00c04fd430c8"},
		{`'\xAB'::blob`, `"ab"`, "binary", "qw=="},
		{`'{"a": [1]}'::json`, `{"a":[1]}`, "utf8", `{"a":[1]}`},
		{"[1, null]", "[1,null]", "utf8", "[1,null]"},
		{"[date '2026-01-01']", `["2026-01-01"]`, "utf8", `["2026-01-01"]`},
		{"[1.5, 2.5]::double[2]", "[1.5,2.5]", "utf8", "[1.5,2.5]"},
		{"{'a': 1, 'b': 'x'}", `{"a":1,"b":"x"}`, "utf8", `{"a":1,"b":"x"}`},
		{"map {'k': 1}", `{"k":1}`, "utf8", `{"k":1}`},
	} {
		text, _ := written(t, results.FormatNDJSON, "select "+test.expression+" as x", 0)
		if want := `{"x":` + test.json + "}\n"; text != want {
			t.Errorf("%s as JSON: %s, want %s", test.expression, text, want)
		}
		for _, rows := range []struct{ query, want string }{
			{"select " + test.expression + " as x", test.arrow},
			{"select case when count(*) = 3 then " + test.expression + " end as x from range(2)", "(null)"},
			{"select * from (select " + test.expression + " as x) where false", ""},
		} {
			stream, copied := written(t, results.FormatArrow, rows.query, 0)
			reader, err := ipc.NewReader(strings.NewReader(stream))
			if err != nil {
				t.Errorf("%s: %v", rows.query, err)
				continue
			}
			if kind := reader.Schema().Field(0).Type.String(); kind != test.arrowType {
				t.Errorf("%s is written as %s, want %s", test.expression, kind, test.arrowType)
			}
			got := ""
			for reader.Next() {
				got += reader.RecordBatch().Column(0).ValueStr(0)
			}
			if reader.Err() != nil || got != rows.want || copied.Rows != int64(min(1, len(rows.want))) {
				t.Errorf("%s: got %q of %d rows, want %q (%v)", rows.query, got, copied.Rows, rows.want, reader.Err())
			}
			reader.Release()
		}
	}
}

// TestManyRows writes more than a batch, and not more than the limit.
func TestManyRows(t *testing.T) {
	const rows = 10_001
	query := fmt.Sprintf("select range as n, range / 3 as third from range(%d)", rows)
	stream, copied := written(t, results.FormatArrow, query, 0)
	if copied.Rows != rows || copied.IsTruncated {
		t.Errorf("copied %+v, want %d rows", copied, rows)
	}
	reader, err := ipc.NewReader(strings.NewReader(stream))
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Release()
	got, batches := int64(0), 0
	for reader.Next() {
		got += reader.RecordBatch().NumRows()
		batches++
	}
	if got != rows || batches != int(math.Ceil(rows/4096.0)) {
		t.Errorf("%d rows in %d batches, want %d", got, batches, rows)
	}
	for limit, wantTruncated := range map[int64]bool{7: true, rows: false, rows + 1: false} {
		text, copied := written(t, results.FormatCSV, query, limit)
		if want := min(limit, rows); copied.Rows != want || copied.IsTruncated != wantTruncated || int64(strings.Count(text, "\n")) != want+1 {
			t.Errorf("limit %d: %+v", limit, copied)
		}
	}
}
