package main

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"dorado/collectors/simulator"
)

// seedsVariable says how many seeds TestSimulatedSeeds tries.
const seedsVariable = "DORADO_SEEDS"

// TestSimulatedSeeds compares every published number with the truth of organisations
// of several seeds. Each is collected in two steps, over a connection with faults.
func TestSimulatedSeeds(t *testing.T) {
	t.Parallel()
	seeds := 3
	if text := os.Getenv(seedsVariable); text != "" {
		var err error
		if seeds, err = strconv.Atoi(text); err != nil {
			t.Fatalf("%s is %q, want a number", seedsVariable, text)
		}
	}
	for seed := range uint64(seeds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			organization := simulator.New(simulator.Options{Seed: seed, Services: 6 + 6*int(seed%2), Days: 45})
			s, stop := newSimulated(t, organization, t.TempDir())
			defer stop()
			s.serve(simulator.ServerOptions{Faults: simulator.Faults{Seed: seed, FailRate: 0.01, TruncateRate: 0.01}})
			middle := organization.Start.Add(23*24*time.Hour + 5*time.Hour)
			s.now.Store(&middle)
			runDorado(t, "collect", "--config", s.config)
			s.now.Store(&organization.End)
			runDorado(t, "collect", "--config", s.config)
			runDorado(t, "build", "--config", s.config, "--as-of", organization.End.Format(time.RFC3339))
			compareWithTruth(t, s.config, organization)
		})
	}
}

// TestSimulatedMeasures does the same with the organisation that other tests share.
func TestSimulatedMeasures(t *testing.T) {
	t.Parallel()
	s, _ := collectedSimulated(t)
	compareWithTruth(t, s.config, s.organization)
}

// compareWithTruth compares what became of every deployment and pull request, and
// the metrics of every service in periods of each length, with the truth.
func compareWithTruth(t *testing.T, config string, organization *simulator.Organization) {
	t.Helper()
	truth := organization.Truth()
	sameLines(t, "outcomes", trueOutcomes(truth), query(t, config, outcomesQuery))
	sameLines(t, "pull requests", trueStages(truth), query(t, config, stagesQuery))
	// The days that are known begin with the first deployment or incident.
	from := truth.Outcomes()[0].FinishedAt
	if len(truth.Incidents) > 0 && truth.Incidents[0].TriggeredAt.Before(from) {
		from = truth.Incidents[0].TriggeredAt
	}
	from = from.Truncate(24 * time.Hour)
	for _, grain := range []string{"day", "week", "month", "total"} {
		sql := fmt.Sprintf(measuresQuery, from.Format(time.DateOnly), organization.End.Format(time.DateOnly), grain)
		sameLines(t, "measures by "+grain, trueMeasures(truth.Measures(from, organization.End, grain)), query(t, config, sql))
	}
}

// sameLines compares what is true with the rows of an answer.
func sameLines(t *testing.T, what string, want []string, rows [][]string) {
	t.Helper()
	var got []string
	for _, row := range rows {
		got = append(got, strings.Join(row, " "))
	}
	slices.Sort(want)
	slices.Sort(got)
	if len(want) < 10 {
		t.Errorf("there are only %d %s", len(want), what)
	}
	if missing, extra := lacking(want, got), lacking(got, want); len(missing)+len(extra) > 0 {
		t.Errorf("%s: %d are missing and %d are too many of %d:\nwant %s\ngot  %s", what, len(missing), len(extra), len(want),
			strings.Join(missing[:min(8, len(missing))], "\n     "), strings.Join(extra[:min(8, len(extra))], "\n     "))
	}
}

// trueOutcomes writes outcomes as outcomesQuery gives them.
func trueOutcomes(truth simulator.Truth) (lines []string) {
	for _, one := range truth.Outcomes() {
		recovery := ""
		if one.RecoveredAt != nil {
			recovery = fmt.Sprint(int64(one.RecoveredAt.Sub(one.FinishedAt) / time.Second))
		}
		lines = append(lines, fmt.Sprintf("%s %s %d %s %t [%s] %s %s", one.Service, one.Environment, one.ID, one.FinishedAt.Format(time.DateTime),
			one.IsSuccess, strings.Join(one.Signals, " "), one.Rework, recovery))
	}
	return lines
}

const outcomesQuery = `
	select
		service_id, environment, split_part(deployment_id, ':', 2), strftime(finished_at, '%Y-%m-%d %H:%M:%S'), status = 'success',
		'[' || array_to_string(list_filter([
			case when is_failed_status then 'failed_status' end,
			case when is_hotfixed then 'hotfixed' end,
			case when has_incident then 'incident' end,
			case when is_reverted then 'reverted' end,
			case when is_rolled_back then 'rolled_back' end
		], lambda signal: signal is not null), ' ') || ']',
		rework_kind, recovery_seconds
	from core.deployment_outcomes`

// trueStages writes the stages of pull requests as stagesQuery gives them.
func trueStages(truth simulator.Truth) (lines []string) {
	for _, one := range truth.Stages() {
		line := fmt.Sprintf("%s %s #%d in %d", one.Service, one.Repository, one.Number, one.Deployment)
		for _, seconds := range []*int64{one.Coding, one.Pickup, one.Review, one.Merge, one.Deploy, one.Total} {
			if seconds == nil {
				line += " -"
				continue
			}
			line += fmt.Sprintf(" %d", *seconds)
		}
		lines = append(lines, line)
	}
	return lines
}

const stagesQuery = `
	select
		service_id || ' ' || repository || ' #' || number || ' in ' || coalesce(split_part(deployment_id, ':', 2), '0'),
		coalesce(cast(coding_seconds as varchar), '-'), coalesce(cast(pickup_seconds as varchar), '-'),
		coalesce(cast(review_seconds as varchar), '-'), coalesce(cast(merge_seconds as varchar), '-'),
		coalesce(cast(deploy_seconds as varchar), '-'), coalesce(cast(total_seconds as varchar), '-')
	from core.pull_request_stages`

// trueMeasures writes measures as measuresQuery gives them. It does not count what the
// median of a stage stands on, and has no stages in a period without pull requests.
func trueMeasures(measures []simulator.Measure) (lines []string) {
	type period struct {
		service string
		at      time.Time
	}
	merged := map[period]bool{}
	for _, one := range measures {
		if one.Metric == "pull_requests" && one.Count > 0 {
			merged[period{one.Service, one.Period}] = true
		}
	}
	for _, one := range measures {
		count, value := fmt.Sprint(one.Count), ""
		if one.Value != nil {
			value = fmt.Sprintf("%.6f", *one.Value)
		}
		switch one.Metric {
		case "coding", "pickup", "review", "merge", "deploy", "total", "pull_requests":
			if !merged[period{one.Service, one.Period}] {
				continue
			}
			if one.Metric == "pull_requests" {
				value = ""
			} else {
				count = ""
			}
		}
		lines = append(lines, strings.Join([]string{one.Service, one.Period.Format(time.DateOnly), one.Metric, count, value}, " "))
	}
	return lines
}

const measuresQuery = `
	with
	stages as (from metrics.pull_request_stages(timestamp '%[1]s', timestamp '%[2]s', grain := '%[3]s', by_dimension := 'service')),
	measures as (
		select dimension, period_start, metric, cast(n as varchar) as n, value
		from metrics.five_metrics(timestamp '%[1]s', timestamp '%[2]s', grain := '%[3]s', by_dimension := 'service')
		union all
		select dimension, period_start, 'time_to_restore', cast(incidents as varchar), median_seconds
		from metrics.time_to_restore(timestamp '%[1]s', timestamp '%[2]s', grain := '%[3]s', by_dimension := 'service')
		union all
		select dimension, period_start, 'time_to_acknowledge', cast(incidents as varchar), median_seconds
		from metrics.time_to_acknowledge(timestamp '%[1]s', timestamp '%[2]s', grain := '%[3]s', by_dimension := 'service')
		union all
		select dimension, period_start, 'pull_requests', cast(pull_requests as varchar), null from stages
		union all
		select dimension, period_start, unnest(['coding', 'pickup', 'review', 'merge', 'deploy', 'total']), '', unnest([
			median_coding_seconds, median_pickup_seconds, median_review_seconds, median_merge_seconds, median_deploy_seconds, median_total_seconds])
		from stages
	)
	select dimension, period_start, metric, n, coalesce(printf('%%.6f', value), '')
	from measures`
