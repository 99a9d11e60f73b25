package ingested

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"dorado/collectors"
)

// A CDEvent is an event of continuous delivery as https://cdevents.dev has it, as far
// as it is read, of any version:
//
//	service.deployed, service.upgraded, service.rolledback   a deployment that succeeded at the event's time
//	incident.detected, incident.reported, incident.resolved  an incident, which later events add to
//
// A service is the last part of its subject's id (checkout of /service/checkout). The
// version of a deployment is that of its artifactId, a package URL, which of type
// github also gives repository and commit; customData may give any field that
// ingested deployments have and this does not.
type CDEvent struct {
	Context struct {
		ID        string    `json:"id"`
		Source    string    `json:"source"`
		Type      string    `json:"type"` // dev.cdevents.service.deployed.0.2.0
		Timestamp time.Time `json:"timestamp"`
	} `json:"context"`
	Subject struct {
		ID      string `json:"id"`
		Source  string `json:"source"`
		Content struct {
			Environment *cdReference `json:"environment"`
			Service     *cdReference `json:"service"` // of an incident
			ArtifactID  string       `json:"artifactId"`
			Description string       `json:"description"`
			TicketURI   string       `json:"ticketURI"`
		} `json:"content"`
	} `json:"subject"`
	CustomData json.RawMessage `json:"customData"`
}

// A cdReference names a subject.
type cdReference struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// ReadCDEvent reads a CDEvent. isRead is false for one of a kind that nothing is
// made of.
func ReadCDEvent(body []byte) (event CDEvent, isRead bool, err error) {
	if err := json.Unmarshal(body, &event); err != nil {
		return event, false, fmt.Errorf("not a CDEvent: %w", err)
	}
	switch {
	case event.Context.Type == "":
		return event, false, errors.New("context.type: it is missing")
	case event.kind() == "":
		return event, false, nil
	case event.Context.ID == "":
		return event, false, errors.New("context.id: it is missing")
	case event.Context.Timestamp.IsZero():
		return event, false, errors.New("context.timestamp: it is missing")
	case event.Subject.ID == "":
		return event, false, errors.New("subject.id: it is missing")
	}
	if event.isIncident() {
		return event, true, nil
	}
	_, err = event.deployment()
	return event, err == nil, err
}

// kind returns what the event says happened, without prefix and version, "" where
// nothing is made of it.
func (e CDEvent) kind() string {
	name, _ := strings.CutPrefix(e.Context.Type, "dev.cdevents.")
	parts := strings.SplitN(name, ".", 3)
	if len(parts) < 2 {
		return ""
	}
	switch kind := parts[0] + "." + parts[1]; kind {
	case "service.deployed", "service.upgraded", "service.rolledback", "incident.detected", "incident.reported", "incident.resolved":
		return kind
	}
	return ""
}

func (e CDEvent) isIncident() bool { return strings.HasPrefix(e.kind(), "incident.") }

// lastPart returns what stands behind the last slash.
func lastPart(id string) string { return id[strings.LastIndex(id, "/")+1:] }

// deployment returns the deployment that an event of a service tells of.
func (e CDEvent) deployment() (collectors.Row, error) {
	values := map[string]any{}
	if len(e.CustomData) > 0 {
		var custom map[string]any
		// Anything may be in there; what is no object has no fields.
		if json.Unmarshal(e.CustomData, &custom) == nil {
			for _, name := range []string{"repository", "sha", "version", "url", "started_at"} {
				if value, isGiven := custom[name]; isGiven {
					values[name] = value
				}
			}
		}
	}
	repository, version := packageOf(e.Subject.Content.ArtifactID)
	given := func(name, value string) {
		if _, isGiven := values[name]; !isGiven && value != "" {
			values[name] = value
		}
	}
	given("version", version)
	if repository != "" {
		given("repository", repository)
		given("sha", version)
	}
	values["id"] = strings.TrimSuffix(e.Context.Source, "/") + "/" + e.Context.ID
	values["service"] = lastPart(e.Subject.ID)
	if environment := e.Subject.Content.Environment; environment != nil {
		values["environment"] = cmp.Or(environment.Name, lastPart(environment.ID))
	}
	values["finished_at"] = e.Context.Timestamp.UTC().Format(time.RFC3339Nano)
	return Deployments.Row(values)
}

// packageOf returns what a package URL says: the version, and of one of type github
// the repository, in which the version is a commit.
func packageOf(url string) (repository, version string) {
	kind, isPackage := strings.CutPrefix(url, "pkg:")
	if !isPackage {
		return "", ""
	}
	kind, _, _ = strings.Cut(kind, "#")
	kind, _, _ = strings.Cut(kind, "?")
	name := kind
	if at := strings.LastIndex(kind, "@"); at >= 0 {
		name, version = kind[:at], strings.ReplaceAll(kind[at+1:], "%3A", ":")
	}
	if name, isGitHub := strings.CutPrefix(name, "github/"); isGitHub {
		repository = name
	}
	return repository, version
}

// incidentID returns the id of the incident that the event is about.
func (e CDEvent) incidentID() string {
	return strings.TrimSuffix(cmp.Or(e.Subject.Source, e.Context.Source), "/") + "/" + e.Subject.ID
}

// add returns an incident as it is with what the event tells, nil for one that
// nothing is known of yet.
func (e CDEvent) add(known *Incident) (Incident, error) {
	at := e.Context.Timestamp.UTC()
	incident := Incident{ID: e.incidentID(), TriggeredAt: at}
	if known != nil {
		incident = *known
	} else if e.kind() == "incident.resolved" {
		return incident, fmt.Errorf("incident %s is resolved, and nothing says when it began", incident.ID)
	}
	fill := func(field **string, value string) {
		if *field == nil && value != "" {
			*field = &value
		}
	}
	content := e.Subject.Content
	fill(&incident.Title, content.Description)
	fill(&incident.URL, content.TicketURI)
	if content.Service != nil {
		fill(&incident.Service, lastPart(content.Service.ID))
	}
	if e.kind() != "incident.resolved" {
		if at.Before(incident.TriggeredAt) {
			incident.TriggeredAt = at
		}
	} else if incident.ResolvedAt == nil || at.After(*incident.ResolvedAt) {
		incident.ResolvedAt = &at
	}
	if problem := incident.problem(); problem != "" {
		return incident, fmt.Errorf("incident %s: %s", incident.ID, problem)
	}
	return incident, nil
}
