// Package page serves the pages for people: the metrics of all, of a team and of a
// service, error budgets, the records behind every number, and how good the data is.
// Templates, style sheet and script are part of the program, and nothing is fetched
// from elsewhere.
//
// All numbers come from the metrics.* macros of the snapshot. A page decides only
// what stands where; how values are written is decided in reports, how charts are
// drawn in charts. Who may see the pages is decided by the server around them.
package page

import (
	"bytes"
	"context"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/fnv"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"dorado/reports"
	"dorado/warehouse"
)

// Options are what the pages need from the server.
type Options struct {
	// Acquire returns the snapshot that is current, and a function that lets go of it.
	// Its error wraps warehouse.ErrNoSnapshot where nothing has been published, and
	// ErrBusy where too many ask at once.
	Acquire func(context.Context) (Shown, func(), error)
	// Problems says why the snapshot is not the one it should be, such as a failed
	// build; nil for never.
	Problems func() []string
	// CanLogOut says whether whoever asks came in by the form at /login; nil for no.
	CanLogOut func(*http.Request) bool
	Version   string
	Logger    *slog.Logger
	Now       func() time.Time
}

// A Shown is the snapshot that a page shows.
type Shown struct {
	Snapshot reports.Snapshot
	ID       string // no other snapshot has it
}

// ErrBusy is what Acquire's error wraps where too many ask at once.
var ErrBusy = errors.New("too many ask at once")

// staleAfter is how old a snapshot may be before the pages warn. It is the default
// of the check that no collector lags: a nightly job that failed once does not warn.
const staleAfter = 36 * time.Hour

// ContentSecurityPolicy is what browsers may do with the pages: load their style
// sheet and script, send their forms back, and nothing else.
const ContentSecurityPolicy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

//go:embed templates static
var files embed.FS

// templates has a set for each page: the layout, the parts that pages share, and the
// page's own.
var templates = func() map[string]*template.Template {
	shared := template.Must(template.New("").Funcs(functions).ParseFS(files, "templates/shared/*.html"))
	sets := map[string]*template.Template{}
	for _, name := range []string{"overview", "slos", "explain", "quality", "message", "login"} {
		sets[name] = template.Must(template.Must(shared.Clone()).ParseFS(files, "templates/"+name+".html"))
	}
	return sets
}()

// assetVersion changes where a static file does, so that browsers may keep them.
var assetVersion = func() string {
	hash := fnv.New64a()
	for _, name := range []string{"static/page.css", "static/page.js", "static/icon.svg"} {
		content, err := files.ReadFile(name)
		if err != nil {
			panic(err)
		}
		_, _ = hash.Write(content) // it never fails
	}
	return hex.EncodeToString(hash.Sum(nil))
}()

// Patterns are the paths of the pages, as [http.ServeMux] has them.
var Patterns = []string{"GET /{$}", "GET /services/{id...}", "GET /teams/{name...}", "GET /slos", "GET /explain/{metric}", "GET /quality", "GET /static/{file}"}

// A login is the page that asks for a token.
type login struct {
	*view
	Text string // what was wrong with the last one
	Next string // the address to go on to
}

// WriteLogin writes the page that asks for a token, whose form is sent to /login.
func WriteLogin(w http.ResponseWriter, status int, version, next, text string) error {
	secure(w)
	data := login{&view{Title: "Log in", Version: version, Assets: assetVersion, query: url.Values{}}, text, next}
	var page bytes.Buffer
	if err := templates["login"].ExecuteTemplate(&page, "layout", data); err != nil {
		return fmt.Errorf("log in: %w", err)
	}
	send(w, status, page.Bytes())
	return nil
}

// send sends a page.
func send(w http.ResponseWriter, status int, page []byte) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(page)))
	w.WriteHeader(status)
	_, _ = w.Write(page) // whoever asked may have gone
}

// Pages answers requests for pages. New makes it.
type Pages struct {
	options Options
	kept    kept
	handler http.Handler
}

// New returns the handler of all pages.
func New(options Options) *Pages {
	s := &Pages{options: options}
	mux := http.NewServeMux()
	s.handler = mux
	for pattern, load := range map[string]func(*request) (string, any, error){
		"GET /{$}":              s.overview,
		"GET /services/{id...}": s.service,
		"GET /teams/{name...}":  s.team,
		"GET /slos":             s.slos,
		"GET /explain/{metric}": s.explain,
		"GET /quality":          s.quality,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { s.answer(w, r, load) })
	}
	mux.HandleFunc("GET /static/{file}", static)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.fail(w, r, notFound("There is no page at "+r.URL.Path+"."))
	})
	return s
}

// ServeHTTP answers a request for a page.
func (s *Pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	secure(w)
	s.handler.ServeHTTP(w, r)
}

// shownKey is the key of the snapshot in the context of a request that nobody sent.
type shownKey struct{}

// Expected returns requests for the overviews that people will look at, to be answered
// from a snapshot that Acquire is about to return, so that nobody waits for them.
func (s *Pages) Expected(ctx context.Context, shown Shown) (requests []*http.Request) {
	ctx = context.WithValue(ctx, shownKey{}, shown)
	for _, address := range s.kept.expect(shown.ID) {
		if request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil); err == nil {
			requests = append(requests, request)
		}
	}
	return requests
}

// acquire returns the snapshot to show, and what lets go of it.
func (s *Pages) acquire(r *http.Request) (Shown, func(), error) {
	if shown, isExpected := r.Context().Value(shownKey{}).(Shown); isExpected {
		return shown, func() {}, nil
	}
	return s.options.Acquire(r.Context())
}

// secure sets the headers of every answer.
func secure(w http.ResponseWriter) {
	header := w.Header()
	header.Set("Content-Security-Policy", ContentSecurityPolicy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer") // addresses name services and teams
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Cache-Control", "private, no-cache")
}

// A request is a request for a page that shows numbers.
type request struct {
	*http.Request
	view     *view
	snapshot reports.Snapshot
	id       string // the snapshot's
}

// A view is what the layout of every page needs.
type view struct {
	Title     string
	Page      string // the place in the navigation
	Days      reports.Days
	Length    int      // days of the range, where it is one of the lengths offered
	Banner    []string // what is wrong with the data
	CanLogOut bool
	IsReport  bool         // a file of its own: nothing can be followed
	Style     template.CSS // of a report
	Version   string
	Assets    string // version of the static files
	By        string // what the rows of the table are: service, team or, in reports, repository
	query     url.Values
}

// To returns the address of a page of ours for the same range; pairs are names and
// values of further parameters, empty ones left out. In a report it is "".
func (v *view) To(path string, pairs ...string) string {
	if v.IsReport {
		return ""
	}
	query := url.Values{}
	for name, values := range v.query {
		query[name] = values
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		query.Del(pairs[i])
		if pairs[i+1] != "" {
			query.Set(pairs[i], pairs[i+1])
		}
	}
	if len(query) == 0 {
		return path
	}
	return path + "?" + query.Encode()
}

// ToService returns the address of a service's page.
func (v *view) ToService(id string) string { return v.To("/services/" + url.PathEscape(id)) }

// ToTeam returns the address of a team's page.
func (v *view) ToTeam(name string) string { return v.To("/teams/" + url.PathEscape(name)) }

// lengths are the ranges offered, in days.
var lengths = []int{7, 30, 90, 365}

// Lengths returns the ranges offered.
func (v *view) Lengths() []int { return lengths }

// answer loads a page, with one snapshot for all its numbers, and writes it.
func (s *Pages) answer(w http.ResponseWriter, r *http.Request, load func(*request) (string, any, error)) {
	shown, release, err := s.acquire(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	defer release()
	view, err := s.newView(r, shown.Snapshot)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	tag := view.tag(r, shown)
	if slices.Contains(strings.FieldsFunc(r.Header.Get("If-None-Match"), func(c rune) bool { return c == ',' || c == ' ' }), tag) {
		w.Header().Set("ETag", tag)
		w.WriteHeader(http.StatusNotModified)
		return
	}
	name, data, err := load(&request{r, view, shown.Snapshot, shown.ID})
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if to, isRedirect := data.(redirect); isRedirect {
		http.Redirect(w, r, string(to), http.StatusSeeOther)
		return
	}
	w.Header().Set("ETag", tag)
	s.write(w, r, http.StatusOK, name, data)
}

// tag returns the ETag of a page: another one where anything on it is.
func (v *view) tag(r *http.Request, shown Shown) string {
	hash := fnv.New64a()
	_, _ = fmt.Fprintf(hash, "%q %q %q %q %q %t", v.Version, v.Assets, shown.ID, r.URL.RequestURI(), v.Banner, v.CanLogOut) // it never fails
	// A weak one: compressed or not, it is the same page.
	return `W/"` + hex.EncodeToString(hash.Sum(nil)) + `"`
}

// A redirect is the address of the page that is shown instead.
type redirect string

// newView reads the range that r asks for and finds what is wrong with the data.
func (s *Pages) newView(r *http.Request, snapshot reports.Snapshot) (*view, error) {
	query := r.URL.Query()
	v := &view{query: url.Values{}, Version: s.options.Version, Assets: assetVersion, CanLogOut: s.options.CanLogOut != nil && s.options.CanLogOut(r)}
	days, err := reports.NewDays(r.Context(), snapshot, query.Get("from"), query.Get("to"))
	if err != nil {
		return nil, err
	}
	switch length := query.Get("days"); {
	case query.Get("from")+query.Get("to") != "":
		v.query.Set("from", days.From)
		v.query.Set("to", days.To)
	case length != "":
		if v.Length, err = strconv.Atoi(length); err != nil || v.Length < 1 || v.Length > 3660 {
			return nil, reports.BadRange("days: " + length + " is not a number of days from 1 to 3660")
		}
		v.query.Set("days", length)
		days = days.Length(v.Length)
	default:
		v.Length = reports.DefaultDays
	}
	v.Days = days
	if s.options.Problems != nil {
		v.Banner = s.options.Problems()
	}
	if age := s.options.Now().Sub(days.AsOf); age > staleAfter {
		v.Banner = append(v.Banner, fmt.Sprintf("The data is %s old: it goes up to %s. See whether dorado run still runs.", reports.Seconds(age.Seconds()), v.At(days.AsOf)))
	}
	if days.Warnings == 1 {
		v.Banner = append(v.Banner, "One check of the data does not hold.")
	} else if days.Warnings > 1 {
		v.Banner = append(v.Banner, fmt.Sprintf("%d checks of the data do not hold.", days.Warnings))
	}
	return v, nil
}

// At writes an instant in the warehouse's time zone, which pages name.
func (v *view) At(at time.Time) string {
	return at.In(v.Days.Zone).Format("2006-01-02 15:04") + " " + v.Days.TimeZone
}

// Instant writes an instant where the zone is named already.
func (v *view) Instant(at time.Time) string { return at.In(v.Days.Zone).Format("2006-01-02 15:04") }

// write writes a page. It is made before anything is sent, so that a mistake is an
// answer of its own.
func (s *Pages) write(w http.ResponseWriter, r *http.Request, status int, name string, data any) {
	var page bytes.Buffer
	if err := templates[name].ExecuteTemplate(&page, "layout", data); err != nil {
		s.options.Logger.ErrorContext(r.Context(), "page", "path", r.URL.Path, "error", err)
		http.Error(w, "The page could not be made; the server's log says why.", http.StatusInternalServerError)
		return
	}
	send(w, status, page.Bytes())
}

// A notFound says what there is not.
type notFound string

// Error returns it.
func (n notFound) Error() string { return string(n) }

// A message is a page that says what is wrong and what to do.
type message struct {
	*view
	Text     string
	ToDo     []string
	Commands []string
}

// fail writes the page that says what went wrong.
func (s *Pages) fail(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(r.Context().Err(), context.Canceled) {
		return // nobody waits for it any more
	}
	m := message{view: &view{Version: s.options.Version, Assets: assetVersion}, Text: err.Error()}
	status := http.StatusInternalServerError
	var missing notFound
	var badRange reports.BadRange
	switch {
	case errors.Is(err, warehouse.ErrNoSnapshot):
		status, m.Title = http.StatusServiceUnavailable, "Nothing to show yet"
		m.Text = "This warehouse has no published snapshot."
		m.ToDo = []string{"Collect, build and publish once, or see the whole way on made-up data:"}
		m.Commands = []string{"dorado init   # proposes a configuration", "dorado run    # collects, builds, checks, publishes", "dorado demo   # on made-up data"}
	case errors.As(err, &missing):
		status, m.Title, m.ToDo = http.StatusNotFound, "Not found", []string{"It may have been renamed, or left out of the configuration. The overview lists all there are."}
	case errors.As(err, &badRange):
		status, m.Title, m.ToDo = http.StatusBadRequest, "That is no range of days", []string{"Days are written 2026-01-31, and the range ends on or after the day it begins with."}
	case errors.Is(err, ErrBusy), r.Context().Err() != nil:
		status, m.Title, m.Text = http.StatusServiceUnavailable, "Too much at once", "The server has more to answer than it can just now."
		m.ToDo = []string{"Try again in a moment, or ask for a shorter range."}
		w.Header().Set("Retry-After", "5")
	default:
		s.options.Logger.ErrorContext(r.Context(), "page", "path", r.URL.Path, "error", err)
		m.Title, m.Text = "That did not work", "The snapshot could not be read."
		m.ToDo = []string{"The server's log says why. Try again; where it stays so, dorado doctor looks for the cause."}
	}
	s.write(w, r, status, "message", m)
}

// static serves the style sheet, the script and the icon.
func static(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("v") == assetVersion {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	http.ServeFileFS(w, r, files, "static/"+r.PathValue("file"))
}

// functions are those of the templates.
var functions = template.FuncMap{
	"web": web,
	"add": func(a, b int) int { return a + b },
}

// web returns an address that may be followed: one of http or https; "" otherwise.
func web(address *string) string {
	if address == nil {
		return ""
	}
	parsed, err := url.Parse(*address)
	if err != nil || parsed.Host == "" || !strings.EqualFold(parsed.Scheme, "http") && !strings.EqualFold(parsed.Scheme, "https") {
		return ""
	}
	return *address
}
