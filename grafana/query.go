package grafana

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/config"
	"github.com/grafana/grafana-plugin-sdk-go/data"
	"golang.org/x/sync/errgroup"

	"dorado/server/wire"
)

// Types of queries: the queryType of a target.
const (
	QueryMetric     = "metric"     // one metric over the range; the default
	QueryExplain    = "explain"    // the records behind a metric
	QuerySLO        = "slo"        // how every objective stands at the end of the range
	QuerySQL        = "sql"        // one SELECT
	QueryAnnotation = "annotation" // what happened
	QueryVariable   = "variable"   // the values of a dashboard variable
)

// Formats of metric and SQL queries.
const (
	FormatTimeSeries = "time_series" // a field for each series, with labels; the default of metric queries
	FormatTable      = "table"       // the rows as they come; the default of SQL
)

// GrainAuto follows the panel: months where the points of a chart are 28 days or
// more apart, weeks from 7 days, else days.
const GrainAuto = "auto"

// OwnDefinitions as a definition set is the configuration's own, where the data
// source names another.
const OwnDefinitions = "-"

// Every in the values of a filter does not restrict: it is what "All" of a
// dashboard variable is to stand for.
const Every = "*"

// Contents of a variable.
const (
	VariableDimension      = "dimension"       // the values of a dimension
	VariableMetrics        = "metrics"         // the names of the metrics
	VariableStatistics     = "statistics"      // the names of a metric's statistics
	VariableDefinitionSets = "definition_sets" // their names
	VariableSQL            = "sql"             // the first column of a SELECT, or its columns value and text
)

// A Query is a target of a panel, an annotation or a variable, as dashboards store
// it. What a type of query does not need is left out.
type Query struct {
	RefID     string `json:"refId,omitempty"`
	QueryType string `json:"queryType,omitempty"`

	Metric        string        `json:"metric,omitempty"`
	Statistic     string        `json:"statistic,omitempty"` // default the main one; * for all
	Grain         string        `json:"grain,omitempty"`     // default auto
	By            string        `json:"by,omitempty"`        // default none
	Filters       wire.Filters  `json:"filters,omitzero"`    // of sql: what $__filters stands for
	AdHoc         []AdHocFilter `json:"adHoc,omitempty"`     // of the dashboard; they restrict further
	DefinitionSet string        `json:"definitionSet,omitempty"`
	Compare       bool          `json:"compare,omitempty"`       // with the period before: a second series
	HideLevels    bool          `json:"hideLevels,omitempty"`    // leave colours and thresholds to the panel
	Format        string        `json:"format,omitempty"`        // of metric and sql
	Limit         int           `json:"limit,omitempty"`         // of records and annotations; default Grafana's
	OnlyExcluded  bool          `json:"onlyExcluded,omitempty"`  // of explain: the records left out
	SQL           string        `json:"rawSql,omitempty"`        // with macros
	Kinds         []string      `json:"kinds,omitempty"`         // of annotations; default all
	Variable      string        `json:"variable,omitempty"`      // what a variable contains
	Dimension     string        `json:"dimension,omitempty"`     // of a variable
	MaxDataPoints int64         `json:"maxDataPoints,omitempty"` // Grafana's own
}

// An AdHocFilter is a filter that a dashboard's reader has set.
type AdHocFilter struct {
	Key      string   `json:"key"`      // a dimension
	Operator string   `json:"operator"` // = or =|, one of
	Value    string   `json:"value"`
	Values   []string `json:"values,omitempty"` // of =|
}

// A panelQuery is a query with what Grafana says of the panel.
type panelQuery struct {
	Query
	from, to time.Time
	interval time.Duration
	rowLimit int // 0 without one
}

// errNothing says that the filters leave nothing.
var errNothing = errors.New("the dashboard's filters and the query's own have no value in common")

// QueryData answers all queries of a panel, several at once.
func (d *Datasource) QueryData(ctx context.Context, request *backend.QueryDataRequest) (*backend.QueryDataResponse, error) {
	configured := config.GrafanaConfigFromContext(ctx)
	concurrent, err := configured.ConcurrentQueryCount()
	if err != nil || concurrent < 1 {
		concurrent = 10 // what Grafana has where nothing is configured
	}
	response := backend.NewQueryDataResponse()
	var mutex sync.Mutex
	var group errgroup.Group
	group.SetLimit(concurrent)
	for _, query := range request.Queries {
		group.Go(func() error {
			answer := d.answer(ctx, query, rowLimit(configured))
			mutex.Lock()
			defer mutex.Unlock()
			response.Responses[query.RefID] = answer
			return nil
		})
	}
	return response, group.Wait()
}

// rowLimit returns the most rows that Grafana wants, 0 where it says nothing.
func rowLimit(configured *config.GrafanaCfg) int {
	limit, err := strconv.Atoi(configured.Get(config.SQLRowLimit))
	if err != nil || limit < 0 {
		return 0
	}
	return limit
}

func (d *Datasource) answer(ctx context.Context, asked backend.DataQuery, limit int) backend.DataResponse {
	query := panelQuery{from: asked.TimeRange.From, to: asked.TimeRange.To, interval: asked.Interval, rowLimit: limit}
	if err := json.Unmarshal(asked.JSON, &query.Query); err != nil {
		return failed(fmt.Errorf("the query cannot be read: %w", err))
	}
	if query.QueryType == "" {
		query.QueryType = asked.QueryType
	}
	switch query.DefinitionSet {
	case "":
		query.DefinitionSet = d.settings.DefinitionSet
	case OwnDefinitions:
		query.DefinitionSet = ""
	}
	frames, err := d.frames(ctx, query)
	if errors.Is(err, errNothing) {
		frame := data.NewFrame("")
		frame.AppendNotices(data.Notice{Severity: data.NoticeSeverityInfo, Text: err.Error()})
		return backend.DataResponse{Frames: data.Frames{frame}, Status: backend.StatusOK}
	}
	if err != nil {
		return failed(err)
	}
	return backend.DataResponse{Frames: frames, Status: backend.StatusOK}
}

func (d *Datasource) frames(ctx context.Context, query panelQuery) (data.Frames, error) {
	var err error
	if query.Filters, err = restrict(query.Filters, query.AdHoc); err != nil {
		return nil, err
	}
	switch query.QueryType {
	case QueryMetric, "":
		return one(d.metric(ctx, query))
	case QueryExplain:
		return one(d.explain(ctx, query))
	case QuerySLO:
		return one(d.slos(ctx, query))
	case QuerySQL:
		return one(d.sql(ctx, query))
	case QueryAnnotation:
		return one(d.annotations(ctx, query))
	case QueryVariable:
		return one(d.variable(ctx, query))
	}
	return nil, fmt.Errorf("queryType %q is none; there are %s, %s, %s, %s, %s and %s", query.QueryType,
		QueryMetric, QueryExplain, QuerySLO, QuerySQL, QueryAnnotation, QueryVariable)
}

func one(frame *data.Frame, err error) (data.Frames, error) {
	return data.Frames{frame}, err
}

// failed returns the response of an error. What the server or the asker did is
// not the plugin's failure: it is downstream.
func failed(err error) backend.DataResponse {
	var request *requestError
	if errors.As(err, &request) {
		return backend.ErrDataResponseWithSource(request.status, backend.ErrorSourceDownstream, err.Error())
	}
	return backend.ErrDataResponseWithSource(backend.StatusBadRequest, backend.ErrorSourceDownstream, err.Error())
}

// restrict returns the filters of a query with those of the dashboard: what is in
// both.
func restrict(filters wire.Filters, adHoc []AdHocFilter) (wire.Filters, error) {
	all := map[string]*[]string{
		wire.DimensionService: &filters.Service, wire.DimensionTeam: &filters.Team,
		wire.DimensionRepository: &filters.Repository, wire.DimensionEnvironment: &filters.Environment,
	}
	for _, values := range all {
		*values = restricting(*values)
	}
	for _, filter := range adHoc {
		values, isKnown := all[filter.Key]
		if !isKnown {
			return filters, fmt.Errorf("the filter %s cannot be used; there are %v", filter.Key, wire.FilterDimensions)
		}
		wanted := filter.Values
		switch {
		case filter.Operator != "=" && filter.Operator != "=|":
			return filters, fmt.Errorf("the filter %s %s %s cannot be used; only = and =| can", filter.Key, filter.Operator, filter.Value)
		case filter.Operator == "=" || len(wanted) == 0:
			wanted = []string{filter.Value}
		}
		if wanted = restricting(wanted); len(wanted) == 0 {
			continue
		}
		if len(*values) == 0 {
			*values = wanted
			continue
		}
		*values = slices.DeleteFunc(slices.Clone(*values), func(value string) bool { return !slices.Contains(wanted, value) })
		if len(*values) == 0 {
			return filters, errNothing
		}
	}
	return filters, nil
}

// restricting returns the values that a filter has, none if it does not restrict.
func restricting(values []string) []string {
	values = slices.DeleteFunc(slices.Clone(values), func(value string) bool { return value == "" })
	if slices.Contains(values, Every) {
		return nil
	}
	return values
}

// parameters are the query's range and filters as the API's GET requests take them.
func (q panelQuery) parameters() url.Values {
	parameters := url.Values{"from": {q.from.UTC().Format(time.RFC3339Nano)}, "to": {q.to.UTC().Format(time.RFC3339Nano)}}
	for _, dimension := range wire.FilterDimensions {
		for _, value := range q.Filters.Of(dimension) {
			parameters.Add(dimension, value)
		}
	}
	return parameters
}

// limit returns the most rows that the query and Grafana want, 0 where neither says.
func (q panelQuery) limit() int {
	switch {
	case q.rowLimit == 0:
		return q.Limit
	case q.Limit == 0:
		return q.rowLimit
	}
	return min(q.Limit, q.rowLimit)
}

// cut adds a notice that rows are missing.
func cut(frame *data.Frame, isCut bool) {
	if isCut {
		frame.AppendNotices(data.Notice{Severity: data.NoticeSeverityWarning,
			Text: fmt.Sprintf("Only the first %d rows are here: that is the limit. Ask for a shorter range, or for less.", frame.Rows())})
	}
}
