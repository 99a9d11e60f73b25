package main

import (
	"os"
	"strings"
	"testing"

	"dorado/warehouse"
)

// TestRawTables keeps sql/raw.sql, which shows the raw tables to who writes or
// reviews models, equal to the row structs that they are made from.
func TestRawTables(t *testing.T) {
	var statements []string
	for _, row := range rawTables() {
		ddl, err := warehouse.DDL(row)
		if err != nil {
			t.Fatal(err)
		}
		statements = append(statements, ddl+";\n")
	}
	got := strings.Join(statements, "\n")
	const file = "../../sql/raw.sql"
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the raw tables have changed; look at the difference and run make update\ngot\n%s", got)
	}
}
