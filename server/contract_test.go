package server

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"dorado/server/wire"
)

// loadContract returns the contract for a server at the address.
func loadContract(t testing.TB, address string) *openapi3.T {
	t.Helper()
	loaded, err := openapi3.NewLoader().LoadFromData(Contract())
	if err != nil {
		t.Fatal(err)
	}
	if err := loaded.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if address != "" {
		loaded.Servers = openapi3.Servers{{URL: address}}
	}
	return loaded
}

// contractRequests ask for everything that is answered with 200.
var contractRequests = []struct{ method, path, body string }{
	{"GET", wire.PathMetrics, ""},
	{"POST", wire.PathMetricQuery, `{"metric": "dora"}`},
	{"POST", wire.PathMetricQuery, `{"metric": "dora", "grain": "week", "by": "team", "filters": {"environment": ["production"]}}`},
	{"POST", wire.PathMetricQuery, `{"metric": "change_fail_rate", "statistic": "*", "grain": "month", "by": "service"}`},
	{"POST", wire.PathMetricQuery, `{"metric": "time_to_restore", "by": "hour", "from": "2026-01-01T00:00:00Z", "to": "2030-01-01T00:00:00+02:00"}`},
	{"POST", wire.PathMetricQuery, `{"metric": "slo_attainment", "by": "objective"}`},
	{"POST", wire.PathQuery, sqlBody("select * from core.deployments limit 10")},
	{"POST", wire.PathQuery, `{"sql": "select 1 as one, null as nothing", "limit": 5, "definition_set": ""}`},
	{"GET", wire.PathDimensions + "service", ""},
	{"GET", wire.PathDimensions + "team?environment=production", ""},
	{"GET", wire.PathDimensions + "repository?team=payments&team=platform", ""},
	{"GET", wire.PathDimensions + "environment", ""},
	{"GET", wire.PathExplain + "?metric=change_lead_time&limit=5", ""},
	{"GET", wire.PathExplain + "?metric=time_to_restore", ""},
	{"GET", wire.PathExplain + "?metric=change_fail_rate&team=payments&environment=production&from=2026-01-01T00:00:00Z&to=2030-01-01T00:00:00Z", ""},
	{"GET", wire.PathAnnotations, ""},
	{"GET", wire.PathAnnotations + "?kind=incident&kind=freeze&limit=3&service=checkout", ""},
	{"GET", wire.PathSLOs, ""},
	{"GET", wire.PathFreshness, ""},
	{"GET", wire.PathSnapshots, ""},
	{"GET", wire.PathSchema, ""},
	{"GET", wire.PathWhoAmI, ""},
	{"GET", wire.PathHealth, ""},
	{"GET", wire.PathReady, ""},
	{"GET", wire.PathTelemetry, ""},
}

// TestContract validates each request and its answer in every format against the
// contract, and problems too; every path of the contract is asked but for those that
// others push to.
func TestContract(t *testing.T) {
	token, hash := NewToken()
	_, listening, _ := serve(t, organisation, func(o *Options) {
		o.Config.Tokens = []Token{{Name: "all", Hash: hash, Scopes: []string{wire.ScopeAdmin}}}
	})
	contract := loadContract(t, listening.URL)
	router, err := gorillamux.NewRouter(contract)
	if err != nil {
		t.Fatal(err)
	}
	openapi3filter.RegisterBodyDecoder(wire.MediaArrow, openapi3filter.FileBodyDecoder)
	openapi3filter.RegisterBodyDecoder(wire.MediaNDJSON, openapi3filter.FileBodyDecoder)
	openapi3filter.RegisterBodyDecoder(wire.MediaCSV, openapi3filter.FileBodyDecoder)
	validate := func(t *testing.T, method, path, body, accept string, want int) asked {
		t.Helper()
		headers := []string{"Authorization", "Bearer " + token}
		if accept != "" {
			headers = append(headers, "Accept", accept)
		}
		got := ask(t, method, listening.URL+path, body, headers...)
		request, err := http.NewRequest(method, listening.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if body != "" {
			request.Header.Set("Content-Type", wire.MediaJSON)
		}
		route, parameters, err := router.FindRoute(request)
		if err != nil {
			t.Fatalf("%s %s: %v", method, path, err)
		}
		options := &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true}
		input := &openapi3filter.RequestValidationInput{Request: request, PathParams: parameters, Route: route, Options: options}
		if err := openapi3filter.ValidateRequest(t.Context(), input); (err == nil) != (want < 400) {
			t.Errorf("%s %s: answered with %d, and the contract says of the request: %v", method, path, want, err)
		}
		if got.status != want {
			t.Errorf("%s %s %s: %d, want %d: %s", method, path, body, got.status, want, got.body)
		}
		err = openapi3filter.ValidateResponse(t.Context(), &openapi3filter.ResponseValidationInput{RequestValidationInput: input,
			Status: got.status, Header: got.header, Body: io.NopCloser(strings.NewReader(got.body)), Options: options})
		if err != nil {
			t.Errorf("%s %s as %q: %v\n%.300s", method, path, accept, err, got.body)
		}
		return got
	}
	asked := map[string]bool{}
	for _, test := range contractRequests {
		path, _, _ := strings.Cut(test.path, "?")
		asked[path] = true
		got := validate(t, test.method, test.path, test.body, "", http.StatusOK)
		content := contract.Paths.Find(pathOf(path)).GetOperation(test.method).Responses.Status(http.StatusOK).Value.Content
		if _, hasRows := content[wire.MediaArrow]; !hasRows {
			continue
		}
		rows := 0
		if strings.HasPrefix(got.body, "[") {
			var objects []map[string]any
			if err := json.Unmarshal([]byte(got.body), &objects); err != nil {
				t.Error(err)
			}
			rows = len(objects)
		}
		for _, media := range slices.Sorted(maps.Keys(content)) {
			other := validate(t, test.method, test.path, test.body, media, http.StatusOK)
			if kind, _, _ := strings.Cut(other.header.Get("Content-Type"), ";"); kind != media {
				t.Errorf("%s is answered with %s", media, kind)
			}
			if strings.HasPrefix(test.path, wire.PathExplain) {
				continue
			}
			switch media {
			case wire.MediaNDJSON:
				if lines := strings.Count(other.body, "\n"); lines != rows {
					t.Errorf("%s: %d lines for %d rows", test.path, lines, rows)
				}
			case wire.MediaCSV:
				if records, err := csv.NewReader(strings.NewReader(other.body)).ReadAll(); err != nil || len(records) != rows+1 {
					t.Errorf("%s: %d records for %d rows (%v)", test.path, len(records), rows, err)
				}
			}
		}
	}
	for path := range contract.Paths.Map() {
		isPushed := strings.HasPrefix(path, "/webhooks/") || strings.HasPrefix(path, wire.PathAPI+"/ingest/")
		if !isPushed && !asked[path] && path != wire.PathDimensions+"{dimension}" {
			t.Errorf("%s is not asked", path)
		}
	}
	for _, test := range []struct {
		method, path, body string
		want               int
	}{
		{"POST", wire.PathMetricQuery, `{"metric": "dora", "colour": "red"}`, http.StatusBadRequest},
		{"POST", wire.PathMetricQuery, `{}`, http.StatusBadRequest},
		{"POST", wire.PathMetricQuery, `{"metric": "dora", "grain": "hour"}`, http.StatusBadRequest},
		{"POST", wire.PathMetricQuery, `{"metric": "dora", "from": "yesterday"}`, http.StatusBadRequest},
		{"POST", wire.PathQuery, `{"sql": 1}`, http.StatusBadRequest},
		{"POST", wire.PathQuery, `{"sql": "select 1", "limit": -1}`, http.StatusBadRequest},
		{"GET", wire.PathAnnotations + "?kind=party", "", http.StatusBadRequest},
		{"GET", wire.PathAnnotations + "?limit=0", "", http.StatusBadRequest},
		{"GET", wire.PathExplain, "", http.StatusBadRequest},
	} {
		validate(t, test.method, test.path, test.body, "", test.want)
	}
}

// pathOf returns a path as the contract has it.
func pathOf(path string) string {
	if strings.HasPrefix(path, wire.PathDimensions) {
		return wire.PathDimensions + "{dimension}"
	}
	return path
}

// TestWireTypesAreThoseOfTheContract compares the fields of each type, which of them
// are always there, and the words that constants list.
func TestWireTypesAreThoseOfTheContract(t *testing.T) {
	contract := loadContract(t, "")
	types := []reflect.Type{
		reflect.TypeFor[wire.Catalogue](), reflect.TypeFor[wire.Metric](), reflect.TypeFor[wire.Statistic](), reflect.TypeFor[wire.Filters](),
		reflect.TypeFor[wire.MetricQuery](), reflect.TypeFor[wire.MetricRow](), reflect.TypeFor[wire.SQLQuery](), reflect.TypeFor[wire.DimensionValue](),
		reflect.TypeFor[wire.Explanation](), reflect.TypeFor[wire.ExplainedRecord](), reflect.TypeFor[wire.Annotation](), reflect.TypeFor[wire.SLO](),
		reflect.TypeFor[wire.Freshness](), reflect.TypeFor[wire.Snapshot](), reflect.TypeFor[wire.Schema](), reflect.TypeFor[wire.Caller](),
		reflect.TypeFor[wire.Ingested](), reflect.TypeFor[wire.Problem](),
	}
	for _, kind := range types {
		schema := contract.Components.Schemas[kind.Name()]
		if schema == nil {
			t.Errorf("the contract has no schema %s", kind.Name())
			continue
		}
		compareFields(t, kind.Name(), kind, schema.Value)
	}
	for name, words := range map[string][]string{"Unit": wire.Units, "Dimension": wire.Dimensions, "Grain": wire.Grains, "AnnotationKind": wire.AnnotationKinds} {
		var listed []string
		for _, word := range contract.Components.Schemas[name].Value.Enum {
			listed = append(listed, word.(string))
		}
		if !slices.Equal(listed, words) {
			t.Errorf("%s: the contract lists %v, wire %v", name, listed, words)
		}
	}
}

// compareFields compares a struct and those in it with a schema.
func compareFields(t *testing.T, path string, kind reflect.Type, schema *openapi3.Schema) {
	t.Helper()
	fields := map[string]bool{}
	for i := range kind.NumField() {
		name, options, _ := strings.Cut(kind.Field(i).Tag.Get("json"), ",")
		fields[name] = true
		property := schema.Properties[name]
		if property == nil {
			t.Errorf("%s.%s is not in the contract", path, name)
			continue
		}
		inner := kind.Field(i).Type
		isPointer := inner.Kind() == reflect.Pointer
		isRequired := slices.Contains(schema.Required, name)
		if isRequired && strings.Contains(options, "omit") {
			t.Errorf("%s.%s is required, and left out where it is zero", path, name)
		}
		if isPointer && !strings.Contains(options, "omit") && !property.Value.Nullable {
			t.Errorf("%s.%s can be nil, and is not nullable in the contract", path, name)
		}
		value := property.Value
		for inner.Kind() == reflect.Pointer || inner.Kind() == reflect.Slice {
			if inner.Kind() == reflect.Slice {
				value = value.Items.Value
			}
			inner = inner.Elem()
		}
		if inner.Kind() == reflect.Struct && inner != reflect.TypeFor[time.Time]() {
			compareFields(t, path+"."+name, inner, value)
		}
	}
	for name := range schema.Properties {
		if !fields[name] {
			t.Errorf("%s.%s is in the contract only", path, name)
		}
	}
}

// TestQueryString is about what URLs can hold.
func TestQueryString(t *testing.T) {
	_, listening, _ := serve(t, organisation, nil)
	for _, query := range []string{"?from=2026-01-01", "?colour=red", "?limit=x", "?from=2030-01-01T00:00:00Z&to=2029-01-01T00:00:00Z", "?service=%zz", "?a;b"} {
		if got := ask(t, "GET", listening.URL+wire.PathAnnotations+query, ""); got.status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", query, got.status, got.body)
		}
	}
	for _, path := range []string{wire.PathMetrics, wire.PathFreshness, wire.PathSnapshots, wire.PathSchema, wire.PathWhoAmI} { // which have no parameters
		if got := ask(t, "GET", listening.URL+path+"?definition_set=other", ""); got.status != http.StatusBadRequest || !strings.Contains(got.body, "there are none") {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
	odd := "?service=" + url.QueryEscape(`'; drop table core.services; --" \ {"a": [1]}`)
	if got := ask(t, "GET", listening.URL+wire.PathAnnotations+odd, ""); got.status != http.StatusOK || !bytes.Equal(bytes.TrimSpace([]byte(got.body)), []byte("[]")) {
		t.Errorf("%s: %d %s", odd, got.status, got.body)
	}
}
