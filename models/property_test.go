package models

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"dorado/sql"
	"dorado/warehouse"
)

func itoa(n int) string { return strconv.Itoa(n) }

func atoi(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		panic(err)
	}
	return n
}

// The random organisations live for some days around a change of the clocks.
var (
	propertyStart = time.Date(2026, 3, 20, 0, 0, 0, 0, time.UTC)
	propertyAsOf  = time.Date(2026, 4, 6, 12, 0, 0, 0, time.UTC)
)

// randomTime returns an instant within the days from start; full hours are
// frequent, so that many things happen at once.
func randomTime(random *rand.Rand, start time.Time, days int) time.Time {
	if random.IntN(2) == 0 {
		return start.Add(time.Duration(random.IntN(days*24)) * time.Hour)
	}
	return start.Add(time.Duration(random.IntN(days*86400)) * time.Second)
}

// randomOrganisation returns one service with a random history.
func randomOrganisation(seed uint64, team string) *refOrganisation {
	random := rand.New(rand.NewPCG(seed, 5))
	o := &refOrganisation{service: fmt.Sprintf("org%d/app", seed), team: team, options: map[string]string{}}
	for _, option := range Options() {
		o.options[option.Metric+"."+option.Name] = option.Default
		if option.Kind == Switch && random.IntN(4) == 0 {
			o.options[option.Metric+"."+option.Name] = strconv.FormatBool(option.Default != "true")
		}
	}
	pick := func(option string, values ...string) { o.options[option] = values[random.IntN(len(values))] }
	pick("change_lead_time.start", "authored", "authored", "committed", "committed", "first_commit", "opened", "ready", "merged")
	pick("change_lead_time.unit", "commit", "commit", "pull_request")
	pick("change_lead_time.squash", "pull_request_commits", "squash_commit")
	pick("change_fail_rate.minimum_confidence", "possible", "likely", "confirmed")
	pick("attribution.window_hours", "1", "24", "100")
	pick("change_lead_time.clock", "calendar", "calendar", "business")
	pick("pull_request_stages.clock", "calendar", "calendar", "business")
	delete(o.options, "attribution.dependencies")
	o.randomCommits(random)
	o.randomPulls(random)
	o.randomDeployments(random)
	o.randomIncidents(random)
	o.randomPaths(random)
	return o
}

// randomPaths lets some services own one folder of their repository, and says of most
// commits but merges what they touch.
func (o *refOrganisation) randomPaths(random *rand.Rand) {
	o.hasPaths = random.IntN(3) == 0
	for _, commit := range o.commits {
		if len(commit.parents) < 2 {
			commit.paths = [][]string{{"app/main.go"}, {"app/main.go", "docs/x.md"}, {"docs/x.md"}, {"application/main.go"}, nil}[random.IntN(5)]
		}
	}
}

// repository returns what the configuration says of its repository.
func (o *refOrganisation) repository() ServiceRepository {
	if o.hasPaths {
		return ServiceRepository{Name: o.service, Paths: []string{"app"}}
	}
	return ServiceRepository{Name: o.service}
}

// randomAuthor returns a login, now and then a bot's.
func randomAuthor(random *rand.Rand) string {
	return []string{"ana", "ana", "ben", "ben", "renovate[bot]"}[random.IntN(5)]
}

func randomSHA(random *rand.Rand) string {
	return fmt.Sprintf("%016x%016x%08x", random.Uint64(), random.Uint64(), random.Uint32())
}

// randomCommits makes a history with merges, reverts and wrong clocks.
func (o *refOrganisation) randomCommits(random *rand.Rand) {
	for i := range 4 + random.IntN(20) {
		commit := &refCommit{sha: randomSHA(random), message: fmt.Sprint("Change ", i), author: randomAuthor(random)}
		commit.authoredAt = randomTime(random, propertyStart, 8)
		commit.committedAt = commit.authoredAt.Add(time.Duration(random.IntN(48)) * time.Hour)
		if i > 0 {
			commit.parents = append(commit.parents, o.commits[i-1-random.IntN(min(i, 3))])
			if other := o.commits[random.IntN(i)]; random.IntN(5) == 0 && other != commit.parents[0] {
				commit.parents = append(commit.parents, other)
			}
			if random.IntN(2) == 0 {
				reverted := o.commits[max(0, i-1-random.IntN(6))]
				commit.message = fmt.Sprintf("Undo %d\n\nThis reverts commit %s.", i, reverted.sha)
			}
		}
		o.commits = append(o.commits, commit)
	}
}

// randomPulls makes some commits the merge of a pull request.
func (o *refOrganisation) randomPulls(random *rand.Rand) {
	for i, commit := range o.commits {
		if random.IntN(2) > 0 {
			continue
		}
		pull := &refPull{number: i + 1, title: fmt.Sprint("Feature ", random.IntN(3)), branch: "feature", merge: commit, mergedAt: commit.committedAt, author: randomAuthor(random)}
		pull.createdAt = pull.mergedAt.Add(-time.Duration(random.IntN(48)) * time.Hour)
		if hours := int(pull.mergedAt.Sub(pull.createdAt).Hours()); hours > 0 && random.IntN(3) == 0 {
			pull.readyAt = pull.createdAt.Add(time.Duration(random.IntN(hours)) * time.Hour)
		}
		for range random.IntN(4) {
			review := refReview{by: randomAuthor(random), isApproval: random.IntN(2) == 0}
			review.at = pull.createdAt.Add(time.Duration(random.IntN(50)) * time.Hour)
			pull.reviews = append(pull.reviews, review)
		}
		switch random.IntN(8) {
		case 0, 4, 5:
			pull.title = fmt.Sprintf(`Revert "Feature %d"`, random.IntN(3))
		case 1:
			pull.title = "Hotfix for " + pull.title
		case 2:
			pull.branch = "hotfix/now"
		case 3:
			pull.labels = []string{"bug", "Incident"}
		}
		if len(commit.parents) < 2 {
			for range random.IntN(3) {
				own := &refCommit{sha: randomSHA(random), message: "Work", author: randomAuthor(random)}
				own.authoredAt = randomTime(random, propertyStart, 8)
				own.committedAt = own.authoredAt.Add(time.Hour)
				pull.own = append(pull.own, own)
			}
		}
		o.pulls = append(o.pulls, pull)
	}
}

// randomDeployments deploys commits in any order, also such that nobody stored.
func (o *refOrganisation) randomDeployments(random *rand.Rand) {
	at := 0
	for i := range random.IntN(32) {
		d := &refDeployment{id: atoi(strings.TrimPrefix(strings.Split(o.service, "/")[0], "org"))*100 + i, environment: "production", ref: "main"}
		if random.IntN(6) == 0 {
			d.environment = "production-eu"
		}
		if random.IntN(10) == 0 {
			d.ref = "hotfix/urgent"
		}
		at = max(0, min(len(o.commits)-1, at+random.IntN(6)-1))
		d.commit = o.commits[at]
		if random.IntN(6) == 0 {
			d.commit = o.commits[random.IntN(len(o.commits))]
		}
		d.sha = d.commit.sha
		if random.IntN(15) == 0 {
			d.commit, d.sha = nil, randomSHA(random)
		}
		d.createdAt = randomTime(random, propertyStart.AddDate(0, 0, 3), 12)
		if random.IntN(3) > 0 {
			d.inProgressAt = d.createdAt.Add(time.Minute)
		}
		switch random.IntN(6) {
		case 0:
			d.failedAt = d.createdAt.Add(time.Duration(random.IntN(3)) * time.Hour)
		case 1: // not finished
		case 2:
			d.failedAt = d.createdAt.Add(time.Hour)
			d.succeededAt = d.createdAt.Add(2 * time.Hour)
		default:
			d.succeededAt = d.createdAt.Add(time.Duration(random.IntN(3)) * time.Hour)
		}
		o.deployments = append(o.deployments, d)
	}
}

// randomIncidents makes incidents, and people who know better.
func (o *refOrganisation) randomIncidents(random *rand.Rand) {
	name := strings.Split(o.service, "/")[0]
	for i := range random.IntN(8) {
		incident := &refIncident{id: fmt.Sprintf("%s-%d", name, i), title: "It is down", urgency: "high"}
		incident.triggeredAt = randomTime(random, propertyStart.AddDate(0, 0, 2), 14)
		if random.IntN(5) > 0 {
			incident.resolvedAt = incident.triggeredAt.Add(time.Duration(random.IntN(20)) * time.Hour)
			if incident.resolvedAt.After(propertyAsOf) {
				incident.resolvedAt = time.Time{}
			}
		}
		switch random.IntN(6) {
		case 0:
			incident.urgency = "low"
		case 1:
			incident.isMerged = true
		case 2:
			if len(o.deployments) > 0 {
				incident.title = "Since " + o.deployments[random.IntN(len(o.deployments))].sha[:7+random.IntN(33)] + " it is down"
			}
		}
		o.incidents = append(o.incidents, incident)
		if len(o.deployments) > 0 && random.IntN(4) == 0 {
			d := o.deployments[random.IntN(len(o.deployments))]
			action := []string{"confirm", "link", "reject"}[random.IntN(3)]
			o.overrides = append(o.overrides, Override{Action: action, Incident: "ingested:" + incident.id, Deployment: o.deploymentID(d), Who: "ana", Why: "seen"})
		}
		if random.IntN(10) == 0 {
			o.overrides = append(o.overrides, Override{Action: "exclude", Incident: "ingested:" + incident.id, Who: "ana", Why: "a drill"})
		}
	}
	for _, d := range o.deployments {
		if random.IntN(15) == 0 {
			action := []string{"failed", "not_failed", "exclude"}[random.IntN(3)]
			o.overrides = append(o.overrides, Override{Action: action, Deployment: o.deploymentID(d), Who: "ana", Why: "seen"})
		}
	}
}

// definitions returns the options as a configuration has them.
func (o *refOrganisation) definitions() Definitions {
	definitions := Definitions{}
	for name, value := range o.options {
		metric, option, _ := strings.Cut(name, ".")
		if definitions[metric] == nil {
			definitions[metric] = map[string]any{}
		}
		definitions[metric][option] = value
	}
	return definitions
}

// rawRows gathers rows for raw tables, as the VALUES of INSERTs.
type rawRows map[string][]string

func (r rawRows) add(table string, values ...any) {
	texts := make([]string, len(values))
	for i, value := range values {
		switch value := value.(type) {
		case nil:
			texts[i] = "null"
		case string:
			texts[i] = quote(value)
		case time.Time:
			texts[i] = "null"
			if !value.IsZero() {
				texts[i] = quote(value.UTC().Format("2006-01-02 15:04:05"))
			}
		default:
			texts[i] = fmt.Sprint(value)
		}
	}
	r[table] = append(r[table], "("+strings.Join(texts, ", ")+")")
}

// insert fills the raw tables of db.
func (r rawRows) insert(t *testing.T, db *warehouse.Database) {
	t.Helper()
	for table, values := range r {
		if err := db.Exec(context.Background(), fmt.Sprintf("insert into raw.%s values %s", table, strings.Join(values, ", "))); err != nil {
			t.Fatalf("%s: %.300s", table, err)
		}
	}
}

// store adds the organisation's records.
func (o *refOrganisation) store(rows rawRows, number int) {
	rows.add("github_repositories (id, full_name, default_branch, archived)", number, o.service, "main", false)
	for _, commit := range o.commits {
		rows.add("github_commits (repository, sha, message, author_login, authored_at, committed_at)", o.service, commit.sha, commit.message, commit.author, commit.authoredAt, commit.committedAt)
		for _, path := range commit.paths {
			rows.add("github_changed_files (repository, sha, path, status, additions, deletions)", o.service, commit.sha, path, "modified", 1, 1)
		}
		for i, parent := range commit.parents {
			rows.add("github_commit_parents (repository, sha, position, parent_sha)", o.service, commit.sha, i, parent.sha)
		}
	}
	for _, pull := range o.pulls {
		labels, err := json.Marshal(append([]string{}, pull.labels...))
		if err != nil {
			panic(err)
		}
		rows.add("github_pull_requests (id, repository, number, title, author_login, labels, head_ref, base_ref, merge_commit_sha, created_at, closed_at, merged_at)",
			number*1000+pull.number, o.service, pull.number, pull.title, pull.author, string(labels), pull.branch, "main", pull.merge.sha, pull.createdAt, pull.mergedAt, pull.mergedAt)
		if !pull.readyAt.IsZero() {
			rows.add("github_pull_request_events (repository, number, event, created_at)", o.service, pull.number, "ready_for_review", pull.readyAt)
		}
		for i, review := range pull.reviews {
			state := "COMMENTED"
			if review.isApproval {
				state = "APPROVED"
			}
			rows.add("github_reviews (id, repository, number, author_login, state, submitted_at)", (number*1000+pull.number)*10+i, o.service, pull.number, review.by, state, review.at)
		}
		for i, own := range pull.own {
			rows.add("github_pull_request_commits (repository, number, sha, position, message, author_login, parent_count, authored_at, committed_at)",
				o.service, pull.number, own.sha, i, own.message, own.author, 1, own.authoredAt, own.committedAt)
		}
	}
	for _, d := range o.deployments {
		rows.add("github_deployments (id, repository, sha, ref, environment, created_at)", d.id, o.service, d.sha, d.ref, d.environment, d.createdAt)
		for _, status := range []struct {
			state string
			at    time.Time
		}{{"in_progress", d.inProgressAt}, {"failure", d.failedAt}, {"success", d.succeededAt}} {
			if !status.at.IsZero() {
				rows.add("github_deployment_statuses (deployment_id, repository, state, created_at)", d.id, o.service, status.state, status.at)
			}
		}
	}
	for _, incident := range o.incidents {
		merged := any(nil)
		if incident.isMerged {
			merged = "another"
		}
		rows.add("ingested_incidents (id, service, title, urgency, triggered_at, resolved_at, merged_into_id)",
			incident.id, o.service, incident.title, incident.urgency, incident.triggeredAt, incident.resolvedAt, merged)
	}
}

// TestPropertyMetrics compares the metrics of random organisations with those
// that reference_test.go computes from the same histories. All live in one
// warehouse: each is a service with definitions of its own, ten are a team.
func TestPropertyMetrics(t *testing.T) {
	const organisations = 100
	for at, zoneName := range []string{"UTC", "Europe/Berlin"} {
		t.Run(strings.ReplaceAll(zoneName, "/", " "), func(t *testing.T) {
			zone, err := time.LoadLocation(zoneName)
			if err != nil {
				t.Fatal(err)
			}
			settings := Settings{AsOf: propertyAsOf, TimeZone: zoneName}
			rows := rawRows{}
			var all []*refOrganisation
			for i := range organisations {
				o := randomOrganisation(uint64(at*organisations+i+1), fmt.Sprint("team ", i/10))
				o.zone = zone
				o.store(rows, i+1)
				o.work()
				settings.Services = append(settings.Services, Service{Name: o.service, Team: o.team, Repositories: []ServiceRepository{o.repository()}, Definitions: o.definitions()})
				settings.Overrides = append(settings.Overrides, o.overrides...)
				all = append(all, o)
			}
			signals := map[string]int{}
			for _, o := range all {
				for _, d := range o.deployments {
					for name := range d.signals {
						signals[name]++
					}
				}
			}
			t.Logf("seeds %d to %d, deployments by signal: %v", at*organisations+1, (at+1)*organisations, signals)
			for _, name := range []string{"failed_status", "incident", "rolled_back", "hotfixed", "reverted", "marked"} {
				if signals[name] < 5 {
					t.Errorf("only %d deployments are %s", signals[name], name)
				}
			}
			db := builtFrom(t, settings, rows)
			for _, grain := range []string{"total", "week", "day"} {
				compareMetrics(t, db, all, zone, grain, "service")
			}
			compareMetrics(t, db, all, zone, "week", "team")
			compareMetrics(t, db, all, zone, "total", "none")
			compareStages(t, db, all, zone)
		})
	}
}

// builtFrom returns a database in which all models have been built from rows.
func builtFrom(t *testing.T, settings Settings, rows rawRows) *warehouse.Database {
	t.Helper()
	db := memory(t)
	rows.insert(t, db)
	models, err := Load(sql.Files)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Build(context.Background(), db, models, settings, func(int, int, string) {}); err != nil {
		t.Fatal(err)
	}
	return db
}

// compareMetrics compares every period of a range that begins and ends within a
// day.
func compareMetrics(t *testing.T, db *warehouse.Database, all []*refOrganisation, zone *time.Location, grain, by string) {
	t.Helper()
	from, to := time.Date(2026, 3, 24, 7, 0, 0, 0, zone), time.Date(2026, 4, 6, 10, 0, 0, 0, zone)
	query := fmt.Sprintf("select strftime(period_start, '%%Y-%%m-%%d'), strftime(period_end, '%%Y-%%m-%%d'), dimension, metric, value, n from metrics.five_metrics(timestamp '%s', timestamp '%s', grain := '%s', by_dimension := '%s')",
		from.UTC().Format(time.DateTime), to.UTC().Format(time.DateTime), grain, by)
	groups := map[string][]*refOrganisation{}
	for _, o := range all {
		group := map[string]string{"service": o.service, "team": o.team, "none": "all"}[by]
		groups[group] = append(groups[group], o)
	}
	values := map[string]map[string]refValue{}
	known, wrong := 0, 0
	for _, row := range texts(t, db, query) {
		key := row[0] + " " + row[2]
		if values[key] == nil {
			first, end := localDay(t, row[0], zone), localDay(t, row[1], zone)
			values[key] = refMetrics(groups[row[2]], zone, first, end.AddDate(0, 0, -1), from, to, propertyAsOf)
		}
		want := values[key][row[3]]
		if row[4] != "" {
			known++
		}
		if !isSame(t, row[4], want.value) || row[5] != itoa(want.n) {
			if wrong++; wrong <= 10 {
				t.Errorf("%s of %s, %s from %s: the models say %s (n %s), the reference %v (n %d)", row[3], row[2], grain, row[0], row[4], row[5], want.value, want.n)
			}
		}
	}
	t.Logf("by %s and %s: %d known values compared, %d wrong", by, grain, known, wrong)
	if known == 0 {
		t.Error("no value is known")
	}
}

// compareStages compares the stages of the pull requests of each service and day.
func compareStages(t *testing.T, db *warehouse.Database, all []*refOrganisation, zone *time.Location) {
	t.Helper()
	services := map[string]*refOrganisation{}
	for _, o := range all {
		services[o.service] = o
	}
	columns := "pull_requests, reviewed, deployed"
	for _, name := range refStageNames {
		columns += ", median_" + name + "_seconds"
	}
	rows, known, wrong := 0, 0, 0
	for _, row := range texts(t, db, "select service_id, strftime(day, '%Y-%m-%d'), "+columns+" from marts.pull_request_stages_daily") {
		o, day := services[row[0]], localDay(t, row[1], zone)
		merged, reviewed, deployed, times := 0, 0, 0, map[string][]float64{}
		for _, pull := range o.pulls {
			if o.isPullElsewhere(pull) || !dayOf(pull.mergedAt, zone).Equal(day) || isBot(pull.author) && !o.is("pull_request_stages.bots") {
				continue
			}
			seconds, isReviewed, isDeployed := o.stages(pull)
			merged++
			if isReviewed {
				reviewed++
			}
			if isDeployed {
				deployed++
			}
			for name, took := range seconds {
				times[name] = append(times[name], took)
			}
		}
		rows += merged
		isRight := row[2] == itoa(merged) && row[3] == itoa(reviewed) && row[4] == itoa(deployed)
		for i, name := range refStageNames {
			isRight = isRight && isSame(t, row[5+i], refMedian(times[name]))
			known += len(times[name])
		}
		if !isRight {
			if wrong++; wrong <= 10 {
				t.Errorf("stages of %s on %s: the models say %v, the reference %d, %d, %d, %v", row[0], row[1], row[2:], merged, reviewed, deployed, times)
			}
		}
	}
	pulls := 0
	for _, o := range all {
		for _, pull := range o.pulls {
			if !o.isPullElsewhere(pull) && (!isBot(pull.author) || o.is("pull_request_stages.bots")) {
				pulls++
			}
		}
	}
	t.Logf("stages of %d pull requests by day: %d known times compared, %d days wrong", rows, known, wrong)
	if rows != pulls || known == 0 {
		t.Errorf("%d pull requests of %d were compared", rows, pulls)
	}
}

func localDay(t *testing.T, text string, zone *time.Location) time.Time {
	t.Helper()
	day, err := time.ParseInLocation(time.DateOnly, text, zone)
	if err != nil {
		t.Fatal(err)
	}
	return day
}

// isSame compares a number as text, "" for NULL, with one that may be none.
func isSame(t *testing.T, got string, want float64) bool {
	t.Helper()
	if got == "" {
		return math.IsNaN(want)
	}
	number, err := strconv.ParseFloat(got, 64)
	if err != nil {
		t.Fatal(err)
	}
	return math.Abs(number-want) <= 1e-9*max(1, math.Abs(want))
}
