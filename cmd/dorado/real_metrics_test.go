package main

import (
	"fmt"
	"math"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"dorado/collectors/replay"
)

// TestRealMetrics compares every number of the oracle's metrics.csv that is a
// metric with ours, for three real repositories. Each repository is nine services
// that differ in their options only:
//
//	oracle's metric                        here
//	…_lead_author_s_…, …_lead_committer_…  change_lead_time: {start: authored}, {start: committed}
//	…_B (since the nearest ancestor tag)   change_lead_time: {base: ancestor}
//	…_C (first shipped)                    change_lead_time: {base: previous}
//	…_nonmerge                             change_lead_time: {merge_commits: false}, else true
//	all of them                            change_lead_time: {squash: squash_commit}
//	deployments, deployments_per_…         deployments: [{kind: release, tag: 'v?\d'}]
//	deployments_final, …_final             deployments: [{kind: release, tag: 'v?\d+\.\d+(\.\d+)?$'}], without prereleases
//	deployment_days, weeks_…, …per_week…   metrics.deployment_frequency by week
//	prs_merged, prs_merged_…               core.pull_requests.merge_method
//	…_pr_merge_to_deploy_s                 core.pull_request_deployments, from merged_at
//	…_pr_first_commit_to_…_s               the same, from core.pull_requests.first_commit_at
//	reverts_escaped                        core.reverts (TestRealHistories compares the tags of each)
//
// The median is of periods of which the deployment is the first in its series
// left out on both sides: what it replaced is not known.
//
// Not compared, because they are facts about git and no metrics:
// commits_default_branch, merge_commits_default_branch,
// deployments_off_default_branch, and reverts, which counts those of what was
// never deployed.
//
// What differs: litestream's v0.3.8 and v0.3.8-beta0 are the same commit. The
// oracle leaves tags of the same commit out as a base and so counts its two
// commits for both; here the second is a re-deploy and brings nothing. So all
// variants B of litestream that cover March 2022 stand on two changes less.
func TestRealMetrics(t *testing.T) {
	t.Parallel()
	folder := replay.Folder(t)
	base, collected := collectedReal(t)
	config := writeConfig(t, realOptions(base))
	copyWarehouse(t, collected, config)
	runDorado(t, "run", "--config", config)
	ours := realNumbers(t, config)
	differs := regexp.MustCompile(`^litestream (median|p90)_lead_\w+_s_B(_nonmerge)? (all|2022-03)$`)
	for _, repository := range realRepositories {
		name := filepath.Base(repository)
		compared, different := 0, 0
		for _, metric := range oracle(t, folder, repository, "metrics.csv") {
			if metric["component"] != "" || isGitFact(metric["metric"]) {
				continue
			}
			key := strings.Join([]string{name, metric["metric"], metric["period"]}, " ")
			got, isKnown := ours[key]
			isSame := isKnown && nearly(t, got.value, metric["value"]) && (metric["n"] == "" || got.n == metric["n"])
			switch {
			case isSame:
				compared++
			case differs.MatchString(key) && isKnown && atoi(t, got.n) == atoi(t, metric["n"])-2:
				different++
			default:
				t.Errorf("%s is %s (n %s); the oracle says %s (n %s)", key, got.value, got.n, metric["value"], metric["n"])
			}
		}
		t.Logf("%s: %d numbers are the same, %d differ as said above", name, compared, different)
		if compared < 100 || (different > 0) != (name == "litestream") {
			t.Errorf("%s: %d numbers were compared and %d differ", name, compared, different)
		}
	}
}

// isGitFact reports whether the oracle's metric is none.
func isGitFact(metric string) bool {
	return strings.HasSuffix(metric, "_default_branch") || metric == "reverts"
}

// realOptions returns a configuration with a service for each set of options.
func realOptions(base string) string {
	var text strings.Builder
	fmt.Fprintf(&text, "github:\n  base_url: %s/api/v3\n  repositories: [%s]\nservices:\n", base, strings.Join(realRepositories, ", "))
	for _, repository := range realRepositories {
		name := filepath.Base(repository)
		for suffix, options := range map[string]string{
			"author_s_B":             "start: authored, base: ancestor, merge_commits: true",
			"author_s_B_nonmerge":    "start: authored, base: ancestor, merge_commits: false",
			"author_s_C":             "start: authored, base: previous, merge_commits: true",
			"author_s_C_nonmerge":    "start: authored, base: previous, merge_commits: false",
			"committer_s_B":          "start: committed, base: ancestor, merge_commits: true",
			"committer_s_B_nonmerge": "start: committed, base: ancestor, merge_commits: false",
			"committer_s_C":          "start: committed, base: previous, merge_commits: true",
			"committer_s_C_nonmerge": "start: committed, base: previous, merge_commits: false",
		} {
			fmt.Fprintf(&text, "  - {name: '%s lead_%s', repositories: [%s], deployments: [{kind: release, tag: 'v?\\d'}], definitions: {change_lead_time: {squash: squash_commit, %s}}}\n",
				name, suffix, repository, options)
		}
		fmt.Fprintf(&text, "  - {name: '%s final', repositories: [%s], deployments: [{kind: release, tag: 'v?\\d+\\.\\d+(\\.\\d+)?$'}]}\n", name, repository)
	}
	return text.String()
}

// A realNumber is a number with n, as texts.
type realNumber struct{ value, n string }

// allTime is a range that covers all that is known.
const allTime = "timestamp '2010-01-01', timestamp '2030-01-01'"

// realNumbers returns our numbers by "repository metric period", as the oracle
// calls them.
func realNumbers(t *testing.T, config string) map[string]realNumber {
	t.Helper()
	numbers := map[string]realNumber{}
	for _, grain := range []string{"month", "total"} {
		for _, row := range query(t, config, fmt.Sprintf(`
			select split_part(dimension, ' ', 1), split_part(dimension, ' ', 2), strftime(period_start, '%%Y-%%m'), median_seconds, p90_seconds, changes
			from metrics.change_lead_time(%s, grain := '%s', by_dimension := 'service')`, allTime, grain)) {
			period := row[2]
			if grain == "total" {
				period = "all"
			}
			numbers[row[0]+" median_"+row[1]+" "+period] = realNumber{row[3], row[5]}
			numbers[row[0]+" p90_"+row[1]+" "+period] = realNumber{row[4], row[5]}
		}
	}
	addFrequencies(t, config, numbers)
	addPullRequests(t, config, numbers)
	return numbers
}

// addFrequencies adds the counts of deployments.
func addFrequencies(t *testing.T, config string, numbers map[string]realNumber) {
	t.Helper()
	for _, row := range query(t, config, fmt.Sprintf(`
		with monthly as (
			select
				split_part(dimension, ' ', 1) as repository,
				if(ends_with(dimension, ' final'), '_final', '') as kind,
				strftime(period_start, '%%Y-%%m') as month,
				deployments,
				deployment_days
			from metrics.deployment_frequency(%[1]s, grain := 'month', by_dimension := 'service')
			where ends_with(dimension, ' final') or ends_with(dimension, ' lead_author_s_C')
		),
		weekly as (
			select
				split_part(dimension, ' ', 1) as repository,
				deployments,
				row_number() over (partition by dimension order by period_start desc) as age,
				min(if(deployments > 0, row_number, null)) over (partition by dimension) as last_age
			from (
				select *, row_number() over (partition by dimension order by period_start desc) as row_number
				from metrics.deployment_frequency(%[1]s, grain := 'week', by_dimension := 'service')
				where ends_with(dimension, ' lead_author_s_C')
			)
		)
		select repository || ' deployments_per_month' || kind || ' ' || month, deployments from monthly where deployments > 0
		union all
		select repository || ' deployments_per_year' || kind || ' ' || month[:4], sum(deployments) from monthly group by all
		union all
		select repository || ' deployments' || kind || ' all', sum(deployments) from monthly group by repository, kind
		union all
		select repository || ' deployment_days all', sum(deployment_days) from monthly where kind = '' group by repository
		union all
		select repository || ' weeks_spanned all', count(*) from weekly where age >= last_age group by repository
		union all
		select repository || ' weeks_with_deployment all', count(*) from weekly where deployments > 0 group by repository
		union all
		select repository || ' median_deployments_per_week_incl_zero all', median(deployments) from weekly where age >= last_age group by repository`, allTime)) {
		numbers[row[0]] = realNumber{value: row[1]}
	}
}

// addPullRequests adds the numbers of pull requests. As in lead times, what the
// first deployment of a series carries has no time to it.
func addPullRequests(t *testing.T, config string, numbers map[string]realNumber) {
	t.Helper()
	for _, row := range query(t, config, `
		with timed as (
			select
				split_part(merged.service_id, ' ', 1) as repository,
				pull_requests.merge_method,
				if(shipped.is_baseline, null, date_diff('second', merged.merged_at, merged.deployed_at)) as merge_to_deploy,
				if(shipped.is_baseline, null, date_diff('second', pull_requests.first_commit_at, merged.deployed_at)) as first_commit_to_deploy,
				date_diff('second', pull_requests.first_commit_at, merged.merged_at) as first_commit_to_merge
			from core.pull_request_deployments as merged
			join core.pull_requests as pull_requests on merged.pull_request_id = pull_requests.pull_request_id
			left join core.commits as commits on pull_requests.repository = commits.repository and pull_requests.merge_commit_sha = commits.sha
			left join core.deployments as deployments on merged.deployment_id = deployments.deployment_id
			left join core.shipped_commits as shipped
				on deployments.deployment_number = shipped.deployment_number and commits.commit_id = shipped.commit_id
			where merged.service_id like '% lead_author_s_C'
		),
		stages as (
			unpivot (select repository, merge_to_deploy, first_commit_to_deploy, first_commit_to_merge from timed)
			on merge_to_deploy, first_commit_to_deploy, first_commit_to_merge into name stage value seconds
		)
		select repository || ' median_pr_' || stage || '_s all', quantile_cont(seconds, 0.5), count(*) from stages group by repository, stage
		union all
		select repository || ' p90_pr_' || stage || '_s all', quantile_cont(seconds, 0.9), count(*) from stages group by repository, stage
		union all
		select repository || ' prs_merged all', count(*), null from timed group by repository
		union all
		select repository || ' prs_merged_' || if(merge_method = 'merge', 'merge_commit', merge_method) || ' all', count(*), null
		from timed group by repository, merge_method
		union all
		select split_part(deployments.service_id, ' ', 1) || ' reverts_escaped all', count(*), null
		from core.reverts as reverts
		join core.deployments as deployments on reverts.deployment_number = deployments.deployment_number
		where deployments.service_id like '% lead_author_s_C'
		group by deployments.service_id`) {
		numbers[row[0]] = realNumber{row[1], row[2]}
	}
	for _, repository := range realRepositories {
		key := filepath.Base(repository) + " reverts_escaped all"
		if _, isKnown := numbers[key]; !isKnown {
			numbers[key] = realNumber{value: "0"} // none was found
		}
	}
}

// nearly reports whether two texts are the same number but for the last digits
// of an interpolation.
func nearly(t *testing.T, got, want string) bool {
	t.Helper()
	if got == "" || want == "" {
		return got == want
	}
	a, errA := strconv.ParseFloat(got, 64)
	b, errB := strconv.ParseFloat(want, 64)
	if errA != nil || errB != nil {
		t.Fatal(errA, errB)
	}
	return math.Abs(a-b) <= 1e-9*math.Max(1, math.Abs(b))
}

func atoi(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
