package models

import (
	"context"
	"reflect"
	"testing"
)

// TestSLIQueries runs good queries and bad ones: what is wrong with one is a row,
// and keeps no other from running. A query sees what does not depend on objectives.
func TestSLIQueries(t *testing.T) {
	db := buildFrom(t, testSettings, "core.sli_query_values", map[string][][]string{
		"core.deployments": {
			{"deployment_id", "status", "finished_at"},
			{"a", "success", "2026-01-02T10:00:00Z"},
			{"b", "failure", "2026-01-03T10:00:00Z"},
			{"c", "in_progress", ""},
		},
		"core.slos": {
			{"objective_number", "objective_id", "objective_version", "is_newest", "measured_by", "query", "total_query"},
			{"1", "good/1", "1", "true", "sql", "select finished_at as happened_at, (status = 'success')::integer as value from core.deployments -- all", ""},
			{"2", "two/1", "1", "true", "sql", "select timestamp '2026-01-01' as happened_at, 3 as value;", "select date '2026-01-01' as happened_at, 4 as value union all select timestamp '2027-01-01', 5"},
			{"3", "raw/1", "1", "true", "sql", "from raw.github_commits", ""},
			{"4", "columns/1", "1", "true", "sql", "select 1 as value", ""},
			{"5", "gone/1", "1", "true", "sql", "from core.no_such_table", ""},
			{"6", "text/1", "1", "true", "sql", "select timestamp '2026-01-01' as happened_at, 'x' as value", ""},
			{"7", "budget/1", "1", "true", "sql", "select day as happened_at, 1 as value from core.sli_measurements", ""},
			{"8", "many/1", "1", "true", "sql", "select timestamp '2026-01-01' as happened_at, range as value from range(2000000)", ""},
			{"9", "old/1", "1", "false", "sql", "from nowhere", ""},
			{"10", "not/1", "1", "true", "ingested", "rate", ""},
			{"11", "infinite/1", "1", "true", "sql", "select timestamp '2026-01-01' as happened_at, 'nan'::double as value", ""},
		},
	})
	got := texts(t, db, "select objective_number, part, value_number, happened_at, value, problem[:60] from core.sli_query_values order by all")
	want := [][]string{
		{"1", "value", "1", "2026-01-02T10:00:00Z", "1", ""},
		{"1", "value", "2", "2026-01-03T10:00:00Z", "0", ""},
		{"2", "total", "1", "2026-01-01", "4", ""},
		{"2", "value", "1", "2026-01-01", "3", ""},
		{"3", "value", "0", "", "", "it reads raw.github_commits; it may read only tables of core"},
		{"4", "value", "0", "", "", "it gives the columns value; happened_at and value are wanted"},
		{"5", "value", "0", "", "", "Catalog Error: Table with name no_such_table does not exist!"},
		{"6", "value", "0", "", "", "Conversion Error: Could not convert string 'x' to DOUBLE whe"},
		{"7", "value", "0", "", "", "Catalog Error: Table with name sli_measurements does not exi"},
		{"8", "value", "0", "", "", "it gives more than 1000000 rows: let it count them by hour o"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%s\nwant\n%s", table(got), table(want))
	}
	if limit := texts(t, db, "select current_setting('memory_limit')")[0][0]; limit != "7.4 GiB" { // as memory has set it
		t.Errorf("afterwards the memory limit is %s, before it was 8GB", limit)
	}
}

// TestSLIQueriesComeLate keeps all tables that do not depend on objectives in front
// of the queries, which may read them.
func TestSLIQueriesComeLate(t *testing.T) {
	_, models := emptyBuild(t, testSettings)
	sorted, err := order(context.Background(), memory(t), models)
	if err != nil {
		t.Fatal(err)
	}
	isAfter := map[string]bool{}
	seen := false
	for _, model := range sorted {
		seen = seen || model.Name == "sli_query_values"
		isAfter[model.String()] = seen
	}
	for name, want := range map[string]bool{
		"core.deployments": false, "core.incidents": false, "marts.availability_daily": false, "marts.change_lead_time_daily": false,
		"core.sli_query_values": true, "core.sli_measurements": true, "marts.error_budget_daily": true,
	} {
		if got, ok := isAfter[name]; !ok || got != want {
			t.Errorf("%s: there is one %v, and it comes after the queries: %v, want %v", name, ok, got, want)
		}
	}
}
