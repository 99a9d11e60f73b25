package simulator

import (
	"cmp"
	"slices"
	"time"
)

// An Outcome is what the metrics must know of a finished production deployment,
// with the default definitions.
type Outcome struct {
	Service     string
	Environment string
	Repository  string // owner/name
	ID          int64  // of the GitHub deployment, of the release or of the workflow run
	FinishedAt  time.Time
	IsSuccess   bool
	Signals     []string   // that it failed, in alphabetical order; each kind once: failed_status, hotfixed, incident, reverted or rolled_back
	Rework      string     // rollback, revert or hotfix; "" where it was planned
	RecoveredAt *time.Time // when the failure was over; nil where it is not, or it did not fail
}

// IsFailed says whether anything speaks against it.
func (o Outcome) IsFailed() bool { return len(o.Signals) > 0 }

// A run is a finished deployment of a series: of a service, an environment and a
// repository.
type run struct {
	*Outcome
	revision revision
	pulls    []*PullRequest

	incidents  []TrueIncident
	remediedAt []time.Time
}

// signal notes what speaks against a deployment, and when it was remedied, if it was.
func (r *run) signal(kind string, by *run) {
	if !slices.Contains(r.Signals, kind) {
		r.Signals = append(r.Signals, kind)
	}
	if by != nil {
		r.remediedAt = append(r.remediedAt, by.FinishedAt)
	}
}

// Outcomes returns what became of every finished production deployment, by
// FinishedAt, then repository and environment.
func (t Truth) Outcomes() []Outcome {
	var runs []*run
	for _, one := range t.Deployments {
		runs = append(runs, &run{
			Outcome: &Outcome{
				Service: one.Service, Environment: one.Environment, Repository: one.Repository, ID: one.ID, FinishedAt: one.FinishedAt, IsSuccess: true,
			},
			revision: one.revision,
			pulls:    one.pulls,
		})
	}
	for _, one := range t.Failures {
		runs = append(runs, &run{
			Outcome:  &Outcome{Service: one.Service, Environment: one.Environment, Repository: one.Repository, ID: one.ID, FinishedAt: one.FinishedAt},
			revision: one.revision,
		})
	}
	slices.SortFunc(runs, func(a, b *run) int {
		return cmp.Or(a.FinishedAt.Compare(b.FinishedAt), cmp.Compare(a.Repository, b.Repository), cmp.Compare(a.Environment, b.Environment))
	})
	type key struct{ service, environment, repository string }
	all := map[key][]*run{}
	for _, one := range runs {
		k := key{one.Service, one.Environment, one.Repository}
		all[k] = append(all[k], one)
	}
	for _, series := range all {
		judge(series)
	}
	for _, incident := range t.Incidents {
		if blamed := t.blame(runs, incident); blamed != nil {
			blamed.signal("incident", nil)
			blamed.incidents = append(blamed.incidents, incident)
		}
	}
	var outcomes []Outcome
	for _, one := range runs {
		one.recover()
		slices.Sort(one.Signals)
		outcomes = append(outcomes, *one.Outcome)
	}
	return outcomes
}

// blame returns the deployment that an incident is blamed on: the one that a note
// names, else the last success of its service that finished before it and within a
// day, else the last such of the services that it needs. It returns nil where there is
// none, or the incident does not count.
func (t Truth) blame(runs []*run, incident TrueIncident) *run {
	if !incident.IsQualifying {
		return nil
	}
	if incident.IsNamed {
		return runs[slices.IndexFunc(runs, func(one *run) bool { return one.Service == incident.Service && one.ID == incident.Deployment })]
	}
	for _, services := range [][]string{{incident.Service}, t.dependsOn[incident.Service]} {
		for _, one := range slices.Backward(runs) {
			wait := incident.TriggeredAt.Sub(one.FinishedAt)
			if one.IsSuccess && slices.Contains(services, one.Service) && wait > 0 && wait <= 24*time.Hour {
				return one
			}
		}
	}
	return nil
}

// judge finds the failures and the rework of a series.
func judge(series []*run) {
	for at, one := range series {
		earlier := series[:at]
		if !one.IsSuccess {
			one.signal("failed_status", firstSuccess(series[at+1:]))
			continue
		}
		if bad := one.takesBack(earlier); bad != nil {
			one.Rework = "rollback"
			bad.signal("rolled_back", one)
		}
		for _, pull := range one.pulls {
			if pull.reverts == nil {
				continue
			}
			for _, carrier := range earlier {
				if slices.Contains(carrier.pulls, pull.reverts) {
					one.Rework = cmp.Or(one.Rework, "revert")
					carrier.signal("reverted", one)
				}
			}
		}
		isHotfix := slices.ContainsFunc(one.pulls, func(pull *PullRequest) bool { return pull.isHotfix })
		if before := lastSuccess(earlier); before != nil && isHotfix {
			one.Rework = cmp.Or(one.Rework, "hotfix")
			before.signal("hotfixed", one)
		}
	}
}

// takesBack returns which of the deployments before it a success takes back: where
// its revision ran before, the first after that, those that succeeded before the
// others; else the first of those just before it that are ahead. It returns nil
// where it is no rollback.
func (r *run) takesBack(earlier []*run) *run {
	if len(earlier) == 0 {
		return nil
	}
	replaced := len(earlier) - 1
	for replaced > 0 && !earlier[replaced].IsSuccess && earlier[replaced].revision.sha == r.revision.sha {
		replaced--
	}
	target := -1
	for at, one := range earlier {
		if one.IsSuccess && one.revision.sha == r.revision.sha {
			target = at
		}
	}
	isBehind, isAhead := r.revision.isBefore(earlier[replaced].revision), earlier[replaced].revision.isBefore(r.revision)
	switch {
	case r.revision.sha == earlier[replaced].revision.sha, isAhead, !isBehind && target < 0:
		return nil
	case target >= 0 && target+1 < len(earlier):
		return cmp.Or(firstSuccess(earlier[target+1:]), earlier[target+1])
	}
	first := earlier[replaced]
	for _, one := range slices.Backward(earlier[:replaced+1]) {
		if one.IsSuccess {
			if !r.revision.isBefore(one.revision) {
				break
			}
			first = one
		}
	}
	return first
}

// isBefore says whether all that r carries is carried by other, which carries more.
func (r revision) isBefore(other revision) bool {
	if r.sha == other.sha || r.landed > other.landed {
		return false
	}
	return r.branch == "" || r.branch == other.branch && r.picked <= other.picked
}

// firstSuccess returns the first that succeeded, nil without one.
func firstSuccess(runs []*run) *run {
	for _, one := range runs {
		if one.IsSuccess {
			return one
		}
	}
	return nil
}

// lastSuccess returns the last that succeeded, nil without one.
func lastSuccess(runs []*run) *run {
	for _, one := range slices.Backward(runs) {
		if one.IsSuccess {
			return one
		}
	}
	return nil
}

// recover finds when a failure was over: when the last of its incidents was, while
// none is open; without incidents when the first that remedies it had finished.
func (r *run) recover() {
	var over []time.Time
	for _, incident := range r.incidents {
		if incident.ResolvedAt == nil {
			return
		}
		over = append(over, *incident.ResolvedAt)
	}
	switch {
	case len(over) > 0:
		last := slices.MaxFunc(over, time.Time.Compare)
		r.RecoveredAt = &last
	case len(r.remediedAt) > 0:
		first := slices.MinFunc(r.remediedAt, time.Time.Compare)
		r.RecoveredAt = &first
	}
}

// A TruePullRequest is a merged pull request. A zero time never came. Reviews are
// those of somebody else, no bot, before the merge; one of a draft was there when it
// was ready.
type TruePullRequest struct {
	Repository    string // owner/name
	Number        int
	FirstCommitAt time.Time // when its earliest commit was written
	ReadyAt       time.Time // when it was ready for review
	FirstReviewAt time.Time
	ApprovedAt    time.Time // the last time
	MergedAt      time.Time

	services []string // that it is part of: of a repository of several those that it touches
}

// Stages are where the time of a pull request went until a service was deployed with
// it, in seconds; nil where there was no such stage.
type Stages struct {
	TruePullRequest
	Service                                      string
	Deployment                                   int64 // the first that carries it; 0 where none does
	Coding, Pickup, Review, Merge, Deploy, Total *int64
}

// Stages returns those of every merged pull request and service that it is part of.
func (t Truth) Stages() []Stages {
	var all []Stages
	for _, pull := range t.PullRequests {
		for _, service := range pull.services {
			all = append(all, t.stages(pull, service))
		}
	}
	return all
}

// stages returns those of a pull request and a service.
func (t Truth) stages(pull TruePullRequest, service string) Stages {
	one := Stages{TruePullRequest: pull, Service: service}
	seconds := func(from, to time.Time) *int64 {
		if from.IsZero() || to.IsZero() {
			return nil
		}
		passed := int64(to.Sub(from) / time.Second)
		return &passed
	}
	var deployedAt time.Time
	for _, shipment := range t.Deployments {
		isCarried := slices.ContainsFunc(shipment.pulls, func(carried *PullRequest) bool { return carried.Number == pull.Number })
		if shipment.Service == service && shipment.Repository == pull.Repository && isCarried {
			one.Deployment, deployedAt = shipment.ID, shipment.FinishedAt
			break
		}
	}
	begun := pull.ReadyAt
	if !pull.FirstCommitAt.After(pull.ReadyAt) {
		begun = pull.FirstCommitAt
		one.Coding = seconds(pull.FirstCommitAt, pull.ReadyAt)
	}
	one.Pickup = seconds(pull.ReadyAt, pull.FirstReviewAt)
	switch {
	case !pull.ApprovedAt.IsZero():
		one.Review, one.Merge = seconds(pull.FirstReviewAt, pull.ApprovedAt), seconds(pull.ApprovedAt, pull.MergedAt)
	case !pull.FirstReviewAt.IsZero():
		one.Review = seconds(pull.FirstReviewAt, pull.MergedAt)
	default:
		one.Merge = seconds(pull.ReadyAt, pull.MergedAt)
	}
	one.Deploy, one.Total = seconds(pull.MergedAt, deployedAt), seconds(begun, deployedAt)
	return one
}
