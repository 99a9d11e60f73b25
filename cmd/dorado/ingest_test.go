package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// ingestConfig writes a configuration of one service that nothing is collected
// for, and returns it.
func ingestConfig(t *testing.T) string {
	t.Helper()
	return writeConfig(t, `
github: {repositories: [example/api]}
services:
  - {name: billing, team: payments, repositories: [example/api]}
`)
}

// inputFile writes a file of the test and returns its path.
func inputFile(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// buildAsOf builds the snapshot of a configuration.
func buildAsOf(t *testing.T, config, asOf string) {
	t.Helper()
	if got := dorado(t, "", "build", "--config", config, "--as-of", asOf); got.code != 0 {
		t.Fatalf("build: %+v", got)
	}
}

// rowsOf returns the rows of a query on the newest snapshot as CSV.
func rowsOf(t *testing.T, config, sql string) string {
	t.Helper()
	got := dorado(t, "", "query", "--config", config, "--format", "csv", sql)
	if got.code != 0 {
		t.Fatalf("%s: %+v", sql, got)
	}
	return got.stdout
}

func TestIngestedDeploymentsCount(t *testing.T) {
	t.Parallel()
	config := ingestConfig(t)
	deployments := `{"id": "1", "service": "billing", "sha": "aaa", "finished_at": "2026-01-05T10:00:00Z"}
{"id": "2", "service": "billing", "sha": "bbb", "status": "in_progress", "started_at": "2026-01-06T11:30:00+02:00"}

{"id": 3, "service": "billing", "environment": "staging", "finished_at": "2026-01-06T10:00:00Z"}
`
	if got, want := dorado(t, deployments, "ingest", "deployments", "--config", config, "-"), (ran{0, "ingested   3 records of deployments, 0 bad\n", ""}); got != want {
		t.Fatalf("got %+v, want %+v", got, want)
	}
	again := inputFile(t, "again.csv", "\uFEFFid,service,sha,status,started_at,finished_at\n2,billing,bbb,success,2026-01-06T09:30:00Z,2026-01-06T10:00:00Z\n")
	if got := dorado(t, "", "ingest", "deployments", "--config", config, again); got.code != 0 {
		t.Fatalf("got %+v", got)
	}
	changes := inputFile(t, "changes.csv", `deployment_id,sha,repository,authored_at,author
1,c1,group/billing,2026-01-05T09:00:00Z,mia
2,c2,group/billing,2026-01-06T08:00:00Z,
2,c1,group/billing,2026-01-05T09:00:00Z,mia
`)
	if got := dorado(t, "", "ingest", "changes", "--config", config, changes); got.code != 0 {
		t.Fatalf("got %+v", got)
	}
	buildAsOf(t, config, "2026-01-31T00:00:00Z")
	got := rowsOf(t, config, "select deployment_id, environment, status, is_production, sha, finished_at from core.deployments order by all")
	want := `deployment_id,environment,status,is_production,sha,finished_at
billing/ingested:1,production,success,true,aaa,2026-01-05T10:00:00Z
billing/ingested:2,production,success,true,bbb,2026-01-06T10:00:00Z
billing/ingested:3,staging,success,false,,2026-01-06T10:00:00Z
`
	if got != want {
		t.Errorf("deployments\n%s\nwant\n%s", got, want)
	}
	got = rowsOf(t, config, "select deployment_id, repository, sha, lead_time_seconds from core.changes order by all")
	want = `deployment_id,repository,sha,lead_time_seconds
billing/ingested:1,group/billing,c1,3600
billing/ingested:2,group/billing,c2,7200
`
	if got != want {
		t.Errorf("changes\n%s\nwant\n%s", got, want)
	}
	if report := dorado(t, "", "report", "--config", config, "--by", "repository", "--format", "json"); report.code != 0 || !strings.Contains(report.stdout, "deployment_frequency") {
		t.Errorf("report: %+v", report)
	}
}

func TestIngestTellsOfEveryBadRecord(t *testing.T) {
	t.Parallel()
	config := ingestConfig(t)
	for name, test := range map[string]struct {
		kind, file, text string
		good             string
		want             []string
	}{
		"NDJSON": {"deployments", "builds.ndjson", `{"id": "1", "service": "billing", "finished_at": "2026-01-05T10:00:00Z"}
{"id": "2", "service": "billing", "finishd_at": "2026-01-05T10:00:00Z"}
{"id": "3", "service": "billing", "finished_at": "2026-01-05 10:00"}
not JSON
["id"]
{"id": "4", "service": "billing", "status": "sucess", "finished_at": "2026-01-05T10:00:00Z"}
{"id": "5", "finished_at": "2026-01-05T10:00:00Z"}
{"id": "6", "service": "billing"}
{"id": "7", "service": "billing", "started_at": "2026-01-05T11:00:00Z", "finished_at": "2026-01-05T10:00:00Z"}
{"service": "billing", "finished_at": "2026-01-05T10:00:00Z"}
{"id": "8", "service": "billing", "finished_at": "2026-01-05T10:00:00Z"} {"id": "9"}
{"id": {"a": 1}, "service": "billing", "finished_at": "2026-01-05T10:00:00Z"}`,
			"ingested   1 record of deployments, 11 bad\n", []string{
				`2: unknown column "finishd_at" (did you mean "finished_at"?)`,
				`3: finished_at: wants an instant with its zone like 2026-01-31T09:00:00Z, not "2026-01-05 10:00"`,
				`4: not JSON: invalid character 'o' in literal null (expecting 'u')`,
				`5: wants one JSON object a line`,
				`6: status: "sucess" is not one of success, failure, cancelled, in_progress (did you mean "success"?)`,
				`7: service: give the service, or the repository that it is built from`,
				`8: finished_at: say when a deployment whose status is success finished`,
				`9: finished_at: it lies before started_at`,
				`10: id: it is missing`,
				`11: wants one JSON object a line, and nothing after it`,
				`12: id: wants a text, not map[a:1]`,
			}},
		"CSV": {"changes", "changes.csv", "deployment_id,sha,authored_at,pull_request_number,is_bot\n" +
			"1,aaa,2026-01-05T10:00:00Z,12,true\n" +
			"1,bbb,2026-01-05T10:00:00Z,twelve,\n" +
			"1,ccc,2026-01-05T10:00:00Z,,perhaps\n" +
			"1,\"d\nd\",2026-01-05T10:00:00Z\n" +
			"1,e\"e,2026-01-05T10:00:00Z,,\n" +
			"1,,2026-01-05T10:00:00Z,,\n",
			"ingested   1 record of changes, 5 bad\n", []string{
				`3: pull_request_number: wants a whole number, not "twelve"`,
				`4: is_bot: wants true or false, not "perhaps"`,
				`5: it has 3 fields and the first line names 5 columns`,
				`7: not CSV: bare " in non-quoted-field`,
				`8: sha: it is missing`,
			}},
		"incidents": {"incidents", "pages.jsonl", `{"id": "p1", "triggered_at": "2026-01-05T10:00:00Z", "resolved_at": "2026-01-05T09:00:00Z"}
{"id": "p2", "triggered_at": "2026-01-05T10:00:00Z", "merged_into_id": "p2"}
{"id": "p3", "triggered_at": "2026-01-05T10:00:00Z", "urgency": "medium"}
{"id": "p4", "triggered_at": "2026-01-05T10:00:00Z", "acknowledged_at": "2026-01-05T09:00:00Z"}
`, "ingested   0 records of incidents, 4 bad\n", []string{
			`1: resolved_at: it lies before triggered_at`,
			`2: merged_into_id: an incident is no part of itself`,
			`3: urgency: "medium" is not one of high, low`,
			`4: acknowledged_at: it lies before triggered_at`,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			file := inputFile(t, test.file, test.text)
			got := dorado(t, "", "ingest", test.kind, "--config", config, file)
			want := ""
			for _, line := range test.want {
				want += file + ":" + line + "\n"
			}
			last := "dorado: " + count(len(test.want), "bad record was", "bad records were") + " left out; the others are stored\n"
			if got.code != exitFailure || got.stdout != test.good || got.stderr != want+last {
				t.Errorf("got %d, %q\n%s\nwant %q\n%s", got.code, got.stdout, got.stderr, test.good, want+last)
			}
		})
	}
}

func TestIngestParquet(t *testing.T) {
	t.Parallel()
	config := publish(t)
	file := filepath.Join(t.TempDir(), "pages.parquet")
	export := dorado(t, "", "query", "--config", config, "--format", "parquet", "--output", file, `
		select 'p' || range as id, timestamp '2026-01-05 10:00:00' + to_minutes(range) as triggered_at,
			case when range > 0 then timestamptz '2026-01-05 12:00:00+02' + to_minutes(range + 5) end as resolved_at,
			range as priority
		from range(3)`)
	if export.code != 0 {
		t.Fatalf("%+v", export)
	}
	if got, want := dorado(t, "", "ingest", "incidents", "--config", config, file), (ran{0, "ingested   3 records of incidents, 0 bad\n", ""}); got != want {
		t.Fatalf("got %+v, want %+v", got, want)
	}
	got := dorado(t, "", "ingest", "deployments", "--config", config, file)
	want := ran{exitFailure, "ingested   0 records of deployments, 3 bad\n", ""}
	for _, line := range []string{"1", "2", "3"} {
		want.stderr += file + ":" + line + ": unknown column \"priority\"\n"
	}
	want.stderr += "dorado: 3 bad records were left out; the others are stored\n"
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	got = dorado(t, "", "ingest", "incidents", "--config", config, filepath.Join(t.TempDir(), "none.parquet"))
	if got.code != exitFailure || !strings.Contains(got.stderr, "none.parquet") {
		t.Errorf("got %+v", got)
	}
}

func TestIngestMistakes(t *testing.T) {
	for args, want := range map[string]string{
		"ingest deploymets x":                 `dorado: unknown command "deploymets" (did you mean "deployments"?); see dorado ingest --help`,
		"ingest deployments":                  `dorado: no file: name one, or - for standard input; see dorado ingest deployments --help`,
		"ingest changes builds":               `dorado: the name of builds does not say what it is: add --format; see dorado ingest changes --help`,
		"ingest incidents --format x -":       `dorado: invalid argument "x" for "--format" flag: it is one of ndjson, csv, parquet; see dorado ingest incidents --help`,
		"ingest incidents --format parquet -": `dorado: Parquet is not read from standard input: name a file; see dorado ingest incidents --help`,
	} {
		if got := dorado(t, "", strings.Fields(args)...); got != (ran{exitUsage, "", want + "\n"}) {
			t.Errorf("%s: got %+v, want %s", args, got, want)
		}
	}
	config := ingestConfig(t)
	got := dorado(t, "id,servce\n", "ingest", "deployments", "--format", "csv", "--config", config, "-")
	want := "dorado: standard input: unknown column \"servce\" (did you mean \"service\"?)\n"
	if got.code != exitFailure || got.stderr != want {
		t.Errorf("got %+v, want %s", got, want)
	}
}

func TestIngestNeedsNoSource(t *testing.T) {
	config := writeConfig(t, "services: [{name: billing, repositories: [group/billing]}]\n")
	record := `{"id": "1", "service": "billing", "repository": "group/billing", "finished_at": "2026-01-05T10:00:00Z"}`
	if got := dorado(t, record, "ingest", "deployments", "--config", config, "-"); got.code != 0 {
		t.Fatalf("%+v", got)
	}
	buildAsOf(t, config, "2026-01-31T00:00:00Z")
	if got, want := rowsOf(t, config, "select deployment_id, is_production from core.deployments"), "deployment_id,is_production\nbilling/ingested:1,true\n"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
