// Command lab shows the data source in a browser without a Grafana: it answers the
// few requests that Grafana's frontend makes of its server, passes them on to the
// built backend, and serves a page that draws our editors and dashboards with
// Grafana's published packages.
//
// It is not Grafana: there are no users, nothing is stored, and panels of Grafana's
// core are stand-ins.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/config"

	"dorado/grafana"
	"dorado/grafana/host"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "lab:", err)
		stop()
		os.Exit(1)
	}
}

// run serves the lab until the context ends.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("lab", flag.ContinueOnError)
	flags.SetOutput(stderr)
	folder := flags.String("folder", "grafana", "the `DIR` with dist, lab/dist and node_modules")
	server := flags.String("server", "http://127.0.0.1:8920", "the `URL` of dorado serve that the data source is set up with")
	listen := flags.String("listen", "127.0.0.1:3333", "where to listen, `ADDRESS` and port")
	if err := flags.Parse(args); err != nil {
		return err
	}
	binary := filepath.Join(*folder, "dist", fmt.Sprintf("gpx_dorado_%s_%s", runtime.GOOS, runtime.GOARCH))
	backend, err := host.Start(binary, stderr)
	if err != nil {
		return fmt.Errorf("%w; run: make plugin", err)
	}
	defer backend.Stop()
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	made := &http.Server{Handler: newLab(backend, *folder, *server), ReadHeaderTimeout: time.Minute}
	context.AfterFunc(ctx, func() { made.Close() }) //nolint:errcheck // what is cut off is of no one's use
	fmt.Fprintf(stdout, "http://%s\n", listener.Addr())
	if err := made.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	return nil
}

// uid is the data source's, the only one there is.
const uid = "dorado"

// A saved data source is as Grafana stores and sends it. Secrets are kept apart:
// they never go to a browser.
type saved struct {
	ID               int64             `json:"id"`
	UID              string            `json:"uid"`
	Name             string            `json:"name"`
	Type             string            `json:"type"`
	Access           string            `json:"access"`
	URL              string            `json:"url"`
	JSONData         json.RawMessage   `json:"jsonData"`
	SecureJSONFields map[string]bool   `json:"secureJsonFields"`
	SecureJSONData   map[string]string `json:"secureJsonData,omitempty"`
	Updated          time.Time         `json:"-"`
}

// A lab answers for one data source.
type lab struct {
	backend *host.Host
	mutex   sync.Mutex // of the fields below
	source  saved
	secrets map[string]string
}

// newLab returns what answers as Grafana's server does, and serves the page.
func newLab(backend *host.Host, folder, server string) http.Handler {
	l := &lab{
		backend: backend, secrets: map[string]string{},
		source: saved{ID: 1, UID: uid, Name: "dorado", Type: grafana.PluginID, Access: "proxy", URL: server, JSONData: json.RawMessage("{}"), SecureJSONFields: map[string]bool{}, Updated: time.Now()},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/datasources/uid/"+uid, l.get)
	mux.HandleFunc("PUT /api/datasources/uid/"+uid, l.put)
	mux.HandleFunc("GET /api/datasources/uid/"+uid+"/health", l.health)
	mux.HandleFunc("GET /api/datasources/uid/"+uid+"/resources/{path...}", l.resource)
	mux.HandleFunc("POST /api/ds/query", l.query)
	mux.HandleFunc("GET /dashboards", func(w http.ResponseWriter, _ *http.Request) { listDashboards(w, folder) })
	for path, from := range map[string]string{
		"/public/plugins/" + grafana.PluginID + "/": filepath.Join(folder, "dist"),
		"/public/build/": filepath.Join(folder, "node_modules", "@grafana", "ui", "dist", "public"),
		"/":              filepath.Join(folder, "lab", "dist"),
	} {
		mux.Handle("GET "+path, http.StripPrefix(path, http.FileServer(http.Dir(from))))
	}
	return mux
}

// context returns what Grafana tells the backend of the data source.
func (l *lab) context() backend.PluginContext {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	secrets := map[string]string{}
	for name, value := range l.secrets {
		secrets[name] = value
	}
	return backend.PluginContext{
		OrgID: 1, PluginID: grafana.PluginID, PluginVersion: "1.0.0", User: &backend.User{Login: "lab", Role: "Admin"},
		GrafanaConfig: config.NewGrafanaCfg(map[string]string{config.SQLRowLimit: "1000000"}),
		DataSourceInstanceSettings: &backend.DataSourceInstanceSettings{
			ID: 1, UID: uid, Name: l.source.Name, Type: grafana.PluginID, URL: l.source.URL, JSONData: l.source.JSONData, DecryptedSecureJSONData: secrets, Updated: l.source.Updated},
	}
}

func (l *lab) get(w http.ResponseWriter, _ *http.Request) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	write(w, http.StatusOK, l.source)
}

// put saves the data source; a secret that is not sent stays.
func (l *lab) put(w http.ResponseWriter, r *http.Request) {
	var sent saved
	if err := json.NewDecoder(r.Body).Decode(&sent); err != nil {
		write(w, http.StatusBadRequest, map[string]string{"message": err.Error()})
		return
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	for name, value := range sent.SecureJSONData {
		l.secrets[name] = value
		l.source.SecureJSONFields[name] = value != ""
	}
	l.source.URL, l.source.JSONData, l.source.Updated = sent.URL, sent.JSONData, time.Now()
	write(w, http.StatusOK, map[string]any{"datasource": l.source, "message": "Datasource updated"})
}

func (l *lab) health(w http.ResponseWriter, r *http.Request) {
	result, err := l.backend.CheckHealth(r.Context(), l.context())
	if err != nil {
		write(w, http.StatusInternalServerError, map[string]string{"message": err.Error()})
		return
	}
	status := http.StatusOK
	if result.Status != backend.HealthStatusOk {
		status = http.StatusBadRequest
	}
	write(w, status, map[string]any{"status": result.Status.String(), "message": result.Message, "details": json.RawMessage(cmp.Or(string(result.JSONDetails), "{}"))})
}

func (l *lab) resource(w http.ResponseWriter, r *http.Request) {
	address := r.PathValue("path")
	if r.URL.RawQuery != "" {
		address += "?" + r.URL.RawQuery
	}
	answer, err := l.backend.CallResource(r.Context(), &backend.CallResourceRequest{PluginContext: l.context(), Path: r.PathValue("path"), Method: r.Method, URL: address, Headers: r.Header})
	if err != nil {
		write(w, http.StatusInternalServerError, map[string]string{"message": err.Error()})
		return
	}
	for name, values := range answer.Headers {
		w.Header()[http.CanonicalHeaderKey(name)] = values
	}
	w.WriteHeader(answer.Status)
	w.Write(answer.Body) //nolint:errcheck // who asked has gone
}

// query answers as Grafana does: 400 with the error of each query where one fails.
func (l *lab) query(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		From, To string // milliseconds since 1970
		Queries  []json.RawMessage
	}
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
		write(w, http.StatusBadRequest, map[string]string{"message": err.Error()})
		return
	}
	request := &backend.QueryDataRequest{PluginContext: l.context()}
	for _, query := range asked.Queries {
		var common struct {
			RefID         string  `json:"refId"`
			QueryType     string  `json:"queryType"`
			IntervalMS    float64 `json:"intervalMs"`
			MaxDataPoints int64   `json:"maxDataPoints"`
		}
		if err := json.Unmarshal(query, &common); err != nil {
			write(w, http.StatusBadRequest, map[string]string{"message": err.Error()})
			return
		}
		request.Queries = append(request.Queries, backend.DataQuery{
			RefID: common.RefID, QueryType: common.QueryType, JSON: query, MaxDataPoints: common.MaxDataPoints,
			Interval: time.Duration(common.IntervalMS * float64(time.Millisecond)), TimeRange: backend.TimeRange{From: instant(asked.From), To: instant(asked.To)},
		})
	}
	response, err := l.backend.QueryData(r.Context(), request)
	if err != nil {
		write(w, http.StatusInternalServerError, map[string]string{"message": err.Error()})
		return
	}
	status := http.StatusOK
	for _, answer := range response.Responses {
		if answer.Error != nil {
			status = http.StatusBadRequest
		}
	}
	write(w, status, response)
}

func instant(text string) time.Time {
	milliseconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(milliseconds).UTC()
}

// listDashboards answers with the names of the dashboards that were built.
func listDashboards(w http.ResponseWriter, folder string) {
	files, err := filepath.Glob(filepath.Join(folder, "dist", "dashboards", "*.json"))
	if err != nil {
		write(w, http.StatusInternalServerError, map[string]string{"message": err.Error()})
		return
	}
	names := []string{}
	for _, file := range files {
		names = append(names, strings.TrimSuffix(filepath.Base(file), ".json"))
	}
	write(w, http.StatusOK, names)
}

func write(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(value) //nolint:errcheck // who asked has gone
}
