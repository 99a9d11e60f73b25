package simulator

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"
)

// An analyticsRequest is what the analytics are asked.
type analyticsRequest struct {
	Filters struct {
		CreatedAtStart time.Time `json:"created_at_start"`
		CreatedAtEnd   time.Time `json:"created_at_end"`
		UpdatedAfter   time.Time `json:"updated_after"`
	} `json:"filters"`
	Limit         int    `json:"limit"`
	StartingAfter string `json:"starting_after"`
}

// analyzedJSON is what PagerDuty works out for an incident.
type analyzedJSON struct {
	ID               string  `json:"id"`
	Number           int     `json:"incident_number"`
	Status           string  `json:"status"`
	Urgency          string  `json:"urgency"`
	IsMajor          bool    `json:"major"`
	ServiceID        string  `json:"service_id"`
	ServiceName      string  `json:"service_name"`
	CreatedAt        string  `json:"created_at"` // without a zone
	UpdatedAt        string  `json:"updated_at"`
	ResolvedAt       *string `json:"resolved_at"`
	SecondsToAck     *int64  `json:"seconds_to_first_ack"`
	SecondsToResolve *int64  `json:"seconds_to_resolve"`
	Escalations      int     `json:"escalation_count"`
	IsAutoResolved   bool    `json:"auto_resolved"`

	createdAt time.Time
}

// analyze returns the analytics of an incident at a time.
func analyze(one *Incident, now time.Time) analyzedJSON {
	const zoneless = "2006-01-02T15:04:05"
	status, since := statusOf(one, now)
	analyzed := analyzedJSON{
		ID: one.ID, Number: one.Number, Status: status, Urgency: one.Urgency, IsMajor: one.Priority == "P1",
		ServiceID: serviceID(one.Service), ServiceName: one.Service,
		CreatedAt: one.CreatedAt.Format(zoneless), UpdatedAt: since.Format(zoneless), createdAt: one.CreatedAt,
	}
	for _, entry := range one.Entries {
		if entry.At.After(now) {
			break
		}
		seconds := int64(entry.At.Sub(one.CreatedAt) / time.Second)
		switch {
		case entry.Kind == "escalate":
			analyzed.Escalations++
		case entry.Kind == "acknowledge" && analyzed.SecondsToAck == nil:
			analyzed.SecondsToAck = &seconds
		case entry.Kind == "resolve" && status == "resolved":
			analyzed.SecondsToResolve, analyzed.IsAutoResolved = &seconds, entry.Person == ""
		}
	}
	if status == "resolved" {
		text := since.Format(zoneless)
		analyzed.ResolvedAt = &text
	}
	return analyzed
}

// analyzed returns the analytics of the incidents that are asked for.
func (p *pagerDuty) analyzed(r *request) (found []analyzedJSON, asked analyticsRequest, err error) {
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
		return nil, asked, pagerDutyError(http.StatusBadRequest, "Invalid Input Provided")
	}
	for _, one := range p.organization.Incidents {
		if r.isIn(one.CreatedAt, asked.Filters.CreatedAtStart, asked.Filters.CreatedAtEnd) {
			found = append(found, analyze(one, r.now))
		}
	}
	return found, asked, nil
}

func (p *pagerDuty) rawIncidents(r *request) (any, error) {
	found, asked, err := p.analyzed(r)
	if err != nil {
		return nil, err
	}
	changed := asked.Filters.UpdatedAfter.Format("2006-01-02T15:04:05")
	found = slices.DeleteFunc(found, func(one analyzedJSON) bool { return one.UpdatedAt < changed })
	from := 1 + slices.IndexFunc(found, func(one analyzedJSON) bool { return one.ID == asked.StartingAfter })
	to := min(from+max(asked.Limit, 1), len(found))
	answer := map[string]any{"data": found[from:to], "more": to < len(found), "last": nil}
	if to > from {
		answer["last"] = found[to-1].ID
	}
	return answer, nil
}

// serviceMetricsJSON is what PagerDuty works out for a service. A mean of nothing
// is null.
type serviceMetricsJSON struct {
	ServiceID   string   `json:"service_id"`
	ServiceName string   `json:"service_name"`
	Incidents   int      `json:"total_incident_count"`
	ToResolve   *float64 `json:"mean_seconds_to_resolve"`
	ToAck       *float64 `json:"mean_seconds_to_first_ack"`
	UpTime      float64  `json:"up_time_pct"`
}

func (p *pagerDuty) serviceMetrics(r *request) (any, error) {
	found, _, err := p.analyzed(r)
	if err != nil {
		return nil, err
	}
	data := []serviceMetricsJSON{}
	for _, service := range p.organization.Services {
		metrics := serviceMetricsJSON{ServiceID: serviceID(service.Name), ServiceName: service.Name, UpTime: 100}
		var toResolve, toAck []int64
		for _, one := range found {
			if one.ServiceName != service.Name {
				continue
			}
			metrics.Incidents++
			if one.SecondsToResolve != nil {
				toResolve = append(toResolve, *one.SecondsToResolve)
			}
			if one.SecondsToAck != nil {
				toAck = append(toAck, *one.SecondsToAck)
			}
		}
		if metrics.Incidents > 0 {
			metrics.ToResolve, metrics.ToAck = mean(toResolve), mean(toAck)
			data = append(data, metrics)
		}
	}
	return map[string]any{"data": data, "time_zone": "Etc/UTC"}, nil
}

// mean returns the rounded mean, nil of nothing.
func mean(values []int64) *float64 {
	if len(values) == 0 {
		return nil
	}
	var sum int64
	for _, value := range values {
		sum += value
	}
	rounded := float64((2*sum + int64(len(values))) / (2 * int64(len(values))))
	return &rounded
}
