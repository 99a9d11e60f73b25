package pagerduty

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/PagerDuty/go-pagerduty"

	"dorado/collectors"
)

// An AnalyticsIncident is a row of raw.pagerduty_analytics_incidents: what
// PagerDuty itself works out for an incident, some hours later. What it does not
// know is NULL, never 0. Hours are those of each responder's time zone: business
// 8–18 on weekdays, off 18–22 and weekends, sleep 22–8.
type AnalyticsIncident struct {
	ID                        string     `json:"id" db:"id,key"`
	Account                   string     `json:"-" db:"account,key"` // Config.Name
	Number                    *int64     `json:"incident_number" db:"number"`
	Status                    *string    `json:"status" db:"status"`
	Urgency                   *string    `json:"urgency" db:"urgency"`
	IsMajor                   *bool      `json:"major" db:"is_major"`
	PriorityID                *string    `json:"priority_id" db:"priority_id"`
	PriorityName              *string    `json:"priority_name" db:"priority_name"`
	ServiceID                 *string    `json:"service_id" db:"service_id"`
	ServiceName               string     `json:"service_name"`
	TeamID                    *string    `json:"team_id" db:"team_id"`
	EscalationPolicyID        *string    `json:"escalation_policy_id" db:"escalation_policy_id"`
	CreatedAtText             *string    `json:"created_at"`
	CreatedAt                 *time.Time `json:"-" db:"created_at"`
	UpdatedAtText             *string    `json:"updated_at"`
	UpdatedAt                 *time.Time `json:"-" db:"updated_at"` // by the analytics
	ResolvedAtText            *string    `json:"resolved_at"`
	ResolvedAt                *time.Time `json:"-" db:"resolved_at"`
	SecondsToFirstAck         *int64     `json:"seconds_to_first_ack" db:"seconds_to_first_ack"`
	SecondsToEngage           *int64     `json:"seconds_to_engage" db:"seconds_to_engage"`
	SecondsToMobilize         *int64     `json:"seconds_to_mobilize" db:"seconds_to_mobilize"`
	SecondsToResolve          *int64     `json:"seconds_to_resolve" db:"seconds_to_resolve"`
	EngagedSeconds            *int64     `json:"engaged_seconds" db:"engaged_seconds"`
	EngagedUsers              *int64     `json:"engaged_user_count" db:"engaged_users"`
	SnoozedSeconds            *int64     `json:"snoozed_seconds" db:"snoozed_seconds"`
	UserDefinedEffortSeconds  *int64     `json:"user_defined_effort_seconds" db:"user_defined_effort_seconds"`
	Acknowledgements          *int64     `json:"acknowledgement_count" db:"acknowledgements"`
	Assignments               *int64     `json:"assignment_count" db:"assignments"`
	Reassignments             *int64     `json:"reassignment_count" db:"reassignments"`
	Escalations               *int64     `json:"escalation_count" db:"escalations"`
	ManualEscalations         *int64     `json:"manual_escalation_count" db:"manual_escalations"`
	TimeoutEscalations        *int64     `json:"timeout_escalation_count" db:"timeout_escalations"`
	Interruptions             *int64     `json:"total_interruptions" db:"interruptions"`
	BusinessHourInterruptions *int64     `json:"business_hour_interruptions" db:"business_hour_interruptions"`
	OffHourInterruptions      *int64     `json:"off_hour_interruptions" db:"off_hour_interruptions"`
	SleepHourInterruptions    *int64     `json:"sleep_hour_interruptions" db:"sleep_hour_interruptions"`
	Notifications             *int64     `json:"total_notifications" db:"notifications"`
	IsAutoResolved            *bool      `json:"auto_resolved" db:"is_auto_resolved"`
}

// Table returns the table's name.
func (AnalyticsIncident) Table() string { return "pagerduty_analytics_incidents" }

// row returns the incident as it is stored.
func (i AnalyticsIncident) row(s *source) (_ AnalyticsIncident, err error) {
	i.Account = s.config.Name
	if i.CreatedAt, err = zoneless(i.CreatedAtText); err != nil {
		return i, fmt.Errorf("analytics of incident %s: created_at: %w", i.ID, err)
	}
	if i.UpdatedAt, err = zoneless(i.UpdatedAtText); err != nil {
		return i, fmt.Errorf("analytics of incident %s: updated_at: %w", i.ID, err)
	}
	if i.ResolvedAt, err = zoneless(i.ResolvedAtText); err != nil {
		return i, fmt.Errorf("analytics of incident %s: resolved_at: %w", i.ID, err)
	}
	return i, nil
}

// zoneless returns the instant that text gives. The analytics leave the zone out,
// as in 2023-06-01T12:34:56, and mean the one that they were asked for: UTC.
func zoneless(text *string) (*time.Time, error) {
	if text == nil || *text == "" {
		return nil, nil
	}
	if instant, err := time.Parse(time.RFC3339, *text); err == nil {
		instant = instant.UTC()
		return &instant, nil
	}
	instant, err := time.Parse("2006-01-02T15:04:05", *text) // takes fractions of seconds too
	if err != nil {
		return nil, err
	}
	return &instant, nil
}

const (
	// mostAnalyzed is the most that one answer of the analytics gives.
	mostAnalyzed = 1000
	// lateAnalytics is how long before the last run's beginning changes of the
	// analytics are read again: they are published within a day.
	lateAnalytics = 48 * time.Hour
	// utc is the name of the zone that the analytics are asked for.
	utc = "Etc/UTC"
)

// rawIncidentsRequest asks for the analytics of incidents. The library has no
// method for them.
type rawIncidentsRequest struct {
	Filters       rawIncidentsFilter `json:"filters"`
	Limit         int                `json:"limit"`
	Order         string             `json:"order"`
	OrderBy       string             `json:"order_by"`
	StartingAfter string             `json:"starting_after,omitempty"`
	TimeZone      string             `json:"time_zone"`
}

type rawIncidentsFilter struct {
	pagerduty.AnalyticsFilter
	UpdatedAfter string `json:"updated_after,omitempty"`
}

// analyticsState is what is stored of the analytics of incidents, UTC: of those
// created before Until all that was known at ReadAt.
type analyticsState struct {
	Until  time.Time
	ReadAt time.Time
}

// analyticsIncidents reads what has changed of the incidents that are stored, and
// then those created since.
func (s *source) analyticsIncidents(ctx context.Context, state analyticsState) iter.Seq2[page[analyticsState], error] {
	return func(yield func(page[analyticsState], error) bool) {
		now := s.now().UTC().Truncate(time.Second)
		next := state
		var beganAt time.Time // by the server's clock
		// read yields what was created from from until until, in windows.
		read := func(from, until time.Time, updatedAfter string, reached func(through time.Time)) bool {
			for from.Before(until) {
				end := from.Add(longestWindow)
				if end.After(until) {
					end = until
				}
				request := rawIncidentsRequest{Limit: mostAnalyzed, Order: "asc", OrderBy: "created_at", TimeZone: utc}
				request.Filters.CreatedAtStart, request.Filters.CreatedAtEnd = from.Format(time.RFC3339), end.Format(time.RFC3339)
				request.Filters.UpdatedAfter = updatedAfter
				for more := true; more; {
					rows, answer, answeredAt, err := s.rawIncidents(ctx, request)
					if isUnavailable(err) {
						return false
					}
					if err != nil {
						yield(page[analyticsState]{}, err)
						return false
					}
					if beganAt.IsZero() {
						beganAt = answeredAt
					}
					if state.ReadAt.IsZero() {
						next.ReadAt = beganAt
					}
					more, request.StartingAfter = answer.More && answer.Last != "", answer.Last
					if !more {
						reached(end)
					}
					stored := next
					if !yield(page[analyticsState]{rows: rows, state: &stored}, nil) {
						return false
					}
				}
				from = end
			}
			return true
		}
		since := s.config.Since.UTC().Truncate(time.Second)
		changed := state.ReadAt.Add(-lateAnalytics).Format(time.RFC3339)
		if !read(since, state.Until, changed, func(through time.Time) {
			if !through.Before(state.Until) {
				next.ReadAt = beganAt
			}
		}) {
			return
		}
		// Incidents of the last hours may not have been analysed: Until stays behind.
		read(later(since, state.Until), now, "", func(through time.Time) {
			if settled := beganAt.Add(-lateAnalytics); through.After(settled) {
				through = settled
			}
			next.Until = later(next.Until, through)
		})
	}
}

// rawIncidentsAnswer is one page of the analytics of incidents.
type rawIncidentsAnswer struct {
	Data []AnalyticsIncident `json:"data"`
	Last string              `json:"last"` // where the next page begins
	More bool                `json:"more"`
}

// rawIncidents reads one page of the analytics of incidents.
func (s *source) rawIncidents(ctx context.Context, request rawIncidentsRequest) (rows []collectors.Row, answer rawIncidentsAnswer, answeredAt time.Time, err error) {
	answeredAt, err = s.post(ctx, &answer, "/analytics/raw/incidents", request)
	if err != nil {
		return nil, answer, answeredAt, err
	}
	for _, incident := range answer.Data {
		if !s.includesName(incident.ServiceName) {
			continue
		}
		row, err := incident.row(s)
		if err != nil {
			return nil, answer, answeredAt, err
		}
		rows = append(rows, row)
	}
	return rows, answer, answeredAt, nil
}

// An AnalyticsService is a row of raw.pagerduty_analytics_services: what PagerDuty
// itself works out for the incidents that a service had in a month of UTC. Months
// without incidents have no row.
type AnalyticsService struct {
	ServiceID                 string    `json:"service_id" db:"service_id,key"`
	Account                   string    `json:"-" db:"account,key"` // Config.Name
	Month                     time.Time `json:"-" db:"month,key"`   // its first instant
	ServiceName               string    `json:"service_name" db:"service_name"`
	StartAt                   time.Time `json:"-" db:"start_at"` // of what was counted: the month's, or Config.Since
	EndAt                     time.Time `json:"-" db:"end_at"`   // of what was counted: the month's, or when it was read
	Incidents                 *int64    `json:"total_incident_count" db:"incidents"`
	MeanSecondsToResolve      *float64  `json:"mean_seconds_to_resolve" db:"mean_seconds_to_resolve"`
	MeanSecondsToFirstAck     *float64  `json:"mean_seconds_to_first_ack" db:"mean_seconds_to_first_ack"`
	MeanSecondsToEngage       *float64  `json:"mean_seconds_to_engage" db:"mean_seconds_to_engage"`
	MeanSecondsToMobilize     *float64  `json:"mean_seconds_to_mobilize" db:"mean_seconds_to_mobilize"`
	UpTimePercent             *float64  `json:"up_time_pct" db:"up_time_percent"` // not interrupted by a major incident
	Escalations               *int64    `json:"total_escalation_count" db:"escalations"`
	AcknowledgedIncidents     *int64    `json:"total_incidents_acknowledged" db:"acknowledged_incidents"`
	AutoResolvedIncidents     *int64    `json:"total_incidents_auto_resolved" db:"auto_resolved_incidents"`
	Interruptions             *int64    `json:"total_interruptions" db:"interruptions"`
	BusinessHourInterruptions *int64    `json:"total_business_hour_interruptions" db:"business_hour_interruptions"`
	OffHourInterruptions      *int64    `json:"total_off_hour_interruptions" db:"off_hour_interruptions"`
	SleepHourInterruptions    *int64    `json:"total_sleep_hour_interruptions" db:"sleep_hour_interruptions"`
	SnoozedSeconds            *int64    `json:"total_snoozed_seconds" db:"snoozed_seconds"`
	EngagedSeconds            *int64    `json:"total_engaged_seconds" db:"engaged_seconds"`
}

// Table returns the table's name.
func (AnalyticsService) Table() string { return "pagerduty_analytics_services" }

// lateMonths is how many months before the current one are read again: their
// means move while incidents are resolved.
const lateMonths = 3

// monthsState is the first instant of the month before which all are stored, UTC.
type monthsState struct{ Until time.Time }

// analyticsServices reads the months since three before the last run's. Each is
// asked for on its own, so that up_time_pct is that of the month.
func (s *source) analyticsServices(ctx context.Context, state monthsState) iter.Seq2[page[monthsState], error] {
	return func(yield func(page[monthsState], error) bool) {
		now, since := s.now().UTC().Truncate(time.Second), s.config.Since.UTC().Truncate(time.Second)
		from := since
		if !state.Until.IsZero() {
			from = later(since, state.Until.AddDate(0, -lateMonths, 0))
		}
		for month := firstOfMonth(from); month.Before(now); month = month.AddDate(0, 1, 0) {
			startAt, endAt := later(month, since), month.AddDate(0, 1, 0)
			if endAt.After(now) {
				endAt = now
			}
			if !startAt.Before(endAt) {
				continue
			}
			var answer struct{ Data []AnalyticsService }
			answeredAt, err := s.post(ctx, &answer, "/analytics/metrics/incidents/services", pagerduty.AnalyticsRequest{
				Filters: &pagerduty.AnalyticsFilter{
					CreatedAtStart: startAt.Format(time.RFC3339),
					CreatedAtEnd:   endAt.Format(time.RFC3339),
				},
				TimeZone: utc,
			})
			if isUnavailable(err) {
				return
			}
			if err != nil {
				yield(page[monthsState]{}, err)
				return
			}
			var rows []collectors.Row
			for _, service := range answer.Data {
				if s.includesName(service.ServiceName) {
					service.Account, service.Month, service.StartAt, service.EndAt = s.config.Name, month, startAt, endAt
					rows = append(rows, service)
				}
			}
			if !yield(page[monthsState]{rows: rows, state: &monthsState{Until: later(state.Until, firstOfMonth(earlier(month, answeredAt)))}}, nil) {
				return
			}
		}
	}
}

// firstOfMonth returns the first instant of the month that t is in, UTC.
func firstOfMonth(t time.Time) time.Time {
	year, month, _ := t.UTC().Date()
	return time.Date(year, month, 1, 0, 0, 0, 0, time.UTC)
}
