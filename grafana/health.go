package grafana

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"dorado/server/wire"
)

// CheckHealth says whether the server can be asked for metrics and whether its data
// is good: what is wrong, and what to do. Data that is old, or a token that may not
// run SQL, is said too, but does not make the data source a bad one.
func (d *Datasource) CheckHealth(ctx context.Context, _ *backend.CheckHealthRequest) (*backend.CheckHealthResult, error) {
	var caller wire.Caller
	if err := d.server.get(ctx, wire.PathWhoAmI, nil, &caller); err != nil {
		return bad(d.whyRefused(err)), nil
	}
	may := func(scope string) bool {
		return slices.Contains(caller.Scopes, scope) || slices.Contains(caller.Scopes, wire.ScopeAdmin)
	}
	if !may(wire.ScopeMetrics) {
		return bad(fmt.Sprintf("The token %s may not read metrics: it has the scopes %s. Make one with: dorado token create grafana --scope metrics,sql",
			caller.Name, orNone(caller.Scopes))), nil
	}
	var freshness wire.Freshness
	if err := d.server.get(ctx, wire.PathFreshness, nil, &freshness); err != nil {
		var request *requestError
		if errors.As(err, &request) && request.problem.Type == wire.ProblemNoSnapshot {
			return bad(fmt.Sprintf("dorado %s answers, but has no snapshot yet. Run: dorado run", caller.Version)), nil
		}
		return bad(d.whyRefused(err)), nil
	}
	message := fmt.Sprintf("dorado %s, snapshot %s with data up to %s.", caller.Version, freshness.Snapshot, freshness.AsOf.UTC().Format("2006-01-02 15:04 UTC"))
	switch freshness.State {
	case wire.StateWarning:
		message += fmt.Sprintf(" The data is not in order: %s.", strings.Join(freshness.Reasons, "; "))
	case wire.StateError:
		message += fmt.Sprintf(" An older snapshot is served, because the newest cannot be: %s.", strings.Join(freshness.Reasons, "; "))
	}
	if !may(wire.ScopeSQL) {
		message += " SQL queries are refused: the token has not the scope sql."
	}
	if set := d.settings.DefinitionSet; set != "" {
		var catalogue wire.Catalogue
		if err := d.server.get(ctx, wire.PathMetrics, nil, &catalogue); err != nil {
			return bad(d.whyRefused(err)), nil
		}
		if !slices.Contains(catalogue.DefinitionSets, set) {
			return bad(fmt.Sprintf("The definition set %s is none; there are %s. Choose another below Definitions.", set, orNone(catalogue.DefinitionSets))), nil
		}
	}
	details, err := json.Marshal(map[string]any{
		"version": caller.Version, "engineVersion": caller.EngineVersion, "snapshot": freshness.Snapshot, "asOf": freshness.AsOf.UTC().Format(time.RFC3339), "state": freshness.State, "scopes": caller.Scopes,
	})
	if err != nil {
		return nil, fmt.Errorf("write the details of the health: %w", err)
	}
	return &backend.CheckHealthResult{Status: backend.HealthStatusOk, Message: message, JSONDetails: details}, nil
}

func bad(message string) *backend.CheckHealthResult {
	return &backend.CheckHealthResult{Status: backend.HealthStatusError, Message: message}
}

// whyRefused says what to do about an error.
func (d *Datasource) whyRefused(err error) string {
	var request *requestError
	if !errors.As(err, &request) {
		return sentence(err.Error())
	}
	isProblem := request.problem.Status != 0
	switch {
	case request.status == http.StatusUnauthorized && d.settings.token == "":
		return "The server wants a token. Make one with: dorado token create grafana --scope metrics,sql"
	case request.status == http.StatusUnauthorized:
		return "The server does not know the token, or it has expired. Make one with: dorado token create grafana --scope metrics,sql"
	case request.status == http.StatusForbidden && isProblem:
		return "The token may not do this: " + sentence(request.text)
	case request.status == http.StatusNotFound && !isProblem:
		return sentence(request.text) + " Check the URL; it is the server's own, without a path such as /api."
	case request.status == backend.StatusBadGateway && request.problem.Status == 0 && request.cause != nil:
		return sentence(request.text) + " Check the URL, that dorado serve runs there, and that the machine of Grafana can reach it."
	}
	return sentence(request.text)
}

// sentence returns text as one.
func sentence(text string) string {
	if text = strings.TrimRight(text, ". "); text == "" {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:] + "."
}

func orNone(words []string) string {
	if len(words) == 0 {
		return "none"
	}
	return strings.Join(words, ", ")
}
