// Package wire has the contract of the HTTP API as Go types: what a program
// sends to `dorado serve`, and what it gets back. It is for the server and for
// programs that ask it, such as the Grafana plugin; so it needs neither DuckDB nor
// anything else that is not in the standard library. What the paths are and what
// each answers is in server/openapi.yaml, which these types agree with.
//
// Instants are UTC. A pointer is nil where a value is not known.
package wire

import "time"

// Paths of the API. Those below PathAPI have the rows and state of a snapshot.
const (
	PathAPI         = "/api/v1"
	PathMetrics     = PathAPI + "/metrics"
	PathMetricQuery = PathAPI + "/metrics/query"
	PathQuery       = PathAPI + "/query"
	PathDimensions  = PathAPI + "/dimensions/" // and a dimension
	PathExplain     = PathAPI + "/explain"
	PathAnnotations = PathAPI + "/annotations"
	PathSLOs        = PathAPI + "/slos"
	PathFreshness   = PathAPI + "/freshness"
	PathSnapshots   = PathAPI + "/snapshots"
	PathSchema      = PathAPI + "/schema"
	PathWhoAmI      = PathAPI + "/whoami"
	PathHealth      = "/healthz"
	PathReady       = "/readyz"
	PathTelemetry   = "/metrics" // the server's own, for Prometheus
)

// Media types of answers and requests.
const (
	MediaJSON    = "application/json"                    // the default: of rows an array of objects
	MediaNDJSON  = "application/x-ndjson"                // an object a line
	MediaCSV     = "text/csv"                            // RFC 4180 with a header
	MediaArrow   = "application/vnd.apache.arrow.stream" // Arrow's IPC stream
	MediaProblem = "application/problem+json"            // a [Problem]
	MediaText    = "text/plain; charset=utf-8"
)

// Headers and trailers of answers that are dorado's own.
const (
	HeaderSnapshot  = "Dorado-Snapshot"   // the snapshot's number: 000123
	HeaderTruncated = "Dorado-Truncated"  // a trailer, true where the result was cut off at the limit of rows
	HeaderRequestID = "Dorado-Request-Id" // the id that the log has too; a [Problem] has it as its instance
)

// Scopes of tokens: what their bearer may do.
const (
	ScopeMetrics = "metrics" // read metrics and what belongs to them
	ScopeSQL     = "sql"     // run SELECTs
	ScopeIngest  = "ingest"  // send records
	ScopeAdmin   = "admin"   // read the server's own metrics, and all of the above
)

// Scopes are all scopes there are.
var Scopes = []string{ScopeMetrics, ScopeSQL, ScopeIngest, ScopeAdmin}

// Units of values.
const (
	UnitDeploymentsPerDay = "deployments_per_day"
	UnitDaysPerWeek       = "days_per_week"
	UnitSeconds           = "seconds"
	UnitMinutes           = "minutes"
	UnitRatio             = "ratio" // a share of 1, or a burn rate
	UnitCount             = "count"
	UnitScore             = "score" // from 0 to 10
	UnitLines             = "lines"
)

// Units are all units there are.
var Units = []string{UnitDeploymentsPerDay, UnitDaysPerWeek, UnitSeconds, UnitMinutes, UnitRatio, UnitCount, UnitScore, UnitLines}

// Grains: how long the periods of a [MetricQuery] are.
const (
	GrainTotal   = "total" // one period, the range
	GrainDay     = "day"
	GrainWeek    = "week" // ISO weeks
	GrainMonth   = "month"
	GrainQuarter = "quarter"
)

// Grains are all grains there are.
var Grains = []string{GrainTotal, GrainDay, GrainWeek, GrainMonth, GrainQuarter}

// Dimensions: what the rows of a [MetricQuery] can be grouped by. The first five are
// known to most metrics, and the four behind none can be filtered by.
const (
	DimensionNone        = "none" // one group, all
	DimensionService     = "service"
	DimensionTeam        = "team"
	DimensionRepository  = "repository"
	DimensionEnvironment = "environment"
	DimensionObjective   = "objective"
	DimensionUrgency     = "urgency"
	DimensionPriority    = "priority"
	DimensionSource      = "source"
	DimensionHour        = "hour" // of the day
)

// Dimensions are all dimensions there are.
var Dimensions = []string{DimensionNone, DimensionService, DimensionTeam, DimensionRepository, DimensionEnvironment,
	DimensionObjective, DimensionUrgency, DimensionPriority, DimensionSource, DimensionHour}

// FilterDimensions are the dimensions that [Filters] can name values of.
var FilterDimensions = []string{DimensionService, DimensionTeam, DimensionRepository, DimensionEnvironment}

// Which way a metric is to go.
const (
	BetterHigher  = "higher"
	BetterLower   = "lower"
	BetterNeither = "neither"
)

// EveryStatistic as the statistic of a [MetricQuery] asks for all of them, a row each.
const EveryStatistic = "*"

// Kinds of annotations.
const (
	AnnotationDeployment       = "deployment"        // a successful production deployment that is none of the next two
	AnnotationFailedDeployment = "failed_deployment" // a production deployment that failed
	AnnotationRollback         = "rollback"          // a production deployment that is a rollback
	AnnotationIncident         = "incident"          // an incident that counts
	AnnotationFreeze           = "freeze"            // a time in which an error budget was overspent
)

// AnnotationKinds are all kinds of annotations there are.
var AnnotationKinds = []string{AnnotationDeployment, AnnotationFailedDeployment, AnnotationRollback, AnnotationIncident, AnnotationFreeze}

// States of the data, as [Freshness] has them.
const (
	StateOK      = "ok"
	StateWarning = "warning" // stale, or a check warns
	StateError   = "error"   // the newest build was refused, or its file cannot be read, and an older snapshot is served
)

// A Problem is an error, as RFC 9457 describes it.
type Problem struct {
	Type     string    `json:"type"` // about:blank, or one of the types below
	Title    string    `json:"title"`
	Status   int       `json:"status"`
	Detail   string    `json:"detail,omitempty"`   // one line: what is wrong and what to do
	Instance string    `json:"instance,omitempty"` // the request's id
	Position *Position `json:"position,omitempty"` // the place in the SQL
}

// Error returns the detail, else the title.
func (p *Problem) Error() string {
	if p.Detail != "" {
		return p.Detail
	}
	return p.Title
}

// Types of problems that a program can react to.
const (
	ProblemBlank           = "about:blank"                    // nothing more than the status says
	ProblemNoSnapshot      = "urn:dorado:problem:no-snapshot" // 503: nothing can be served yet
	ProblemUnknownSet      = "urn:dorado:problem:unknown-definition-set"
	ProblemUnknownMetric   = "urn:dorado:problem:unknown-metric"
	ProblemBadSQL          = "urn:dorado:problem:bad-sql"           // 422: it does not parse, or names what is not there
	ProblemRefusedSQL      = "urn:dorado:problem:refused-sql"       // 422: it may not be run
	ProblemTimeout         = "urn:dorado:problem:timeout"           // 422: it took longer than the limit
	ProblemTooMuchMemory   = "urn:dorado:problem:too-much-memory"   // 422: it needs more memory or temporary space than the limit
	ProblemBusy            = "urn:dorado:problem:busy"              // 503: too many queries at once; Retry-After says when to come back
	ProblemCannotFilter    = "urn:dorado:problem:cannot-filter"     // 422: the metric does not know the filter
	ProblemTooManyFailures = "urn:dorado:problem:too-many-failures" // 429: too many failed attempts to authenticate
)

// A Position is a place in a text, counted from 1.
type Position struct {
	Line   int `json:"line"`
	Column int `json:"column"` // in characters
}

// A Catalogue lists what can be asked for.
type Catalogue struct {
	Metrics        []Metric `json:"metrics"`
	DefinitionSets []string `json:"definition_sets"` // beside the configuration's own
}

// A Metric is what can be asked for under one name.
type Metric struct {
	Name        string      `json:"name"` // change_lead_time; dora is all five DORA metrics at once
	Title       string      `json:"title"`
	Description string      `json:"description"`
	Statistics  []Statistic `json:"statistics"` // the main one first
	Dimensions  []string    `json:"dimensions"`
	Grains      []string    `json:"grains"`
	Filters     []string    `json:"filters"`
	Better      string      `json:"better"` // of the main statistic
	CanExplain  bool        `json:"can_explain"`
}

// A Statistic is one number of a metric.
type Statistic struct {
	Name        string `json:"name"`  // median_seconds
	Title       string `json:"title"` // Median
	Unit        string `json:"unit"`
	Description string `json:"description,omitempty"`
	// Levels are DORA's, the best first; none where the statistic has none, or where
	// services are held to different reports.
	Levels []Level `json:"levels,omitempty"`
}

// A Level is one of DORA's, with the limit that a value of it keeps.
type Level struct {
	Level string `json:"level"` // elite, high, medium or low
	// Limit is in the statistic's unit: at least it where a higher value is better, else
	// less than it. The lowest level has none.
	Limit *float64 `json:"limit"`
}

// Filters leave only what belongs to one of the values of each; nil does not
// restrict.
type Filters struct {
	Service     []string `json:"service,omitempty"`
	Team        []string `json:"team,omitempty"`
	Repository  []string `json:"repository,omitempty"`
	Environment []string `json:"environment,omitempty"`
}

// IsZero reports whether nothing is left out.
func (f Filters) IsZero() bool {
	return len(f.Service)+len(f.Team)+len(f.Repository)+len(f.Environment) == 0
}

// Of returns the values of a dimension, nil where it does not restrict.
func (f Filters) Of(dimension string) []string {
	switch dimension {
	case DimensionService:
		return f.Service
	case DimensionTeam:
		return f.Team
	case DimensionRepository:
		return f.Repository
	case DimensionEnvironment:
		return f.Environment
	}
	return nil
}

// A MetricQuery asks for one metric over a range. The zero value of each field is
// its default.
type MetricQuery struct {
	Metric        string    `json:"metric"`
	Statistic     string    `json:"statistic,omitempty"` // default the main one; EveryStatistic
	From          time.Time `json:"from,omitzero"`       // default 90 days before To
	To            time.Time `json:"to,omitzero"`         // the instant after the range; default the end of the last day that was over when the snapshot was built
	Grain         string    `json:"grain,omitempty"`     // default total
	By            string    `json:"by,omitempty"`        // default none
	Filters       Filters   `json:"filters,omitzero"`
	DefinitionSet string    `json:"definition_set,omitempty"` // default the configuration's own
}

// A MetricRow is one value of the answer to a [MetricQuery].
type MetricRow struct {
	PeriodStartAt time.Time `json:"period_start_at"` // when its first day begins in the warehouse's time zone
	PeriodEndAt   time.Time `json:"period_end_at"`
	IsComplete    bool      `json:"is_complete"` // false where the range or the snapshot's time cuts the period short
	Dimension     string    `json:"dimension"`   // the group; all without grouping
	Metric        string    `json:"metric"`
	Statistic     string    `json:"statistic"`
	Value         *float64  `json:"value"`
	Unit          string    `json:"unit"`
	N             *int64    `json:"n"`           // how many records the value stands on
	LowerValue    *float64  `json:"lower_value"` // of a share the ends of its 95 % interval
	UpperValue    *float64  `json:"upper_value"`
	PreviousValue *float64  `json:"previous_value"` // of the period before
	PreviousN     *int64    `json:"previous_n"`
	IsEnough      *bool     `json:"is_enough"` // n is large enough for a level and a score
	Level         *string   `json:"level"`     // elite, high, medium or low
	Score         *float64  `json:"score"`     // in DORA's Quick Check, from 0 to 10
}

// A SQLQuery asks for the rows of one SELECT.
type SQLQuery struct {
	SQL           string `json:"sql"`
	Limit         int    `json:"limit,omitempty"` // of rows; default the server's
	DefinitionSet string `json:"definition_set,omitempty"`
}

// A DimensionValue is a value that a filter can have.
type DimensionValue struct {
	Value string `json:"value"`
	Text  string `json:"text"` // as people read it
}

// An Explanation is a number and the records behind it.
type Explanation struct {
	Metric     string            `json:"metric"`
	FromAt     time.Time         `json:"from_at"`
	ToAt       time.Time         `json:"to_at"` // the instant after the range
	Value      *float64          `json:"value"`
	Unit       string            `json:"unit"`
	N          int64             `json:"n"`
	Definition string            `json:"definition"` // what the metric is
	Options    []ExplainedOption `json:"options"`    // those in force
	Records    []ExplainedRecord `json:"records"`    // counted or not
}

// An ExplainedOption is an option of the metric in force.
type ExplainedOption struct {
	Option   string `json:"option"`
	Value    string `json:"value"`
	Services int64  `json:"services"` // how many services it is in force for
}

// An ExplainedRecord is a record that the metric considered: a row of
// metrics.explain_….
type ExplainedRecord struct {
	ServiceID      *string   `json:"service_id"`
	Team           *string   `json:"team"`
	Repository     *string   `json:"repository"`
	Environment    *string   `json:"environment"`
	DeploymentID   *string   `json:"deployment_id"`
	Record         string    `json:"record"`
	IsCounted      bool      `json:"is_counted"`
	IsNumerator    *bool     `json:"is_numerator"`
	ValueSeconds   *float64  `json:"value_seconds"`
	Rule           *string   `json:"rule"`            // what placed it
	ExcludedReason *string   `json:"excluded_reason"` // why it is left out
	SourceURL      *string   `json:"source_url"`
	RecordAt       time.Time `json:"record_at"`
}

// An Annotation is something that happened.
type Annotation struct {
	AnnotationID string     `json:"annotation_id"`
	Kind         string     `json:"kind"`
	StartedAt    time.Time  `json:"started_at"`
	EndedAt      *time.Time `json:"ended_at"` // nil for what has no length, and for what is not over
	Title        string     `json:"title"`
	Text         *string    `json:"text"`
	Tags         string     `json:"tags"` // separated by commas: the kind, service, team and environment
	ServiceID    *string    `json:"service_id"`
	Team         *string    `json:"team"`
	Environment  *string    `json:"environment"`
	SourceURL    *string    `json:"source_url"`
}

// An SLO is an objective and how it stands at the end of a range.
type SLO struct {
	ObjectiveID         string   `json:"objective_id"`
	SLO                 string   `json:"slo"` // the name of the SLO that it is of
	Title               *string  `json:"title"`
	ServiceID           *string  `json:"service_id"`
	Team                *string  `json:"team"`
	TimeWindow          string   `json:"time_window"` // 30 days rolling
	Target              *float64 `json:"target"`
	AttainmentRatio     *float64 `json:"attainment_ratio"` // of the window at the end of the range
	RemainingRatio      *float64 `json:"remaining_ratio"`
	RemainingMinutes    *float64 `json:"remaining_minutes"`
	BurnRate            *float64 `json:"burn_rate"` // of the last day
	SecondsToExhaustion *float64 `json:"seconds_to_exhaustion"`
	IsExhausted         *bool    `json:"is_exhausted"`
	IsFrozen            *bool    `json:"is_frozen"` // an error budget policy would stop releases
}

// Freshness says how old and how good the data is.
type Freshness struct {
	Snapshot    string               `json:"snapshot"`     // the number of the one that is served
	AsOf        time.Time            `json:"as_of"`        // up to when its data goes
	PublishedAt *time.Time           `json:"published_at"` // when its file was written
	State       string               `json:"state"`
	Reasons     []string             `json:"reasons"` // why the state is not ok
	Collectors  []CollectorFreshness `json:"collectors"`
	Checks      []HeldCheck          `json:"checks"` // those that do not hold
}

// A CollectorFreshness says how far a collector is behind its source.
type CollectorFreshness struct {
	Collector      string     `json:"collector"`
	Status         *string    `json:"status"` // ok, or why its last run failed
	SucceededAt    *time.Time `json:"succeeded_at"`
	NewestRecordAt *time.Time `json:"newest_record_at"`
	LagSeconds     *float64   `json:"lag_seconds"` // at the snapshot's time
}

// A HeldCheck is a check that does not hold.
type HeldCheck struct {
	Check    string `json:"check"`
	Severity string `json:"severity"`
	Rows     int64  `json:"rows"` // that speak against it
}

// A Snapshot is a published snapshot that is kept.
type Snapshot struct {
	Number          string     `json:"number"` // 000123
	Bytes           int64      `json:"bytes"`
	AsOf            *time.Time `json:"as_of"` // nil where it is not open
	PublishedAt     time.Time  `json:"published_at"`
	DefinitionsHash *string    `json:"definitions_hash"`
	IsCurrent       bool       `json:"is_current"` // it is the one that is served
	Problem         *string    `json:"problem"`    // why it cannot be served
}

// A Schema is what SQL can name.
type Schema struct {
	Tables []SchemaTable `json:"tables"`
	Macros []SchemaMacro `json:"macros"`
}

// A SchemaTable is a table.
type SchemaTable struct {
	Schema      string         `json:"schema"`
	Name        string         `json:"name"`
	Description *string        `json:"description"`
	Columns     []SchemaColumn `json:"columns"`
}

// A SchemaColumn is a column of a table.
type SchemaColumn struct {
	Name        string  `json:"name"`
	Type        string  `json:"type"` // DuckDB's
	Description *string `json:"description"`
}

// A SchemaMacro is a macro.
type SchemaMacro struct {
	Schema      string  `json:"schema"`
	Name        string  `json:"name"`
	Parameters  string  `json:"parameters"` // from_at, to_at, grain := 'total'
	IsTable     bool    `json:"is_table"`   // it stands behind from
	Description *string `json:"description"`
	Example     *string `json:"example"`
}

// A Caller says who asks, and what the server is.
type Caller struct {
	Name          string     `json:"name"` // of the token; anonymous without one
	Scopes        []string   `json:"scopes"`
	Version       string     `json:"version"`
	EngineVersion string     `json:"engine_version"` // DuckDB's
	Snapshot      *string    `json:"snapshot"`
	AsOf          *time.Time `json:"as_of"`
	Limits        Limits     `json:"limits"`
}

// Limits are what one SQL query may use.
type Limits struct {
	Rows    int64   `json:"rows"`
	Seconds float64 `json:"seconds"`
}

// Ingested says what became of records that were sent.
type Ingested struct {
	Taken          int             `json:"taken"` // how many are safe on disk
	WasTakenBefore bool            `json:"was_taken_before"`
	Problems       []IngestProblem `json:"problems"`
}

// An IngestProblem is a record that was not taken.
type IngestProblem struct {
	Line int    `json:"line"` // counted from 1
	Text string `json:"text"`
}
