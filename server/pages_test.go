package server

import (
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"dorado/server/page"
	"dorado/server/wire"
)

// browser returns what a browser gets, with its cookies and without following.
func browser(t *testing.T) (get func(method, address string, form url.Values) (status int, header http.Header, body string)) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return func(method, address string, form url.Values) (int, http.Header, string) {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		if method == http.MethodPost {
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, response.Header, string(body)
	}
}

// TestPagesNeedAToken logs in and out as a browser does.
func TestPagesNeedAToken(t *testing.T) {
	folder := t.TempDir()
	publish(t, folder, 1, 0)
	reader, readerHash := NewToken()
	pusher, pusherHash := NewToken()
	_, listening, _ := serve(t, folder, func(o *Options) {
		o.Config.Anonymous = []string{}
		o.Config.Tokens = []Token{{Name: "ana", Hash: readerHash, Scopes: []string{wire.ScopeMetrics}}, {Name: "ci", Hash: pusherHash, Scopes: []string{wire.ScopeIngest}}}
	})
	ask := browser(t)
	for _, path := range []string{"/", "/slos?days=30", "/quality", "/services/x", "/explain/change_lead_time"} {
		status, header, body := ask("GET", listening.URL+path, nil)
		if want := "/login?next=" + url.QueryEscape(path); status != http.StatusSeeOther || header.Get("Location") != want || strings.Contains(body, "tile") {
			t.Errorf("%s without a token answers %d to %s, want %s", path, status, header.Get("Location"), want)
		}
	}
	if status, _, body := ask("GET", listening.URL+"/static/page.css", nil); status != http.StatusOK || !strings.Contains(body, "--series-1") {
		t.Errorf("the style sheet answers %d", status)
	}
	if status, header, body := ask("GET", listening.URL+`/login?next=/slos"><script>`, nil); status != http.StatusOK || !strings.Contains(body, `type="password"`) ||
		strings.Contains(body, "<script>") || header.Get("Content-Security-Policy") != page.ContentSecurityPolicy {
		t.Errorf("the form answers %d: %s", status, body)
	}
	for token, want := range map[string]struct {
		status int
		text   string
	}{"wrong": {http.StatusUnauthorized, "not valid"}, "": {http.StatusUnauthorized, "not valid"}, pusher: {http.StatusForbidden, "has not the scope metrics"}} {
		if status, header, body := ask("POST", listening.URL+"/login", url.Values{"token": {token}}); status != want.status || !strings.Contains(body, want.text) || header.Get("Set-Cookie") != "" ||
			token != "" && strings.Contains(body, token) {
			t.Errorf("the token %q answers %d: %s", token, status, body)
		}
	}
	for next, want := range map[string]string{"/slos?days=30": "/slos?days=30", "//evil.example": "/", "https://evil.example/": "/", `/\evil.example`: "/", "": "/"} {
		status, header, _ := ask("POST", listening.URL+"/login", url.Values{"token": {reader}, "next": {next}})
		if status != http.StatusSeeOther || header.Get("Location") != want {
			t.Errorf("after logging in with next %q it answers %d to %q, want %q", next, status, header.Get("Location"), want)
		}
		if cookie := header.Get("Set-Cookie"); !strings.Contains(cookie, "HttpOnly") || !strings.Contains(cookie, "SameSite=Strict") || !strings.Contains(cookie, "Path=/") {
			t.Errorf("the cookie is %s", cookie)
		}
	}
	if status, _, body := ask("GET", listening.URL+"/", nil); status != http.StatusOK || !strings.Contains(body, `class="tiles"`) || !strings.Contains(body, "Log out") {
		t.Errorf("logged in it answers %d: %s", status, body)
	}
	if status, _, _ := ask("GET", listening.URL+"/api/v1/metrics", nil); status != http.StatusUnauthorized {
		t.Errorf("the API takes the cookie of the pages: %d", status)
	}
	if status, header, _ := ask("POST", listening.URL+"/logout", nil); status != http.StatusSeeOther || header.Get("Location") != "/login" {
		t.Errorf("logging out answers %d", status)
	}
	if status, _, _ := ask("GET", listening.URL+"/", nil); status != http.StatusSeeOther {
		t.Errorf("logged out it answers %d", status)
	}
}

// TestPagesETag asks again for pages that have not changed, and have.
func TestPagesETag(t *testing.T) {
	folder := t.TempDir()
	publish(t, folder, 1, 0)
	_, listening, _ := serve(t, folder, func(o *Options) { o.Repeat = time.Second })
	tags := map[string]string{}
	for _, path := range []string{"/", "/?days=30", "/slos", "/quality", "/explain/change_lead_time"} {
		first := ask(t, "GET", listening.URL+path, "")
		tag := first.header.Get("ETag")
		if first.status != http.StatusOK || tag == "" {
			t.Fatalf("%s: %d with the tag %q", path, first.status, tag)
		}
		if again := ask(t, "GET", listening.URL+path, "", "If-None-Match", `"other", `+tag); again.status != http.StatusNotModified || again.body != "" || again.header.Get("ETag") != tag {
			t.Errorf("%s again: %d with the tag %q, want %q", path, again.status, again.header.Get("ETag"), tag)
		}
		for other, known := range tags {
			if known == tag {
				t.Errorf("%s and %s have one tag", path, other)
			}
		}
		tags[path] = tag
	}
	publish(t, folder, 2, 0)
	eventually(t, "the second is served", func() bool { return freshness(t, listening.URL).Snapshot == "000002" })
	for path, tag := range tags {
		if got := ask(t, "GET", listening.URL+path, "", "If-None-Match", tag); got.status != http.StatusOK || got.body == "" {
			t.Errorf("%s of another snapshot: %d", path, got.status)
		}
	}
}

// TestNoPage asks for what is not there, as a browser and as a program do.
func TestNoPage(t *testing.T) {
	_, listening, _ := serve(t, organisation, nil)
	for _, test := range []struct{ path, accept, media, text string }{
		{"/nowhere", "text/html,*/*;q=0.8", "text/html; charset=utf-8", "There is no page at /nowhere."},
		{"/<script>", "text/html", "text/html; charset=utf-8", "&lt;script&gt;"},
		{"/nowhere", "*/*", wire.MediaProblem, "there is nothing at this path"},
		{wire.PathAPI + "/nowhere", "text/html", wire.MediaProblem, "there is nothing at this path"},
	} {
		got := ask(t, "GET", listening.URL+test.path, "", "Accept", test.accept)
		if got.status != http.StatusNotFound || got.header.Get("Content-Type") != test.media || !strings.Contains(got.body, test.text) || strings.Contains(got.body, "<script>") {
			t.Errorf("%s as %s: %d %s %s", test.path, test.accept, got.status, got.header.Get("Content-Type"), got.body)
		}
	}
}

// TestPagesOfOthers refuses forms that another site sends.
func TestPagesOfOthers(t *testing.T) {
	_, listening, _ := serve(t, t.TempDir(), nil)
	for _, path := range []string{"/login", "/logout"} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, listening.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Sec-Fetch-Site", "cross-site")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusForbidden {
			t.Errorf("%s answers another site %d", path, response.StatusCode)
		}
	}
}

// TestPagesWithoutASnapshot says what to do, and warns of a build that was refused.
func TestPagesWithoutASnapshot(t *testing.T) {
	folder := t.TempDir()
	server, listening, _ := serve(t, folder, nil)
	ask := browser(t)
	if status, _, body := ask("GET", listening.URL+"/", nil); status != http.StatusServiceUnavailable || !strings.Contains(body, "Nothing to show yet") {
		t.Errorf("without a snapshot it answers %d: %s", status, body)
	}
	publish(t, folder, 1, 0)
	server.Look(t.Context())
	publish(t, folder, 2, 100_000)
	server.Look(t.Context())
	if status, _, body := ask("GET", listening.URL+"/quality", nil); status != http.StatusOK || !strings.Contains(body, "snapshot 000002 cannot be served") {
		t.Errorf("with a snapshot that is cut short it answers %d: %s", status, body)
	}
}

// TestPagesOfABusyServer says so where a page takes longer than a query may.
func TestPagesOfABusyServer(t *testing.T) {
	folder := t.TempDir()
	publish(t, folder, 1, 0)
	_, listening, _ := serve(t, folder, func(o *Options) { o.Config.Limits.Seconds = 0.001 })
	ask := browser(t)
	if status, header, body := ask("GET", listening.URL+"/", nil); status != http.StatusServiceUnavailable || !strings.Contains(body, "Try again in a moment") || header.Get("Retry-After") == "" {
		t.Errorf("it answers %d: %s", status, body)
	}
}

// BenchmarkPages asks for pages of ranges that nobody has asked for, and for one that
// somebody has.
func BenchmarkPages(b *testing.B) {
	folder := b.TempDir()
	publish(b, folder, 1, 0)
	_, listening, _ := serve(b, folder, nil)
	for _, test := range []struct{ name, path string }{
		{"overview", "/?days=%d"}, {"team", "/teams/payments?days=%d"}, {"service", "/services/checkout?days=%d"},
		{"slos", "/slos?days=%d"}, {"explain", "/explain/change_fail_rate?service=checkout&days=%d"}, {"kept", "/?days=90&x=%d"},
	} {
		b.Run(test.name, func(b *testing.B) {
			for i := range b.N {
				if got := ask(b, http.MethodGet, listening.URL+fmt.Sprintf(test.path, 30+i%3600), ""); got.status != http.StatusOK {
					b.Fatalf("%d %s", got.status, got.body)
				}
			}
		})
	}
}
