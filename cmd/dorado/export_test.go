package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dorado/warehouse"
)

// readManifest reads the manifest of an export.
func readManifest(t *testing.T, folder string) (manifest exportManifest) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, manifestName))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &manifest); err != nil {
		t.Fatal(err)
	}
	return manifest
}

// TestExport writes the tables of a simulated organisation in several ways and reads
// them back.
func TestExport(t *testing.T) {
	t.Parallel()
	s, _ := collectedSimulated(t)
	config := s.copied(t)
	folder := filepath.Join(t.TempDir(), "lake")
	runDorado(t, "export", "--to", folder, "--partition-rows", "200", "--config", config)
	manifest := readManifest(t, folder)
	partitioned := 0
	var selects []string
	for _, table := range manifest.Tables {
		pattern := filepath.Join(folder, table.Name, "*.parquet")
		if table.IsPartitioned {
			partitioned++
			pattern = filepath.Join(folder, table.Name, "month=*", "*.parquet")
		}
		if table.Rows > 0 {
			selects = append(selects, fmt.Sprintf("select '%s', (select count(*) from %[1]s), (select count(*) from read_parquet('%s'))", table.Name, pattern))
		}
	}
	if len(manifest.Tables) < 50 || partitioned < 3 || manifest.Snapshot != "000001" || !manifest.AsOf.Equal(s.organization.End) {
		t.Errorf("%d tables, %d of them partitioned, of snapshot %s as of %s", len(manifest.Tables), partitioned, manifest.Snapshot, manifest.AsOf)
	}
	sameCounts(t, config, strings.Join(selects, " union all "))

	// Again, less of it, and other tables stay.
	runDorado(t, "export", "--to", folder, "--format", "csv", "--tables", "core.deployments,marts.f*", "--since", "2025-12-24", "--config", config)
	manifest = readManifest(t, folder)
	for _, table := range manifest.Tables {
		if table.Name != "core.deployments" {
			continue
		}
		text, err := os.ReadFile(filepath.Join(folder, table.Name, "data.csv"))
		lines := int64(strings.Count(string(text), "\n"))
		if err != nil || lines != table.Rows+1 || table.Rows == 0 || table.Since == nil {
			t.Errorf("%d lines for %d rows since %v (%v)", lines, table.Rows, table.Since, err)
		}
	}
	left, err := filepath.Glob(filepath.Join(folder, ".*"))
	if err != nil || len(left) > 0 {
		t.Errorf("%q is left", left)
	}
	if _, err := os.Stat(filepath.Join(folder, "core.changes")); err != nil {
		t.Error(err)
	}
	for args, want := range map[string]string{
		"--to " + folder + " --tables core.deploymnets": "dorado: export: no table of the snapshot matches core.deploymnets\n",
		"":                               "dorado: say where to write with --to FOLDER; see dorado export --help\n",
		"--to x --since yesterday":       "dorado: --since yesterday is not a day such as 2026-01-31; see dorado export --help\n",
		"--to " + folder + " --tables [": "dorado: --tables [ is not a pattern such as core.*; see dorado export --help\n",
	} {
		if got := dorado(t, "", append([]string{"export", "--config", config}, strings.Fields(args)...)...); got.stderr != want {
			t.Errorf("%s: got %q, want %q", args, got.stderr, want)
		}
	}
}

// sameCounts checks that the two counts of each row of a query over the newest snapshot
// and files are the same.
func sameCounts(t *testing.T, config, query string) {
	t.Helper()
	loaded, err := loadConfig(config, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	snapshot, err := warehouse.Open(t.Context(), loaded.Warehouse.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer snapshot.Close()
	rows, err := snapshot.Query(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	compared := 0
	for rows.Next() {
		var name string
		var want, got int64
		if err := rows.Scan(&name, &want, &got); err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("%s: %d rows in the files, want %d", name, got, want)
		}
		compared++
	}
	if err := rows.Err(); err != nil || compared < 30 {
		t.Errorf("%d tables were compared (%v)", compared, err)
	}
}
