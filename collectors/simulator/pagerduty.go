package simulator

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// pagerDutyPath is where Handler serves PagerDuty's API.
const pagerDutyPath = "/pagerduty"

// The limits of PagerDuty's API.
const (
	pagerDutyPerMinute = 960
	pagerDutyListed    = 10_000
	pagerDutyWindow    = 184 * 24 * time.Hour // 6 months
)

// A pagerDuty serves the incidents of an organisation as PagerDuty's REST API
// does. It shares its options, faults and clocks with the GitHub side.
type pagerDuty struct {
	organization *Organization
	options      ServerOptions
	spoiler      *spoiler
	minute       minute
	routes       *http.ServeMux
	byID         map[string]*Incident
	changes      []changeEvent // oldest first
}

// newPagerDuty returns PagerDuty's API as options, which are complete, say.
func newPagerDuty(organization *Organization, options ServerOptions) *pagerDuty {
	p := &pagerDuty{
		organization: organization,
		options:      options,
		spoiler:      newSpoiler(options.Faults),
		routes:       http.NewServeMux(),
		byID:         map[string]*Incident{},
	}
	if options.RateLimit >= 0 {
		p.minute.limit = pagerDutyPerMinute
	}
	for _, one := range organization.Incidents {
		p.byID[one.ID] = one
	}
	p.changes = changeEvents(organization)
	for path, answer := range map[string]answer{
		"GET /services":                             p.listServices,
		"GET /teams":                                p.listTeams,
		"GET /escalation_policies":                  p.listEscalationPolicies,
		"GET /priorities":                           p.listPriorities,
		"GET /users":                                p.listUsers,
		"GET /business_services":                    p.listNone("business_services"),
		"GET /maintenance_windows":                  p.listMaintenanceWindows,
		"GET /incidents":                            p.listIncidents,
		"GET /incidents/{id}":                       p.showIncident,
		"GET /incidents/{id}/related_change_events": p.listRelatedChangeEvents,
		"GET /incidents/{id}/notes":                 p.listNotes,
		"GET /log_entries":                          p.listLogEntries,
		"GET /change_events":                        p.listChangeEvents,
		"GET /service_dependencies/technical_services/{id}": p.listDependencies,
		"POST /analytics/raw/incidents":                     p.rawIncidents,
		"POST /analytics/metrics/incidents/services":        p.serviceMetrics,
		"/": func(*request) (any, error) { return nil, pagerDutyError(http.StatusNotFound, "Not Found") },
	} {
		p.routes.HandleFunc(path, p.serve(answer))
	}
	return p
}

// pagerDutyError returns an error of the API.
func pagerDutyError(status int, message string) *failure {
	return &failure{status: status, message: message}
}

// serve makes a handler of an answer.
func (p *pagerDuty) serve(answer answer) http.HandlerFunc {
	return func(w http.ResponseWriter, httpRequest *http.Request) {
		spoiled, err := p.spoiler.next(httpRequest.Context())
		if err != nil {
			return // nobody is there to be answered
		}
		if spoiled.status != 0 {
			http.Error(w, "<html><body>Bad Gateway</body></html>", spoiled.status)
			return
		}
		body, err := p.answer(&request{Request: httpRequest, now: p.options.Now()}, spoiled.secondary != 0, answer)
		status := http.StatusOK
		var known *failure
		if errors.As(err, &known) {
			status = known.status
			body = map[string]any{"error": map[string]any{"code": 2000 + status, "message": known.message}}
		}
		content, err := json.Marshal(body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		header := w.Header()
		header.Set("Date", p.options.Now().UTC().Format(http.TimeFormat)) // by which collectors know how far they got
		p.minute.report(header, p.options.Clock())
		if status == http.StatusTooManyRequests && spoiled.secondary != 0 {
			header.Set("Ratelimit-Reset", "1")
		}
		header.Set("Content-Type", "application/json")
		header.Set("Content-Length", strconv.Itoa(len(content)))
		w.WriteHeader(status)
		if spoiled.isTruncated {
			content = content[:len(content)/2] // the server then closes the connection
		}
		w.Write(content) //nolint:errcheck // the client is gone
	}
}

// answer returns the answer to a request that is allowed.
func (p *pagerDuty) answer(r *request, isLimited bool, answer answer) (any, error) {
	if p.options.Token != "" && r.Header.Get("Authorization") != "Token token="+p.options.Token {
		return nil, pagerDutyError(http.StatusUnauthorized, "Unauthorized")
	}
	if isLimited || !p.minute.take(p.options.Clock()) {
		return nil, pagerDutyError(http.StatusTooManyRequests, "Rate Limit Exceeded")
	}
	return answer(r)
}

// A minute counts the requests of a minute.
type minute struct {
	limit   int // 0: none
	mutex   sync.Mutex
	used    int
	resetAt time.Time
}

// take counts a request, and reports whether it was allowed.
func (m *minute) take(now time.Time) bool {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if !now.Before(m.resetAt) {
		m.used, m.resetAt = 0, now.Add(time.Minute)
	}
	m.used++
	return m.limit == 0 || m.used <= m.limit
}

// report sets the headers about the limit, if there is one.
func (m *minute) report(header http.Header, now time.Time) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if m.limit == 0 {
		return
	}
	header.Set("Ratelimit-Limit", strconv.Itoa(m.limit))
	header.Set("Ratelimit-Remaining", strconv.Itoa(max(0, m.limit-m.used)))
	header.Set("Ratelimit-Reset", strconv.Itoa(int((m.resetAt.Sub(now)+time.Second-1)/time.Second)))
}

// pageOf returns the page of a list that is asked for. key is the list's name.
func pageOf[T, J any](r *request, key string, items []T, render func(T) J) (any, error) {
	limit := min(r.number("limit", 25), 100)
	offset, _ := strconv.Atoi(r.parameter("offset", "0")) // anything else is 0
	if offset+limit > pagerDutyListed {
		return nil, pagerDutyError(http.StatusBadRequest, "Offset must be less than 10000.")
	}
	rendered := []J{}
	for i := offset; i < min(offset+limit, len(items)); i++ {
		rendered = append(rendered, render(items[i]))
	}
	page := map[string]any{"limit": limit, "offset": offset, "more": offset+limit < len(items), "total": nil, key: rendered}
	if r.parameter("total", "") == "true" {
		page["total"] = len(items)
	}
	return page, nil
}

// window returns the time that is asked for, by default the last month.
func (r *request) window() (since, until time.Time, err error) {
	if until, err = r.time("until", r.now); err == nil {
		since, err = r.time("since", until.AddDate(0, -1, 0))
	}
	switch {
	case err != nil:
		return since, until, pagerDutyError(http.StatusBadRequest, "Invalid Input Provided")
	case until.Sub(since) > pagerDutyWindow:
		return since, until, pagerDutyError(http.StatusBadRequest, "The time range is limited to 6 months.")
	}
	return since, until, nil
}

// isIn reports whether a time lies in a window, and has come.
func (r *request) isIn(at, since, until time.Time) bool {
	return !at.After(r.now) && !at.Before(since) && at.Before(until)
}

func (p *pagerDuty) listNone(key string) answer {
	return func(r *request) (any, error) {
		return pageOf(r, key, []struct{}{}, func(s struct{}) struct{} { return s })
	}
}

func (p *pagerDuty) listServices(r *request) (any, error) {
	return pageOf(r, "services", p.organization.Services, p.serviceJSON)
}

func (p *pagerDuty) listTeams(r *request) (any, error) {
	return pageOf(r, "teams", p.organization.Teams, func(t Team) teamJSON {
		return teamJSON{reference: teamReference(t.Name), Name: t.Name}
	})
}

func (p *pagerDuty) listEscalationPolicies(r *request) (any, error) {
	return pageOf(r, "escalation_policies", p.organization.Teams, func(t Team) policyJSON {
		return policyJSON{reference: policyReference(t.Name), Name: t.Name + " on call", Loops: 2, Teams: []reference{teamReference(t.Name)}}
	})
}

func (p *pagerDuty) listPriorities(r *request) (any, error) {
	return pageOf(r, "priorities", []string{"P1", "P2", "P3"}, func(name string) priorityJSON {
		return priorityJSON{reference: *priorityReference(name), Name: name, Order: '9' - int(name[1])}
	})
}

func (p *pagerDuty) listUsers(r *request) (any, error) {
	people := slices.DeleteFunc(slices.Clone(p.organization.People), func(one Person) bool { return one.IsBot || one.Login == webFlow })
	return pageOf(r, "users", people, func(one Person) userOfJSON {
		return userOfJSON{reference: p.personReference(one.Login), Name: one.Name}
	})
}

func (p *pagerDuty) listMaintenanceWindows(r *request) (any, error) {
	begun := slices.DeleteFunc(slices.Clone(p.organization.MaintenanceWindows), func(w MaintenanceWindow) bool { return w.StartAt.After(r.now) })
	return pageOf(r, "maintenance_windows", begun, windowOfJSON)
}

func (p *pagerDuty) listIncidents(r *request) (any, error) {
	since, until, err := r.window()
	if err != nil {
		return nil, err
	}
	statuses := r.URL.Query()["statuses[]"]
	var found []incidentJSON
	for _, one := range p.organization.Incidents {
		if !r.isIn(one.CreatedAt, since, until) {
			continue
		}
		if shown := p.incidentJSON(one, r.now); len(statuses) == 0 || slices.Contains(statuses, shown.Status) {
			found = append(found, shown)
		}
	}
	if !strings.HasSuffix(r.parameter("sort_by", ""), ":asc") {
		slices.Reverse(found)
	}
	return pageOf(r, "incidents", found, func(one incidentJSON) incidentJSON { return one })
}

// find returns the incident that the path names.
func (p *pagerDuty) find(r *request) (*Incident, error) {
	one := p.byID[r.PathValue("id")]
	if one == nil || one.CreatedAt.After(r.now) {
		return nil, pagerDutyError(http.StatusNotFound, "Not Found")
	}
	return one, nil
}

func (p *pagerDuty) showIncident(r *request) (any, error) {
	one, err := p.find(r)
	if err != nil {
		return nil, err
	}
	return map[string]incidentJSON{"incident": p.incidentJSON(one, r.now)}, nil
}

func (p *pagerDuty) listLogEntries(r *request) (any, error) {
	since, until, err := r.window()
	if err != nil {
		return nil, err
	}
	var found []logEntryJSON
	for _, one := range p.organization.Incidents {
		for _, entry := range one.Entries {
			if r.isIn(entry.At, since, until) {
				found = append(found, p.logEntryJSON(one, entry))
			}
		}
	}
	slices.SortStableFunc(found, func(a, b logEntryJSON) int { return cmp.Compare(b.CreatedAt, a.CreatedAt) })
	return pageOf(r, "log_entries", found, func(entry logEntryJSON) logEntryJSON { return entry })
}

// listNotes gives a note where somebody wrote one.
func (p *pagerDuty) listNotes(r *request) (any, error) {
	one, err := p.find(r)
	if err != nil {
		return nil, err
	}
	notes := []noteJSON{}
	for _, entry := range one.Entries {
		if entry.Kind == "annotate" && !entry.At.After(r.now) {
			notes = append(notes, noteJSON{ID: "N" + entry.ID, User: p.personReference(entry.Person), Content: entry.Text, CreatedAt: entry.At})
		}
	}
	return map[string]any{"notes": notes}, nil
}

func (p *pagerDuty) listDependencies(r *request) (any, error) {
	relationships := []dependencyJSON{}
	for i, service := range p.organization.Services {
		for j, supporting := range service.DependsOn {
			if slices.Contains([]string{serviceID(service.Name), serviceID(supporting)}, r.PathValue("id")) {
				relationships = append(relationships, dependencyJSON{
					ID:         fmt.Sprintf("D%05d", 100*i+j),
					Dependent:  serviceReference(service.Name),
					Supporting: serviceReference(supporting),
				})
			}
		}
	}
	return map[string]any{"relationships": relationships}, nil
}

// A changeEvent is a deployment that PagerDuty was told of.
type changeEvent struct {
	shipment Shipment
	id       string
}

// changeEvents returns those of every other service.
func changeEvents(organization *Organization) []changeEvent {
	var events []changeEvent
	for _, shipment := range organization.truth.Deployments {
		at := slices.IndexFunc(organization.Services, func(s Service) bool { return s.Name == shipment.Service })
		if (at+at/6)%2 == 0 { // of each way to deploy one has them, in a large organisation
			events = append(events, changeEvent{shipment: shipment, id: fmt.Sprintf("C%d", shipment.ID)})
		}
	}
	return events
}

func (p *pagerDuty) listChangeEvents(r *request) (any, error) {
	since, until, err := r.window()
	if err != nil {
		return nil, err
	}
	var found []changeEvent
	for _, event := range slices.Backward(p.changes) {
		if r.isIn(event.shipment.FinishedAt, since, until) {
			found = append(found, event)
		}
	}
	return pageOf(r, "change_events", found, changeEvent.json)
}

// listRelatedChangeEvents gives the last change of the service in the day before.
func (p *pagerDuty) listRelatedChangeEvents(r *request) (any, error) {
	one, err := p.find(r)
	if err != nil {
		return nil, err
	}
	related := []changeEventJSON{}
	for _, event := range slices.Backward(p.changes) {
		shipment := event.shipment
		if shipment.Service == one.Service && shipment.FinishedAt.Before(one.CreatedAt) {
			if one.CreatedAt.Sub(shipment.FinishedAt) < 24*time.Hour {
				shown := event.json()
				shown.Correlation = &correlationJSON{Reason: "most_recent"}
				related = append(related, shown)
			}
			break
		}
	}
	return map[string]any{"change_events": related}, nil
}
