package server

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dorado/server/wire"
)

// sqlAttacks are statements that nobody may run, with the status that they get.
var sqlAttacks = []struct {
	sql    string
	status int
}{
	// Files and the environment, by every function that reads them.
	{"select * from read_csv('/etc/passwd')", 422},
	{"select * from read_csv_auto('/etc/passwd')", 422},
	{"select * from sniff_csv('/etc/passwd')", 422},
	{"select * from read_text('/etc/passwd')", 422},
	{"select * from read_blob('/etc/passwd')", 422},
	{"select * from read_json('/etc/passwd')", 422},
	{"select * from read_json_auto('/etc/passwd')", 422},
	{"select * from read_ndjson('/etc/passwd')", 422},
	{"select * from read_json_objects('/etc/passwd')", 422},
	{"select * from read_parquet('/etc/passwd')", 422},
	{"select * from parquet_scan('/etc/passwd')", 422},
	{"select * from parquet_metadata('/etc/passwd')", 422},
	{"select * from read_duckdb('/etc/passwd')", 422},
	{"select * from glob('/etc/*')", 422},
	{"select * from '/etc/passwd'", 422},
	{"select * from \"/etc/passwd\"", 422},
	{"from '/proc/self/environ'", 422},
	{"select * from 'https://example.org/x.parquet'", 422},
	{"select * from 's3://bucket/x.csv'", 422},
	{"select getenv('HOME')", 422},
	{"select system.main.getvariable('x')", 422},
	{"select current_setting('temp_directory')", 422},
	{"select * from duckdb_settings()", 422},
	{"select * from duckdb_databases()", 422},
	{"select * from duckdb_secrets()", 422},
	{"select * from duckdb_logs()", 422},
	{"select * from duckdb_databases", 422},
	{"select * from pragma_database_list", 422},
	{"select * from pg_catalog.pg_database", 422},
	{"select * from system.main.duckdb_databases", 422},
	{"select * from (with duckdb_databases as (select 1) select 1), duckdb_databases", 422},
	{"with duckdb_settings as (select 1) select * from core.services, (select * from duckdb_settings)", 422},
	{"select * from query('select 1')", 422},
	{"select * from query_table('core.services')", 422},
	{"from json_execute_serialized_sql('{}')", 422},
	{"select * from core.services where service_id in (select content from read_text('/etc/passwd'))", 422},
	{"with a as (select * from read_text('/etc/passwd')) select 1", 422},
	{"select (select max(content) from read_text('/etc/passwd'))", 422},
	{"select * from metrics.dora((select content from read_text('/etc/passwd'))::timestamp, null)", 422},
	// Statements that change something.
	{"copy core.services to '/tmp/dorado-attack.csv'", 422},
	{"copy (select 1) to '/tmp/dorado-attack.parquet'", 422},
	{"copy core.services from '/etc/passwd'", 422},
	{"export database '/tmp/dorado-attack'", 422},
	{"import database '/tmp/dorado-attack'", 422},
	{"attach '/tmp/dorado-attack.duckdb'", 422},
	{"attach ':memory:' as other", 422},
	{"detach snapshot", 422},
	{"use memory", 422},
	{"install httpfs", 422},
	{"load httpfs", 422},
	{"load '/tmp/evil.duckdb_extension'", 422},
	{"set memory_limit = '100GB'", 422},
	{"set enable_external_access = true", 422},
	{"reset lock_configuration", 422},
	{"pragma database_list", 422},
	{"pragma memory_limit = '1TB'", 422},
	{"call pragma_version()", 422},
	{"create table x as select 1", 422},
	{"create temp table x as select 1", 422},
	{"create macro main.now() as 1", 422},
	{"create secret (type s3)", 422},
	{"drop table core.services", 422},
	{"delete from core.services", 422},
	{"update core.services set team = 'x'", 422},
	{"insert into core.services select * from core.services", 422},
	{"alter table core.services add column x int", 422},
	{"vacuum", 422},
	{"checkpoint", 422},
	{"select * from force_checkpoint()", 422},
	{"begin", 422},
	{"prepare x as select 1", 422},
	{"explain analyze select 1", 422},
	{"explain (analyze) select 1", 422},
	{"explain attach '/tmp/dorado-attack.duckdb'", 422},
	{"explain copy core.services to '/tmp/dorado-attack.csv'", 422},
	{"explain select * from read_text('/etc/passwd')", 422},
	{"explain select 1; drop table core.services", 422},
	{"explain select 1) ; attach 'x' ; (select 1", 422},
	{"explain (select 1) ; attach 'x' ; (select 1)", 422},
	{"explain explain select 1", 422},
	{"describe '/etc/passwd'", 422},
	{"describe select * from read_csv('/etc/passwd')", 422},
	{"describe raw.github_commits", 422},
	{"summarize '/etc/passwd'", 422},
	{"summarize config.build", 422},
	{"summarize select repeat('x', 4000000000)", 422},
	{"select * from (describe '/etc/passwd')", 422},
	{"select * from (show databases)", 422},
	{"describe", 422},
	{"show databases", 422},
	{"show variables", 422},
	{"show memory_limit", 422},
	{"show tables from raw", 422},
	{"show tables from system.main", 422},
	{"show tables; drop table core.services", 422},
	// Several statements, and tricks with comments and brackets.
	{"select 1; drop table core.services", 422},
	{"select 1;; attach 'x'", 422},
	{"select 1 /* */; select 2", 422},
	{"select 1) ; attach 'x' ; (select 1", 422},
	{"select 1) union all (select 2", 422},
	{"select 1 /*", 422},
	{"/* select 1", 422},
	{"-- select 1", 422},
	{"select 1; -- attach 'x'", 422},
	{"select '\u0000'", 400},
	{"", 400},
	{" \n\t", 400},
	{"select $$ unclosed", 422},
	{"select ?", 422},
	{"select $1", 422},
	// Schemas that are none of the caller's.
	{"select * from raw.github_commits", 422},
	{"select * from config.build", 422},
	{"select * from staging.github_commits", 422},
	{"select * from snapshot.core.services", 422},
	{"select * from sqlite_master", 422},
	// Bombs.
	{"select repeat('x', 4000000000)", 422},
	{"select lpad('x', 2000000000, 'y')", 422},
	{"select printf('%2000000000d', 1)", 422},
	{"select format('{:2000000000}', 1)", 422},
	{"select range(1000000000)", 422},
	{"select list_resize([1], 1000000000)", 422},
	{"select sleep_ms(100000)", 422},
	{"with recursive t as (select 1 as n union all select n + 1 from t) select count(*) from t", 422},
	{"with recursive t as (select 'x' as s union all select s || s from t) select max(length(s)) from t", 422},
	{"select count(*) from range(1000000) a, range(1000000) b, range(1000000) c where a.range + b.range + c.range = 7", 422},
	{"select list(range) from range(1000000000)", 422},
	{"select string_agg(range::varchar, '') from range(1000000000)", 422},
	{"select * from range(1000000000) order by hash(range) limit 1 offset 999999999", 422},
	{"select distinct range::varchar || 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' from range(1000000000)", 422},
	{"select " + strings.Repeat("abs(", 5000) + "1" + strings.Repeat(")", 5000), 422},
	{"select " + strings.Repeat("[", 2000) + "1" + strings.Repeat("]", 2000), 422},
	{"select '" + strings.Repeat("x", 200_000) + "'", 413},
}

// leaks are what an answer to an attack never has.
var leaks = []string{"root:", "PATH=", "/etc/", "/tmp/", "dorado-snapshot-", ".duckdb"}

// TestSQLAttacks runs what nobody may: each is refused with the right status, the
// server lives, nothing leaks and nothing is written.
func TestSQLAttacks(t *testing.T) {
	if len(sqlAttacks) < 60 {
		t.Fatalf("only %d statements", len(sqlAttacks))
	}
	folder := t.TempDir()
	publish(t, folder, 1, 0)
	before := filesOf(t, folder)
	_, listening, log := serve(t, folder, func(o *Options) {
		o.Config.Limits = Limits{Seconds: 1.5, Memory: "300MB", Temporary: "100MB"}
	})
	for _, attack := range sqlAttacks {
		began := time.Now()
		got := ask(t, "POST", listening.URL+wire.PathQuery, sqlBody(attack.sql))
		short := attack.sql[:min(len(attack.sql), 100)]
		if got.status != attack.status || got.header.Get("Content-Type") != wire.MediaProblem {
			t.Errorf("%s: %d, want %d: %.300s", short, got.status, attack.status, got.body)
		}
		var told wire.Problem
		if err := json.Unmarshal([]byte(got.body), &told); err != nil || told.Detail == "" || strings.Contains(told.Detail, "\n") {
			t.Errorf("%s: the problem says %.300s (%v)", short, got.body, err)
		}
		for _, leak := range leaks {
			if strings.Contains(told.Detail, leak) && !strings.Contains(attack.sql, leak) {
				t.Errorf("%s: the answer has %s: %.300s", short, leak, told.Detail)
			}
		}
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("%s: it took %s", short, took)
		}
		if alive := ask(t, "POST", listening.URL+wire.PathQuery, sqlBody("select 1 as one")); alive.status != http.StatusOK {
			t.Fatalf("%s: the server is not well: %d %s", short, alive.status, alive.body)
		}
	}
	if after := filesOf(t, folder); after != before {
		t.Errorf("the files of the warehouse were\n%s\nand are\n%s", before, after)
	}
	for _, path := range []string{"/tmp/dorado-attack.csv", "/tmp/dorado-attack.parquet", "/tmp/dorado-attack", "/tmp/dorado-attack.duckdb"} {
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s was written", path)
		}
	}
	if strings.Contains(log.String(), "panic") {
		t.Error("the server panicked")
	}
}

// filesOf lists the files of a folder with their sizes and times.
func filesOf(t *testing.T, folder string) string {
	t.Helper()
	var listed strings.Builder
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(&listed, path, info.Mode(), info.Size(), info.ModTime())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return listed.String()
}

// TestSQLThatMayRun runs what looks like an attack and is none.
func TestSQLThatMayRun(t *testing.T) {
	_, listening, _ := serve(t, organisation, nil)
	for _, query := range []string{
		"select 1",
		"select 1;",
		"select 'a; b' as \"c; d\" -- comment",
		"/* comment */ from core.services select service_id",
		"select $$'; drop table x$$",
		"select now(), current_date, random() < 2, today()",
		"with recursive t as (select 1 as n union all select n + 1 from t where n < 100) select sum(n) from t",
		"from metrics.change_lead_time(timestamp '2026-01-01', now()::timestamp, grain := 'month', by_dimension := 'service')",
		"select metrics.dimension('team', 'a', 'b', 'c', 'd')",
		"select table_name from information_schema.tables where table_schema = 'core'",
		"select count(*) over (partition by team) from core.services",
		"from range(3) select range, range as copy",
		"select range from generate_series(1, 3) as s(range)",
		"select unnest([1, 2])",
		"select a.service_id, b.service_id from core.services as a, core.services as b limit 3",
		"(select 1) union all (select 2) order by 1",
		"values (1), (2)",
		"from marts.metric_totals limit 1",
		"explain select * from core.services",
		"EXPLAIN\n from core.services;",
		"explain (select 1)",
		"describe core.services",
		"describe select service_id, count(*) as n from core.deployments group by all",
		"select column_name from (describe marts.freshness)",
		"summarize core.services",
		"summarize select * from marts.metric_totals limit 100",
		"show tables",
		"SHOW ALL TABLES;",
		"show tables from marts",
	} {
		if got := ask(t, "POST", listening.URL+wire.PathQuery, sqlBody(query), "Accept", wire.MediaCSV); got.status != http.StatusOK {
			t.Errorf("%s: %d %s", query, got.status, got.body)
		}
	}
}

// TestWhatIsShown looks at what people ask who do not know the tables yet.
func TestWhatIsShown(t *testing.T) {
	_, listening, _ := serve(t, organisation, nil)
	for query, want := range map[string]string{
		"show tables":                         "name\ncore.",
		"show tables from marts":              "\nerror_budget_daily\n",
		"describe core.services":              "\nservice_id,VARCHAR,",
		"summarize core.services":             "\nservice_id,VARCHAR,",
		"explain select * from core.services": "\nphysical_plan,",
	} {
		if got := ask(t, "POST", listening.URL+wire.PathQuery, sqlBody(query), "Accept", wire.MediaCSV); !strings.Contains(got.body, want) {
			t.Errorf("%s: %d %s, want %q", query, got.status, got.body, want)
		}
	}
	got := ask(t, "POST", listening.URL+wire.PathQuery, sqlBody("explain select 1,\n  nothing from core.services"))
	if got.status != http.StatusUnprocessableEntity || !strings.Contains(got.body, `"line":2,"column":3`) {
		t.Errorf("a mistake in what is explained: %d %s", got.status, got.body)
	}
	if got := ask(t, "POST", listening.URL+wire.PathQuery, sqlBody("show tables"), "Accept", wire.MediaCSV); strings.Contains(got.body, "raw.") || strings.Contains(got.body, "config.") {
		t.Errorf("tables that cannot be read are listed: %s", got.body)
	}
}

// TestHTTPAttacks sends requests that nobody means well.
func TestHTTPAttacks(t *testing.T) {
	reader, readerHash := NewToken()
	_, adminHash := NewToken()
	_, listening, log := serve(t, organisation, func(o *Options) {
		o.Config.Tokens = []Token{{Name: "reader", Hash: readerHash, Scopes: []string{wire.ScopeMetrics}}, {Name: "admin", Hash: adminHash, Scopes: []string{wire.ScopeAdmin}}}
		o.Config.Limits = Limits{BodyBytes: 1 << 20, FailuresInMinute: 1000}
		o.Config.Anonymous = []string{}
	})
	bearer := "Bearer " + reader
	tests := []struct {
		name, method, path, body string
		headers                  []string
		want                     int
	}{
		{"no token", "GET", wire.PathMetrics, "", nil, 401},
		{"an empty token", "GET", wire.PathMetrics, "", []string{"Authorization", "Bearer "}, 401},
		{"no scheme", "GET", wire.PathMetrics, "", []string{"Authorization", reader}, 401},
		{"another scheme", "GET", wire.PathMetrics, "", []string{"Authorization", "Basic " + reader}, 401},
		{"a wrong token", "GET", wire.PathMetrics, "", []string{"Authorization", bearer + "x"}, 401},
		{"half a token", "GET", wire.PathMetrics, "", []string{"Authorization", bearer[:len(bearer)-1]}, 401},
		{"the hash as token", "GET", wire.PathMetrics, "", []string{"Authorization", "Bearer " + adminHash}, 401},
		{"a JWT without signature", "GET", wire.PathMetrics, "", []string{"Authorization", "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9."}, 401},
		{"a huge token", "GET", wire.PathMetrics, "", []string{"Authorization", "Bearer " + strings.Repeat("x", 30_000)}, 401},
		{"a scope that it has not", "POST", wire.PathQuery, sqlBody("select 1"), []string{"Authorization", bearer}, 403},
		{"another", "GET", wire.PathTelemetry, "", []string{"Authorization", bearer}, 403},
		{"the token as parameter", "GET", wire.PathMetrics + "?access_token=" + reader, "", nil, 401},
		{"a path with dots", "GET", "/api/v1/../../etc/passwd", "", []string{"Authorization", bearer}, 404},
		{"an encoded path with dots", "GET", "/api/v1/dimensions/..%2f..%2fetc%2fpasswd", "", []string{"Authorization", bearer}, 404},
		{"a doubly encoded one", "GET", "/api/v1/dimensions/%252e%252e%252fetc", "", []string{"Authorization", bearer}, 404},
		{"a path with NUL", "GET", "/api/v1/dimensions/team%00", "", []string{"Authorization", bearer}, 404},
		{"a doubled slash", "GET", "/api//v1/metrics", "", []string{"Authorization", bearer}, 404},
		{"a path of debuggers", "GET", "/debug/pprof/heap", "", []string{"Authorization", bearer}, 404},
		{"a file of the repository", "GET", "/.git/config", "", nil, 404},
		{"another method", "DELETE", wire.PathMetrics, "", []string{"Authorization", bearer}, 405},
		{"another yet", "PUT", wire.PathQuery, sqlBody("select 1"), []string{"Authorization", bearer}, 405},
		{"TRACE", "TRACE", wire.PathMetrics, "", []string{"Authorization", bearer}, 405},
		{"GET of SQL", "GET", wire.PathQuery + "?sql=select+1", "", []string{"Authorization", bearer}, 405},
		{"no JSON", "POST", wire.PathMetricQuery, "metric=dora", []string{"Authorization", bearer}, 400},
		{"a form", "POST", wire.PathMetricQuery, "metric=dora", []string{"Authorization", bearer, "Content-Type", "application/x-www-form-urlencoded"}, 415},
		{"text, as other sites can send", "POST", wire.PathMetricQuery, `{"metric": "dora"}`, []string{"Authorization", bearer, "Content-Type", "text/plain"}, 415},
		{"another charset", "POST", wire.PathMetricQuery, `{"metric": "dora"}`, []string{"Authorization", bearer, "Content-Type", "application/json; charset=utf-7"}, 415},
		{"a body that says it is compressed", "POST", wire.PathMetricQuery, `{"metric": "dora"}`, []string{"Authorization", bearer, "Content-Encoding", "gzip"}, 415},
		{"two values", "POST", wire.PathMetricQuery, `{"metric": "dora"} {"metric": "dora"}`, []string{"Authorization", bearer}, 400},
		{"an array", "POST", wire.PathMetricQuery, `[{"metric": "dora"}]`, []string{"Authorization", bearer}, 400},
		{"deep JSON", "POST", wire.PathMetricQuery, strings.Repeat("[", 90_000), []string{"Authorization", bearer}, 400},
		{"a large body", "POST", wire.PathMetricQuery, `{"metric": "` + strings.Repeat("x", 2<<20) + `"}`, []string{"Authorization", bearer}, 413},
		{"SQL as metric", "POST", wire.PathMetricQuery, `{"metric": "dora() union all select 1 --"}`, []string{"Authorization", bearer}, 404},
		{"SQL as statistic", "POST", wire.PathMetricQuery, `{"metric": "dora", "statistic": "value), (select 1"}`, []string{"Authorization", bearer}, 422},
		{"SQL as grain", "POST", wire.PathMetricQuery, `{"metric": "dora", "grain": "day' --"}`, []string{"Authorization", bearer}, 400},
		{"SQL as group", "POST", wire.PathMetricQuery, `{"metric": "dora", "by": "service' --"}`, []string{"Authorization", bearer}, 422},
		{"SQL as filter", "POST", wire.PathMetricQuery, `{"metric": "dora", "filters": {"team": ["x'] or true --", "\"}"]}}`, []string{"Authorization", bearer}, 200},
		{"a path as set", "POST", wire.PathMetricQuery, `{"metric": "dora", "definition_set": "../../etc"}`, []string{"Authorization", bearer}, 404},
		{"SQL to explain", "GET", wire.PathExplain + "?metric=dora(1,2)--", "", []string{"Authorization", bearer}, 404},
		{"a long range", "POST", wire.PathMetricQuery, `{"metric": "dora", "grain": "day", "from": "0002-01-01T00:00:00Z"}`, []string{"Authorization", bearer}, 400},
		{"another Accept", "GET", wire.PathMetrics, "", []string{"Authorization", bearer, "Accept", "text/html"}, 406},
		{"nonsense as Accept", "GET", wire.PathMetrics, "", []string{"Authorization", bearer, "Accept", ";;;,q=x"}, 406},
		{"a huge limit", "GET", wire.PathAnnotations + "?limit=99999999999999999999", "", []string{"Authorization", bearer}, 400},
		{"a foreign host", "GET", wire.PathHealth, "", []string{"X-Forwarded-Host", "evil.example", "X-Forwarded-For", "127.0.0.1"}, 200},
		{"a header in a parameter", "GET", wire.PathMetrics + "?x=%0d%0aSet-Cookie:%20a=b", "", nil, 401},
		{"a header in a path", "GET", "/x%0d%0aSet-Cookie:%20a=b", "", nil, 404},
	}
	if len(tests) < 30 {
		t.Fatalf("only %d requests", len(tests))
	}
	for _, test := range tests {
		got := ask(t, test.method, listening.URL+test.path, test.body, test.headers...)
		if got.status != test.want {
			t.Errorf("%s: %d, want %d: %.300s", test.name, got.status, test.want, got.body)
		}
		if got.status >= 400 && got.header.Get("Content-Type") != wire.MediaProblem {
			t.Errorf("%s: no problem but %s: %.200s", test.name, got.header.Get("Content-Type"), got.body)
		}
		if got.header.Get("Set-Cookie") != "" || got.header.Get("Access-Control-Allow-Origin") != "" || got.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: the headers are %v", test.name, got.header)
		}
		if strings.Contains(got.body, "root:") || strings.Contains(got.body, organisation) || strings.Contains(got.body, adminHash) && !strings.Contains(test.body, adminHash) {
			t.Errorf("%s: it leaks %.300s", test.name, got.body)
		}
		if got.status == 401 && got.header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: it does not say how to authenticate", test.name)
		}
	}
	if text := log.String(); strings.Contains(text, reader) || strings.Contains(text, "panic") {
		t.Error("the log has the token, or a panic")
	}
}

// TestRawHTTPAttacks sends bytes that no client would.
func TestRawHTTPAttacks(t *testing.T) {
	_, listening, _ := serve(t, organisation, func(o *Options) { o.Config.Limits = Limits{BodySeconds: 0.5} })
	address := listening.Listener.Addr().String()
	for _, test := range []struct{ name, bytes, want string }{
		{"two lengths", "POST /api/v1/query HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", "400"},
		{"a length and chunks", "POST /api/v1/query HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
		{"a header without a name", "GET /healthz HTTP/1.1\r\nHost: x\r\n: y\r\n\r\n", "400"},
		{"a folded header", "GET /healthz HTTP/1.1\r\nHost: x\r\nA: b\r\n\tc\r\n\r\n", "200"},
		{"no host", "GET /healthz HTTP/1.1\r\n\r\n", "400"},
		{"no HTTP", "HELO example.org\r\n\r\n", "400"},
		{"a slow body", "POST /api/v1/query HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{\"sql\":", "408"},
		{"a huge header", "GET /healthz HTTP/1.1\r\nHost: x\r\nA: " + strings.Repeat("x", 2<<20) + "\r\n\r\n", "431"},
	} {
		connection, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		go func() { _, _ = connection.Write([]byte(test.bytes)) }() // the server may hang up before it has read all
		_ = connection.SetReadDeadline(time.Now().Add(5 * time.Second))
		line, err := bufio.NewReader(connection).ReadString('\n')
		if !strings.Contains(line, " "+test.want+" ") {
			t.Errorf("%s: %q (%v), want %s", test.name, line, err, test.want)
		}
		_ = connection.Close()
	}
	if got := ask(t, "GET", listening.URL+wire.PathHealth, ""); got.status != http.StatusOK {
		t.Errorf("the server is not well: %d", got.status)
	}
}

// TestTokenGuessing makes one address wait, also with a right token, and no other way
// of asking.
func TestTokenGuessing(t *testing.T) {
	token, hash := NewToken()
	now := time.Now()
	_, listening, _ := serve(t, organisation, func(o *Options) {
		o.Config.Tokens = []Token{{Name: "reader", Hash: hash, Scopes: []string{wire.ScopeMetrics}}}
		o.Config.Limits.FailuresInMinute = 5
		o.Now = func() time.Time { return now }
	})
	statuses := []int{}
	for i := range 8 {
		statuses = append(statuses, ask(t, "GET", listening.URL+wire.PathWhoAmI, "", "Authorization", fmt.Sprintf("Bearer dorado_%d", i)).status)
	}
	if fmt.Sprint(statuses) != "[401 401 401 401 401 429 429 429]" {
		t.Errorf("guesses get %v", statuses)
	}
	if got := ask(t, "GET", listening.URL+wire.PathWhoAmI, "", "Authorization", "Bearer "+token); got.status != 429 || got.header.Get("Retry-After") != "60" {
		t.Errorf("the right token then gets %d %v", got.status, got.header)
	}
	now = now.Add(61 * time.Second)
	if got := ask(t, "GET", listening.URL+wire.PathWhoAmI, "", "Authorization", "Bearer "+token); got.status != 200 || !strings.Contains(got.body, `"name":"reader"`) {
		t.Errorf("a minute later it gets %d %s", got.status, got.body)
	}
}

// TestNobodyBeyondThisMachine asks a server that others can reach.
func TestNobodyBeyondThisMachine(t *testing.T) {
	for listen, want := range map[string]int{"127.0.0.1:0": 200, "localhost:8920": 200, "[::1]:1": 200, ":8920": 401, "0.0.0.0:8920": 401, "192.0.2.1:80": 401} {
		_, listening, _ := serve(t, organisation, func(o *Options) { o.Config.Listen = listen })
		if got := ask(t, "GET", listening.URL+wire.PathWhoAmI, ""); got.status != want {
			t.Errorf("%s: %d, want %d", listen, got.status, want)
		}
	}
	_, listening, _ := serve(t, organisation, func(o *Options) {
		o.Config.Listen, o.Config.Anonymous = ":8920", []string{wire.ScopeMetrics}
	})
	if got := ask(t, "GET", listening.URL+wire.PathDimensions+"team", ""); got.status != 200 {
		t.Errorf("where it is said: %d", got.status)
	}
	if got := ask(t, "POST", listening.URL+wire.PathQuery, sqlBody("select 1")); got.status != 401 {
		t.Errorf("SQL, which is not: %d", got.status)
	}
}

// FuzzQueryBody sends any body to the paths that take one.
func FuzzQueryBody(f *testing.F) {
	for _, seed := range []string{`{"sql": "select 1"}`, `{"metric": "dora", "from": "2026-01-01T00:00:00Z"}`, `{"sql": "select * from core.services", "limit": 3}`,
		`{"sql": "select 1; select 2"}`, `{"metric": "dora", "filters": {"team": ["a"]}}`, `[]`, `null`, `{"sql": null}`, "{\"sql\": \"select '\\u0000'\"}", "\xff"} {
		f.Add(seed)
	}
	_, listening, log := serve(f, organisation, func(o *Options) { o.Config.Limits = Limits{Seconds: 2, Memory: "300MB", Rows: 1000} })
	f.Fuzz(func(t *testing.T, body string) {
		for _, path := range []string{wire.PathQuery, wire.PathMetricQuery} {
			got := ask(t, "POST", listening.URL+path, body, "Content-Type", wire.MediaJSON)
			isProblem := got.header.Get("Content-Type") == wire.MediaProblem
			if got.status >= 500 && got.status != http.StatusServiceUnavailable || (got.status >= 400) != isProblem {
				t.Errorf("%s %q: %d %s", path, body, got.status, got.body)
			}
			if bytes.Contains([]byte(got.body), []byte(organisation)) || strings.Contains(log.String(), "panic") {
				t.Errorf("%s %q: %s", path, body, got.body)
			}
		}
	})
}

// FuzzSQL runs any SQL: it is answered, or refused with a problem.
func FuzzSQL(f *testing.F) {
	for _, attack := range sqlAttacks {
		if len(attack.sql) < 100 && !strings.Contains(attack.sql, "0000") {
			f.Add(attack.sql)
		}
	}
	_, listening, log := serve(f, organisation, func(o *Options) { o.Config.Limits = Limits{Seconds: 1, Memory: "300MB", Rows: 1000} })
	f.Fuzz(func(t *testing.T, query string) {
		got := ask(t, "POST", listening.URL+wire.PathQuery, sqlBody(query))
		if got.status >= 500 && got.status != http.StatusServiceUnavailable || (got.status != http.StatusOK) != (got.header.Get("Content-Type") == wire.MediaProblem) {
			t.Errorf("%q: %d %s\n%s", query, got.status, got.body, log)
		}
		if strings.Contains(got.body, "root:") || strings.Contains(log.String(), "panic") {
			t.Errorf("%q: %s", query, got.body)
		}
	})
}
