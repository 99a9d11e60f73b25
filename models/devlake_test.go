package models

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
)

// The tests of this file hold our models against the inputs and outputs of
// another product's tests, those of Apache DevLake's DORA calculators. They read
// them in place, and are skipped where they are not: they are others' data.
// testdata/devlake.yaml says what options and rules can say of its definitions:
//
//	expected output of the peer's                             rows  reproduced by
//	cicd_deployment_commits_after (what each replaces)          16  core.deployment_lineage
//	project_incident_deployment_relationships                    6  core.incident_deployments
//	project_pr_metrics (stages of pull requests)                 6  core.pull_request_stages and peerStages
//	cicd_deployment_commits (pipelines that are deployments)     6  core.deployments
//
// No option says what a stage of a pull request is: the peer's differ from ours in
// what a review is and where a stage ends, which the query peerStages adds.
//
// Our own numbers differ from the peer's in these rows, each of which is asserted:
//
//	row                    peer            ours          because
//	5 of the 6 incidents   a deployment    none          they were opened a month and more after it: outside the window of a day
//	pr0                    44640 min       no lead time  it is not deployed; the peer's ends with the merge
//	pr2 coding, pickup     none, 1 min     none, 2 s     seconds are not rounded up to minutes
//	pr2 lead time          1598 min        158 min       its first commit was written after it was opened: here that starts the clock
//	                                                     (start: first_commit), the peer then starts when it was opened
//	pr3 pickup             none            0 s           commented on before it was opened: nobody waited
//	pr3 review             5760 min        259200 s      it begins when there was something to review, not with that comment
//	pr3 lead time          10203 min       8799 min      deployed before it was merged: it ends with the deployment, the peer's with the merge
//	pr4 pickup             1500 min        none          commented on after the merge: that is no review
//	pr4 lead time          11764 min       no lead time  like pr0
//	pr5 pickup, review     none, 313068    0 s, 3600 s   like pr3
//	pr5 lead time          13204 min       no lead time  like pr0
//	pipeline 457475337     failure         success       the job that deploys is over, whatever else its pipeline will do
//	pipeline 485877118     failure         success       the jobs that deploy succeeded, others of the pipeline did not
//	pipeline 485932864     left out        cancelled     skipped; it is kept and counts for nothing

// peerTable reads one table of the peer's, each row by column.
func peerTable(t *testing.T, name string) (rows []map[string]string) {
	t.Helper()
	folder := os.Getenv("DORADO_REAL_DATA")
	if folder == "" {
		folder = filepath.Join("..", "..", "shared", "real")
	}
	file, err := os.Open(filepath.Join(folder, "devlake-dora", name))
	if os.IsNotExist(err) {
		t.Skipf("no devlake-dora at %s: set DORADO_REAL_DATA to the folder that holds it", folder)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	records, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, record := range records[1:] {
		row := map[string]string{}
		for i, column := range records[0] {
			row[column] = record[i]
		}
		rows = append(rows, row)
	}
	return rows
}

// peerTime reads an instant as the peer writes it.
func peerTime(t *testing.T, text string) (at time.Time) {
	t.Helper()
	for _, layout := range []string{"2006-01-02T15:04:05.000-07:00", "2006-1-2 15:04:05"} {
		if read, err := time.Parse(layout, text); err == nil {
			return read
		}
	}
	if text != "" {
		t.Fatalf("%q is not a time", text)
	}
	return at
}

// peerDeployments stores the peer's deployments as such of the service that
// service gives for a row. The peer numbers its rows; so do we.
func peerDeployments(t *testing.T, rows rawRows, deployments []map[string]string, service func(map[string]string) string) {
	t.Helper()
	for _, row := range deployments {
		rows.add("ingested_deployments (id, service, repository, environment, status, sha, version, started_at, finished_at)",
			row["id"], service(row), row["repo_url"], row["environment"], strings.ToLower(row["result"]), row["commit_sha"], row["cicd_deployment_id"],
			peerTime(t, row["started_date"]), peerTime(t, row["finished_date"]))
	}
}

// peerSettings are the settings that testdata/devlake.yaml says. (That dorado takes
// the file as a whole is for a test of its own.)
func peerSettings(t *testing.T) Settings {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "devlake.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var config struct {
		Services    []Service      `yaml:"services"`
		Incidents   []IncidentRule `yaml:"incidents"`
		Definitions Definitions    `yaml:"definitions"`
	}
	if err := yaml.Unmarshal(text, &config); err != nil {
		t.Fatal(err)
	}
	return Settings{
		AsOf: time.Date(2023, 6, 1, 0, 0, 0, 0, time.UTC), TimeZone: "UTC",
		Services: config.Services, Incidents: config.Incidents, Definitions: config.Definitions,
	}
}

// wantRows compares rows, one a line.
func wantRows(t *testing.T, got [][]string, want []string) {
	t.Helper()
	lines := strings.Split(table(got), "\n")
	if strings.Join(lines, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
	t.Logf("%d rows compared", len(want))
}

// TestPeerPreviousDeployments compares the deployment that each of 16 replaces.
// The peer's series are those of a scope, a repository and an environment; a scope
// is a service here. The peer says so of successful ones only, and orders them by
// the time they finished, as we do.
func TestPeerPreviousDeployments(t *testing.T) {
	deployments := peerTable(t, "prev_success_deployment_commit/cicd_deployment_commits_before.csv")
	rows := rawRows{}
	peerDeployments(t, rows, deployments, func(row map[string]string) string { return row["cicd_scope_id"] })
	db := builtFrom(t, peerSettings(t), rows)
	got := texts(t, db, `
		select split_part(deployments.deployment_id, ':', 2) as id, split_part(previous.deployment_id, ':', 2)
		from core.deployments as deployments
		left join core.deployment_lineage as lineage
			on deployments.deployment_number = lineage.deployment_number
			and deployments.status = 'success'
		left join core.deployments as previous on lineage.previous_success_number = previous.deployment_number
		order by id`)
	var want []string
	for _, row := range peerTable(t, "prev_success_deployment_commit/cicd_deployment_commits_after.csv") {
		want = append(want, row["id"]+","+row["prev_success_deployment_commit_id"])
	}
	wantRows(t, got, want)
}

// TestPeerIncidents compares the deployment that each incident is attributed to.
// The peer attributes within a project, and without a window: a project is a
// service here, an incident of none of its scopes belongs to none.
func TestPeerIncidents(t *testing.T) {
	rows := rawRows{}
	project := map[string]string{}
	for _, row := range peerTable(t, "connect_incident_to_deployment/raw_tables/project_mapping.csv") {
		project[row["table"]+" "+row["row_id"]] = row["project_name"]
	}
	deployments := peerTable(t, "connect_incident_to_deployment/prev_success_deployment_commit/cicd_deployment_commits_after.csv")
	peerDeployments(t, rows, deployments, func(row map[string]string) string { return project["cicd_scopes "+row["cicd_scope_id"]] })
	for _, row := range peerTable(t, "connect_incident_to_deployment/raw_tables/incidents.csv") {
		rows.add("ingested_incidents (id, service, title, urgency, triggered_at)",
			row["id"], project[row["table"]+" "+row["scope_id"]], "incident", "low", peerTime(t, row["created_date"]))
	}
	db := builtFrom(t, peerSettings(t), rows)
	got := texts(t, db, `
		select substr(incidents.incident_id, length('ingested:') + 1) as id, incidents.service_id, deployments.version
		from core.incident_deployments as incidents_deployments
		join core.incidents as incidents on incidents_deployments.incident_id = incidents.incident_id
		join core.deployments as deployments on incidents_deployments.deployment_id = deployments.deployment_id
		where incidents_deployments.is_chosen
		order by id`)
	var want []string
	for _, row := range peerTable(t, "connect_incident_to_deployment/snapshot_tables/project_incident_deployment_relationships.csv") {
		want = append(want, row["id"]+","+row["project_name"]+","+row["deployment_id"])
	}
	wantRows(t, got, want)
	// With a window of a day, as we have it by default, one remains: the others were
	// opened a month and more after the last deployment.
	settings := peerSettings(t)
	delete(settings.Definitions, "attribution")
	got = texts(t, builtFrom(t, settings, rows), "select incident_id from core.incident_deployments where is_chosen")
	wantRows(t, got, []string{"ingested:github:GithubIssue:1:1373792478"})
}

// peerStages are the stages of pull requests as the peer defines them, in minutes
// rounded up. A comment is a review, whenever it was made; pickup is not known
// where it came before the pull request, nor review where it came after the merge.
// What is not deployed after its merge ends with the merge.
const peerStages = `
with reviews as (
	select pull_requests.number, min(reviews.submitted_at) as first_review_at
	from core.pull_requests as pull_requests
	join staging.github_reviews as reviews on pull_requests.number = reviews.number
	where reviews.reviewer is distinct from pull_requests.author
	group by pull_requests.number
),
instants as (
	select stages.*, pull_requests.created_at, reviews.first_review_at as reviewed_at,
		case when stages.deployed_at >= stages.merged_at then stages.deployed_at end as released_at
	from core.pull_request_stages as stages
	join core.pull_requests as pull_requests on stages.number = pull_requests.number
	left join reviews on stages.number = reviews.number
)
select
	'pr' || number as id,
	ceil(coding_seconds / 60) as coding,
	case when reviewed_at >= created_at then ceil(date_diff('second', created_at, reviewed_at) / 60) end as pickup,
	case when reviewed_at <= merged_at then ceil(date_diff('second', reviewed_at, merged_at) / 60) end as review,
	split_part(deployment_id, ':', 2) as deployment,
	ceil(date_diff('second', merged_at, released_at) / 60) as deploy,
	ceil(date_diff('second', coalesce(first_commit_at, created_at), coalesce(released_at, merged_at)) / 60) as cycle
from instants
order by id`

// TestPeerPullRequests compares the stages of six merged pull requests.
func TestPeerPullRequests(t *testing.T) {
	rows := rawRows{}
	peerPullRequests(t, rows)
	db := builtFrom(t, peerSettings(t), rows)
	var want []string
	for _, row := range peerTable(t, "change_lead_time/project_pr_metrics.csv") {
		want = append(want, strings.Join([]string{
			row["id"], row["pr_coding_time"], row["pr_pickup_time"], row["pr_review_time"],
			row["deployment_commit_id"], row["pr_deploy_time"], row["pr_cycle_time"],
		}, ","))
	}
	wantRows(t, texts(t, db, peerStages), want)
	// The lead times, by the options alone: of what was deployed, in minutes rounded up.
	wantRows(t, texts(t, db, `
		select record, ceil(value_seconds / 60)
		from metrics.explain_change_lead_time(timestamp '2020-01-01', timestamp '2023-06-01')
		where is_counted
		order by record`), []string{
		"pr_merge_commit1,4478", // as the peer's
		"pr_merge_commit2,158",  // from its first commit, though that was written after it was opened
		"pr_merge_commit3,8799", // to its deployment, though that was before the merge
	})
	// Our own stages, in seconds: coding, pickup, review, merge, deploy, total.
	wantRows(t, texts(t, db, `
		select 'pr' || number, coding_seconds, pickup_seconds, review_seconds, merge_seconds, deploy_seconds, total_seconds
		from core.pull_request_stages order by number`), []string{
		// Nobody reviewed it: until the merge it waited for that. It is not deployed, and has no total.
		"pr0,86400,,,2592000,,",
		// A comment is no approval, so that review lasts until the merge. The same as the peer's.
		"pr1,86400,300,3300,,178647,268647",
		// Its commits were written after it was opened: no coding for both; two seconds of pickup are two.
		"pr2,,2,3598,,92247,95847",
		// Commented on before it was opened: nobody waited, and review begins when there was something to
		// review; the peer leaves pickup open and lets review begin before. It was deployed before it was
		// merged: the total is to the deployment, the peer's to the merge.
		"pr3,352924,0,259200,,,527927",
		// Commented on after the merge: that is no review; the peer counts it as pickup.
		"pr4,702194,,,3600,,",
		// Commented on seven months before it was opened, like pr3.
		"pr5,788594,0,3600,,,",
	})
}

// peerPullRequests stores the peer's pull requests, with what their deployments ship.
func peerPullRequests(t *testing.T, rows rawRows) {
	t.Helper()
	const repository = "acme/project1"
	rows.add("github_repositories (id, full_name, archived)", 1, repository, false)
	peerDeployments(t, rows, peerTable(t, "change_lead_time/cicd_deployment_commits.csv"), func(row map[string]string) string {
		return map[string]string{"cicd1": "project1", "cicd2": "project1"}[row["cicd_scope_id"]]
	})
	number := func(id string) string { return strings.TrimPrefix(id, "pr") }
	merges := map[string]map[string]string{}
	for i, row := range peerTable(t, "change_lead_time/pull_requests.csv") {
		merges[row["merge_commit_sha"]] = row
		rows.add("github_pull_requests (id, repository, number, title, author_login, merge_commit_sha, created_at, closed_at, merged_at)",
			i+1, repository, number(row["id"]), row["id"], row["author_id"], row["merge_commit_sha"],
			peerTime(t, row["created_date"]), peerTime(t, row["merged_date"]), peerTime(t, row["merged_date"]))
	}
	for i, row := range peerTable(t, "change_lead_time/pull_request_commits.csv") {
		authored := peerTime(t, row["commit_authored_date"])
		rows.add("github_pull_request_commits (repository, number, sha, position, authored_at, committed_at, parent_count)",
			repository, number(row["pull_request_id"]), row["commit_sha"], i, authored, authored, 1)
	}
	for i, row := range peerTable(t, "change_lead_time/pull_request_comments.csv") {
		rows.add("github_reviews (id, repository, number, state, author_login, submitted_at)",
			i+1, repository, number(row["pull_request_id"]), "COMMENTED", row["account_id"], peerTime(t, row["created_date"]))
	}
	for _, row := range peerTable(t, "change_lead_time/commits_diffs.csv") {
		pull, ok := merges[row["commit_sha"]]
		if !ok || row["old_commit_sha"] == "" { // what a first deployment ships is not known to the peer either
			continue
		}
		rows.add("ingested_changes (deployment_id, sha, repository, pull_request_number, is_bot, is_merge, authored_at)",
			strings.TrimPrefix(row["new_commit_sha"], "commit"), row["commit_sha"], repository, number(pull["id"]), false, false, peerTime(t, pull["created_date"]))
	}
	if len(merges) != 7 {
		t.Fatalf("%d pull requests", len(merges))
	}
}

// TestPeerPipelines compares which pipelines are deployments. The peer has marked
// pipelines and jobs as such by patterns of their names; here the mark is the
// name, and the rules ask for it.
func TestPeerPipelines(t *testing.T) {
	const repository = "acme/project1"
	rows := rawRows{}
	rows.add("github_repositories (id, full_name, archived)", 1, repository, false)
	last := func(id string) string { return id[strings.LastIndex(id, ":")+1:] }
	name := func(row map[string]string) string {
		if row["type"] == "" {
			return "build"
		}
		return strings.ToLower(row["type"])
	}
	shas := map[string]string{}
	for _, row := range peerTable(t, "deployment_generator/cicd_pipeline_commits.csv") {
		shas[last(row["pipeline_id"])] = row["commit_sha"]
	}
	state := func(row map[string]string) (status string, conclusion any) {
		if row["status"] != "DONE" {
			return "in_progress", nil
		}
		return "completed", strings.ToLower(row["result"])
	}
	for i, row := range peerTable(t, "deployment_generator/cicd_pipelines.csv") {
		status, conclusion := state(row)
		created := peerTime(t, row["created_date"])
		rows.add("github_workflow_runs (id, run_attempt, repository, name, path, run_number, event, head_sha, status, conclusion, created_at, run_started_at, updated_at)",
			last(row["id"]), 1, repository, name(row), ".github/workflows/ci.yml", i+1, "push", shas[last(row["id"])], status, conclusion,
			created, created, peerTime(t, row["finished_date"]))
	}
	for _, row := range peerTable(t, "deployment_generator/cicd_tasks.csv") {
		status, conclusion := state(row)
		rows.add("github_workflow_jobs (id, run_id, run_attempt, repository, name, status, conclusion, created_at, started_at, completed_at)",
			last(row["id"]), last(row["pipeline_id"]), 1, repository, name(row), status, conclusion,
			peerTime(t, row["started_date"]), peerTime(t, row["started_date"]), peerTime(t, row["finished_date"]))
	}
	db := builtFrom(t, peerSettings(t), rows)
	got := texts(t, db, `
		select regexp_extract(deployment_id, ':([0-9]+)', 1) as id, sha
		from core.deployments
		where is_production and status <> 'cancelled'
		order by id`)
	var want []string
	peers := map[string]string{}
	for _, row := range peerTable(t, "deployment_generator/cicd_deployment_commits.csv") {
		peers[last(row["cicd_deployment_id"])] = row["result"]
		want = append(want, last(row["cicd_deployment_id"])+","+row["commit_sha"])
	}
	wantRows(t, got, want)
	// Our own results beside the peer's. It takes that of the pipeline for all; it leaves out what
	// was skipped, which is kept here as cancelled and counts for nothing.
	results := texts(t, db, `
		select regexp_extract(deployment_id, ':([0-9]+)', 1) as id, status
		from core.deployments where is_production order by id`)
	for i, row := range results {
		results[i] = append(row, peers[row[0]])
	}
	wantRows(t, results, []string{
		"457475337,success,FAILURE", // the job that deploys succeeded, whatever else the pipeline, which is not over, will do
		"485811050,failure,FAILURE",
		"485813816,failure,FAILURE",
		"485814501,failure,FAILURE",
		"485877118,success,FAILURE", // the jobs that deploy succeeded, others of the pipeline did not
		"485932863,success,SUCCESS",
		"485932864,cancelled,", // skipped; 485932865, of which only the job that deploys was, is no deployment
	})
}
