package models

import (
	"cmp"
	"context"
	database "database/sql"
	_ "embed"
	"errors"
	"fmt"
	"os"
	processes "os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"dorado/models/large"
	"dorado/sql"
	"dorado/warehouse"
)

// peerTables makes the tables of Apache DevLake that its panels read.
//
//go:embed testdata/peer.sql
var peerTables string

// peerRows fill them from a snapshot, which is attached as published.
var peerRows = map[string]string{
	"project_mapping": `
		select service_id, 'cicd_scopes', service_id from published.core.services
		union all select service_id, 'repos', repository from published.core.service_repositories`,
	"cicd_deployment_commits": `
		select deployment_id, service_id, deployment_id, 'PRODUCTION', case when status = 'success' then 'SUCCESS' else 'FAILURE' end, sha, repository, finished_at
		from published.core.deployments where is_production and finished_at is not null`,
	"pull_requests": "select pull_request_id, repository, merged_at from published.core.pull_requests",
	"project_pr_metrics": `
		select pull_requests.pull_request_id, stages.service_id, stages.deployment_id, stages.total_seconds // 60
		from published.core.pull_request_stages as stages
		join published.core.pull_requests as pull_requests on stages.repository = pull_requests.repository and stages.number = pull_requests.number`,
	"incidents": `
		select incident_id, service_id, triggered_at, resolved_at, date_sub('minute', triggered_at, resolved_at)
		from published.core.incidents where is_qualifying and service_id is not null`,
	"project_incident_deployment_relationships": `
		select candidates.incident_id, incidents.service_id, candidates.deployment_id
		from published.core.incident_deployments as candidates
		join published.core.incidents as incidents on candidates.incident_id = incidents.incident_id
		where candidates.is_chosen`,
}

// A peerQuestion is a question of DevLake's DORA dashboard, of all projects and half
// a year: as its tables answer it, in words of our own that every engine understands,
// and as a snapshot does, by a macro, which computes it anew, and by the name of the
// metric, of which marts.metric_totals has each month. A median is the last value of
// the lower half, as DevLake's.
type peerQuestion struct{ name, peer, macro, metric string }

const projectDeployments = `with deployments as (
		select mapping.project_name, commits.cicd_deployment_id as id, max(commits.finished_date) as finished
		from cicd_deployment_commits as commits
		join project_mapping as mapping on commits.cicd_scope_id = mapping.row_id and mapping."table" = 'cicd_scopes'
		where commits.result = 'SUCCESS' and commits.environment = 'PRODUCTION'
		group by mapping.project_name, commits.cicd_deployment_id
		having max(commits.finished_date) >= '2025-07-01' and max(commits.finished_date) < '2026-01-01')`

var peerQuestions = []peerQuestion{
	{"deployments a month", projectDeployments + `
		select extract(year from finished) * 100 + extract(month from finished) as month, count(distinct id)
		from deployments group by extract(year from finished) * 100 + extract(month from finished) order by month`,
		"select year(period_start) * 100 + month(period_start), deployments from metrics.deployment_frequency(timestamp '2025-07-01', timestamp '2026-01-01', grain := 'month') order by all", "deployment_frequency"},
	{"days with deployments a month", projectDeployments + `,
		days as (
			select project_name, extract(year from finished) * 100 + extract(month from finished) as month, count(distinct cast(finished as date)) as days
			from deployments group by project_name, extract(year from finished) * 100 + extract(month from finished)),
		ranked as (select month, days, percent_rank() over (partition by month order by days) as place from days)
		select month, max(days) from ranked where place <= 0.5 group by month order by month`,
		"from metrics.deployment_frequency(timestamp '2025-07-01', timestamp '2026-01-01', grain := 'month', by_dimension := 'service')", "deployment_frequency"},
	{"lead time a month", `with merged as (
			select distinct pull_requests.id, metrics.pr_cycle_time,
				extract(year from commits.finished_date) * 100 + extract(month from commits.finished_date) as month
			from pull_requests
			join project_pr_metrics as metrics on metrics.id = pull_requests.id
			join project_mapping as mapping on pull_requests.base_repo_id = mapping.row_id and mapping."table" = 'repos'
			join cicd_deployment_commits as commits on metrics.deployment_commit_id = commits.id
			where pull_requests.merged_date is not null and metrics.pr_cycle_time is not null
				and commits.finished_date >= '2025-07-01' and commits.finished_date < '2026-01-01'),
		ranked as (select month, pr_cycle_time, percent_rank() over (partition by month order by pr_cycle_time) as place from merged)
		select month, max(pr_cycle_time) from ranked where place <= 0.5 group by month order by month`,
		"from metrics.change_lead_time(timestamp '2025-07-01', timestamp '2026-01-01', grain := 'month')", "change_lead_time"},
	{"change fail rate a month", projectDeployments + `,
		failures as (
			select deployments.id, deployments.finished, count(distinct incidents.id) as incidents
			from deployments
			left join project_incident_deployment_relationships as blamed on deployments.id = blamed.deployment_id
			left join incidents on blamed.id = incidents.id
			group by deployments.id, deployments.finished)
		select extract(year from finished) * 100 + extract(month from finished) as month, count(*), sum(case when incidents > 0 then 1 else 0 end)
		from failures group by extract(year from finished) * 100 + extract(month from finished) order by month`,
		"from metrics.change_fail_rate(timestamp '2025-07-01', timestamp '2026-01-01', grain := 'month')", "change_fail_rate"},
	{"recovery time a month", projectDeployments + `,
		recoveries as (
			select extract(year from deployments.finished) * 100 + extract(month from deployments.finished) as month, incidents.lead_time_minutes as minutes
			from deployments
			join project_incident_deployment_relationships as blamed on deployments.id = blamed.deployment_id
			join incidents on blamed.id = incidents.id
			where incidents.lead_time_minutes is not null),
		ranked as (select month, minutes, percent_rank() over (partition by month order by minutes) as place from recoveries)
		select month, max(minutes) from ranked where place <= 0.5 group by month order by month`,
		"from metrics.failed_deployment_recovery_time(timestamp '2025-07-01', timestamp '2026-01-01', grain := 'month')", "failed_deployment_recovery_time"},
}

// BenchmarkPeers asks PostgreSQL and MariaDB what Apache DevLake's panels ask, in its
// tables; DuckDB the same SQL in the same tables; and a snapshot the same questions.
// All have the data of one organisation, of DORADO_BENCH_SERVICES services, and are
// asked in turns. Then it compares how the deployments that incidents are blamed on
// are found: by one query an incident, as DevLake does, or by one for all. Of each
// engine the time is that which it says itself, without that of a client.
func BenchmarkPeers(b *testing.B) {
	ctx := context.Background()
	folder := peerFolder(b)
	services, err := strconv.Atoi(cmp.Or(os.Getenv("DORADO_BENCH_SERVICES"), "5"))
	if err != nil {
		b.Fatal(err)
	}
	if err := large.Fill(ctx, folder, services, large.Pulls); err != nil {
		b.Fatal(err)
	}
	models, err := Load(sql.Files)
	if err != nil {
		b.Fatal(err)
	}
	settings := Settings{AsOf: large.AsOf, TimeZone: "UTC"}
	if _, err := warehouse.Publish(ctx, folder, 1, func(ctx context.Context, db *warehouse.Database) error {
		if err := db.Limit(ctx, warehouse.Resources{MemoryLimit: "4GB", Threads: 2}); err != nil {
			return err
		}
		_, err := Build(ctx, db, models, settings, func(int, int, string) {})
		return err
	}); err != nil {
		b.Fatal(err)
	}
	snapshot, err := warehouse.Open(ctx, folder)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = snapshot.Close() })
	tables := duckPeer(b, folder)
	engines := []peer{{"marts", duckAsk(snapshot)}, {"macros", duckAsk(snapshot)}, {"duckdb", duckAsk(tables)}}
	for _, start := range []func(*testing.B, string) (peer, error){startPostgres, startMariaDB} {
		engine, err := start(b, folder)
		if err != nil {
			b.Logf("left out: %v", err)
			continue
		}
		engines = append(engines, engine)
	}
	took := map[string]map[string][]time.Duration{} // by engine and question
	for b.Loop() {
		for _, question := range peerQuestions {
			want := ""
			for _, engine := range engines {
				text := question.peer
				switch engine.name {
				case "marts":
					text = fmt.Sprintf(`
						select period_start, value, n from marts.metric_totals
						where metric = '%s' and by_dimension = 'none' and grain = 'month' and period_start >= date '2025-07-01' order by period_start`, question.metric)
				case "macros":
					text = question.macro
				}
				rows, one, err := engine.ask(b, text)
				switch {
				case err != nil:
					b.Fatalf("%s: %s: %v", engine.name, question.name, err)
				case rows == "":
					b.Fatalf("%s: %s has no answer", question.name, engine.name)
				case engine.name == "duckdb" || engine.name == "macros" && question.name == peerQuestions[0].name:
					if want != "" && rows != want {
						b.Fatalf("%s: the snapshot says\n%s and the tables\n%s", question.name, want, rows)
					}
					want = rows
				case engine.name != "marts" && engine.name != "macros" && rows != want:
					b.Fatalf("%s: %s says\n%s and DuckDB\n%s", question.name, engine.name, rows, want)
				}
				if took[engine.name] == nil {
					took[engine.name] = map[string][]time.Duration{}
				}
				took[engine.name][question.name] = append(took[engine.name][question.name], one)
			}
		}
	}
	sums := map[string]float64{}
	for _, engine := range engines {
		for _, question := range peerQuestions {
			times := slices.Sorted(slices.Values(took[engine.name][question.name]))
			middle := times[len(times)/2].Seconds() * 1000
			sums[engine.name] += middle
			fmt.Fprintf(os.Stderr, "%-30s %-10s %10.1f ms\n", question.name, engine.name, middle)
		}
		b.ReportMetric(sums[engine.name], engine.name+"-ms")
		if engine.name != "marts" && engine.name != "macros" {
			b.ReportMetric(sums[engine.name]/sums["marts"], engine.name+"/marts")
			b.ReportMetric(sums[engine.name]/sums["macros"], engine.name+"/macros")
		}
		if engine.name == "postgresql" || engine.name == "mariadb" {
			b.ReportMetric(sums[engine.name]/sums["duckdb"], engine.name+"/duckdb")
		}
	}
	compareAttribution(b, tables, engines[3:])
}

// compareAttribution finds the last deployment before each incident, in one query
// for all of them, and in one each for 20, of which it tells how long all would take.
func compareAttribution(b *testing.B, tables *warehouse.Database, engines []peer) {
	b.Helper()
	const asof = `
		select count(*) from incidents
		asof join cicd_deployment_commits as commits on incidents.scope_id = commits.cicd_scope_id and incidents.created_date > commits.finished_date
		where commits.result = 'SUCCESS'`
	ask := duckAsk(tables)
	var best time.Duration
	for range 5 {
		_, one, err := ask(b, asof)
		if err != nil {
			b.Fatal(err)
		}
		if best == 0 || one < best {
			best = one
		}
	}
	listed, _, err := ask(b, "select scope_id || '|' || strftime(created_date, '%Y-%m-%dT%H:%M:%S') from incidents order by id")
	if err != nil {
		b.Fatal(err)
	}
	incidents := strings.Fields(listed)
	var each []string
	for _, incident := range incidents[:min(20, len(incidents))] {
		scope, at, _ := strings.Cut(incident, "|")
		each = append(each, fmt.Sprintf(`
			select commits.id from cicd_deployment_commits as commits
			join project_mapping as mapping on commits.cicd_scope_id = mapping.row_id and mapping."table" = 'cicd_scopes'
			where mapping.project_name = '%s' and commits.result = 'SUCCESS' and commits.environment = 'PRODUCTION' and commits.finished_date < '%s'
			order by commits.finished_date desc limit 1`, scope, at))
	}
	for _, engine := range engines {
		_, one, err := engine.ask(b, strings.Join(each, ";\n"))
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(one.Seconds()/float64(len(each))*float64(len(incidents))/best.Seconds(), engine.name+"-an-incident/asof")
	}
}

// A peer is an engine that answers SQL with its rows, a line each with fields that
// are separated by |, and says how long it took itself.
type peer struct {
	name string
	ask  func(b *testing.B, query string) (rows string, took time.Duration, err error)
}

// duckAsk asks a database in this process.
func duckAsk(db interface {
	Query(ctx context.Context, query string, args ...any) (*database.Rows, error)
}) func(*testing.B, string) (string, time.Duration, error) {
	return func(b *testing.B, query string) (string, time.Duration, error) {
		started := time.Now()
		rows, err := db.Query(b.Context(), query)
		if err != nil {
			return "", 0, err
		}
		defer rows.Close()
		columns, err := rows.Columns()
		if err != nil {
			return "", 0, err
		}
		var lines strings.Builder
		values, places := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			places[i] = &values[i]
		}
		for rows.Next() {
			if err := rows.Scan(places...); err != nil {
				return "", 0, err
			}
			fmt.Fprintln(&lines, strings.ReplaceAll(strings.Trim(fmt.Sprint(values), "[]"), " ", "|"))
		}
		return lines.String(), time.Since(started), rows.Err()
	}
}

// peerFolder returns a folder that everybody may enter, for servers do not run as
// root; it is removed when the benchmark has ended.
func peerFolder(b *testing.B) string {
	b.Helper()
	folder, err := os.MkdirTemp("", "dorado-peers-")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = os.RemoveAll(folder) })
	if err := os.Chmod(folder, 0o755); err != nil {
		b.Fatal(err)
	}
	return folder
}

// duckPeer makes DevLake's tables in a DuckDB of their own, and writes them as CSV.
func duckPeer(b *testing.B, folder string) *warehouse.Database {
	b.Helper()
	ctx := b.Context()
	db, err := warehouse.OpenMemory(ctx)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	statements := []string{
		"attach '" + folder + "/current.duckdb' as published (read_only)",
		"attach '" + folder + "/peer.duckdb' as peer", "use peer", strings.ReplaceAll(peerTables, "DATETIME", "timestamp"),
	}
	for table, rows := range peerRows {
		statements = append(statements, "insert into "+table+" "+rows,
			fmt.Sprintf("copy (select * replace (%s) from %s) to '%s' (header false, nullstr '\\N')", peerDates[table], table, filepath.Join(folder, table+".csv")))
	}
	for _, statement := range append(statements, "detach published") {
		statement = strings.Replace(statement, "* replace ()", "*", 1)
		if err := db.Exec(ctx, statement); err != nil {
			b.Fatal(err)
		}
	}
	return db
}

// peerDates write instants as every engine reads them: whole seconds.
var peerDates = map[string]string{
	"cicd_deployment_commits": "strftime(finished_date, '%Y-%m-%d %H:%M:%S') as finished_date",
	"pull_requests":           "strftime(merged_date, '%Y-%m-%d %H:%M:%S') as merged_date",
	"incidents":               "strftime(created_date, '%Y-%m-%d %H:%M:%S') as created_date, strftime(resolution_date, '%Y-%m-%d %H:%M:%S') as resolution_date",
}

// serverFolder makes a folder for a server's data, and returns how a command begins
// that runs as who owns it.
func serverFolder(folder, name string) (data string, as []string, err error) {
	data = filepath.Join(folder, name)
	if err := os.Mkdir(data, 0o700); err != nil {
		return "", nil, err
	}
	if os.Geteuid() != 0 {
		return data, nil, nil
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		return "", nil, err
	}
	id, err := strconv.Atoi(nobody.Uid)
	if err != nil {
		return "", nil, err
	}
	return data, []string{"setpriv", "--reuid", nobody.Uid, "--regid", nobody.Gid, "--clear-groups"}, os.Chown(data, id, -1)
}

// run runs a command and returns what it prints.
func run(ctx context.Context, input string, command ...string) (string, error) {
	ctx, stop := context.WithTimeout(ctx, 10*time.Minute)
	defer stop()
	one := processes.CommandContext(ctx, command[0], command[1:]...)
	one.Stdin = strings.NewReader(input)
	var complaints strings.Builder
	one.Stderr = &complaints
	output, err := one.Output()
	if err != nil {
		err = fmt.Errorf("%s: %w: %s", command[0], err, complaints.String())
	}
	return string(output), err
}

// serve runs a server until the benchmark has ended, once it answers.
func serve(b *testing.B, command []string, answers func() error) error {
	b.Helper()
	server := processes.Command(command[0], command[1:]...)
	if err := server.Start(); err != nil {
		return err
	}
	b.Cleanup(func() {
		_ = server.Process.Signal(os.Interrupt)
		done := time.AfterFunc(20*time.Second, func() { _ = server.Process.Kill() })
		_ = server.Wait()
		done.Stop()
	})
	var err error
	for range 120 {
		if err = answers(); err == nil {
			return nil
		}
		time.Sleep(500 * time.Millisecond)
	}
	return err
}

// startPostgres starts PostgreSQL with DevLake's tables.
func startPostgres(b *testing.B, folder string) (peer, error) {
	b.Helper()
	programs, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // Debian keeps them off the path
	if len(programs) == 0 {
		return peer{}, errors.Join(errors.New("postgresql: not installed (apt-get install postgresql)"), err)
	}
	data, as, err := serverFolder(folder, "postgresql")
	if err != nil {
		return peer{}, err
	}
	ctx := b.Context()
	if _, err := run(ctx, "", append(as, programs[0], "-D", data, "-A", "trust", "-U", "peer", "-E", "UTF8", "--locale", "C")...); err != nil {
		return peer{}, err
	}
	psql := []string{"psql", "-X", "-q", "-A", "-t", "-h", data, "-U", "peer", "-d", "postgres", "-v", "ON_ERROR_STOP=1"}
	command := append(as, filepath.Join(filepath.Dir(programs[0]), "postgres"), "-D", data, "-k", data, "-c", "listen_addresses=",
		"-c", "shared_buffers=1GB", "-c", "work_mem=256MB", "-c", "jit=off", "-c", "fsync=off")
	err = serve(b, command, func() error { _, err := run(ctx, "select 1", psql...); return err })
	if err != nil {
		return peer{}, err
	}
	load := strings.ReplaceAll(peerTables, "DATETIME", "timestamp")
	for table := range peerRows {
		load += fmt.Sprintf("\\copy %s from '%s' with (format csv, null '\\N')\n", table, filepath.Join(folder, table+".csv"))
	}
	if _, err := run(ctx, load+"vacuum analyze;", psql...); err != nil {
		return peer{}, err
	}
	return peer{"postgresql", func(b *testing.B, query string) (string, time.Duration, error) {
		output, err := run(b.Context(), "\\timing on\n"+query+";\n", psql...)
		rows, took := "", time.Duration(0)
		for line := range strings.Lines(output) {
			text, isTime := strings.CutPrefix(line, "Time: ")
			if !isTime {
				rows += line
				continue
			}
			milliseconds, parseErr := strconv.ParseFloat(strings.Fields(text)[0], 64)
			err = errors.Join(err, parseErr)
			took += time.Duration(milliseconds * float64(time.Millisecond))
		}
		return rows, took, err
	}}, nil
}

// startMariaDB starts MariaDB with DevLake's tables.
func startMariaDB(b *testing.B, folder string) (peer, error) {
	b.Helper()
	program, err := processes.LookPath("mariadbd")
	if err != nil {
		program = "/usr/sbin/mariadbd" // which may not be on the path
	}
	if _, err := os.Stat(program); err != nil {
		return peer{}, errors.New("mariadb: not installed (apt-get install mariadb-server)")
	}
	data, as, err := serverFolder(folder, "mariadb")
	if err != nil {
		return peer{}, err
	}
	ctx := b.Context()
	if _, err := run(ctx, "", append(as, "mariadb-install-db", "--no-defaults", "--datadir="+data, "--auth-root-authentication-method=normal", "--skip-test-db")...); err != nil {
		return peer{}, err
	}
	socket := filepath.Join(data, "socket")
	client := []string{"mariadb", "--no-defaults", "--socket=" + socket, "--user=root", "--local-infile=1", "--batch", "--skip-column-names"}
	command := append(as, program, "--no-defaults", "--datadir="+data, "--tmpdir="+data, "--socket="+socket, "--skip-networking", "--sql-mode=ANSI_QUOTES", "--local-infile=1",
		"--innodb-buffer-pool-size=1G", "--tmp-table-size=256M", "--max-heap-table-size=256M", "--innodb-flush-log-at-trx-commit=0", "--max-statement-time=540",
		"--character-set-server=utf8mb4", "--collation-server=utf8mb4_bin")
	err = serve(b, command, func() error { _, err := run(ctx, "select 1", client...); return err })
	if err != nil {
		return peer{}, err
	}
	load := "create database peer; use peer;\n" + strings.ReplaceAll(peerTables, "DATETIME", "datetime(3)")
	for table := range peerRows {
		load += fmt.Sprintf("load data local infile '%s' into table %s fields terminated by ',' optionally enclosed by '\"'; analyze table %[2]s;\n",
			filepath.Join(folder, table+".csv"), table)
	}
	if _, err := run(ctx, load, client...); err != nil {
		return peer{}, err
	}
	return peer{"mariadb", func(b *testing.B, query string) (string, time.Duration, error) {
		output, err := run(b.Context(), "use peer; set profiling_history_size = 100; set profiling = 1;\n"+query+";\nselect 'profiles'; show profiles;", client...)
		answer, profiles, _ := strings.Cut(output, "profiles\n")
		took := time.Duration(0)
		for line := range strings.Lines(profiles) {
			fields := strings.Split(line, "\t")
			if len(fields) < 2 {
				continue
			}
			seconds, parseErr := strconv.ParseFloat(fields[1], 64)
			err = errors.Join(err, parseErr)
			took += time.Duration(seconds * float64(time.Second))
		}
		return strings.ReplaceAll(answer, "\t", "|"), took, err
	}}, nil
}
