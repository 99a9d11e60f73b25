package simulator

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// Truth is what the metrics of an organisation must come to, with the default
// definitions: a change counts once for each service, environment and
// repository, at the first successful production deployment that ships it, from
// the time it was written to the time the deployment finished; merge commits do
// not count, and a squash merge ships the commits of its pull request.
type Truth struct {
	Deployments  []Shipment        // by FinishedAt, then repository and environment
	Failures     []Failure         // by FinishedAt, then repository and environment
	Incidents    []TrueIncident    // by TriggeredAt, then ID
	PullRequests []TruePullRequest // that are merged, by MergedAt, then repository

	dependsOn map[string][]string // the services that a service needs
}

// A Shipment is a production deployment that succeeded.
type Shipment struct {
	Service     string
	Environment string
	Repository  string    // owner/name
	ID          int64     // of the GitHub deployment, of the release or of the workflow run
	Tag         string    // of the release; "" for the others
	IsRun       bool      // it is a workflow run
	FinishedAt  time.Time // UTC
	IsFirst     bool      // the first of its service, environment and repository: what it ships has no known lead time
	Changes     []Change  // what it ships first; empty for a rollback, a re-deployment and the first

	revision revision
	pulls    []*PullRequest // what it ships first came by these; empty of the first
}

// A Failure is a production deployment that failed.
type Failure struct {
	Service     string
	Environment string
	Repository  string    // owner/name
	ID          int64     // of the GitHub deployment or of the workflow run
	FinishedAt  time.Time // UTC

	revision revision
}

// A Change is a commit and how long it took until it was deployed.
type Change struct {
	SHA     string
	Seconds int64 // from when it was written to when the deployment finished
}

// A ServiceDay is how often a service was deployed on a day.
type ServiceDay struct {
	Service     string
	Day         time.Time // its midnight, UTC
	Deployments int       // that succeeded in production, never 0
}

// Truth returns what the metrics must come to at the organisation's end.
func (o *Organization) Truth() Truth { return o.truth }

// Until returns what was true at a time: the deployments finished at or before it,
// and the incidents as they were then.
func (t Truth) Until(at time.Time) Truth {
	end, _ := slices.BinarySearchFunc(t.Deployments, at, func(s Shipment, at time.Time) int {
		if s.FinishedAt.After(at) {
			return 1
		}
		return -1
	})
	until := Truth{Deployments: t.Deployments[:end], dependsOn: t.dependsOn}
	for _, one := range t.Failures {
		if !one.FinishedAt.After(at) {
			until.Failures = append(until.Failures, one)
		}
	}
	for _, one := range t.PullRequests {
		if !one.MergedAt.After(at) {
			until.PullRequests = append(until.PullRequests, one)
		}
	}
	for _, one := range t.Incidents {
		if !one.TriggeredAt.After(at) {
			until.Incidents = append(until.Incidents, one.life.at(at).truth(one))
		}
	}
	return until
}

// Daily counts the deployments of each service and day that has any, by service and day.
func (t Truth) Daily() []ServiceDay {
	type key struct {
		service string
		day     time.Time
	}
	counts := map[key]int{}
	for _, shipment := range t.Deployments {
		counts[key{shipment.Service, shipment.FinishedAt.Truncate(24 * time.Hour)}]++
	}
	var days []ServiceDay
	for _, k := range slices.SortedFunc(maps.Keys(counts), func(a, b key) int {
		return cmp.Or(cmp.Compare(a.service, b.service), a.day.Compare(b.day))
	}) {
		days = append(days, ServiceDay{Service: k.service, Day: k.day, Deployments: counts[k]})
	}
	return days
}

// A revision is a commit that can be deployed and, known when it is made, what
// it carries: the first changes that landed on the default branch, and the first
// that were picked for a release branch.
type revision struct {
	sha         string
	committedAt time.Time
	landed      int
	branch      string // the release branch, "" for the default branch
	picked      int
	isUrgent    bool // it mends something: nobody has to approve it
}

// A landing is a change that is part of a branch from now on.
type landing struct {
	sha        string
	authoredAt time.Time
	pull       *PullRequest // that it came by; nil where it came by none
	paths      []string     // that it touches, in a repository of several services
}

// A series is what has been shipped to one environment so far.
type series struct {
	isStarted bool
	landed    int            // changes of the default branch
	picked    map[string]int // changes of each release branch
}

// ship notes that r was deployed at a time and returns the changes that were
// waiting for it: those that r carries and nothing before it did. In a repository of
// several services those are left out that touch nothing of this one, and so are pull
// requests of which no commit does.
func (e *environment) ship(r revision, at time.Time, landed []landing, picked map[string][]landing) (changes []Change, pulls []*PullRequest, isFirst bool) {
	s := &e.shipped
	var waiting []landing
	if r.landed > s.landed {
		waiting = append(waiting, landed[s.landed:r.landed]...)
		s.landed = r.landed
	}
	if r.branch != "" && r.picked > s.picked[r.branch] {
		waiting = append(waiting, picked[r.branch][s.picked[r.branch]:r.picked]...)
		s.picked[r.branch] = r.picked
	}
	if !s.isStarted {
		s.isStarted = true
		return nil, nil, true
	}
	for _, change := range waiting {
		if !e.holds(change.paths) {
			continue
		}
		changes = append(changes, Change{SHA: change.sha, Seconds: int64(at.Sub(change.authoredAt) / time.Second)})
		if change.pull != nil && !slices.Contains(pulls, change.pull) {
			pulls = append(pulls, change.pull)
		}
	}
	return changes, pulls, false
}
