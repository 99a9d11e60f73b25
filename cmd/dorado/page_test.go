package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"dorado/server/page"
	"dorado/warehouse"
)

// pageAsOf is when the fixture's snapshot is built for: after its objectives are read.
var pageAsOf = time.Date(2030, 3, 31, 0, 0, 0, 0, time.UTC)

// attack is what somebody may write into the records that pages show.
const attack = `<script>alert(1)</script>`

// pageWarehouse makes a warehouse of two teams, with error budgets, an objective that
// cannot be measured, records that attack the page, and a service that has nothing
// but one deployment.
func pageWarehouse(t *testing.T) (config string) {
	t.Helper()
	folder := t.TempDir()
	write := func(name, text string) string { return writeInto(t, folder, name, text) }
	config = write("dorado.yaml", `github: {repositories: [acme/checkout, acme/ledger, acme/search, acme/attic], base_url: 'http://127.0.0.1:1'}
warehouse: {timezone: Europe/Berlin}
slos: {folder: slo}
services:
  - {name: checkout, team: payments, repositories: [acme/checkout]}
  - {name: ledger, team: payments, repositories: [acme/ledger]}
  - {name: acme/search, team: discovery, repositories: [acme/search]}
  - {name: attic, repositories: [acme/attic]}
`)
	objective := func(name, indicator, target string) string {
		return fmt.Sprintf(`apiVersion: openslo/v1
kind: SLO
metadata: {name: %[1]s}
spec:
  service: checkout
  indicator: {metadata: {name: %[1]s}, spec: %[2]s}
  timeWindow: [{duration: 30d, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{displayName: Checkout %[1]s, %[3]s}]
---
`, name, indicator, target)
	}
	write("slo/checkout.yaml",
		objective("requests", "{ratioMetric: {good: {metricSource: {type: Prometheus, spec: {query: good}}}, total: {metricSource: {type: Prometheus, spec: {query: total}}}}}", "targetPercent: 99")+
			objective("uptime", "{ratioMetric: {rawType: success, raw: {metricSource: {type: Incidents, spec: {measure: uptime}}}}}", "targetPercent: 99.9")+
			objective("stolen", `{thresholdMetric: {metricSource: {type: DuckDB, spec: {query: "select * from read_csv('/etc/passwd')"}}}}`, "op: gt, value: 0, target: 0.5"))
	type object map[string]any
	files := map[string][]object{}
	add := func(kind string, o object) { files[kind] = append(files[kind], o) }
	for day := range 120 {
		at := pageAsOf.AddDate(0, 0, -day).Add(-10 * time.Hour)
		for i, service := range []string{"checkout", "ledger", "acme/search"} {
			if day%(i+1) != 0 || at.Weekday() == time.Sunday {
				continue
			}
			id := fmt.Sprintf("%s-%d", service, day)
			if day == 4 {
				id += attack
			}
			status := "success"
			if (day+i)%9 == 0 {
				status = "failure"
			}
			link := "https://ci.example.com/" + url.PathEscape(id)
			if day == 2 {
				link = "javascript:alert(1)"
			}
			add("deployments", object{"id": id, "service": service, "status": status, "sha": fmt.Sprintf("%040x", day*10+i), "url": link, "started_at": at.Add(-5 * time.Minute), "finished_at": at})
			for change := range 3 {
				add("changes", object{"deployment_id": id, "sha": fmt.Sprintf("%040x", day*1000+i*10+change+7), "authored_at": at.Add(-time.Duration(1+(day*7+i*5+change*13)%90) * time.Hour)})
			}
			if day%8 == 0 {
				add("incidents", object{"id": "incident-" + id, "service": service, "title": attack, "triggered_at": at.Add(time.Hour),
					"acknowledged_at": at.Add(time.Hour + 4*time.Minute), "resolved_at": at.Add(2 * time.Hour)})
			}
		}
		for hour := range 24 {
			good := 1000 - (day*hour)%17
			add("sli", object{"slo": "requests", "started_at": at.Truncate(24 * time.Hour).Add(time.Duration(hour) * time.Hour), "good": good, "total": 1000})
		}
	}
	add("deployments", object{"id": "attic-1", "service": "attic", "finished_at": pageAsOf.AddDate(0, 0, -3)})
	runDorado(t, "collect", "openslo_folder", "--config", config)
	for kind, objects := range files {
		var lines strings.Builder
		for _, o := range objects {
			line, err := json.Marshal(o)
			if err != nil {
				t.Fatal(err)
			}
			lines.Write(append(line, '\n'))
		}
		runDorado(t, "ingest", kind, write(kind+".ndjson", lines.String()), "--config", config)
	}
	runDorado(t, "build", "--config", config, "--as-of", pageAsOf.Format(time.RFC3339))
	return config
}

// servePages serves the pages of the warehouse in folder, hours after its snapshot
// was built.
func servePages(t *testing.T, folder string, after time.Duration) string {
	t.Helper()
	snapshot, err := warehouse.Open(context.Background(), folder)
	if err != nil && !errors.Is(err, warehouse.ErrNoSnapshot) {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/login", func(w http.ResponseWriter, _ *http.Request) {
		if err := page.WriteLogin(w, http.StatusUnauthorized, "test", "/slos", "This token is not valid."); err != nil {
			t.Error(err)
		}
	})
	served := httptest.NewServer(mux)
	mux.Handle("/", page.New(page.Options{
		Acquire: func(context.Context) (page.Shown, func(), error) {
			return page.Shown{Snapshot: snapshot, ID: "1"}, func() {}, err
		},
		Version: "test",
		Logger:  slog.New(slog.NewTextHandler(t.Output(), nil)),
		Now:     func() time.Time { return pageAsOf.Add(after) },
	}))
	t.Cleanup(func() {
		served.Close()
		if snapshot != nil {
			if err := snapshot.Close(); err != nil {
				t.Error(err)
			}
		}
	})
	return served.URL
}

// get returns the answer for an address.
func get(t *testing.T, address string) (status int, header http.Header, body string) {
	t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, response.Header, string(content)
}

var links = regexp.MustCompile(`(?:href|src|action)="([^"]*)"`)

// TestPages follows every link of the pages, each of which must answer, and be safe.
func TestPages(t *testing.T) {
	t.Parallel()
	config := pageWarehouse(t)
	server := servePages(t, filepath.Join(filepath.Dir(config), defaultPath), time.Hour)
	seen, waiting := map[string]string{}, []string{"/", "/?days=365&by=team", "/?from=2030-03-01&to=2030-03-31", "/services/attic", "/explain/change_fail_rate?service=attic&days=7"}
	for len(waiting) > 0 && len(seen) < 300 {
		at := waiting[0]
		waiting = waiting[1:]
		if _, isSeen := seen[at]; isSeen {
			continue
		}
		status, header, body := get(t, server+at)
		seen[at] = body
		if status != http.StatusOK {
			t.Errorf("%s answers %d: %s", at, status, body)
			continue
		}
		if header.Get("Content-Security-Policy") != page.ContentSecurityPolicy || header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s has the headers %v", at, header)
		}
		for _, unwanted := range []string{attack, "style=", "javascript:", "NaN", "%!", "&lt;nil&gt;", "0001-01-01", "ZgotmplZ"} {
			if strings.Contains(body, unwanted) && !strings.HasPrefix(at, "/static/") {
				t.Errorf("%s contains %s", at, unwanted)
			}
		}
		for _, found := range links.FindAllStringSubmatch(body, -1) {
			link := strings.ReplaceAll(found[1], "&amp;", "&")
			target, err := url.Parse(link)
			if err != nil {
				t.Errorf("%s links to %q: %v", at, link, err)
				continue
			}
			base, _ := url.Parse(at) // it was asked for
			switch next := base.ResolveReference(target); {
			case target.Scheme == "https" && target.Host == "ci.example.com", target.Fragment != "":
			case target.Scheme != "":
				t.Errorf("%s links to %s", at, link)
			case !strings.Contains(next.RawQuery, "days=") && !strings.Contains(at, "?from="): // these differ by their range alone
				waiting = append(waiting, next.RequestURI())
			}
		}
	}
	if len(seen) < 60 {
		t.Errorf("only %d pages were found", len(seen))
	}
	for at, wants := range map[string][]string{
		"/":                  {"All services", "Europe/Berlin", `<span class="level `, "/services/acme%2Fsearch", "checks of the data do not hold."},
		"/services/checkout": {"/teams/payments", "Checkout uptime", "What is behind it"},
		"/slos":              {"Checkout requests", "overspent", "no data", "it reads from the function read_csv"},
		"/services/attic":    {"not enough data", "no data", "nothing known before"},
		"/explain/change_fail_rate?service=attic&days=7": {"n = 1", "Counted in n only (1)", `href="/explain/change_fail_rate?days=30&amp;service=attic"`},
		"/explain/deployment_frequency?days=7":           {"&lt;script&gt;alert(1)&lt;/script&gt;", "Counted (", "Left out: "},
		"/quality":                                       {"Nothing is wrong with the objectives", "stolen/1", "Coverage", "Freshness"},
	} {
		body, isSeen := seen[at]
		if !isSeen {
			_, _, body = get(t, server+at)
		}
		for _, want := range wants {
			if !strings.Contains(body, want) {
				t.Errorf("%s does not contain %s", at, want)
			}
		}
	}
	for at, want := range map[string]struct {
		status int
		text   string
	}{
		"/nowhere":                            {404, "There is no page at /nowhere."},
		"/services/checkot":                   {404, "There is no service"},
		"/teams/%3Cscript%3E":                 {404, "&lt;script&gt;"},
		"/explain/change_led_time":            {404, "There is no such metric (did you mean"},
		"/explain/change_lead_time?service=x": {404, "There is no service"},
		"/explain/change_lead_time?page=0":    {404, "There is no page"},
		"/?from=yesterday":                    {400, "from: yesterday is not a day"},
		"/?from=2026-02-01&to=2026-01-01":     {400, "before it begins"},
		"/?days=-1":                           {400, "not a number of days"},
		"/?service=acme/search&from=2030-03-01&to=2030-03-31": {303, ""},
		"/static/nothing.css":  {404, ""},
		"/static/..%2Fpage.go": {400, ""},
	} {
		if status, header, body := get(t, server+at); status != want.status || !strings.Contains(body, want.text) {
			t.Errorf("%s answers %d %s: %s", at, status, header.Get("Location"), body)
		}
	}
	if _, header, _ := get(t, server+"/?service=acme/search&from=2030-03-01&to=2030-03-31"); header.Get("Location") != "/services/acme%2Fsearch?from=2030-03-01&to=2030-03-31" {
		t.Errorf("a service that is chosen is shown at %s", header.Get("Location"))
	}
	stale := servePages(t, filepath.Join(filepath.Dir(config), defaultPath), 50*time.Hour)
	if _, _, body := get(t, stale); !strings.Contains(body, "The data is 2.1 days old: it goes up to 2030-03-31 01:00 Europe/Berlin.") {
		t.Errorf("nothing says that the data is old: %s", body)
	}
	empty := servePages(t, t.TempDir(), 0)
	if status, _, body := get(t, empty); status != http.StatusServiceUnavailable || !strings.Contains(body, "Nothing to show yet") || !strings.Contains(body, "dorado run") {
		t.Errorf("without a snapshot it answers %d: %s", status, body)
	}
}

// TestHTMLReport holds the report to being one file that needs nothing else.
func TestHTMLReport(t *testing.T) {
	t.Parallel()
	config := pageWarehouse(t)
	for by, want := range map[string]string{"service": "acme/search", "team": "payments", "repository": "Repositories"} {
		got := runDorado(t, "report", "--config", config, "--format", "html", "--by", by, "--from", "2030-01-01", "--to", "2030-03-30")
		for _, want := range []string{want, "2030-01-01 to 2030-03-30", "<svg ", "<style>", "Checkout uptime", "default-src &#39;none&#39;"} {
			if want = strings.ReplaceAll(want, "&#39;", "'"); !strings.Contains(got, want) {
				t.Errorf("by %s it does not contain %s", by, want)
			}
		}
		for _, unwanted := range []string{"<script", "<link", "<img", `href="/`, "url(", "@import", "ZgotmplZ"} {
			if strings.Contains(got, unwanted) {
				t.Errorf("by %s it contains %s", by, unwanted)
			}
		}
	}
	if got := dorado(t, "", "report", "--config", config, "--format", "html", "--from", "2030-02-30"); got.code != exitFailure || got.stdout != "" || !strings.Contains(got.stderr, "from: 2030-02-30 is not a day") {
		t.Errorf("a range that is none: %+v", got)
	}
}

// TestPagesInBrowser looks at the pages as people do: in both themes, on a wide
// screen and on a narrow one, with and without script. Where DORADO_SCREENSHOTS names
// a folder it leaves pictures there.
func TestPagesInBrowser(t *testing.T) {
	browser, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("there is no chromium to look at the pages with: apt-get install chromium")
	}
	axe, err := os.ReadFile("../../grafana/node_modules/axe-core/axe.min.js")
	if err != nil {
		t.Logf("accessibility is not checked: axe-core is not installed (cd grafana && npm ci): %v", err)
	}
	t.Parallel()
	config := pageWarehouse(t)
	full := servePages(t, filepath.Join(filepath.Dir(config), defaultPath), time.Hour)
	empty := servePages(t, t.TempDir(), 0)
	report := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(report, []byte(runDorado(t, "report", "--config", config, "--format", "html")), 0o644); err != nil {
		t.Fatal(err)
	}
	allocated, cancel := chromedp.NewExecAllocator(t.Context(), append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(browser), chromedp.NoSandbox)...)
	defer cancel()
	tab, cancelTab := chromedp.NewContext(allocated)
	defer cancelTab()
	if err := chromedp.Do(tab, chromedp.Navigate("about:blank")); err != nil { // it starts the browser, which lives as long as this context
		t.Fatal(err)
	}
	ctx, cancelTime := context.WithTimeout(tab, 4*time.Minute)
	defer cancelTime()
	var guard sync.Mutex
	var problems []string
	err = chromedp.Listen(ctx, func(event any) {
		guard.Lock()
		defer guard.Unlock()
		switch event := event.(type) {
		case *runtime.EventExceptionThrown:
			problems = append(problems, fmt.Sprint(event.ExceptionDetails.Text))
		case *runtime.EventConsoleAPICalled:
			problems = append(problems, fmt.Sprintf("console.%s", event.Type))
		case *log.EventEntryAdded:
			// A page that says what is wrong has a status that browsers log.
			if !strings.Contains(event.Entry.Text, "the server responded with a status of") {
				problems = append(problems, event.Entry.Text)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, address := range map[string]string{
		"overview": full + "/", "service": full + "/services/checkout", "team": full + "/teams/payments?days=30", "slos": full + "/slos",
		"explain": full + "/explain/change_lead_time?service=checkout", "quality": full + "/quality",
		"empty": empty + "/", "error": full + "/?from=2026-02-30", "login": full + "/login", "nowhere": full + "/nowhere", "report": "file://" + filepath.ToSlash(report),
	} {
		for _, scheme := range []string{"light", "dark"} {
			for _, width := range []int64{1280, 390} {
				t.Run(fmt.Sprintf("%s %s %d", name, scheme, width), func(t *testing.T) {
					guard.Lock()
					problems = nil
					guard.Unlock()
					do(ctx, t, chromedp.EmulateViewport(width, 900))
					if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
						Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}); err != nil {
						t.Fatal(err)
					}
					do(ctx, t, chromedp.Navigate(address))
					width := `[document.documentElement.scrollWidth, document.documentElement.clientWidth]`
					if found := do(ctx, t, chromedp.Evaluate[[]int](width)); found[0] > found[1] {
						t.Errorf("it is %d wide, and %d can be seen", found[0], found[1])
					}
					if do(ctx, t, chromedp.Text(chromedp.CSS("h1"))) == "" {
						t.Error("it has no title")
					}
					if len(axe) > 0 {
						do(ctx, t, chromedp.Evaluate[int](string(axe)+";0"))
						for _, found := range do(ctx, t, chromedp.Evaluate[[]string](`axe.run().then(result => result.violations
							.filter(v => v.impact === "serious" || v.impact === "critical")
							.map(v => v.help + ": " + v.nodes.map(n => n.html + " " + n.failureSummary).slice(0, 3).join("; ")))`, chromedp.EvalAwaitPromise)) {
							t.Errorf("axe: %s", found)
						}
					}
					guard.Lock()
					if len(problems) > 0 {
						t.Errorf("the browser says %q", problems)
					}
					guard.Unlock()
					if folder := os.Getenv("DORADO_SCREENSHOTS"); folder != "" {
						picture := do(ctx, t, chromedp.FullScreenshot(100))
						if err := os.WriteFile(filepath.Join(folder, t.Name()[strings.LastIndex(t.Name(), "/")+1:]+".png"), picture, 0o644); err != nil {
							t.Fatal(err)
						}
					}
				})
			}
		}
	}
	t.Run("sort", func(t *testing.T) {
		first := func() string {
			return do(ctx, t, chromedp.Text(chromedp.CSS("table.sortable tbody tr:first-child th")))
		}
		byFrequency := chromedp.Click(chromedp.CSS("table.sortable thead th:nth-child(3) button"))
		do(ctx, t, chromedp.Steps(chromedp.Navigate(full+"/"), byFrequency))
		if got := first(); got != "attic" {
			t.Errorf("the service that deploys least is %s", got)
		}
		do(ctx, t, byFrequency)
		if got := first(); got != "checkout" {
			t.Errorf("the service that deploys most is %s", got)
		}
	})
	t.Run("theme", func(t *testing.T) {
		background := func() string {
			return do(ctx, t, chromedp.Evaluate[string]("getComputedStyle(document.body).backgroundColor"))
		}
		do(ctx, t, chromedp.Navigate(full+"/"))
		before := background()
		do(ctx, t, chromedp.Steps(chromedp.Click(chromedp.CSS("button.theme")), chromedp.Navigate(full+"/slos")))
		if after := background(); after == before {
			t.Errorf("the theme that was chosen is not that of the next page: %s", after)
		}
	})
	t.Run("without script", func(t *testing.T) {
		for _, isDisabled := range []bool{true, false} {
			if _, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: isDisabled}); err != nil {
				t.Fatal(err)
			}
			if isDisabled {
				do(ctx, t, chromedp.Steps(chromedp.Navigate(full+"/"), chromedp.WaitVisible(chromedp.CSS(".tiles"))))
			}
		}
		if tiles := do(ctx, t, chromedp.Evaluate[int]("document.querySelectorAll('.tile').length")); tiles != 7 {
			t.Errorf("without script it shows %d tiles", tiles)
		}
	})
}

// do runs an action of the browser.
func do[T any](ctx context.Context, t *testing.T, action chromedp.Action[T]) T {
	t.Helper()
	value, err := chromedp.Run(ctx, action)
	if err != nil {
		t.Fatal(err)
	}
	return value
}
