package simulator

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// An Incident is an incident of PagerDuty. Each service of the organisation is one
// PagerDuty service, and its team's members are on call.
type Incident struct {
	ID         string
	Number     int // in the order they were triggered
	Service    string
	Title      string
	Urgency    string // high or low
	Priority   string // P1 to P3, "" for none
	Alerts     int
	CreatedAt  time.Time
	MergedInto string  // the ID of the incident it was merged into, "" for none
	Entries    []Entry // what happened to it, the oldest first
}

// An Entry is a log entry of an incident.
type Entry struct {
	ID      string
	Kind    string    // trigger, notify, acknowledge, annotate, escalate, resolve or reopen
	At      time.Time // to the microsecond; of a trigger it may be a second before the incident's
	Person  string    // login of who did it, or of who was notified; "" where no person did it
	Text    string    // of a note
	Channel string    // how: api, auto, timeout, website; of a notification push_notification, phone_notification or email_notification
}

// A MaintenanceWindow is planned time in which a service has no incidents.
type MaintenanceWindow struct {
	ID      string
	Service string
	StartAt time.Time
	EndAt   time.Time
}

// A TrueIncident is what the metrics must know of an incident, with the default
// definitions: those of high urgency count, unless they were merged.
type TrueIncident struct {
	ID             string
	Service        string
	IsQualifying   bool
	TriggeredAt    time.Time
	AcknowledgedAt *time.Time // nil where nobody did
	ResolvedAt     *time.Time // the last time; nil while it is open
	Deployment     int64      // the ID of the shipment that caused it; 0 where none did
	IsNamed        bool       // a note that was written when it was acknowledged names that

	life life
}

// A life is the plan by which an incident goes: the cause of what its record, its
// log entries and its truth say. A zero time never comes.
type life struct {
	triggeredAt, escalatedAt, acknowledgedAt, resolvedAt, reopenedAt, endedAt time.Time

	isAutoResolved bool
}

// at returns the plan as far as it has come at a time.
func (l life) at(now time.Time) life {
	for _, instant := range []*time.Time{&l.escalatedAt, &l.acknowledgedAt, &l.resolvedAt, &l.reopenedAt, &l.endedAt} {
		if instant.After(now) {
			*instant = time.Time{}
		}
	}
	return l
}

// truth returns what is true of the plan when it has come as far as it has.
func (l life) truth(one TrueIncident) TrueIncident {
	one.life = l
	one.TriggeredAt = l.triggeredAt
	one.AcknowledgedAt, one.ResolvedAt = nil, nil
	if !l.acknowledgedAt.IsZero() {
		one.AcknowledgedAt = &l.acknowledgedAt
	}
	switch {
	case !l.endedAt.IsZero():
		one.ResolvedAt = &l.endedAt
	case l.reopenedAt.IsZero() && !l.resolvedAt.IsZero():
		one.ResolvedAt = &l.resolvedAt
	}
	return one
}

// A mishap is a production deployment that goes wrong, known when it is made.
type mishap struct {
	service    string
	deployment int64
	finishedAt time.Time
	mendingAt  time.Time // when its rollback or its patch was begun; zero where it never was
	mendedAt   time.Time // when that had succeeded; zero where it never did
}

// An alarm makes the incidents of one service. It has its own choices, so that
// more incidents change nothing of what is delivered.
type alarm struct {
	draw         draw
	organization *Organization
	service      Service
	members      []string
	offset       time.Duration
	source       string // what its deployments are: github_deployment, release or workflow_run
	stream       int
	count        int
	windows      []MaintenanceWindow
	incidents    []*Incident
	truths       []TrueIncident
}

// ring makes all that goes wrong with a service whose deployments are known.
func (h *history) ring(service Service, seed uint64, stream int) *alarm {
	a := &alarm{
		draw:         newDraw(seed, 1_000_000+stream),
		organization: h.organization,
		service:      service,
		members:      h.members,
		offset:       h.habits.offset,
		source:       h.delivery.source(),
		stream:       stream,
	}
	a.planMaintenance()
	for _, bad := range h.mishaps {
		if bad.service == service.Name && a.draw.chance(850) {
			a.afterDeployment(bad)
		}
	}
	for _, shipment := range h.shipments { // bad ones that are mended by hand
		if shipment.Service == service.Name && !h.isMishap(shipment.ID) && a.draw.chance(25) {
			a.afterDeployment(&mishap{deployment: shipment.ID, finishedAt: shipment.FinishedAt})
		}
	}
	for day := h.organization.Start; day.Before(h.organization.End); day = day.AddDate(0, 0, 1) {
		a.day(day)
	}
	return a
}

// isMishap reports whether a deployment is known to have gone wrong.
func (h *history) isMishap(id int64) bool {
	return slices.ContainsFunc(h.mishaps, func(m *mishap) bool { return m.deployment == id })
}

// planMaintenance plans two hours in the night every few weeks.
func (a *alarm) planMaintenance() {
	for day := a.organization.Start.AddDate(0, 0, a.draw.between(3, 30)); day.Before(a.organization.End); day = day.AddDate(0, 0, a.draw.between(20, 45)) {
		startAt := day.Truncate(24 * time.Hour).Add(2*time.Hour - a.offset)
		a.windows = append(a.windows, MaintenanceWindow{
			ID:      fmt.Sprintf("PW%05d", a.stream*100+len(a.windows)),
			Service: a.service.Name,
			StartAt: startAt,
			EndAt:   startAt.Add(2 * time.Hour),
		})
	}
}

// afterDeployment makes the incident that a bad deployment causes: minutes to
// hours after it finished, and over when it is soon mended, or else by hand.
func (a *alarm) afterDeployment(bad *mishap) {
	plan := life{triggeredAt: bad.finishedAt.Add(a.draw.about(40 * time.Minute))}
	if !bad.mendingAt.IsZero() {
		// Somebody has to know before it is mended.
		until := int(min(bad.mendingAt.Sub(bad.finishedAt), 12*time.Hour) / time.Second)
		plan.triggeredAt = bad.finishedAt.Add(time.Duration(max(1, until*a.draw.between(5, 70)/100)) * time.Second)
	}
	plan.acknowledgedAt = plan.triggeredAt.Add(a.draw.about(4 * time.Minute))
	plan.resolvedAt = plan.acknowledgedAt.Add(a.draw.about(45 * time.Minute))
	if !bad.mendedAt.IsZero() && bad.mendedAt.Sub(bad.finishedAt) < 8*time.Hour { // what takes longer is got round meanwhile
		plan.resolvedAt = bad.mendedAt.Add(a.draw.about(3 * time.Minute))
		if plan.acknowledgedAt.After(plan.resolvedAt) {
			plan.acknowledgedAt = plan.resolvedAt.Add(-time.Second)
		}
	}
	titles := []string{"Error rate above 5 %", "Latency above 2 s", "Health check fails", "Queue grows"}
	one := a.add(plan, oneOf(a.draw, titles), "high", oneOf(a.draw, []string{"P1", "P2", "P2", "P3"}), bad.deployment)
	if one != nil && a.draw.chance(700) {
		a.name(one, bad.deployment)
	}
}

// name lets the note about an incident, where there is one, name the deployment that
// caused it.
func (a *alarm) name(one *Incident, deployment int64) {
	for i := range one.Entries {
		if one.Entries[i].Kind == "annotate" {
			one.Entries[i].Text = fmt.Sprintf("Rolling it back.\ndeployment: %s/%s:%d", a.service.Name, a.source, deployment)
			a.truths[len(a.truths)-1].IsNamed = true
		}
	}
}

// day makes the incidents of a day that no deployment caused.
func (a *alarm) day(day time.Time) {
	at := func() time.Time { return day.Add(time.Duration(a.draw.below(24*60*60)) * time.Second) }
	if a.draw.chance(110) {
		a.outage(at())
	}
	if a.draw.chance(160) { // noise
		plan := life{triggeredAt: at(), isAutoResolved: true}
		plan.resolvedAt = plan.triggeredAt.Add(a.draw.about(20 * time.Minute))
		if a.draw.chance(40) { // forgotten
			plan.resolvedAt = a.organization.End
		}
		a.add(plan, oneOf(a.draw, []string{"Disk 80 % full", "Certificate expires in 20 days", "Retry in the nightly job"}), "low", "", 0)
	}
	if a.draw.chance(10) {
		a.storm(at())
	}
}

// outage makes an incident of high urgency: it is taken on, or escalated first, or
// passes by itself; a few are reopened, and hardly any stays open for long.
func (a *alarm) outage(at time.Time) {
	plan := life{triggeredAt: at}
	title := oneOf(a.draw, []string{"Database unreachable", "Third party answers with 503", "Out of memory", "Certificate expired"})
	if a.draw.chance(150) {
		plan.isAutoResolved = true
		plan.resolvedAt = at.Add(a.draw.about(8 * time.Minute))
		a.add(plan, title, "high", "", 0)
		return
	}
	plan.acknowledgedAt = at.Add(a.draw.about(4 * time.Minute))
	if a.draw.chance(60) {
		plan.escalatedAt = at.Add(15 * time.Minute)
		plan.acknowledgedAt = plan.escalatedAt.Add(a.draw.about(3 * time.Minute))
	}
	plan.resolvedAt = plan.acknowledgedAt.Add(a.draw.about(50 * time.Minute))
	if a.draw.chance(30) {
		plan.resolvedAt = plan.acknowledgedAt.Add(a.draw.about(7 * time.Hour))
	}
	if a.draw.chance(3) { // nobody says that it is over
		plan.resolvedAt = plan.acknowledgedAt.Add(a.draw.about(40 * time.Hour))
	}
	if a.draw.chance(70) {
		plan.reopenedAt = plan.resolvedAt.Add(a.draw.about(20 * time.Minute))
		plan.endedAt = plan.reopenedAt.Add(a.draw.about(40 * time.Minute))
	}
	a.add(plan, title, "high", oneOf(a.draw, []string{"", "P2", "P3"}), 0)
}

// storm makes many incidents of one cause within minutes. All but the first are
// merged into it.
func (a *alarm) storm(at time.Time) {
	plan := life{triggeredAt: at, acknowledgedAt: at.Add(a.draw.about(5 * time.Minute))}
	plan.resolvedAt = plan.acknowledgedAt.Add(a.draw.about(90 * time.Minute))
	first := a.add(plan, "Region unreachable", "high", "P1", 0)
	if first == nil {
		return
	}
	mergedAt := plan.acknowledgedAt.Add(a.draw.about(4 * time.Minute))
	for range a.draw.between(3, 8) {
		one := a.add(life{triggeredAt: at.Add(time.Duration(a.draw.between(1, 180)) * time.Second), resolvedAt: mergedAt}, "Region unreachable", "high", "", 0)
		if one != nil && mergedAt.After(one.CreatedAt) && mergedAt.Before(a.organization.End) {
			one.MergedInto = first.ID
			a.truths[len(a.truths)-1].IsQualifying = false
		}
	}
}

// add makes an incident of a plan, unless its service is in maintenance, or it
// would begin at the organisation's end or later.
func (a *alarm) add(plan life, title, urgency, priority string, deployment int64) *Incident {
	inMaintenance := slices.ContainsFunc(a.windows, func(w MaintenanceWindow) bool {
		return !plan.triggeredAt.Before(w.StartAt) && plan.triggeredAt.Before(w.EndAt)
	})
	if inMaintenance || !plan.triggeredAt.Before(a.organization.End) || plan.triggeredAt.Before(a.organization.Start) {
		return nil
	}
	if plan.resolvedAt.Before(plan.triggeredAt) && !plan.resolvedAt.IsZero() {
		plan.resolvedAt = plan.triggeredAt.Add(time.Second)
	}
	plan = plan.at(a.organization.End.Add(-time.Second))
	a.count++
	one := &Incident{
		ID:       fmt.Sprintf("Q%s%05d", strings.ToUpper(strconv.FormatInt(int64(36*36+a.stream), 36)), a.count),
		Service:  a.service.Name,
		Title:    title,
		Urgency:  urgency,
		Priority: priority,
		Alerts:   a.draw.between(1, 4),

		CreatedAt: plan.triggeredAt,
	}
	a.log(one, plan)
	a.incidents = append(a.incidents, one)
	a.truths = append(a.truths, plan.truth(TrueIncident{
		ID: one.ID, Service: one.Service, IsQualifying: urgency == "high", Deployment: deployment,
	}))
	return one
}

// log writes the log entries of an incident.
func (a *alarm) log(one *Incident, plan life) {
	onCall, second := oneOf(a.draw, a.members), oneOf(a.draw, a.members)
	write := func(at time.Time, kind, person, channel string) {
		if at.IsZero() || !at.Before(a.organization.End) {
			return
		}
		one.Entries = append(one.Entries, Entry{Kind: kind, At: at, Person: person, Channel: channel})
	}
	write(plan.triggeredAt, "trigger", "", "api")
	if one.Urgency == "high" {
		write(plan.triggeredAt.Add(5*time.Second), "notify", onCall, "push_notification")
		write(plan.triggeredAt.Add(6*time.Second), "notify", onCall, "email_notification")
		if plan.acknowledgedAt.IsZero() || plan.acknowledgedAt.Sub(plan.triggeredAt) > 3*time.Minute {
			write(plan.triggeredAt.Add(3*time.Minute), "notify", onCall, "phone_notification")
		}
	}
	if !plan.escalatedAt.IsZero() {
		write(plan.escalatedAt, "escalate", "", "timeout")
		write(plan.escalatedAt.Add(4*time.Second), "notify", second, "phone_notification")
		onCall = second
	}
	resolver, how := onCall, "website"
	if plan.isAutoResolved {
		resolver, how = "", "api"
	}
	write(plan.acknowledgedAt, "acknowledge", onCall, "website")
	if one.Priority == "P1" && !plan.acknowledgedAt.IsZero() && plan.acknowledgedAt.Before(plan.resolvedAt) {
		write(plan.acknowledgedAt, "annotate", onCall, "note")
		one.Entries[len(one.Entries)-1].Text = "We look into it."
	}
	write(plan.resolvedAt, "resolve", resolver, how)
	write(plan.reopenedAt, "reopen", onCall, "website")
	write(plan.endedAt, "resolve", onCall, "website")
	slices.SortStableFunc(one.Entries, func(a, b Entry) int { return a.At.Compare(b.At) })
}

// gather takes over what the alarms of all services made, in the order of time.
// Some triggers are logged a second before the incident, as PagerDuty's are, and
// what people do has a fraction of a second.
func (o *Organization) gather() {
	for _, a := range o.alarms {
		o.MaintenanceWindows = append(o.MaintenanceWindows, a.windows...)
		o.Incidents = append(o.Incidents, a.incidents...)
		o.truth.Incidents = append(o.truth.Incidents, a.truths...)
	}
	o.alarms = nil
	slices.SortStableFunc(o.truth.Incidents, func(a, b TrueIncident) int {
		return cmp.Or(a.TriggeredAt.Compare(b.TriggeredAt), cmp.Compare(a.ID, b.ID))
	})
	slices.SortStableFunc(o.Incidents, func(a, b *Incident) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	for i, one := range o.Incidents {
		one.Number = i + 1
		for j := range one.Entries {
			entry := &one.Entries[j]
			entry.ID = fmt.Sprintf("R%s%02d", one.ID[1:], j)
			switch {
			case entry.Kind == "trigger" && one.Number%5 == 0:
				entry.At = entry.At.Add(-time.Second)
			case entry.Person != "":
				entry.At = entry.At.Add(time.Duration(one.Number*137_031%900_000) * time.Microsecond)
			}
		}
	}
}
