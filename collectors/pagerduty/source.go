package pagerduty

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/PagerDuty/go-pagerduty"
	"golang.org/x/sync/errgroup"

	"dorado/collectors"
	"dorado/collectors/transport"
)

// A Reader answers questions about what is stored already.
type Reader interface {
	// Strings returns the first column, a text, of the rows that an SQL query
	// over the raw tables gives.
	Strings(ctx context.Context, query string, args ...any) ([]string, error)
}

// A source is one PagerDuty account as the collectors see it.
type source struct {
	config   Config
	client   *pagerduty.Client
	now      func() time.Time
	reader   Reader
	services []*regexp.Regexp // of the names of services to read; none: all
	read     map[string]bool  // the ids of the incidents that this run has read; nil while it has not looked for them
}

// New returns the collectors of one account, in the order they should run.
// client sends their requests, with the token: see NewClient.
func New(config Config, client *http.Client, now func() time.Time, reader Reader) ([]collectors.Collector, error) {
	s, err := newSource(config, client, now)
	if err != nil {
		return nil, err
	}
	s.reader = reader
	return []collectors.Collector{
		newKind(s, "pagerduty_services", s.allServices),
		newKind(s, "pagerduty_teams", s.allTeams),
		newKind(s, "pagerduty_escalation_policies", s.allEscalationPolicies),
		newKind(s, "pagerduty_priorities", s.allPriorities),
		newKind(s, "pagerduty_users", s.allUsers),
		newKind(s, "pagerduty_business_services", s.allBusinessServices),
		newKind(s, "pagerduty_service_dependencies", s.allServiceDependencies),
		newKind(s, "pagerduty_maintenance_windows", s.allMaintenanceWindows),
		newKind(s, incidentsName, s.incidents),
		newKind(s, "pagerduty_log_entries", s.logEntries),
		newKind(s, "pagerduty_notes", s.notes),
		newKind(s, "pagerduty_change_events", s.changeEvents),
		newKind(s, "pagerduty_related_change_events", s.relatedChangeEvents),
		newKind(s, "pagerduty_analytics_incidents", s.analyticsIncidents),
		newKind(s, "pagerduty_analytics_services", s.analyticsServices),
	}, nil
}

// newSource returns the account as the collectors see it.
func newSource(config Config, client *http.Client, now func() time.Time) (*source, error) {
	if config.BaseURL == "" {
		config.BaseURL = DefaultBaseURL
	}
	config.BaseURL = strings.TrimRight(config.BaseURL, "/")
	if _, err := url.Parse(config.BaseURL); err != nil {
		return nil, fmt.Errorf("pagerduty: base URL: %w", err)
	}
	if config.Since.IsZero() {
		return nil, errors.New("pagerduty: since is missing: PagerDuty's lists have to be read from some time on")
	}
	s := &source{config: config, client: pagerduty.NewClient(""), now: now}
	s.client.HTTPClient = client
	for _, pattern := range config.Services {
		compiled, err := regexp.Compile("(?i)^(?:" + pattern + ")$")
		if err != nil {
			return nil, fmt.Errorf("pagerduty: pattern of services %q: %w", pattern, err)
		}
		s.services = append(s.services, compiled)
	}
	return s, nil
}

// Tables returns an empty row of every raw table that the collectors fill.
func Tables() []collectors.Row {
	return []collectors.Row{
		Service{}, Team{}, EscalationPolicy{}, Priority{}, User{}, BusinessService{}, ServiceDependency{},
		MaintenanceWindow{}, Incident{}, LogEntry{}, Note{}, ChangeEvent{}, RelatedChangeEvent{},
		AnalyticsIncident{}, AnalyticsService{},
	}
}

// NewClient returns the client for New. It sends the token to the account's
// server only, and counts in usage. waiting is told until when a rate limit makes
// it wait.
func NewClient(config Config, token string, usage *transport.Usage, waiting func(until time.Time, reason string)) (*http.Client, error) {
	if config.BaseURL == "" {
		config.BaseURL = DefaultBaseURL
	}
	base, err := url.Parse(config.BaseURL)
	if err != nil {
		return nil, fmt.Errorf("pagerduty: base URL: %w", err)
	}
	options := clientOptions(base.Host, token, usage, waiting)
	options.Pause = config.Pause
	return transport.New(options), nil
}

// clientOptions are the options of NewClient's client.
func clientOptions(host, token string, usage *transport.Usage, waiting func(until time.Time, reason string)) transport.Options {
	return transport.Options{
		Host:   host,
		Header: http.Header{"Authorization": {"Token token=" + token}},
		Limit:  rateLimit,
		Answered: func(header http.Header) {
			if left, err := strconv.ParseInt(strings.TrimSpace(header.Get("Ratelimit-Remaining")), 10, 64); err == nil {
				usage.RequestsLeft.Say("", left)
			}
		},
		Usage:   usage,
		Waiting: waiting,
	}
}

// rateLimit reports whether an answer says that more than the account's 960
// requests a minute were sent, and how many seconds are left of that minute. The
// header is read here because the errors of go-pagerduty keep no headers.
func rateLimit(response *http.Response) (time.Duration, bool) {
	if response.StatusCode != http.StatusTooManyRequests {
		return 0, false
	}
	seconds, err := strconv.ParseUint(response.Header.Get("Ratelimit-Reset"), 10, 31)
	if err != nil {
		return 0, true
	}
	return time.Duration(seconds) * time.Second, true
}

// A kind collects one kind of record. Its cursor is the state S as JSON.
type kind[S any] struct {
	source *source
	name   string
	// pages yields what is new since state.
	pages func(ctx context.Context, state S) iter.Seq2[page[S], error]
}

// newKind returns the collector of one kind of record, whose name ends in that of
// the account if it has one.
func newKind[S any](s *source, name string, pages func(context.Context, S) iter.Seq2[page[S], error]) kind[S] {
	return kind[S]{source: s, name: s.config.collector(name), pages: pages}
}

// collector returns the name of the account's collector of a kind.
func (c Config) collector(kind string) string {
	if c.Name == "" {
		return kind
	}
	return kind + ":" + c.Name
}

// A page is what one request, with those that go with it, brought. A nil state
// keeps the old one.
type page[S any] struct {
	rows  []collectors.Row
	state *S
}

// Name returns the collector's name.
func (k kind[S]) Name() string { return k.name }

// Pages yields what is new since the state that cursor holds.
func (k kind[S]) Pages(ctx context.Context, cursor string) iter.Seq2[collectors.Page, error] {
	return func(yield func(collectors.Page, error) bool) {
		var state S
		if cursor != "" {
			if err := json.Unmarshal([]byte(cursor), &state); err != nil {
				yield(collectors.Page{}, fmt.Errorf("read the cursor: %w", err))
				return
			}
		}
		for page, err := range k.pages(ctx, state) {
			if err != nil {
				yield(collectors.Page{}, k.source.explain(err))
				return
			}
			stored := collectors.Page{Rows: page.rows}
			if page.state != nil {
				text, err := json.Marshal(page.state)
				if err != nil {
					yield(collectors.Page{}, fmt.Errorf("write the cursor: %w", err))
					return
				}
				stored.Cursor = string(text)
			}
			if !yield(stored, nil) {
				return
			}
		}
	}
}

// A refusal is an answer that is an error. The library's error is used for its
// reading of the several shapes that PagerDuty's error objects have.
type refusal struct {
	path   string
	answer pagerduty.APIError
}

// Error says what was asked and what PagerDuty said.
func (r refusal) Error() string { return r.path + ": " + r.answer.Error() }

// status returns the HTTP status of a refusal, 0 for any other error.
func status(err error) int {
	var refused refusal
	if errors.As(err, &refused) {
		return refused.answer.StatusCode
	}
	return 0
}

// isUnavailable reports whether an error says that the account does not have what
// was asked for: 402 for a feature of a dearer plan, 404 for one it never had.
func isUnavailable(err error) bool {
	return status(err) == http.StatusPaymentRequired || status(err) == http.StatusNotFound
}

// explain says what an error means to who runs dorado.
func (s *source) explain(err error) error {
	from := s.config.TokenEnv
	if from == "" {
		from = s.config.TokenFile
	}
	var refused refusal
	switch status(err) {
	case http.StatusUnauthorized:
		return fmt.Errorf("pagerduty: the token in %s was refused (401)", from)
	case http.StatusForbidden:
		_ = errors.As(err, &refused)
		return fmt.Errorf("pagerduty: the token in %s may not read %s (403)", from, refused.path)
	default:
		return fmt.Errorf("pagerduty: %w", err)
	}
}

// includes reports whether what belongs to a service is to be stored. What
// belongs to none is.
func (s *source) includes(service pagerduty.APIObject) bool {
	return service.ID == "" || s.includesName(service.Summary)
}

// includesName reports whether what belongs to the service of that name is to be
// stored.
func (s *source) includesName(name string) bool {
	for _, pattern := range s.services {
		if pattern.MatchString(strings.TrimSpace(name)) {
			return true
		}
	}
	return len(s.services) == 0
}

// get reads what is at path with the query parameters into the value that into
// points to.
func (s *source) get(ctx context.Context, into any, path string, query url.Values) (answeredAt time.Time, err error) {
	address := s.config.BaseURL + path
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return time.Time{}, err
	}
	return s.do(request, path, into)
}

// post asks path the question in body, as the analytics endpoints want it.
func (s *source) post(ctx context.Context, into any, path string, body any) (answeredAt time.Time, err error) {
	text, err := json.Marshal(body)
	if err != nil {
		return time.Time{}, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.config.BaseURL+path, bytes.NewReader(text))
	if err != nil {
		return time.Time{}, err
	}
	return s.do(request, path, into)
}

// do sends a request and decodes its answer. It returns the time until which the
// answer is complete: the server's, but no later than ours, because what is asked
// for ends there.
func (s *source) do(request *http.Request, path string, into any) (answeredAt time.Time, err error) {
	// The library adds the token only when it is told to; here the client does.
	response, err := s.client.Do(request, false)
	if err != nil {
		return time.Time{}, err
	}
	body := transport.Body(response)
	_ = response.Body.Close() // it was read whole
	if response.StatusCode < 200 || response.StatusCode > 299 {
		refused := refusal{path: path}
		// What is no JSON, such as a proxy's page, leaves only the status.
		_ = json.Unmarshal(body, &refused.answer)
		refused.answer.StatusCode = response.StatusCode
		return time.Time{}, refused
	}
	if err := json.Unmarshal(body, into); err != nil {
		return time.Time{}, fmt.Errorf("decode %s: %w", path, err)
	}
	answeredAt = s.now().UTC()
	if date, err := http.ParseTime(response.Header.Get("Date")); err == nil && date.Before(answeredAt) {
		answeredAt = date.UTC()
	}
	return answeredAt, nil
}

// perPage is the most that PagerDuty gives in one page of a list.
const perPage = 100

// A listed is one page of a list.
type listed[T any] struct {
	pagerduty.APIListObject
	items      []T
	answeredAt time.Time
}

// list reads the page of the list at path that begins at offset. key is the name
// that the answer gives the list.
func list[T any](ctx context.Context, s *source, path, key string, query url.Values, offset uint) (page listed[T], err error) {
	parameters := url.Values{"limit": {strconv.Itoa(perPage)}, "offset": {strconv.FormatUint(uint64(offset), 10)}}
	for name, values := range query {
		parameters[name] = values
	}
	var answer json.RawMessage
	page.answeredAt, err = s.get(ctx, &answer, path, parameters)
	if err != nil {
		return page, err
	}
	var lists map[string]json.RawMessage
	if err := errors.Join(json.Unmarshal(answer, &page.APIListObject), json.Unmarshal(answer, &lists)); err != nil {
		return page, fmt.Errorf("decode %s: %w", path, err)
	}
	items, ok := lists[key]
	if !ok {
		return page, fmt.Errorf("decode %s: the answer has no %s", path, key)
	}
	if err := json.Unmarshal(items, &page.items); err != nil {
		return page, fmt.Errorf("decode %s from %d: %w", path, offset, err)
	}
	return page, nil
}

// next returns the offset of the page after this one.
func (l listed[T]) next(offset uint) uint {
	if l.Limit > 0 { // PagerDuty may give fewer than were asked for
		return offset + l.Limit
	}
	return offset + perPage
}

// whole yields the pages of a list that is read from its start on every run.
// Nothing is yielded of a list that the account does not have.
func whole[T any](ctx context.Context, s *source, path, key string, query url.Values) iter.Seq2[[]T, error] {
	return func(yield func([]T, error) bool) {
		for offset := uint(0); ; {
			page, err := list[T](ctx, s, path, key, query, offset)
			if isUnavailable(err) {
				return
			}
			if !yield(page.items, err) || err != nil || !page.More {
				return
			}
			offset = page.next(offset)
		}
	}
}

// records yields the rows of a list that is read from its start on every run.
// rows returns those of one record.
func records[T any](ctx context.Context, s *source, path, key string, query url.Values, rows func(T) []collectors.Row) iter.Seq2[page[struct{}], error] {
	return func(yield func(page[struct{}], error) bool) {
		for items, err := range whole[T](ctx, s, path, key, query) {
			var page page[struct{}]
			for _, item := range items {
				page.rows = append(page.rows, rows(item)...)
			}
			if !yield(page, err) {
				return
			}
		}
	}
}

// sideRequests is how many requests that go with one page are under way at once.
const sideRequests = 4

// each calls do with every number below count, some at a time.
func each(ctx context.Context, count int, do func(ctx context.Context, i int) error) error {
	group, groupContext := errgroup.WithContext(ctx)
	group.SetLimit(sideRequests)
	for i := range count {
		group.Go(func() error { return do(groupContext, i) })
	}
	return group.Wait()
}

// ids returns the ids of references as a JSON list, such as ["PT4KHLK"].
func ids(references []pagerduty.APIObject) string {
	list := make([]string, len(references))
	for i, reference := range references {
		list[i] = reference.ID
	}
	text, _ := json.Marshal(list) // strings cannot fail
	return string(text)
}

// idOf returns the id of a reference, nil where there is none.
func idOf(reference *pagerduty.APIObject) *string {
	if reference == nil || reference.ID == "" {
		return nil
	}
	return &reference.ID
}
