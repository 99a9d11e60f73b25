package warehouse

import (
	"context"
	"strings"
	"testing"
	"time"
)

// TestCheckQuery refuses whatever is not a SELECT over core and marts.
func TestCheckQuery(t *testing.T) {
	db, err := OpenMemory(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	for query, want := range map[string]string{
		"select finished_at as happened_at, 1 as value from core.deployments": "",
		`with days as (select * from core.days), odd as (from days)
		select day, (select count(*) from marts.availability_daily as a where a.day = odd.day) from odd
		join generate_series(1, 3) as n(i) on true, (values (1), (2)) as v(x) where exists (from core.incidents)`: "",
		"select sum(x) over (order by x), list_transform([1, 2], lambda y: y + 1), case when true then 1 end, unnest([1]) from core.t": "",
		"select as_of from core.snapshot": "",
		"":                                "0 statements",
		"select 1; select 2":              "2 statements",
		"select 1; drop table core.days":  "Only SELECT",
		"select 1) ; drop table core.days; (select 1":        "syntax error",
		"delete from core.days":                              "Only SELECT",
		"attach 'x.duckdb'":                                  "Only SELECT",
		"copy core.days to 'x.csv'":                          "Only SELECT",
		"select * from raw.github_commits":                   "it reads raw.github_commits; it may read only tables of core and marts",
		"select * from raw.main.github_commits":              "main.github_commits",
		"select * from raw.core.github_commits":              `it reads "raw", which is not a table of the warehouse`,
		"select * from config.build":                         "it reads config.build",
		"select * from days":                                 "it reads days",
		"select * from 'secrets.csv'":                        "it reads secrets.csv",
		"select * from core.days join \"a.parquet\" on true": "it reads a.parquet",
		"select (with \"a.csv\" as (select 1) from \"a.csv\"), x.* from \"a.csv\" as x": `it reads "a.csv"`,
		"select * from read_csv('/etc/passwd')":                                         "from the function read_csv",
		"select * from glob('*')":                                                       "from the function glob",
		"select * from query('drop table core.days')":                                   "from the function query",
		"select * from duckdb_secrets()":                                                "from the function duckdb_secrets",
		"select (select content from read_text('x'))":                                   "from the function read_text",
		"select * from metrics.dora(now(), now())":                                      "it reads metrics.dora",
		"select * from main.read_csv('x')":                                              "main.read_csv",
		"from (show tables)":                                                            "show_ref",
		"describe core.days":                                                            "show_ref",
		"summarize core.days":                                                           "show_ref",
		"select now()":                                                                  "it calls now",
		"select current_date":                                                           "it reads current_date",
		"select CURRENT_TIMESTAMP":                                                      "it reads",
		"select random() from core.days":                                                "it calls random",
		"select getenv('HOME')":                                                         "it calls getenv",
		"select current_setting('memory_limit')":                                        "it calls current_setting",
		"select day from core.days using sample 3":                                      "sample",
		"select * from core.days tablesample 10%":                                       "sample",
		"select * from information_schema.tables":                                       "it reads information_schema.tables",
		"select * from system.main.duckdb_tables":                                       "main.duckdb_tables",
		"with recursive t as (select 1 union all from t) select * from t, core.days, sqlite_master": "it reads sqlite_master",
	} {
		err := db.CheckQuery(context.Background(), query, "core", "marts")
		switch {
		case want == "" && err != nil:
			t.Errorf("%s\nis refused: %v", query, err)
		case want != "" && err == nil:
			t.Errorf("%s\nis allowed", query)
		case want != "" && !strings.Contains(err.Error(), want):
			t.Errorf("%s\ngives the error %v, want %s", query, err, want)
		}
	}
}

// TestExecLimited stops what takes too long or too much memory, and what comes
// after it runs as before.
func TestExecLimited(t *testing.T) {
	ctx := context.Background()
	db, err := OpenMemory(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if err := db.Exec(ctx, "create table t (x double)"); err != nil {
		t.Fatal(err)
	}
	long := "insert into t select sum(sin(a.i * b.i)) from range(1000000) as a(i), range(1000000) as b(i)"
	if err := db.ExecLimited(ctx, Limits{Time: 200 * time.Millisecond, Memory: "1GB"}, long); err == nil || err.Error() != "it took longer than 200ms" {
		t.Errorf("a query without end: %v", err)
	}
	wide := "insert into t select length(list(i)::varchar) from range(100000000) as n(i)"
	if err := db.ExecLimited(ctx, Limits{Time: time.Minute, Memory: "50MB"}, wide); err == nil || !strings.Contains(err.Error(), "Out of Memory") {
		t.Errorf("a query without bounds: %v", err)
	}
	if err := db.ExecLimited(ctx, Limits{Time: time.Minute, Memory: "1GB"}, "insert into t values (?)", 7); err != nil {
		t.Error(err)
	}
	var rows int
	if err := db.conn.QueryRowContext(ctx, "select count(*) from t").Scan(&rows); err != nil || rows != 1 {
		t.Errorf("the table has %d rows (%v), want 1", rows, err)
	}
}
