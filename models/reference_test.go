package models

import (
	"cmp"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"
)

// This file computes the five metrics a second time, slowly and from the words of
// the definitions alone: it shares no code with the models, and reads no SQL. It is
// compared with them in TestPropertyMetrics, as are the stages of pull requests. It
// leaves out PagerDuty's change events, dependencies of services and the base
// ancestor: those have examples, and the last real histories.

// A refOrganisation is one service, named as its repository, with all that ever
// happened to it.
type refOrganisation struct {
	service     string
	team        string
	commits     []*refCommit
	pulls       []*refPull
	deployments []*refDeployment // as the repository lists them
	incidents   []*refIncident
	overrides   []Override
	options     map[string]string // "metric.option"
	zone        *time.Location    // the warehouse's
	hasPaths    bool              // only what is in the folder app is the service's
}

type refCommit struct {
	sha, message            string
	author                  string
	authoredAt, committedAt time.Time
	parents                 []*refCommit
	paths                   []string // that it touches; none where that is not stored
}

// A refPull is a merged pull request. Where its merge commit has one parent it was
// squashed from its own commits, which are on no branch.
type refPull struct {
	number              int
	title, branch       string
	labels              []string
	merge               *refCommit
	own                 []*refCommit
	author              string
	createdAt, mergedAt time.Time
	readyAt             time.Time // zero where it was never a draft
	reviews             []refReview
}

// A refReview is a review of a pull request.
type refReview struct {
	by         string
	isApproval bool
	at         time.Time
}

// isBot reports whether a login is a bot's.
func isBot(login string) bool { return strings.HasSuffix(login, "[bot]") }

type refDeployment struct {
	id                                  int
	environment, ref, sha               string
	commit                              *refCommit // nil where its commit is not stored
	createdAt                           time.Time
	inProgressAt, succeededAt, failedAt time.Time // zero where it has no such status

	// Worked out below.
	finishedAt                     time.Time
	isSuccess                      bool
	before                         []*refDeployment // the finished ones of its environment before it, in order
	ships                          []*refCommit
	isFirst                        bool // nothing is known of what it replaced
	carried                        []*refPull
	rollbackTarget, rolledBack     *refDeployment
	isRollback, isHotfix, isRevert bool
	certainty                      int // of the best signal that counts: 3 confirmed, 2 likely, 1 possible, 0 none
	signals                        map[string]bool
	remediation                    *refDeployment
	incidents                      []*refIncident
	markedFine, isExcluded         bool
}

type refIncident struct {
	id, title, urgency      string
	triggeredAt, resolvedAt time.Time // resolvedAt is zero while it is open
	isMerged                bool
}

func (o *refOrganisation) is(option string) bool { return o.options[option] == "true" }

func (o *refOrganisation) deploymentID(d *refDeployment) string {
	return o.service + "/github_deployment:" + itoa(d.id)
}

// isElsewhere reports whether a commit is known to touch nothing of the service.
func (o *refOrganisation) isElsewhere(commit *refCommit) bool {
	return o.hasPaths && len(commit.paths) > 0 && !slices.ContainsFunc(commit.paths, func(path string) bool { return strings.HasPrefix(path, "app/") })
}

// isPullElsewhere reports whether a pull request is: one that was squashed touches
// what its commit does, and of a merge here nobody knows the commits.
func (o *refOrganisation) isPullElsewhere(pull *refPull) bool {
	return len(pull.merge.parents) < 2 && o.isElsewhere(pull.merge)
}

// ancestors returns c and all commits that lead to it.
func ancestors(c *refCommit) map[*refCommit]bool {
	found := map[*refCommit]bool{}
	var visit func(*refCommit)
	visit = func(c *refCommit) {
		if !found[c] {
			found[c] = true
			for _, parent := range c.parents {
				visit(parent)
			}
		}
	}
	visit(c)
	return found
}

// work works out everything about the deployments.
func (o *refOrganisation) work() {
	for _, d := range o.deployments {
		d.signals = map[string]bool{}
		switch {
		case !d.succeededAt.IsZero():
			d.finishedAt, d.isSuccess = d.succeededAt, true
		default:
			d.finishedAt = d.failedAt
		}
	}
	slices.SortFunc(o.deployments, func(a, b *refDeployment) int {
		started := func(d *refDeployment) time.Time {
			if d.inProgressAt.IsZero() {
				return d.createdAt
			}
			return d.inProgressAt
		}
		return cmp.Or(a.finishedAt.Compare(b.finishedAt), started(a).Compare(started(b)), cmp.Compare(a.id, b.id))
	})
	for i, d := range o.deployments {
		for _, other := range o.deployments[:i] {
			if !d.finishedAt.IsZero() && !other.finishedAt.IsZero() && other.environment == d.environment {
				d.before = append(d.before, other)
			}
		}
		o.ship(d)
		o.judgeRollback(d)
	}
	for _, d := range o.deployments {
		o.judgeFixes(d)
	}
	o.judgeStatuses()
	o.attribute()
	o.override()
}

// ship finds the commits that d is the first to ship.
func (o *refOrganisation) ship(d *refDeployment) {
	if !d.isSuccess || d.commit == nil {
		return
	}
	own := ancestors(d.commit)
	earlier := map[*refCommit]bool{}
	d.isFirst = true
	for _, other := range d.before {
		if other.isSuccess && other.commit != nil {
			if own[other.commit] {
				d.isFirst = false
			}
			for commit := range ancestors(other.commit) {
				earlier[commit] = true
			}
		}
	}
	for _, commit := range o.commits {
		if own[commit] && !earlier[commit] {
			d.ships = append(d.ships, commit)
		}
	}
	if d.isFirst {
		return
	}
	for _, pull := range o.pulls {
		if slices.Contains(d.ships, pull.merge) && !o.isPullElsewhere(pull) {
			d.carried = append(d.carried, pull)
		}
	}
}

// judgeRollback says whether d is a rollback, and of what.
func (o *refOrganisation) judgeRollback(d *refDeployment) {
	if !d.isSuccess || len(d.before) == 0 || d.sha == "" {
		return
	}
	last := len(d.before) - 1
	for last > 0 && !d.before[last].isSuccess && d.before[last].sha == d.sha {
		last--
	}
	replaced := d.before[last]
	isBehind, isAhead := false, false
	if d.commit != nil && replaced.commit != nil {
		isBehind = ancestors(replaced.commit)[d.commit]
		isAhead = ancestors(d.commit)[replaced.commit]
	}
	if replaced.sha == d.sha || isAhead {
		return
	}
	target := -1
	for i, other := range d.before {
		if other.isSuccess && other.sha == d.sha {
			target = i
		}
	}
	switch {
	case target >= 0:
		d.isRollback, d.rollbackTarget = true, d.before[target]
		for _, other := range d.before[target+1:] {
			if other.isSuccess {
				d.rolledBack = other
				break
			}
		}
		if d.rolledBack == nil {
			d.rolledBack = d.before[target+1]
		}
	case isBehind:
		d.isRollback, d.rolledBack = true, replaced
		for i := last; i >= 0; i-- {
			other := d.before[i]
			if !other.isSuccess {
				continue
			}
			if other.commit == nil || other.commit == d.commit || !ancestors(other.commit)[d.commit] {
				break
			}
			d.rolledBack = other
		}
	}
}

// signal remembers that failed failed, and which deployment ended that.
func signal(failed *refDeployment, name string, certainty int, isCounted bool, remediation *refDeployment) {
	failed.signals[name] = true
	if !isCounted {
		return
	}
	failed.certainty = max(failed.certainty, certainty)
	if remediation != nil && (failed.remediation == nil || !failed.remediation.isBeforeOrSame(remediation)) {
		failed.remediation = remediation
	}
}

// isBeforeOrSame compares two deployments of one environment.
func (d *refDeployment) isBeforeOrSame(other *refDeployment) bool {
	return d == other || slices.Contains(other.before, d)
}

// judgeFixes finds what d fixes: by a rollback, a hotfix or a revert.
func (o *refOrganisation) judgeFixes(d *refDeployment) {
	if d.isRollback {
		certainty := 2
		if d.rollbackTarget != nil {
			certainty = 3
		}
		signal(d.rolledBack, "rolled_back", certainty, o.is("change_fail_rate.rollbacks"), d)
	}
	var previous *refDeployment
	for _, other := range d.before {
		if other.isSuccess {
			previous = other
		}
	}
	if d.isSuccess && previous != nil {
		isHotfix := strings.HasPrefix(strings.ToLower(d.ref), "hotfix/")
		for _, pull := range d.carried {
			isHotfix = isHotfix || strings.HasPrefix(pull.branch, "hotfix/") || strings.HasPrefix(pull.title, "Hotfix") ||
				slices.ContainsFunc(pull.labels, func(label string) bool { return strings.EqualFold(label, "incident") })
		}
		if isHotfix {
			d.isHotfix = true
			signal(previous, "hotfixed", 2, o.is("change_fail_rate.hotfixes"), d)
		}
	}
	for _, other := range d.before {
		if o.reverts(d, other) {
			d.isRevert = true
			signal(other, "reverted", 2, o.is("change_fail_rate.reverts"), d)
		}
	}
}

// reverts reports whether d carries a revert of something that other carried.
func (o *refOrganisation) reverts(d, other *refDeployment) bool {
	if d.isFirst || other.isFirst {
		return false
	}
	for _, reverting := range d.ships {
		for _, reverted := range other.ships {
			isOwn := !o.isElsewhere(reverting) && !o.isElsewhere(reverted)
			if isOwn && strings.Contains(reverting.message, "This reverts commit "+reverted.sha) {
				return true
			}
		}
	}
	for _, reverting := range d.carried {
		title, isRevert := strings.CutPrefix(reverting.title, `Revert "`)
		if !isRevert {
			continue
		}
		var reverted *refPull
		for _, pull := range o.pulls {
			if pull.title == strings.TrimSuffix(title, `"`) && pull.mergedAt.Before(reverting.mergedAt) &&
				(reverted == nil || pull.mergedAt.After(reverted.mergedAt) || pull.mergedAt.Equal(reverted.mergedAt) && pull.number > reverted.number) {
				reverted = pull
			}
		}
		if reverted != nil && slices.Contains(other.carried, reverted) {
			return true
		}
	}
	return false
}

// judgeStatuses finds the deployments that failed by their own status, and the
// next one that succeeded.
func (o *refOrganisation) judgeStatuses() {
	for _, d := range o.deployments {
		if d.finishedAt.IsZero() || d.isSuccess {
			continue
		}
		signal(d, "failed_status", 3, o.is("change_fail_rate.failed_status"), o.nextSuccess(d))
	}
}

func (o *refOrganisation) nextSuccess(d *refDeployment) *refDeployment {
	for _, other := range o.deployments {
		if other.isSuccess && slices.Contains(other.before, d) {
			return other
		}
	}
	return nil
}

var refSHA = regexp.MustCompile(`\b[0-9a-f]{7,40}\b`)

// attribute finds the deployment of every incident that counts.
func (o *refOrganisation) attribute() {
	for _, incident := range o.incidents {
		if incident.isMerged || incident.urgency != "high" || o.hasOverride("exclude", incident, nil) {
			continue
		}
		rejected := func(d *refDeployment) bool { return d == nil || o.hasOverride("reject", incident, d) }
		var chosen *refDeployment
		certainty := 3
		for _, d := range o.deployments { // of several the one that finished last
			if o.hasOverride("confirm", incident, d) {
				chosen = d
			}
		}
		if chosen == nil {
			for _, sha := range refSHA.FindAllString(incident.title, -1) {
				if named := o.named(sha, incident.triggeredAt); !rejected(named) {
					chosen = named
				}
			}
		}
		if chosen == nil {
			for _, d := range o.deployments {
				if o.hasOverride("link", incident, d) {
					chosen = d
				}
			}
		}
		if chosen == nil {
			certainty = 2
			for _, d := range o.deployments {
				if d.isSuccess && d.finishedAt.Before(incident.triggeredAt) {
					chosen = d
				}
			}
			if chosen != nil && incident.triggeredAt.Sub(chosen.finishedAt) > time.Duration(atoi(o.options["attribution.window_hours"]))*time.Hour {
				chosen = nil
			}
			if rejected(chosen) {
				chosen = nil
			}
		}
		if chosen != nil {
			signal(chosen, "incident", certainty, o.is("change_fail_rate.incidents"), nil)
			chosen.incidents = append(chosen.incidents, incident)
		}
	}
}

// named returns the deployment that a SHA in the text of an incident means.
func (o *refOrganisation) named(sha string, at time.Time) *refDeployment {
	var best *refDeployment
	for _, d := range o.deployments { // in order: a later one wins ties
		if d.finishedAt.IsZero() || d.sha == "" || !strings.HasPrefix(d.sha, sha) || !strings.ContainsAny(sha, "abcdef") {
			continue
		}
		if best == nil {
			best = d
			continue
		}
		isBefore, wasBefore := d.finishedAt.Before(at), best.finishedAt.Before(at)
		distance, bestDistance := at.Sub(d.finishedAt).Abs(), at.Sub(best.finishedAt).Abs()
		if isBefore && !wasBefore || isBefore == wasBefore && distance <= bestDistance {
			best = d
		}
	}
	return best
}

// hasOverride reports whether the last override on the pair does action.
func (o *refOrganisation) hasOverride(action string, incident *refIncident, d *refDeployment) bool {
	last := ""
	for _, override := range o.overrides {
		isAbout := override.Incident == "ingested:"+incident.id
		if d == nil {
			isAbout = isAbout && override.Deployment == ""
		} else {
			isAbout = isAbout && override.Deployment == o.deploymentID(d)
		}
		if isAbout {
			last = override.Action
		}
	}
	return last == action
}

// override marks what people know better.
func (o *refOrganisation) override() {
	for _, d := range o.deployments {
		mark := ""
		for _, override := range o.overrides {
			if override.Deployment != o.deploymentID(d) || override.Incident != "" {
				continue
			}
			if override.Action == "exclude" {
				d.isExcluded = true
			} else {
				mark = override.Action
			}
		}
		switch {
		case mark == "failed" && !d.finishedAt.IsZero():
			signal(d, "marked", 3, true, o.nextSuccess(d))
		case mark == "not_failed":
			d.certainty, d.remediation, d.markedFine = 0, nil, true
		}
	}
}

// isCounted reports whether d is in the rates of failures and rework.
func (o *refOrganisation) isCounted(d *refDeployment) bool {
	return !d.finishedAt.IsZero() && !d.isExcluded && (!d.isRollback || o.is("change_fail_rate.rollback_deployments"))
}

func (o *refOrganisation) isFailed(d *refDeployment) bool {
	return d.certainty >= map[string]int{"possible": 1, "likely": 2, "confirmed": 3}[o.options["change_fail_rate.minimum_confidence"]]
}

func (o *refOrganisation) isRework(d *refDeployment) bool {
	return d.isRollback && o.is("deployment_rework_rate.rollbacks") ||
		d.isRevert && o.is("deployment_rework_rate.reverts") ||
		d.isHotfix && o.is("deployment_rework_rate.hotfixes")
}

// recovery returns how long the failure of d took; ok is false where it is not over.
func (o *refOrganisation) recovery(d *refDeployment) (seconds float64, ok bool) {
	if len(d.incidents) > 0 && o.is("change_fail_rate.incidents") && !d.markedFine {
		var end time.Time
		for _, incident := range d.incidents {
			if incident.resolvedAt.IsZero() {
				return 0, false
			}
			if incident.resolvedAt.After(end) {
				end = incident.resolvedAt
			}
		}
		return end.Sub(d.finishedAt).Seconds(), true
	}
	if d.remediation == nil {
		return 0, false
	}
	return d.remediation.finishedAt.Sub(d.finishedAt).Seconds(), true
}

// leadTimes returns the lead times of what d ships.
func (o *refOrganisation) leadTimes(d *refDeployment) (seconds []float64) {
	if d.isFirst {
		return nil
	}
	earliest := map[*refPull]float64{} // where pull requests are counted, the longest time of each
	for _, commit := range d.ships {
		if o.isElsewhere(commit) {
			continue
		}
		changes := []*refCommit{commit}
		pull := o.pullOf(commit)
		if pull != nil && len(pull.own) > 0 && o.options["change_lead_time.squash"] == "pull_request_commits" {
			changes = pull.own
		}
		for _, change := range changes {
			started := o.clockStart(change, pull)
			if isBot(change.author) && !o.is("change_lead_time.bots") {
				continue
			}
			if started.IsZero() || len(change.parents) > 1 && !o.is("change_lead_time.merge_commits") {
				continue
			}
			took := refClock(o.options["change_lead_time.clock"], started, d.finishedAt, o.zone)
			if o.options["change_lead_time.unit"] == "commit" {
				seconds = append(seconds, took)
			} else if pull != nil {
				if longest, ok := earliest[pull]; !ok || took > longest {
					earliest[pull] = took
				}
			}
		}
	}
	for _, took := range earliest {
		seconds = append(seconds, took)
	}
	return seconds
}

func (o *refOrganisation) pullOf(merge *refCommit) *refPull {
	for _, pull := range o.pulls {
		if pull.merge == merge {
			return pull
		}
	}
	return nil
}

// clockStart returns when the clock of a change starts, zero where that is not
// known; pull may be nil.
func (o *refOrganisation) clockStart(change *refCommit, pull *refPull) (at time.Time) {
	switch start := o.options["change_lead_time.start"]; {
	case start == "authored":
		return change.authoredAt
	case start == "committed":
		return change.committedAt
	case pull == nil:
		return at
	case start == "opened":
		return pull.createdAt
	case start == "ready":
		return pull.ready()
	case start == "merged":
		return pull.mergedAt
	default: // first_commit
		for _, own := range pull.own {
			if at.IsZero() || own.authoredAt.Before(at) {
				at = own.authoredAt
			}
		}
		return at
	}
}

// refClock returns the seconds between two instants, which may come in any order,
// as the clock counts them.
func refClock(clock string, from, to time.Time, zone *time.Location) float64 {
	if clock != "business" {
		return to.Sub(from).Seconds()
	}
	if to.Before(from) {
		return -refClock(clock, to, from, zone)
	}
	seconds := 0.0
	for day := dayOf(from, zone); day.Before(to); day = nextDay(day, zone) {
		if day.Weekday() == time.Saturday || day.Weekday() == time.Sunday {
			continue
		}
		opens := time.Date(day.Year(), day.Month(), day.Day(), 9, 0, 0, 0, zone)
		closes := time.Date(day.Year(), day.Month(), day.Day(), 17, 0, 0, 0, zone)
		if opens.Before(from) {
			opens = from
		}
		if closes.After(to) {
			closes = to
		}
		seconds += max(0, closes.Sub(opens).Seconds())
	}
	return seconds
}

// ready returns when the pull request was ready for review.
func (p *refPull) ready() time.Time {
	if p.readyAt.IsZero() {
		return p.createdAt
	}
	return p.readyAt
}

// refStageNames are the times that stages returns.
var refStageNames = []string{"coding", "pickup", "review", "merge", "deploy", "total"}

// stages returns the times of the stages of a pull request that took place.
func (o *refOrganisation) stages(p *refPull) (seconds map[string]float64, isReviewed, isDeployed bool) {
	seconds = map[string]float64{}
	between := func(name string, from, to time.Time) {
		seconds[name] = refClock(o.options["pull_request_stages.clock"], from, to, o.zone)
	}
	var written, reviewed, approved, deployed time.Time
	for _, own := range p.own {
		if written.IsZero() || own.authoredAt.Before(written) {
			written = own.authoredAt
		}
	}
	begun := p.ready()
	if !written.IsZero() && !written.After(p.ready()) {
		begun = written
		between("coding", written, p.ready())
	}
	for _, review := range p.reviews {
		if isBot(review.by) || review.by == p.author || review.at.After(p.mergedAt) {
			continue
		}
		at := review.at
		if at.Before(p.ready()) {
			at = p.ready()
		}
		if reviewed.IsZero() || at.Before(reviewed) {
			reviewed = at
		}
		if review.isApproval && at.After(approved) {
			approved = at
		}
	}
	switch {
	case reviewed.IsZero():
		between("merge", p.ready(), p.mergedAt)
	case approved.IsZero():
		between("pickup", p.ready(), reviewed)
		between("review", reviewed, p.mergedAt)
	default:
		between("pickup", p.ready(), reviewed)
		between("review", reviewed, approved)
		between("merge", approved, p.mergedAt)
	}
	for _, d := range o.deployments {
		if slices.Contains(d.carried, p) {
			deployed = d.finishedAt
			break
		}
	}
	if !deployed.IsZero() {
		between("total", begun, deployed)
		if !deployed.Before(p.mergedAt) {
			between("deploy", p.mergedAt, deployed)
		}
	}
	return seconds, !reviewed.IsZero(), !deployed.IsZero()
}

// A refValue is what one metric says of one period and group.
type refValue struct {
	value float64 // not a number where it is not known
	n     int
}

// refMetrics computes the five metrics of some services over the days from first
// to last, as they are cut by the range from, to, and asOf.
func refMetrics(services []*refOrganisation, zone *time.Location, first, last, from, to, asOf time.Time) map[string]refValue {
	isInside := func(at time.Time) bool {
		day := dayOf(at, zone)
		return !at.Before(from) && at.Before(to) && !day.Before(first) && !day.After(last)
	}
	wholeDays, whole := 0, 0
	isWhole := func(day time.Time) bool {
		next := nextDay(day, zone)
		return !day.Before(from) && !next.After(to) && !next.After(asOf)
	}
	for day := first; !day.After(last); day = nextDay(day, zone) {
		if isWhole(day) {
			wholeDays++
		}
	}
	var successes, counted, failed, rework int
	var leadTimes, recoveries []float64
	for _, o := range services {
		for _, d := range o.deployments {
			if d.finishedAt.IsZero() || !isInside(d.finishedAt) {
				continue
			}
			if d.isSuccess {
				successes++
				if isWhole(dayOf(d.finishedAt, zone)) {
					whole++
				}
				leadTimes = append(leadTimes, o.leadTimes(d)...)
			}
			if !o.isCounted(d) {
				continue
			}
			counted++
			if o.isFailed(d) {
				failed++
				if seconds, ok := o.recovery(d); ok {
					recoveries = append(recoveries, seconds)
				}
			}
			if o.isRework(d) {
				rework++
			}
		}
	}
	return map[string]refValue{
		"deployment_frequency":            {float64(whole) / float64(wholeDays), successes},
		"change_lead_time":                {refMedian(leadTimes), len(leadTimes)},
		"change_fail_rate":                {float64(failed) / float64(counted), counted},
		"failed_deployment_recovery_time": {refMedian(recoveries), len(recoveries)},
		"deployment_rework_rate":          {float64(rework) / float64(counted), counted},
	}
}

// refMedian returns the mean of the two numbers in the middle.
func refMedian(numbers []float64) float64 {
	if len(numbers) == 0 {
		return math.NaN()
	}
	slices.Sort(numbers)
	return (numbers[(len(numbers)-1)/2] + numbers[len(numbers)/2]) / 2
}

// dayOf returns the first instant of the day that holds at.
func dayOf(at time.Time, zone *time.Location) time.Time {
	local := at.In(zone)
	return time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, zone)
}

func nextDay(day time.Time, zone *time.Location) time.Time {
	return time.Date(day.Year(), day.Month(), day.Day()+1, 0, 0, 0, 0, zone)
}
