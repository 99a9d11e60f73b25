package simulator

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// ServerOptions say how an organisation is served.
type ServerOptions struct {
	Token     string           // the only one that is right; "" takes all, and none
	RateLimit int              // requests an hour, and as many points of GraphQL; 0 means 5,000; negative: no limit, as on a GitHub Enterprise Server
	RESTOnly  bool             // whether there is no GraphQL
	Faults    Faults           // what goes wrong
	Now       func() time.Time // the organisation's clock: what happens later is not there yet; nil means its end
	Clock     func() time.Time // the clock on the wall, by which the rate limit is given back; nil means time.Now
}

// Handler serves an organisation as GitHub's REST and GraphQL APIs do, below / as on
// api.github.com and below /api/v3/ and at /api/graphql as on a GitHub Enterprise
// Server, and as PagerDuty's REST API does below /pagerduty/, with the same token,
// faults and clock.
func Handler(organization *Organization, options ServerOptions) http.Handler {
	s := &server{
		organization: organization,
		options:      options,
		spoiler:      newSpoiler(options.Faults),
		people:       map[string]Person{},
		byName:       map[string]*repository{},
		byID:         map[string]*repository{},
		renamed:      map[string]*repository{},
		routes:       http.NewServeMux(),
	}
	if options.Now == nil {
		s.options.Now = func() time.Time { return organization.End }
	}
	if options.Clock == nil {
		s.options.Clock = time.Now
	}
	s.quota.limit, s.quota.resource = cmp.Or(options.RateLimit, 5000), "core"
	s.points.limit, s.points.resource = s.quota.limit, "graphql"
	for _, person := range organization.People {
		s.people[person.Login] = person
	}
	for _, one := range organization.Repositories {
		indexed := newRepository(organization, one)
		for _, name := range one.FormerNames {
			s.renamed[strings.ToLower(name)] = indexed
		}
		s.byName[strings.ToLower(one.FullName)], s.byID[strconv.FormatInt(one.ID, 10)] = indexed, indexed
	}
	s.addRoutes("")
	s.addRoutes("/api/v3")
	if !options.RESTOnly {
		s.routes.HandleFunc("/graphql", s.serve("", s.graphQL))
		s.routes.HandleFunc("/api/graphql", s.serve("/api", s.graphQL))
	}
	s.routes.Handle(pagerDutyPath+"/", http.StripPrefix(pagerDutyPath, newPagerDuty(organization, s.options).routes))
	return s.routes
}

// A server is a running Handler.
type server struct {
	organization *Organization
	options      ServerOptions
	people       map[string]Person      // by login
	byName       map[string]*repository // by owner/name in lower case
	byID         map[string]*repository
	renamed      map[string]*repository // by a name that it had before, in lower case
	routes       *http.ServeMux
	spoiler      *spoiler
	quota        quota // of REST
	points       quota // of GraphQL
}

// A request is a request that is being answered.
type request struct {
	*http.Request
	now        time.Time   // by the organisation's clock
	base       string      // the address of the API's root, without a slash at its end
	path       string      // the path that links name, below base
	repository *repository // nil where the path names none
	quota      *quota      // what the answer costs, and reports
	link       string      // the Link header of the answer, "" where it has none
}

// An answer is the body of a request, which becomes JSON, or an error: a
// *failure is sent as it is.
type answer func(r *request) (any, error)

// A failure is an error of the API.
type failure struct {
	status        int
	message       string
	documentation string         // where it is explained; "" for the front page
	fields        []problem      // what is wrong with which parameter
	location      string         // where it is instead, "" where it is nowhere
	retryAfter    *time.Duration // nil where it is not said
}

// A problem is what is wrong with a parameter.
type problem struct {
	Resource string `json:"resource"`
	Field    string `json:"field"`
	Code     string `json:"code"`
}

func (f *failure) Error() string { return fmt.Sprintf("%d %s", f.status, f.message) }

// body returns the JSON that GitHub sends.
func (f *failure) body() any {
	return struct {
		Message          string    `json:"message"`
		Errors           []problem `json:"errors,omitempty"`
		DocumentationURL string    `json:"documentation_url"`
		Status           string    `json:"status"`
	}{f.message, f.fields, cmp.Or(f.documentation, "https://docs.github.com/rest"), strconv.Itoa(f.status)}
}

// notFound is what GitHub says of what is not there, or not to be seen.
func notFound() *failure { return &failure{status: http.StatusNotFound, message: "Not Found"} }

// invalid is what GitHub says of a parameter with a value that it does not know.
func invalid(resource, field string) *failure {
	return &failure{status: http.StatusUnprocessableEntity, message: "Validation Failed", fields: []problem{{resource, field, "invalid"}}}
}

// serve makes a handler of an answer. The prefix is what stands before the path:
// "" or "/api/v3".
func (s *server) serve(prefix string, answer answer) http.HandlerFunc {
	return func(w http.ResponseWriter, httpRequest *http.Request) {
		spoiled, err := s.spoiler.next(httpRequest.Context())
		if err != nil {
			return // nobody is there to be answered
		}
		if spoiled.status != 0 {
			// The front of GitHub answers in HTML when what is behind it is down.
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(spoiled.status)
			_, _ = io.WriteString(w, "<html><body><h1>Unicorn!</h1></body></html>") // who asked may be gone
			return
		}
		r := &request{
			Request: httpRequest,
			now:     s.options.Now(),
			base:    "http://" + httpRequest.Host + prefix,
			path:    strings.TrimPrefix(httpRequest.URL.EscapedPath(), prefix),
			quota:   &s.quota,
		}
		body, err := s.answer(r, spoiled.secondary, answer)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		s.send(w, r, body, spoiled.isTruncated)
	}
}

// answer returns the answer to a request that is allowed. Where secondary is not
// 0, it meets a secondary limit with that status.
func (s *server) answer(r *request, secondary int, answer answer) (any, error) {
	if err := s.authorize(r.Request); err != nil {
		return nil, err
	}
	const limits = "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api"
	if secondary != 0 {
		wait := time.Second
		if s.options.Faults.IsForgiving {
			wait = 0
		}
		return nil, &failure{
			status:        secondary,
			message:       "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
			documentation: limits + "#about-secondary-rate-limits",
			retryAfter:    &wait,
		}
	}
	if !r.isFree() && !r.isGraphQL() && s.quota.isSpent(s.options.Clock()) {
		return nil, &failure{status: http.StatusForbidden, message: "API rate limit exceeded for user ID 1.", documentation: limits}
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead && !r.isGraphQL() {
		return nil, notFound()
	}
	if err := s.findRepository(r); err != nil {
		return nil, err
	}
	return answer(r)
}

// isFree says whether the request costs no quota, whatever the answer.
func (r *request) isFree() bool { return r.path == "/rate_limit" }

// isGraphQL says whether the request is a query, which costs points.
func (r *request) isGraphQL() bool { return r.path == "/graphql" }

// authorize checks the token.
func (s *server) authorize(r *http.Request) error {
	if s.options.Token == "" {
		return nil
	}
	given := r.Header.Get("Authorization")
	if given == "" {
		return &failure{status: http.StatusUnauthorized, message: "Requires authentication"}
	}
	if given != "Bearer "+s.options.Token && given != "token "+s.options.Token {
		return &failure{status: http.StatusUnauthorized, message: "Bad credentials"}
	}
	return nil
}

// findRepository finds the repository that the path names. Links of GitHub name
// it by its id, as /repositories/5001/tags.
func (s *server) findRepository(r *request) error {
	owner, name, id := r.PathValue("owner"), r.PathValue("name"), r.PathValue("id")
	if owner == "" && id == "" {
		return nil
	}
	r.repository = s.byID[id]
	if id == "" {
		r.repository = s.byName[strings.ToLower(owner+"/"+name)]
		if moved := s.renamed[strings.ToLower(owner+"/"+name)]; r.repository == nil && moved != nil {
			return s.moved(r, moved)
		}
	}
	if r.repository == nil || r.repository.CreatedAt.After(r.now) {
		return notFound()
	}
	if id == "" {
		rest := strings.SplitN(r.path, "/", 5) // "", repos, owner, name, the rest
		r.path = strings.Join(append([]string{"/repositories", strconv.FormatInt(r.repository.ID, 10)}, rest[4:]...), "/")
	}
	return nil
}

// moved says where a repository is that was asked for by an older name: GitHub
// names it by its id then.
func (s *server) moved(r *request, to *repository) *failure {
	location := r.base + "/repositories/" + strconv.FormatInt(to.ID, 10)
	if rest := strings.SplitN(r.path, "/", 5); len(rest) > 4 { // "", repos, owner, name, the rest
		location += "/" + rest[4]
	}
	if r.URL.RawQuery != "" {
		location += "?" + r.URL.RawQuery
	}
	return &failure{status: http.StatusMovedPermanently, message: "Moved Permanently", location: location}
}

// send answers with a body, or with 304 where the client has it already: that
// costs no quota.
func (s *server) send(w http.ResponseWriter, r *request, body any, isTruncated bool) {
	content, err := json.Marshal(body)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	hash := sha256.Sum256(append(content, r.link...))
	tag := fmt.Sprintf(`W/"%x"`, hash)
	header := w.Header()
	header.Set("ETag", tag)
	header.Set("Cache-Control", "private, max-age=60, s-maxage=60")
	header.Set("X-GitHub-Media-Type", "github.v3; format=json")
	if r.link != "" {
		header.Set("Link", r.link)
	}
	isKnown := strings.Contains(r.Header.Get("If-None-Match"), tag[len("W/"):])
	if !isKnown && !r.isFree() && !r.isGraphQL() {
		r.quota.use(1)
	}
	r.quota.report(header, s.options.Clock())
	if isKnown {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	header.Set("Content-Type", "application/json; charset=utf-8")
	header.Set("Content-Length", strconv.Itoa(len(content)))
	if isTruncated {
		content = content[:len(content)/2] // the server then closes the connection
	}
	w.Write(content) //nolint:errcheck // the client is gone
}

// fail answers with an error. It costs quota, unless it is about the token or the
// quota.
func (s *server) fail(w http.ResponseWriter, r *request, err error) {
	var known *failure
	if !errors.As(err, &known) {
		known = &failure{status: http.StatusInternalServerError, message: err.Error()}
	}
	content, err := json.Marshal(known.body())
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	switch known.status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests:
	default:
		r.quota.use(1)
	}
	r.quota.report(w.Header(), s.options.Clock())
	if known.location != "" {
		w.Header().Set("Location", known.location)
	}
	if known.retryAfter != nil {
		w.Header().Set("Retry-After", strconv.Itoa(int(*known.retryAfter/time.Second)))
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(known.status)
	w.Write(content) //nolint:errcheck // the client is gone
}

// paged returns the page of items that is asked for, rendered, and sets the Link
// header. A page has 30 items, at most 100.
func paged[T, J any](r *request, items []T, render func(T) J) []J {
	size, page := r.number("per_page", 30), r.number("page", 1)
	size = min(size, 100)
	last := max(1, (len(items)+size-1)/size)
	link := func(page int, relation string) string {
		query := r.URL.Query()
		query.Set("page", strconv.Itoa(page))
		return fmt.Sprintf(`<%s%s?%s>; rel=%q`, r.base, r.path, query.Encode(), relation)
	}
	var links []string
	if page > 1 {
		links = append(links, link(min(page-1, last), "prev"))
	}
	if page < last {
		links = append(links, link(page+1, "next"), link(last, "last"))
	}
	if page > 1 {
		links = append(links, link(1, "first"))
	}
	r.link = strings.Join(links, ", ")
	rendered := []J{}
	for i := (page - 1) * size; page <= last && i < min(page*size, len(items)); i++ {
		rendered = append(rendered, render(items[i]))
	}
	return rendered
}

// number returns a parameter that is a positive number, else the default.
func (r *request) number(name string, otherwise int) int {
	n, err := strconv.Atoi(r.URL.Query().Get(name))
	if err != nil || n < 1 {
		return otherwise
	}
	return n
}

// parameter returns a parameter, or the default where it is not given.
func (r *request) parameter(name, otherwise string) string {
	return cmp.Or(r.URL.Query().Get(name), otherwise)
}

// time returns a parameter that is a time, or the default where it is not given.
func (r *request) time(name string, otherwise time.Time) (time.Time, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return otherwise, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return t, invalid("Commit", name)
	}
	return t, nil
}

// ref returns a part of the path that names a commit or a branch; it may contain
// slashes, escaped or not.
func (r *request) ref(name string) string {
	text := r.PathValue(name)
	if plain, err := url.PathUnescape(text); err == nil {
		return plain
	}
	return text
}

// A quota counts the requests of an hour, or what they cost.
type quota struct {
	limit    int    // negative: none
	resource string // what GitHub calls it
	mutex    sync.Mutex
	used     int
	resetAt  time.Time // when used becomes 0 again
}

// isSpent says whether no request is left.
func (q *quota) isSpent(now time.Time) bool {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	q.renew(now)
	return q.limit >= 0 && q.used >= q.limit
}

// use counts what a request costs.
func (q *quota) use(cost int) {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	q.used += cost
}

// renew begins a new hour where the last one is over; the mutex is held.
func (q *quota) renew(now time.Time) {
	if !now.Before(q.resetAt) {
		q.used, q.resetAt = 0, now.Add(time.Hour)
	}
}

// rate returns what GitHub says of the quota.
func (q *quota) rate(now time.Time) rateJSON {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	q.renew(now)
	return rateJSON{Limit: q.limit, Used: q.used, Remaining: max(0, q.limit-q.used), Reset: q.resetAt.Unix(), Resource: q.resource}
}

// report sets the headers about the quota, if there is one.
func (q *quota) report(header http.Header, now time.Time) {
	if q.limit < 0 {
		return
	}
	rate := q.rate(now)
	header.Set("X-RateLimit-Limit", strconv.Itoa(rate.Limit))
	header.Set("X-RateLimit-Used", strconv.Itoa(rate.Used))
	header.Set("X-RateLimit-Remaining", strconv.Itoa(rate.Remaining))
	header.Set("X-RateLimit-Reset", strconv.FormatInt(rate.Reset, 10))
	header.Set("X-RateLimit-Resource", rate.Resource)
}
