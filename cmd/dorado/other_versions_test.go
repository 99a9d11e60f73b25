package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"dorado/models"
	"dorado/sql"
)

// TestOtherVersions opens a published snapshot with the oldest DuckDB that is promised
// to read it, of another driver, and runs the example of every macro and reads every
// table.
func TestOtherVersions(t *testing.T) {
	folder := filepath.Join(root, "warehouse", "testdata", "node")
	if _, err := os.Stat(filepath.Join(folder, "node_modules")); err != nil {
		if os.Getenv("DORADO_TEST_PLUGIN") != "" {
			t.Fatalf("the other DuckDB is not installed: make test does it with npm ci: %v", err)
		}
		t.Skip("the other DuckDB is not installed: make test does it, or npm ci in " + folder)
	}
	definitions, err := models.Load(sql.Files)
	if err != nil {
		t.Fatal(err)
	}
	s, _ := collectedSimulated(t)
	var queries strings.Builder
	encoder := json.NewEncoder(&queries)
	for _, definition := range definitions {
		switch definition.Layer {
		case models.Core, models.Marts:
			err = encoder.Encode("select * from " + definition.String())
		case models.Macros:
			err = encoder.Encode(definition.Header.Example)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	file, err := filepath.EvalSymlinks(filepath.Join(filepath.Dir(s.config), "data", "current.duckdb"))
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command("node", "run.mjs", file)
	command.Dir, command.Stdin = folder, strings.NewReader(queries.String())
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	version, failures, _ := strings.Cut(string(output), "\n")
	if version != "v1.4.4" || strings.Count(queries.String(), "\n") < 100 {
		t.Errorf("%d queries were run by DuckDB %s", strings.Count(queries.String(), "\n"), version)
	}
	if failures != "" {
		t.Errorf("DuckDB %s cannot read it:\n%s", version, failures)
	}
}
