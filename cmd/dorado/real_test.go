package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"dorado/collectors"
	"dorado/collectors/github"
	"dorado/collectors/replay"
	"dorado/models"
	"dorado/warehouse"
)

// realOnce is what collectedReal makes.
var realOnce struct {
	sync.Once
	base, config string
}

// collectedReal serves and collects the real histories once for all tests. It
// returns the server's base URL and the configuration beside which the raw store
// is, for copyWarehouse. Where there are no real histories it skips the test.
func collectedReal(t *testing.T) (base, config string) {
	t.Helper()
	replay.Check(t)
	realOnce.Do(func() {
		base, stop := replay.Start(t, "--rate-limit", "1000000")
		atEnd(stop)
		config := filepath.Join(sharedFolder(t), "dorado.yaml")
		writeRealConfig(t, config, base, "")
		runDorado(t, "collect", "--config", config)
		realOnce.base, realOnce.config = base, config
	})
	if realOnce.config == "" {
		t.Fatal("they could not be collected for an earlier test")
	}
	return realOnce.base, realOnce.config
}

// realConfig writes a configuration that reads the three histories from base
// and returns its file. Every release is a deployment, as in the oracle.
func realConfig(t *testing.T, base, definitions string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "dorado.yaml")
	writeRealConfig(t, file, base, definitions)
	return file
}

// writeRealConfig writes the configuration of realConfig to a file.
func writeRealConfig(t *testing.T, file, base, definitions string) {
	t.Helper()
	var services strings.Builder
	for _, repository := range realRepositories {
		fmt.Fprintf(&services, "  - {name: %s, repositories: [%s], deployments: [{kind: release, tag: 'v?\\d'}]}\n", filepath.Base(repository), repository)
	}
	text := fmt.Sprintf("github:\n  base_url: %s/api/v3\n  repositories: [%s]\nservices:\n%sdefinitions:\n  change_lead_time: {%s}\n",
		base, strings.Join(realRepositories, ", "), services.String(), definitions)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

var realRepositories = []string{"PagerDuty/go-pagerduty", "benbjohnson/litestream", "grafana/grafana-plugin-sdk-go"}

// runDorado runs the program and returns what it printed; it must succeed.
func runDorado(t *testing.T, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if err := impatient(strings.NewReader(""), &stdout, &stderr).run(context.Background(), args); err != nil {
		t.Fatalf("dorado %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return stdout.String()
}

// query returns the rows that SQL gives on the newest snapshot, without the line
// of the columns.
func query(t *testing.T, config, sql string) [][]string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(runDorado(t, "query", "--config", config, "--format", "csv", sql))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows[1:]
}

// oracle reads a table of numbers that were worked out from plain git.
func oracle(t *testing.T, folder, repository, name string) []map[string]string {
	t.Helper()
	file, err := os.Open(filepath.Join(folder, "oracle", filepath.Base(repository), name))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var records []map[string]string
	for _, row := range rows[1:] {
		record := map[string]string{}
		for i, column := range rows[0] {
			record[column] = row[i]
		}
		records = append(records, record)
	}
	return records
}

// sameNumber reports whether two texts, "" for NULL, are the same number.
func sameNumber(t *testing.T, got, want string) bool {
	t.Helper()
	if got == "" || want == "" {
		return got == want
	}
	a, err := strconv.ParseFloat(got, 64)
	if err != nil {
		t.Fatal(err)
	}
	b, err := strconv.ParseFloat(want, 64)
	if err != nil {
		t.Fatal(err)
	}
	return a == b
}

// TestRealHistories compares the numbers of three real repositories with those
// that an oracle, which shares no code with this program, worked out from plain
// git. What the oracle's columns mean is said in the README beside it; the parts
// used here:
//
//	deployment        one tag; deployed_at is the tagger's date of an annotated tag, else the committer's date.
//	first shipped     the commits of a tag that no earlier tag carries; each commit counts once.
//	lead time         deployed_at minus the committer's date, or the author's.
//	no ancestor tag   such a tag counts as a deployment, but its commits are in no lead time of metrics.csv.
func TestRealHistories(t *testing.T) {
	t.Parallel()
	folder := replay.Folder(t)
	base, collected := collectedReal(t)
	t.Run("committer date, all commits", func(t *testing.T) {
		config := realConfig(t, base, "start: committed, merge_commits: true, squash: squash_commit")
		copyWarehouse(t, collected, config)
		runDorado(t, "run", "--config", config)
		for _, repository := range realRepositories {
			service := filepath.Base(repository)
			got := map[string][]string{}
			// The commits of a first deployment have no lead time with us; the
			// oracle's table of tags shows one, so it is computed here.
			for _, row := range query(t, config, fmt.Sprintf(`
				select
					deployments.version,
					count(changes.sha) as n,
					quantile_cont(date_diff('second', changes.committed_at, deployments.finished_at), 0.5) as median
				from core.deployments as deployments
				left join core.changes as changes on deployments.deployment_id = changes.deployment_id
				where deployments.service_id = '%s' and deployments.is_production
				group by deployments.version`, service)) {
				got[row[0]] = row[1:]
			}
			tags := 0
			for _, tag := range oracle(t, folder, repository, "tags.csv") {
				if tag["component"] != "" {
					continue
				}
				tags++
				row, ok := got[tag["tag"]]
				if !ok {
					t.Errorf("%s %s: no deployment", service, tag["tag"])
					continue
				}
				if !sameNumber(t, row[0], tag["n_first_shipped"]) || !sameNumber(t, row[1], tag["median_lead_first_shipped_s"]) {
					t.Errorf("%s %s: ships %s changes first, median %s s; the oracle says %s, %s s",
						service, tag["tag"], row[0], row[1], tag["n_first_shipped"], tag["median_lead_first_shipped_s"])
				}
			}
			if len(got) != tags {
				t.Errorf("%s: %d deployments, the oracle has %d tags", service, len(got), tags)
			}
		}
	})
	t.Run("defaults, squash commits as they are", func(t *testing.T) {
		config := realConfig(t, base, "squash: squash_commit")
		copyWarehouse(t, collected, config)
		runDorado(t, "run", "--config", config)
		for _, repository := range realRepositories {
			service := filepath.Base(repository)
			lead := query(t, config, fmt.Sprintf(`
				select median_seconds, changes
				from metrics.change_lead_time(timestamp '2010-01-01', timestamp '2030-01-01', by_dimension := 'service')
				where dimension = '%s'`, service))
			months := map[string]string{}
			for _, row := range query(t, config, fmt.Sprintf(`
				select strftime(period_start, '%%Y-%%m'), deployments
				from metrics.deployment_frequency(timestamp '2010-01-01', timestamp '2030-01-01', grain := 'month', by_dimension := 'service')
				where dimension = '%s' and deployments > 0`, service)) {
				months[row[0]] = row[1]
			}
			medians, counts := 0, 0
			for _, metric := range oracle(t, folder, repository, "metrics.csv") {
				if metric["component"] != "" {
					continue
				}
				switch {
				case metric["metric"] == "median_lead_author_s_C_nonmerge" && metric["period"] == "all":
					medians++
					if !sameNumber(t, lead[0][0], metric["value"]) || lead[0][1] != metric["n"] {
						t.Errorf("%s: median lead time %s s of %s changes; the oracle says %s s of %s",
							service, lead[0][0], lead[0][1], metric["value"], metric["n"])
					}
				case metric["metric"] == "deployments_per_month":
					counts++
					if months[metric["period"]] != metric["value"] {
						t.Errorf("%s %s: %s deployments, the oracle says %s", service, metric["period"], months[metric["period"]], metric["value"])
					}
				}
			}
			if medians != 1 || counts != len(months) {
				t.Errorf("%s: compared %d medians and %d months; %d months have deployments", service, medians, counts, len(months))
			}
			compareReverts(t, config, service, oracle(t, folder, repository, "reverts.csv"))
		}
	})
}

// compareReverts compares the reverts of something that was released before, by
// the tags of both, with those that the oracle says escaped.
func compareReverts(t *testing.T, config, service string, reverts []map[string]string) {
	t.Helper()
	got := map[string]string{}
	for _, row := range query(t, config, fmt.Sprintf(`
		select reverting.version || ' reverts ' || reverted.version, reverts.reason
		from core.reverts as reverts
		join core.deployments as reverting on reverts.deployment_number = reverting.deployment_number
		join core.deployments as reverted on reverts.reverted_deployment_number = reverted.deployment_number
		where reverting.service_id = '%s'`, service)) {
		got[row[0]] = row[1]
	}
	escaped := 0
	for _, revert := range reverts {
		if revert["escaped"] != "1" {
			continue
		}
		escaped++
		pair := revert["revert_first_tag"] + " reverts " + revert["reverted_first_tag"]
		if _, ok := got[pair]; !ok {
			t.Errorf("%s: the oracle says that %s (%s)", service, pair, revert["subject"])
		}
		delete(got, pair)
	}
	for pair, reason := range got {
		t.Errorf("%s: %s, because %s; the oracle does not say so", service, pair, reason)
	}
	t.Logf("%s: %d reverts of something released", service, escaped)
}

// fingerprint returns the rows of every table of core and marts, and of the raw
// store, in the order of all their columns, and how many they are. When a row of
// the raw store was read is left out.
func fingerprint(t *testing.T, config string) map[string]string {
	t.Helper()
	prints := map[string]string{}
	var selects []string // of all tables at once, because opening a snapshot takes longer
	for _, row := range query(t, config, "select schema_name || '.' || table_name from duckdb_tables() where schema_name in ('core', 'marts') order by 1") {
		selects = append(selects, fmt.Sprintf("select '%[1]s', count(*), md5(coalesce(string_agg(row_text, chr(10) order by row_text), '')) from (select rows::varchar as row_text from %[1]s as rows)", row[0]))
	}
	for _, row := range query(t, config, strings.Join(selects, " union all ")) {
		prints[row[0]] = row[1] + " " + row[2]
	}
	// core.snapshot says when it was built, which differs.
	delete(prints, "core.snapshot")
	// What GitHub counts itself comes by GraphQL only.
	delete(prints, "core.github_counts")
	delete(prints, "marts.github_reconciliation")
	raw, err := warehouse.OpenRaw(context.Background(), filepath.Join(filepath.Dir(config), "data"))
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	for _, row := range rawTables() {
		name := row.Table()
		if name == (collectors.Outcome{}).Table() || name == (collectors.Hint{}).Table() || name == (models.ReportedTotal{}).Table() || name == (github.SourceTotal{}).Table() {
			continue // they say when collectors ran, what was pushed, what snapshots are called, and what GitHub counts
		}
		print, err := raw.Strings(context.Background(), fmt.Sprintf("select count(*) || ' ' || md5(coalesce(string_agg(row_text, chr(10) order by row_text), '')) from (select rows::varchar as row_text from (select columns(name -> name not in ('seen_at', 'read_at')) from %s) as rows)", name))
		if err != nil {
			t.Fatal(err)
		}
		prints["raw."+name] = print[0]
	}
	return prints
}

// published returns the prints of the tables that a snapshot has.
func published(prints map[string]string) map[string]string {
	some := map[string]string{}
	for name, print := range prints {
		if !strings.HasPrefix(name, "raw.") {
			some[name] = print
		}
	}
	return some
}

// samePrints fails the test where two warehouses differ.
func samePrints(t *testing.T, got, want map[string]string) {
	t.Helper()
	for name, print := range want {
		if got[name] != print {
			t.Errorf("%s: %s, want %s", name, got[name], print)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d tables, want %d", len(got), len(want))
	}
}

// control changes how the real histories are served.
func control(t *testing.T, base, settings string) {
	t.Helper()
	response, err := http.Post(base+"/_control", "application/json", strings.NewReader(settings))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s (%v)", settings, response.Status, err)
	}
}

// servePushed serves what base does as of a time, "" for now, as GitHub would: a
// repository was last pushed to before then. The server at base, which does not know
// when its commits were pushed, always gives the last time of all.
func servePushed(t *testing.T, base string, now *string) string {
	t.Helper()
	target, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	isRepository := regexp.MustCompile(`/repos/[^/]+/[^/]+$`)
	pushed := regexp.MustCompile(`("pushed_at": ?")([^"]+)"`)
	return serveHandler(t, &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host // addresses in answers lead here again
			r.Out.Header.Del("Accept-Encoding")
			if isRepository.MatchString(r.In.URL.Path) {
				r.Out.Header.Del("If-None-Match") // which is about the other answer
			}
		},
		ModifyResponse: func(response *http.Response) error {
			if !isRepository.MatchString(response.Request.URL.Path) || *now == "" {
				return nil
			}
			body, err := io.ReadAll(response.Body)
			if err != nil {
				return err
			}
			body = pushed.ReplaceAllFunc(body, func(field []byte) []byte {
				parts := pushed.FindSubmatch(field)
				return fmt.Appendf(nil, `%s%s"`, parts[1], min(string(parts[2]), *now))
			})
			response.Body = io.NopCloser(bytes.NewReader(body))
			response.ContentLength = int64(len(body))
			response.Header.Set("Content-Length", strconv.Itoa(len(body)))
			response.Header.Del("ETag")
			return nil
		},
	})
}

// TestRealCollections collects the same real histories in several ways, which
// must all end in the same tables.
func TestRealCollections(t *testing.T) {
	t.Parallel()
	replay.Check(t)
	log := filepath.Join(t.TempDir(), "requests.jsonl")
	base := replay.Serve(t, "--log", log, "--rate-limit", "1000000")
	asOf := "2026-11-01T00:00:00Z"
	collectAndBuild := func(t *testing.T, config string) map[string]string {
		runDorado(t, "collect", "--config", config)
		runDorado(t, "build", "--config", config, "--as-of", asOf)
		return fingerprint(t, config)
	}
	config := realConfig(t, base, "")
	clean := collectAndBuild(t, config)

	t.Run("again", func(t *testing.T) {
		before, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		samePrints(t, collectAndBuild(t, config), clean)
		after, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		// What is neither conditional nor bounded by a cursor: nothing but the
		// statuses of the newest deployment of each repository, whose second
		// may bring another, and of the one updated last.
		unconditional := 0
		for line := range strings.Lines(string(after[len(before):])) {
			if !strings.Contains(line, `"status": 304`) {
				unconditional++
			}
		}
		if unconditional > 4*len(realRepositories) {
			t.Errorf("a second run sent %d requests that were answered in full:\n%s", unconditional, after[len(before):])
		}
	})
	t.Run("in two steps", func(t *testing.T) {
		var now string
		config := realConfig(t, servePushed(t, base, &now), "")
		for _, now = range []string{"2022-03-01T00:00:00Z", "2024-06-15T12:00:00Z"} {
			control(t, base, `{"now": "`+now+`"}`)
			runDorado(t, "collect", "--config", config)
		}
		now = ""
		control(t, base, `{"now": null}`)
		// The raw store may lack that an old deployment went inactive, which
		// changes no number.
		samePrints(t, published(collectAndBuild(t, config)), published(clean))
	})
	t.Run("with faults", func(t *testing.T) {
		config := realConfig(t, base, "")
		control(t, base, `{"fail_rate": 0.02, "truncate": 0.02, "slow_ms": 1, "secondary": 400}`)
		got := collectAndBuild(t, config)
		control(t, base, `{"fail_rate": 0, "truncate": 0, "slow_ms": 0, "secondary": 0}`)
		samePrints(t, got, clean)
	})
	t.Run("since a late day", func(t *testing.T) {
		// Less is read, but what a deployment ships must be the same, unless
		// what it replaced lies before that day and is not known.
		whole, config := config, realConfig(t, base, "")
		text, err := os.ReadFile(config)
		if err != nil {
			t.Fatal(err)
		}
		text = bytes.Replace(text, []byte("github:\n"), []byte("github:\n  since: 2024-01-01\n"), 1)
		if err := os.WriteFile(config, text, 0o600); err != nil {
			t.Fatal(err)
		}
		collectAndBuild(t, config)
		var firsts []string
		for _, row := range query(t, config, "select distinct deployment_id from core.changes where excluded_reason = 'first deployment'") {
			firsts = append(firsts, "'"+row[0]+"'")
		}
		sql := fmt.Sprintf(`
			select changes.deployment_id, changes.sha, changes.lead_time_seconds
			from core.changes as changes
			join core.deployments as deployments on changes.deployment_id = deployments.deployment_id
			where deployments.finished_at >= timestamp '2024-01-01' and deployments.deployment_id not in (%s)
			order by all`, strings.Join(firsts, ", "))
		got, want := fmt.Sprint(query(t, config, sql)), fmt.Sprint(query(t, whole, sql))
		if len(firsts) > 6 {
			t.Errorf("%d deployments have an unknown predecessor", len(firsts))
		}
		if got != want {
			t.Errorf("got %.2000s\nwant %.2000s", got, want)
		}
	})
}
