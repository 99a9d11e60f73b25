package grafana

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/log"
	"github.com/grafana/grafana-plugin-sdk-go/backend/resource/httpadapter"

	"dorado/server/wire"
)

// resources answers what the editors ask: a few paths of the API are passed on to
// the server, to read only and with the data source's token, which no browser sees.
func resources(server *server) backend.CallResourceHandler {
	mux := http.NewServeMux()
	for _, path := range []string{"metrics", "dimensions/{dimension}", "schema", "explain", "freshness", "whoami"} {
		mux.HandleFunc("GET /"+path, func(w http.ResponseWriter, r *http.Request) { pass(server, w, r) })
	}
	return httpadapter.New(mux)
}

// pass answers with the server's answer.
func pass(server *server, w http.ResponseWriter, r *http.Request) {
	answer, err := server.ask(r.Context(), http.MethodGet, wire.PathAPI+r.URL.EscapedPath(), r.URL.Query(), nil, wire.MediaJSON)
	if err != nil {
		writeProblem(w, err)
		return
	}
	defer answer.Body.Close()
	w.Header().Set("Content-Type", wire.MediaJSON)
	if _, err := io.Copy(w, answer.Body); err != nil {
		log.DefaultLogger.Warn("an answer was cut off", "path", r.URL.Path, "error", err)
	}
}

// writeProblem answers with what the server said, or with why it said nothing.
// message is where Grafana's frontend looks.
func writeProblem(w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	var request *requestError
	if errors.As(err, &request) {
		status = int(request.status)
	}
	w.Header().Set("Content-Type", wire.MediaJSON)
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(map[string]string{"message": err.Error()}); err != nil {
		log.DefaultLogger.Warn("a problem could not be told", "error", err)
	}
}
