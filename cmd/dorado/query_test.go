package main

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// everyType is a query whose columns have all the types a model may use, and
// values that are hard to write.
const everyType = `
select * from (values (
	1, true, (-128)::tinyint, 18446744073709551615::ubigint, 170141183460469231731687303715884105727::hugeint,
	12345678901234.50::decimal(18, 2), 0.1::double, 'nan'::double, '-inf'::float,
	'plain', 'a "quote", a | pipe,' || chr(10) || 'a line, <b> & ' || chr(27) || '[31m', '',
	timestamp '2026-01-02 03:04:05.678', timestamptz '2026-01-02 03:04:05+02', date '2026-01-02', time '12:34:56.5',
	interval '14 months 2 days -3.5 seconds', [1, null, 3], [date '2026-01-02'],
	{'name': 'x', 'price': 1.25::decimal(4, 2), 'wait': interval 1 hour}, map {date '2026-01-02': 1.5::decimal(4, 2)},
	'a1b2c3d4-0000-4000-8000-0123456789ab'::uuid, '\xDE\xAD'::blob, 'b'::enum ('a', 'b'), '101'::bit,
	'{"deep": [1, {"er": null}]}'::json, union_value(number := 2), [['a'], []]
), (
	2, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null,
	null, null, null, null, null, null
)) as rows (
	id, boolean, tinyint, ubigint, hugeint, "decimal", double, not_a_number, infinite, text, hard_text, empty_text,
	"timestamp", timestamptz, date, time, "interval", list, dates, struct, map, uuid, blob, enum, bit, json, "union", nested
)`

func TestQueryFormats(t *testing.T) {
	file := publish(t)
	for _, format := range []string{"table", "csv", "json", "ndjson", "markdown"} {
		t.Run(format, func(t *testing.T) {
			got := dorado(t, everyType, "query", "--config", file, "--format", format)
			if got.code != 0 || got.stderr != "" {
				t.Fatalf("got %+v", got)
			}
			golden(t, "query."+format, got.stdout)
		})
	}
}

// The two rows are what a program reads from csv, json and ndjson, too.
func TestQueryFormatsAreWellFormed(t *testing.T) {
	file := publish(t)
	const query = "select * from (values (1, 'a \"b\",\nc'), (2, null)) as rows (id, name) order by id"

	records, err := csv.NewReader(strings.NewReader(dorado(t, "", "query", "--config", file, "--format", "csv", query).stdout)).ReadAll()
	if err != nil || len(records) != 3 || records[1][1] != "a \"b\",\nc" || records[2][1] != "" {
		t.Errorf("csv is read as %q, error %v", records, err)
	}

	type row struct {
		ID   int
		Name *string
	}
	var rows []row
	if err := json.Unmarshal([]byte(dorado(t, "", "query", "--config", file, "--format", "json", query).stdout), &rows); err != nil {
		t.Fatal(err)
	}
	var lines []row
	for line := range strings.Lines(dorado(t, "", "query", "--config", file, "--format", "ndjson", query).stdout) {
		var decoded row
		if err := json.Unmarshal([]byte(line), &decoded); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, decoded)
	}
	for _, rows := range [][]row{rows, lines} {
		if len(rows) != 2 || rows[0].ID != 1 || *rows[0].Name != "a \"b\",\nc" || rows[1].ID != 2 || rows[1].Name != nil {
			t.Errorf("json is read as %+v", rows)
		}
	}
}

func TestQueryWithoutRows(t *testing.T) {
	file := publish(t)
	for format, want := range map[string]string{
		"table":    " id \n────\n",
		"csv":      "id\n",
		"json":     "[]\n",
		"ndjson":   "",
		"markdown": "| id |\n| ---:|\n",
	} {
		got := dorado(t, "", "query", "--config", file, "--format", format, "select 1 as id where false")
		if want := (ran{0, want, ""}); got != want {
			t.Errorf("%s: got %+v, want %+v", format, got, want)
		}
	}
}

func TestQueryNullAsOnlyValue(t *testing.T) {
	file := publish(t)
	got := dorado(t, "", "query", "--config", file, "--format", "csv", "select unnest([null, 1]) as n")
	if want := (ran{0, "n\n\"\"\n1\n", ""}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestQueryFromStandardInput(t *testing.T) {
	file := publish(t)
	for _, args := range [][]string{{}, {"-"}} {
		got := dorado(t, "-- the answer\nselect 42 as answer;\n", append([]string{"query", "--config", file, "--format", "csv"}, args...)...)
		if want := (ran{0, "answer\n42\n", ""}); got != want {
			t.Errorf("%q: got %+v, want %+v", args, got, want)
		}
	}
}

func TestQueryReadsTheSnapshot(t *testing.T) {
	file := publish(t, "create schema core", "create table core.deployments as select 7 as deployment_id")
	got := dorado(t, "", "query", "--config", file, "--format", "ndjson", "from core.deployments")
	if want := (ran{0, "{\"deployment_id\":7}\n", ""}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestQueryErrors(t *testing.T) {
	file := publish(t)
	for _, test := range []struct {
		query, format, want string
	}{
		{"selec 1", "table", `dorado: Parser Error: syntax error at or near "selec"

LINE 1: selec 1
        ^
`},
		{"select 1 as one,\n  'zwölf', two", "csv", `dorado: Binder Error: Referenced column "two" was not found because the FROM clause is missing

LINE 2:   'zwölf', two
                   ^
`},
		{"select 'tabs',\t1,\n\t'日本', two\t", "csv", `dorado: Binder Error: Referenced column "two" was not found because the FROM clause is missing

LINE 2:  '日本', two 
                 ^
`},
		{"from core.nowhere", "table", `dorado: Catalog Error: Table with name "core.nowhere" does not exist because schema "core" does not exist.

LINE 1: from core.nowhere
             ^
`},
		{"select error('it failed at row ' || i) from range(3) as rows (i)", "json", "dorado: Invalid Input Error: it failed at row 0\n"},
		{"create table mine (id integer)", "table", "dorado: only a SELECT can be run on a snapshot\n"},
		{"select 1; select 2", "table", "dorado: 2 statements where one SELECT is wanted\n"},
		{"select 1 as a, 2 as a", "json", "dorado: two columns are named \"a\", and a JSON object can have one: rename one with \"as\"\n"},
	} {
		t.Run(test.query, func(t *testing.T) {
			got := dorado(t, "", "query", "--config", file, "--format", test.format, test.query)
			if got.code != exitFailure || got.stderr != test.want || strings.Contains(got.stdout, "{") {
				t.Errorf("got code %d, output %q, error\n%s\nwant\n%s", got.code, got.stdout, got.stderr, test.want)
			}
		})
	}
}

func TestQueryWithoutSnapshot(t *testing.T) {
	folder := t.TempDir()
	file := writeConfig(t, "warehouse: {path: "+folder+"}\ngithub: {repositories: [example/api]}\n")
	got := dorado(t, "", "query", "--config", file, "select 1")
	want := ran{exitFailure, "", "dorado: open the warehouse at " + folder + ": no snapshot has been published yet; dorado run makes the first one\n"}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestQueryOutputFile(t *testing.T) {
	file := publish(t)
	folder := t.TempDir()
	path := filepath.Join(folder, "rows")
	content := func() string {
		t.Helper()
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}

	got := dorado(t, "", "query", "--config", file, "--format", "csv", "--output", path, "select 1 as n")
	if want := (ran{}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got, want := content(), "n\n1\n"; got != want {
		t.Errorf("the file holds %q, want %q", got, want)
	}

	// A query that fails after many rows leaves the file as it was, and no other.
	for _, format := range []string{"csv", "parquet"} {
		got = dorado(t, "", "query", "--config", file, "--format", format, "--output", path,
			"select case when i = 99999 then error('late') else i end as n from range(100000) as rows (i)")
		if got.code != exitFailure || !strings.HasSuffix(got.stderr, "late\n") {
			t.Errorf("%s: got %+v", format, got)
		}
		if got, want := content(), "n\n1\n"; got != want {
			t.Errorf("after a failure the file holds %.20q, want %q", got, want)
		}
	}

	got = dorado(t, "", "query", "--config", file, "--format", "parquet", "--output", path, "select 42 as answer -- what else")
	if want := (ran{}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	got = dorado(t, "", "query", "--config", file, "--format", "csv", "from read_parquet('"+path+"')")
	if want := (ran{0, "answer\n42\n", ""}); got != want {
		t.Errorf("the Parquet file is read as %+v, want %+v", got, want)
	}

	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v, error %v; want only the file", entries, err)
	}
	got = dorado(t, "", "query", "--config", file, "--output", folder, "select 1")
	if want := (ran{exitFailure, "", "dorado: write " + folder + ": it is a folder\n"}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	// Something that is no file is not replaced by one.
	got = dorado(t, "", "query", "--config", file, "--output", os.DevNull, "select 1")
	if info, err := os.Stat(os.DevNull); got != (ran{}) || err != nil || info.Mode().IsRegular() {
		t.Errorf("got %+v, and %s is %v, error %v", got, os.DevNull, info.Mode(), err)
	}
}
