package simulator

import (
	"fmt"
	"strings"
	"time"
)

// A reference names an object of PagerDuty.
type reference struct {
	ID      string  `json:"id"`
	Type    string  `json:"type"`
	Summary string  `json:"summary"`
	Self    *string `json:"self"`
	HTMLURL *string `json:"html_url"`
}

// pagerDutyID returns the id of what has a name: PagerDuty's are in upper case.
func pagerDutyID(prefix, name string) string {
	return prefix + strings.ToUpper(strings.NewReplacer("-", "", "[", "", "]", "").Replace(name))
}

func serviceID(name string) string { return pagerDutyID("PS", name) }

func serviceReference(name string) reference {
	page := "https://acme.pagerduty.com/service-directory/" + serviceID(name)
	return reference{ID: serviceID(name), Type: "service_reference", Summary: name, HTMLURL: &page}
}

func teamReference(name string) reference {
	return reference{ID: pagerDutyID("PT", name), Type: "team_reference", Summary: name}
}

func policyReference(team string) reference {
	return reference{ID: pagerDutyID("PE", team), Type: "escalation_policy_reference", Summary: team + " on call"}
}

// priorityReference returns nil for "".
func priorityReference(name string) *reference {
	if name == "" {
		return nil
	}
	return &reference{ID: "PX" + name, Type: "priority", Summary: name}
}

func (p *pagerDuty) personReference(login string) reference {
	name := login
	for _, person := range p.organization.People {
		if person.Login == login {
			name = person.Name
		}
	}
	return reference{ID: pagerDutyID("PU", login), Type: "user_reference", Summary: name}
}

type teamJSON struct {
	reference
	Name string `json:"name"`
}

type policyJSON struct {
	reference
	Name  string      `json:"name"`
	Loops int         `json:"num_loops"`
	Teams []reference `json:"teams"`
}

type priorityJSON struct {
	reference
	Name  string `json:"name"`
	Order int    `json:"order"`
}

type userOfJSON struct {
	reference
	Name string `json:"name"`
}

type serviceOfJSON struct {
	reference
	Name             string      `json:"name"`
	Status           string      `json:"status"`
	Teams            []reference `json:"teams"`
	EscalationPolicy reference   `json:"escalation_policy"`
	CreatedAt        time.Time   `json:"created_at"`
}

func (p *pagerDuty) serviceJSON(service Service) serviceOfJSON {
	return serviceOfJSON{
		reference:        serviceReference(service.Name),
		Name:             service.Name,
		Status:           "active",
		Teams:            []reference{teamReference(service.Team)},
		EscalationPolicy: policyReference(service.Team),
		CreatedAt:        p.organization.Start,
	}
}

type maintenanceJSON struct {
	ID          string      `json:"id"`
	Type        string      `json:"type"`
	Description string      `json:"description"`
	StartAt     time.Time   `json:"start_time"`
	EndAt       time.Time   `json:"end_time"`
	Services    []reference `json:"services"`
}

func windowOfJSON(w MaintenanceWindow) maintenanceJSON {
	return maintenanceJSON{ID: w.ID, Type: "maintenance_window", Description: "Planned work", StartAt: w.StartAt, EndAt: w.EndAt,
		Services: []reference{serviceReference(w.Service)}}
}

type dependencyJSON struct {
	ID         string    `json:"id"`
	Dependent  reference `json:"dependent_service"`
	Supporting reference `json:"supporting_service"`
}

type resolveReasonJSON struct {
	Type     string    `json:"type"`
	Incident reference `json:"incident"`
}

type alertCountsJSON struct {
	All       int `json:"all"`
	Triggered int `json:"triggered"`
	Resolved  int `json:"resolved"`
}

type incidentJSON struct {
	reference
	Number             int                `json:"incident_number"`
	Title              string             `json:"title"`
	Status             string             `json:"status"`
	Urgency            string             `json:"urgency"`
	Priority           *reference         `json:"priority"`
	Service            reference          `json:"service"`
	EscalationPolicy   reference          `json:"escalation_policy"`
	Teams              []reference        `json:"teams"`
	CreatedAt          time.Time          `json:"created_at"`
	UpdatedAt          time.Time          `json:"updated_at"`
	LastStatusChangeAt time.Time          `json:"last_status_change_at"`
	ResolvedAt         *time.Time         `json:"resolved_at"`
	ResolveReason      *resolveReasonJSON `json:"resolve_reason"`
	AlertCounts        alertCountsJSON    `json:"alert_counts"`
}

// statusOf returns the status of an incident at a time and when it came to it, in
// whole seconds as PagerDuty has it.
func statusOf(one *Incident, now time.Time) (status string, since time.Time) {
	status, since = "triggered", one.CreatedAt
	for _, entry := range one.Entries {
		if entry.At.After(now) {
			break
		}
		switch entry.Kind {
		case "acknowledge":
			status, since = "acknowledged", entry.At.Truncate(time.Second)
		case "resolve":
			status, since = "resolved", entry.At.Truncate(time.Second)
		case "reopen":
			status, since = "triggered", entry.At.Truncate(time.Second)
		}
	}
	return status, since
}

// teamOf returns the team of a service.
func (p *pagerDuty) teamOf(service string) string {
	for _, one := range p.organization.Services {
		if one.Name == service {
			return one.Team
		}
	}
	return ""
}

// incidentJSON returns an incident as it is at a time. Of every seventh PagerDuty
// does not say when it was resolved, as it did of none before 2023.
func (p *pagerDuty) incidentJSON(one *Incident, now time.Time) incidentJSON {
	status, since := statusOf(one, now)
	page := "https://acme.pagerduty.com/incidents/" + one.ID
	team := p.teamOf(one.Service)
	shown := incidentJSON{
		reference:          reference{ID: one.ID, Type: "incident", Summary: fmt.Sprintf("[#%d] %s", one.Number, one.Title), HTMLURL: &page},
		Number:             one.Number,
		Title:              one.Title,
		Status:             status,
		Urgency:            one.Urgency,
		Priority:           priorityReference(one.Priority),
		Service:            serviceReference(one.Service),
		EscalationPolicy:   policyReference(team),
		Teams:              []reference{teamReference(team)},
		CreatedAt:          one.CreatedAt,
		UpdatedAt:          since,
		LastStatusChangeAt: since,
		AlertCounts:        alertCountsJSON{All: one.Alerts, Triggered: one.Alerts},
	}
	if status == "resolved" {
		shown.AlertCounts = alertCountsJSON{All: one.Alerts, Resolved: one.Alerts}
		if one.Number%7 != 0 {
			shown.ResolvedAt = &since
		}
		if one.MergedInto != "" {
			shown.ResolveReason = &resolveReasonJSON{Type: "merge_resolve_reason", Incident: reference{ID: one.MergedInto, Type: "incident_reference"}}
		}
	}
	return shown
}

type channelJSON struct {
	Type         *string           `json:"type"`
	Notification *notificationJSON `json:"notification,omitempty"`
}

type notificationJSON struct {
	Type string `json:"type"`
}

type logEntryJSON struct {
	ID           string         `json:"id"`
	Type         string         `json:"type"`
	Summary      string         `json:"summary"`
	CreatedAt    string         `json:"created_at"`
	Incident     reference      `json:"incident"`
	Service      reference      `json:"service"`
	Agent        *reference     `json:"agent"`
	Channel      channelJSON    `json:"channel"`
	User         *reference     `json:"user,omitempty"`
	Teams        []reference    `json:"teams"`
	EventDetails map[string]any `json:"event_details"`
}

// logEntryJSON returns a log entry. Its event_details hold values of any type, and
// what is done automatically has now and then a channel without a type.
func (p *pagerDuty) logEntryJSON(one *Incident, entry Entry) logEntryJSON {
	shown := logEntryJSON{
		ID:           entry.ID,
		Type:         entry.Kind + "_log_entry",
		Summary:      "Something happened.",
		CreatedAt:    entry.At.Format("2006-01-02T15:04:05.000000Z"),
		Incident:     reference{ID: one.ID, Type: "incident_reference", Summary: one.Title},
		Service:      serviceReference(one.Service),
		Channel:      channelJSON{Type: &entry.Channel},
		Teams:        []reference{teamReference(p.teamOf(one.Service))},
		EventDetails: map[string]any{"attempt": one.Number % 3, "description": one.Title, "more": map[string]bool{"yes": true}},
	}
	if entry.Kind == "trigger" && one.Number%11 == 0 {
		shown.Channel.Type = nil
	}
	agent := serviceReference(one.Service)
	switch {
	case entry.Kind == "notify":
		person, auto := p.personReference(entry.Person), "auto"
		shown.User = &person
		shown.Channel = channelJSON{Type: &auto, Notification: &notificationJSON{Type: entry.Channel}}
	case entry.Person != "":
		agent = p.personReference(entry.Person)
		shown.Agent = &agent
	default:
		shown.Agent = &agent
	}
	return shown
}

type noteJSON struct {
	ID        string    `json:"id"`
	User      reference `json:"user"`
	Content   string    `json:"content"`
	CreatedAt time.Time `json:"created_at"`
}

type linkJSON struct {
	Href string `json:"href"`
	Text string `json:"text"`
}

type correlationJSON struct {
	Reason string `json:"reason"`
}

type changeEventJSON struct {
	ID            string           `json:"id"`
	Type          string           `json:"type"`
	Summary       string           `json:"summary"`
	Timestamp     time.Time        `json:"timestamp"`
	Source        string           `json:"source"`
	Services      []reference      `json:"services"`
	Links         []linkJSON       `json:"links"`
	CustomDetails map[string]any   `json:"custom_details"`
	Correlation   *correlationJSON `json:"correlation_reason,omitempty"`
}

// json returns a change event as the deploying workflow sends it.
func (e changeEvent) json() changeEventJSON {
	shipment := e.shipment
	return changeEventJSON{
		ID:            e.id,
		Type:          "change_event",
		Summary:       "Deployed " + shipment.Service + " to " + shipment.Environment,
		Timestamp:     shipment.FinishedAt,
		Source:        "github",
		Services:      []reference{serviceReference(shipment.Service)},
		Links:         []linkJSON{{Href: "https://github.com/" + shipment.Repository + "/deployments", Text: "Deployments"}},
		CustomDetails: map[string]any{"environment": shipment.Environment, "repository": shipment.Repository, "deployment_id": shipment.ID},
	}
}
