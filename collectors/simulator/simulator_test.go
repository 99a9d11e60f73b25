package simulator

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// hash returns what tells one organisation from another, its truth included.
func hash(t *testing.T, organization *Organization) string {
	t.Helper()
	content, err := json.Marshal(struct {
		Organization *Organization
		Truth        Truth
	}{organization, organization.Truth()})
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", sha256.Sum256(content))
}

func TestTheSameSeedGivesTheSameOrganization(t *testing.T) {
	options := Options{Seed: 1, Services: 6, Days: 60, End: time.Date(2026, time.March, 1, 0, 0, 0, 0, time.UTC)}
	first, second := hash(t, New(options)), hash(t, New(options))
	if first != second {
		t.Errorf("two organisations of the same seed differ")
	}
	const golden = "9cf1af2b19eff6ee4319402e5c0394f4e0f90c5dcaeb143eeb38206e27241cc1"
	if first != golden {
		t.Errorf("the organisation has changed: its hash is %s; if that is meant, write it into the test", first)
	}
	options.Seed = 2
	if hash(t, New(options)) == first {
		t.Errorf("two organisations of different seeds are the same")
	}
}

// TestTruthAgreesWithTheCommitGraph finds the changes of every deployment a
// second time, from the data alone: by walking the commit graph.
func TestTruthAgreesWithTheCommitGraph(t *testing.T) {
	for seed := range uint64(20) {
		organization := New(Options{Seed: seed, Days: 100})
		walked := walk(organization)
		var told []string
		counted := map[string]bool{}
		for _, shipment := range organization.Truth().Deployments {
			told = append(told, describe(shipment))
			for _, change := range shipment.Changes {
				key := strings.Join([]string{shipment.Service, shipment.Environment, shipment.Repository, change.SHA}, " ")
				if counted[key] {
					t.Errorf("seed %d: %s is counted twice", seed, key)
				}
				counted[key] = true
				if change.Seconds <= 0 {
					t.Errorf("seed %d: %s took %d seconds", seed, key, change.Seconds)
				}
			}
		}
		slices.Sort(told)
		slices.Sort(walked)
		if !slices.Equal(told, walked) {
			t.Errorf("seed %d: %d deployments told, %d walked; first that differ:\n%s", seed, len(told), len(walked), firstDifference(told, walked))
		}
		total := 0
		for _, day := range organization.Truth().Daily() {
			total += day.Deployments
		}
		if total != len(walked) {
			t.Errorf("seed %d: %d deployments counted by day, want %d", seed, total, len(walked))
		}
	}
}

// describe returns all that is said of a shipment.
func describe(shipment Shipment) string {
	slices.SortFunc(shipment.Changes, func(a, b Change) int { return strings.Compare(a.SHA, b.SHA) })
	return fmt.Sprintf("%s %s %s %d %s %s %v", shipment.Service, shipment.Environment, shipment.Repository, shipment.ID, shipment.Tag, shipment.FinishedAt, shipment.Changes)
}

// firstDifference returns the first lines at which two lists differ.
func firstDifference(a, b []string) string {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return a[i] + "\n" + b[i]
		}
	}
	return "one is longer"
}

// walk returns the shipments of an organisation, described, as the definitions
// find them: of each successful production deployment, by the time it finished,
// the commits that no earlier one reaches; in a repository of several services those
// that touch its paths, a squash as a whole.
func walk(organization *Organization) []string {
	var found []string
	for _, service := range organization.Services {
		at := slices.IndexFunc(organization.Repositories, func(one *Repository) bool { return one.FullName == service.Repositories[0] })
		indexed := newRepository(organization, organization.Repositories[at])
		isElsewhere := func(commit *Commit) bool {
			return len(service.Paths) > 0 && !slices.ContainsFunc(indexed.Records.Changed[commit.SHA], func(path string) bool {
				return slices.ContainsFunc(service.Paths, func(folder string) bool { return strings.HasPrefix(path, folder+"/") })
			})
		}
		squashed := map[string]*PullRequest{}
		for _, pull := range indexed.PullRequests {
			if pull.IsMerged() && indexed.MergeMethod == Squash {
				squashed[pull.MergeCommit] = pull
			}
		}
		for _, environment := range service.Environments {
			carried := map[string]bool{}
			for at, shipment := range successes(indexed.Repository, environment) {
				head := indexed.places[shipment.sha]
				var changes []Change
				for _, commit := range indexed.log(head) {
					if carried[commit.SHA] {
						continue
					}
					carried[commit.SHA] = true
					if isElsewhere(commit) {
						continue
					}
					originals := []*Commit{commit}
					if pull := squashed[commit.SHA]; pull != nil {
						originals = indexed.listed(pull, organization.End)
					}
					for _, original := range originals {
						if len(original.Parents) < 2 {
							changes = append(changes, Change{SHA: original.SHA, Seconds: int64(shipment.finishedAt.Sub(original.AuthoredAt) / time.Second)})
						}
					}
				}
				if at == 0 {
					changes = nil
				}
				found = append(found, describe(Shipment{Service: service.Name, Environment: environment, Repository: indexed.FullName,
					ID: shipment.id, Tag: shipment.tag, FinishedAt: shipment.finishedAt, Changes: changes}))
			}
		}
	}
	return found
}

// A success is a deployment or release that went to production.
type success struct {
	id         int64
	tag, sha   string
	finishedAt time.Time
}

// successes returns the successful deployments of an environment, or the
// releases where there is no deployment, by the time they finished.
func successes(one *Repository, environment string) []success {
	var found []success
	for _, deployment := range one.Deployments {
		for _, status := range deployment.Statuses {
			if deployment.Environment == environment && status.State == "success" {
				found = append(found, success{id: deployment.ID, sha: deployment.SHA, finishedAt: status.At})
			}
		}
	}
	for _, run := range one.Records.WorkflowRuns {
		if last := run.Attempts[len(run.Attempts)-1]; last.Conclusion == "success" {
			found = append(found, success{id: run.ID, sha: run.SHA, finishedAt: last.FinishedAt})
		}
	}
	tags := map[string]string{}
	for _, tag := range one.Tags {
		tags[tag.Name] = tag.SHA
	}
	for _, release := range one.Releases {
		if len(one.Deployments)+len(one.Records.WorkflowRuns) == 0 && !release.IsPrerelease {
			found = append(found, success{id: release.ID, tag: release.Tag, sha: tags[release.Tag], finishedAt: release.PublishedAt})
		}
	}
	slices.SortFunc(found, func(a, b success) int { return a.finishedAt.Compare(b.finishedAt) })
	return found
}

func TestHistoriesAreSound(t *testing.T) {
	for seed := range uint64(5) {
		organization := New(Options{Seed: seed})
		ids := map[int64]bool{}
		isNew := func(id int64) bool {
			isNew := !ids[id]
			ids[id] = true
			return isNew
		}
		for _, one := range organization.Repositories {
			sound(t, organization, one, isNew)
		}
	}
}

// sound checks one repository: everything is in order and before the end.
func sound(t *testing.T, organization *Organization, one *Repository, isNew func(id int64) bool) {
	t.Helper()
	committed := map[string]time.Time{}
	for _, commit := range one.Commits {
		if _, isKnown := committed[commit.SHA]; isKnown || len(commit.SHA) != 40 {
			t.Errorf("%s: commit %q twice, or no SHA", one.FullName, commit.SHA)
		}
		if commit.AuthoredAt.After(commit.CommittedAt) || !commit.CommittedAt.Before(organization.End) {
			t.Errorf("%s: commit %s written %s, committed %s", one.FullName, commit.SHA, commit.AuthoredAt, commit.CommittedAt)
		}
		for _, parent := range commit.Parents {
			if at, isKnown := committed[parent]; !isKnown || at.After(commit.CommittedAt) {
				t.Errorf("%s: commit %s has a parent %s that comes later or is not there", one.FullName, commit.SHA, parent)
			}
		}
		committed[commit.SHA] = commit.CommittedAt
	}
	for _, deployment := range one.Deployments {
		last := deployment.CreatedAt
		if committed[deployment.SHA].After(last) || committed[deployment.SHA].IsZero() || !isNew(deployment.ID) {
			t.Errorf("%s: deployment %d of a commit that is not there yet, or again", one.FullName, deployment.ID)
		}
		for _, status := range deployment.Statuses {
			if !status.At.After(last) || !status.At.Before(organization.End) || !isNew(status.ID) {
				t.Errorf("%s: deployment %d was %s at %s, after %s", one.FullName, deployment.ID, status.State, status.At, last)
			}
			last = status.At
		}
	}
	for _, pull := range one.PullRequests {
		if committed[pull.Commits[0]].After(pull.CreatedAt) || pull.ClosedAt != nil && !pull.ClosedAt.After(pull.CreatedAt) {
			t.Errorf("%s: pull request %d was opened at %s before its first commit, or closed before that", one.FullName, pull.Number, pull.CreatedAt)
		}
		if pull.IsMerged() && !committed[pull.MergeCommit].Equal(*pull.ClosedAt) {
			t.Errorf("%s: pull request %d was merged at %s by a commit of %s", one.FullName, pull.Number, *pull.ClosedAt, committed[pull.MergeCommit])
		}
	}
	for i, release := range one.Releases {
		if release.PublishedAt.Before(release.CreatedAt) || i > 0 && !release.PublishedAt.After(one.Releases[i-1].PublishedAt) {
			t.Errorf("%s: release %s was published at %s", one.FullName, release.Tag, release.PublishedAt)
		}
	}
}

// TestTheOddCasesHappen makes sure that the usual organisation has every case
// that numbers go wrong with.
func TestTheOddCasesHappen(t *testing.T) {
	seen := map[string]int{}
	organization := New(Options{Seed: 1})
	for _, one := range organization.Repositories {
		seen["merge method "+string(one.MergeMethod)]++
		if len(one.Commits) == 0 {
			seen["empty repository"]++
			continue
		}
		for _, commit := range one.Commits {
			if strings.Contains(commit.Message, "cherry picked from") {
				seen["cherry-pick"]++
			}
			if strings.HasPrefix(commit.Message, "Merge branch 'main' into") {
				seen["branch updated"]++
			}
			if commit.AuthoredAt.Before(commit.CommittedAt) {
				seen["amended"]++
			}
		}
		for _, pull := range one.PullRequests {
			switch {
			case pull.ClosedAt == nil:
				seen["open pull request"]++
			case !pull.IsMerged():
				seen["closed pull request"]++
			}
			if pull.Author == dependabot {
				seen["bot"]++
			}
			for _, comment := range pull.Comments {
				if pull.ClosedAt != nil && comment.After(*pull.ClosedAt) {
					seen["late comment"]++
				}
			}
		}
		for _, paths := range one.Records.Changed {
			holders := 0
			for _, service := range organization.Services {
				if slices.ContainsFunc(paths, func(path string) bool {
					return slices.ContainsFunc(service.Paths, func(folder string) bool { return strings.HasPrefix(path, folder+"/") })
				}) {
					holders++
				}
			}
			seen["commit of "+[]string{"no service", "one service", "both services"}[holders]]++
		}
		for _, release := range one.Releases {
			if release.IsPrerelease {
				seen["prerelease"]++
			}
			if release.Branch != one.DefaultBranch {
				seen["release of a branch"]++
			}
		}
		for _, deployment := range one.Deployments {
			var states []string
			for _, status := range deployment.Statuses {
				states = append(states, status.State)
			}
			seen[strings.Join(states, " ")]++
			seen["environment "+deployment.Environment]++
		}
		var environments []string
		for _, service := range organization.Services {
			if service.Repositories[0] == one.FullName {
				environments = append(environments, service.Environments...)
			}
		}
		for _, environment := range environments {
			places := map[string]int{}
			last, place := "", -1
			for _, one := range successes(one, environment) {
				at, isKnown := places[one.sha]
				if !isKnown {
					at = len(places)
					places[one.sha] = at
				}
				switch {
				case one.sha == last:
					seen["re-deployment"]++
				case isKnown && at < place:
					seen["rollback"]++
				}
				last, place = one.sha, at
			}
		}
	}
	for _, want := range []string{
		"merge method squash", "merge method merge", "merge method rebase", "empty repository", "cherry-pick", "branch updated", "amended",
		"open pull request", "closed pull request", "bot", "late comment", "prerelease", "release of a branch", "re-deployment", "rollback",
		"environment staging", "environment production", "environment prod-eu", "environment prod-us", "environment preview",
		"queued in_progress success inactive", "waiting queued in_progress success inactive", "queued in_progress failure", "queued in_progress error",
		"queued in_progress", "queued in_progress inactive", "waiting inactive", "waiting",
		"commit of one service", "commit of both services", "commit of no service",
	} {
		if seen[want] == 0 {
			t.Errorf("%q never happens; what does: %v", want, slices.Sorted(maps.Keys(seen)))
		}
	}
}

// TestTeamsDevelop makes sure that the teams are what they are said to be: lead
// times fall in one, rise in another, and stay in the third.
func TestTeamsDevelop(t *testing.T) {
	organization := New(Options{Seed: 1})
	team := map[string]string{}
	for _, service := range organization.Services {
		team[service.Name] = service.Team
	}
	middle := organization.Start.Add(organization.End.Sub(organization.Start) / 2)
	halves := map[string]*[2][]int64{"payments": {}, "discovery": {}, "platform": {}}
	for _, shipment := range organization.Truth().Deployments {
		half := 0
		if shipment.FinishedAt.After(middle) {
			half = 1
		}
		for _, change := range shipment.Changes {
			leads := &halves[team[shipment.Service]][half]
			*leads = append(*leads, change.Seconds)
		}
	}
	medianHours := func(seconds []int64) int64 { slices.Sort(seconds); return seconds[len(seconds)/2] / 3600 }
	for name, want := range map[string]func(first, second int64) bool{
		"payments":  func(first, second int64) bool { return second < first*3/2 && first < second*3/2 },
		"discovery": func(first, second int64) bool { return second < first*2/3 },
		"platform":  func(first, second int64) bool { return second > first*3/2 },
	} {
		if first, second := medianHours(halves[name][0]), medianHours(halves[name][1]); !want(first, second) {
			t.Errorf("%s: median lead time went from %d h to %d h", name, first, second)
		}
	}
}

func TestUntil(t *testing.T) {
	truth := New(Options{Seed: 1, Services: 3, Days: 60}).Truth()
	middle := truth.Deployments[len(truth.Deployments)/2]
	got := truth.Until(middle.FinishedAt).Deployments
	for _, shipment := range got {
		if shipment.FinishedAt.After(middle.FinishedAt) {
			t.Errorf("a deployment of %s, want none after %s", shipment.FinishedAt, middle.FinishedAt)
		}
	}
	if last := got[len(got)-1]; last.FinishedAt != middle.FinishedAt {
		t.Errorf("the last deployment is of %s, want %s", last.FinishedAt, middle.FinishedAt)
	}
	if len(truth.Until(truth.Deployments[0].FinishedAt.Add(-time.Second)).Deployments) != 0 {
		t.Errorf("there are deployments before the first")
	}
}
