package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"dorado/reports"
)

// TestSimulatedExplain holds the rows behind every number of the simulated
// organisation to the number, with days that are not those of UTC, and where business
// hours count alone.
func TestSimulatedExplain(t *testing.T) {
	t.Parallel()
	s, _ := collectedSimulated(t)
	for name, settings := range map[string]string{
		"all hours":      "",
		"business hours": "definitions: {change_lead_time: {clock: business}, pull_request_stages: {clock: business}}\n",
	} {
		t.Run(name, func(t *testing.T) {
			config := s.copied(t)
			text, err := os.ReadFile(config)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(config, append([]byte("warehouse: {timezone: America/New_York}\n"+settings), text...), 0o600); err != nil {
				t.Fatal(err)
			}
			runDorado(t, "build", "--config", config, "--as-of", s.organization.End.Format(time.RFC3339))
			recompute(t, config)
			clocks := query(t, config, "select distinct value from core.definitions where option = 'clock'")
			if want := map[bool]string{true: "calendar", false: "business"}[settings == ""]; len(clocks) != 1 || clocks[0][0] != want {
				t.Errorf("the clocks are %v, want %s", clocks, want)
			}
		})
	}
}

// TestRealExplain does the same with three real histories.
func TestRealExplain(t *testing.T) {
	t.Parallel()
	base, collected := collectedReal(t)
	config := realConfig(t, base, "")
	copyWarehouse(t, collected, config)
	runDorado(t, "run", "--config", config)
	recompute(t, config)
}

// recompute computes every number of every service, week and month, of all time
// and of the report, from the rows that dorado explain shows.
func recompute(t *testing.T, config string) {
	t.Helper()
	bounds := query(t, config, "select time_zone, (select min(day) from core.days) from core.snapshot")[0]
	zone, err := time.LoadLocation(bounds[0])
	if err != nil {
		t.Fatal(err)
	}
	var report reports.Report
	parse(t, runDorado(t, "report", "--config", config, "--format", "json"), &report)
	rangeDays := wholeDays(t, max(report.From, bounds[1]), report.To, report.AsOf.In(zone)) + 1 // To is part of the range
	printed := map[string][][]string{}                                                          // by metric
	for _, grain := range []string{"week", "month", "total"} {
		for _, row := range query(t, config, fmt.Sprintf(`
			select metric, dimension, period_start, period_end, value, unit, n
			from metrics.totals(timestamp '2000-01-01', timestamp '2100-01-01', grain := '%s', by_dimension := 'service')`, grain)) {
			printed[row[0]] = append(printed[row[0]], row[1:])
		}
	}
	if len(printed) < 5 {
		t.Errorf("only %d metrics have values", len(printed))
	}
	for name, rows := range printed {
		var all, ranged reports.Explanation
		parse(t, runDorado(t, "explain", name, "--config", config, "--format", "json", "--from", "2000-01-01", "--to", "2100-01-01"), &all)
		parse(t, runDorado(t, "explain", name, "--config", config, "--format", "json"), &ranged)
		compared := 0
		for _, row := range rows {
			whole := wholeDays(t, max(row[1], bounds[1]), row[2], all.AsOf.In(zone))
			value, n := computed(recordsOf(all, row[0], row[1], row[2], zone), row[4], whole)
			if !sameNumber(t, value, row[3]) || n != row[5] {
				t.Errorf("%s of %s from %s up to %s is %s (n %s); its rows come to %s (n %s)", name, row[0], row[1], row[2], row[3], row[5], value, n)
			}
			if value != "" {
				compared++
			}
		}
		for _, m := range report.Metrics {
			if m.Metric != name {
				continue
			}
			value, n := computed(recordsOf(ranged, m.Group, "", "9", zone), m.Unit, rangeDays)
			if want := pointed(m.Value); !sameNumber(t, value, want) || n != strconv.FormatInt(*m.N, 10) {
				t.Errorf("%s of %s is reported as %s (n %d); its rows come to %s (n %s)", name, m.Group, want, *m.N, value, n)
			}
			compared++
		}
		t.Logf("%s: %d values recomputed from %d rows", name, compared, len(all.Records))
		if compared == 0 {
			t.Errorf("%s: no value was compared", name)
		}
	}
}

// recordsOf returns the records of a service from a day up to, not including,
// another.
func recordsOf(e reports.Explanation, service, from, to string, zone *time.Location) []reports.ExplainedRecord {
	return slices.DeleteFunc(slices.Clone(e.Records), func(r reports.ExplainedRecord) bool {
		day := r.RecordAt.In(zone).Format(time.DateOnly)
		return r.Service != service || day < from || day >= to
	})
}

func parse(t *testing.T, text string, target any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), target); err != nil {
		t.Fatal(err)
	}
}

// wholeDays counts the days from first up to, not including, end that are over
// at the as-of time.
func wholeDays(t *testing.T, first, end string, asOf time.Time) (days int) {
	t.Helper()
	day, err := time.ParseInLocation(time.DateOnly, first, asOf.Location())
	if err != nil {
		t.Fatal(err)
	}
	for ; day.Format(time.DateOnly) < end && !day.AddDate(0, 0, 1).After(asOf); day = day.AddDate(0, 0, 1) {
		days++
	}
	return days
}

// computed returns what the rows come to, by hand, and their n.
func computed(records []reports.ExplainedRecord, unit string, wholeDays int) (value, n string) {
	counted, numerator := 0, 0
	var seconds []float64
	for _, record := range records {
		if !record.IsCounted {
			continue
		}
		counted++
		if record.IsNumerator != nil && *record.IsNumerator {
			numerator++
		}
		if record.ValueSeconds != nil {
			seconds = append(seconds, *record.ValueSeconds)
		}
	}
	result := math.NaN()
	switch {
	case unit == "deployments_per_day" && wholeDays > 0:
		result = float64(numerator) / float64(wholeDays)
	case unit == "ratio" && counted > 0:
		result = float64(numerator) / float64(counted)
	case unit == "seconds" && counted > 0:
		slices.Sort(seconds)
		result = (seconds[(counted-1)/2] + seconds[counted/2]) / 2
	}
	if math.IsNaN(result) {
		return "", strconv.Itoa(counted)
	}
	return pointed(&result), strconv.Itoa(counted)
}

// pointed writes a number, "" for nil.
func pointed(value *float64) string {
	if value == nil {
		return ""
	}
	return strconv.FormatFloat(*value, 'g', -1, 64)
}

// explained is what a snapshot needs for one metric to be explained: api with
// three deployments, of which one counts.
var explained = []string{
	"create schema core", "create schema marts", "create schema metrics",
	"create table marts.checks as select unnest([true, false]) as is_held",
	"create table core.snapshot as select timestamp '2026-02-01 00:00' as as_of, 'UTC' as time_zone",
	"create table core.services as select 'api' as service_id, 'payments' as team",
	"create table core.definitions as select 'api' as service_id, 'frequency' as metric, 'what' as option, 'all' as value",
	"create macro metrics.is_selected(filters, service_id, team, repository, environment) as true",
	`create macro metrics.totals(from_at, to_at, filters := map {}) as table
		select 'frequency' as metric, 'api' as dimension, 1.5 as value, 'deployments_per_day' as unit, 1 as n`,
	`create macro metrics.frequency() as table select 1`,
	`comment on macro table metrics.frequency is 'One row per period.

How often it is deployed.'`,
	`create macro metrics.explain_frequency(from_at, to_at) as table
		select
			'api' as service_id, 'payments' as team, 'acme/api' as repository, 'production' as environment,
			'api/' || i as deployment_id, 'api/' || i as record, i = 1 as is_counted, null::boolean as is_numerator,
			null::bigint as value_seconds, 'rule 1' as rule, [null, 'not production', 'not production'][i] as excluded_reason,
			'https://example.org/' || i as source_url, from_at as record_at
		from range(1, 4) as rows (i)`,
}

func TestExplainFormats(t *testing.T) {
	file := publish(t, explained...)
	for _, format := range []string{"table", "markdown", "csv", "json"} {
		t.Run(format, func(t *testing.T) {
			got := dorado(t, "", "explain", "frequency", "--config", file, "--service", "api", "--limit", "1", "--format", format)
			if got.code != 0 || got.stderr != "" {
				t.Fatalf("got %+v", got)
			}
			golden(t, "explain."+format, got.stdout)
		})
	}
}

func TestExplainMistakes(t *testing.T) {
	file := publish(t, explained...)
	for _, test := range []struct {
		args string
		code int
		want string
	}{
		{"", exitUsage, "name the METRIC to explain, such as change_lead_time; see dorado explain --help"},
		{"frequency --service api --team payments", exitUsage, "a service belongs to one team: give --service or --team; see dorado explain --help"},
		{"frequncy", exitFailure, `explain frequncy: there is no such metric (did you mean "frequency"?); there are frequency`},
		{"frequency --service apy", exitFailure, `explain frequency: there is no service "apy" (did you mean "api"?)`},
		{"frequency --team search", exitFailure, `explain frequency: there is no team "search"`},
		{"frequency --from yesterday", exitFailure, "from: yesterday is not a day such as 2026-01-31"},
	} {
		got := dorado(t, "", append([]string{"explain", "--config", file}, strings.Fields(test.args)...)...)
		if want := (ran{test.code, "", "dorado: " + test.want + "\n"}); got != want {
			t.Errorf("%s: got %+v, want %+v", test.args, got, want)
		}
	}
}
