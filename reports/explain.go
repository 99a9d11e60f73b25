package reports

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"dorado/strictyaml"
)

// An Explanation is a metric's value and the records behind it.
type Explanation struct {
	Days
	Metric     string            `json:"metric"`
	Service    string            `json:"service,omitempty"`
	Team       string            `json:"team,omitempty"`
	Value      *float64          `json:"value"` // nil where it is not known
	Unit       string            `json:"unit"`
	N          int64             `json:"n"`
	Definition string            `json:"definition"` // what the metric is
	Options    []ExplainedOption `json:"options"`
	Records    []ExplainedRecord `json:"records"`

	Filters Filters `json:"-"` // beside Service and Team
	Limit   int64   `json:"-"` // the most records; 0 for all
	Window  *Window `json:"-"` // which records of each part; nil for all

	parts []partOf // of each record
}

// A partOf is the part that a record belongs to.
type partOf struct {
	title   string // "" for none
	records int    // that the part has
}

// A Window is some of the records of parts.
type Window struct {
	Part  string // the title of the only part; "" for each
	First int    // the number of the first record in its part, from 1
	Most  int    // how many records
}

// Filters are those of metrics.is_selected: the values of each of service, team,
// repository and environment that are let through; what is not named is not
// restricted.
type Filters map[string][]string

// selected is the argument filters of a macro, where ? is their JSON.
const selected = "?::json::map(varchar, varchar[])"

// selectedBy returns the JSON of those filters, Service and Team among them, that are
// of one of the kinds.
func (e *Explanation) selectedBy(kinds ...string) (string, error) {
	chosen := Filters{}
	for _, kind := range kinds {
		if values := e.Filters[kind]; len(values) > 0 {
			chosen[kind] = values
		}
	}
	if e.Service != "" {
		chosen["service"] = []string{e.Service}
	}
	if e.Team != "" {
		chosen["team"] = []string{e.Team}
	}
	text, err := json.Marshal(chosen)
	return string(text), err
}

// An ExplainedOption is an option of the metric in force.
type ExplainedOption struct {
	Option   string `json:"option"`
	Value    string `json:"value"`
	Services int64  `json:"services"` // how many services it is in force for
}

// An ExplainedRecord is a row of metrics.explain_….
type ExplainedRecord struct {
	Service        string    `json:"service_id"`
	Team           *string   `json:"team"`
	Repository     *string   `json:"repository"`
	Environment    *string   `json:"environment"`
	Deployment     *string   `json:"deployment_id"`
	Record         string    `json:"record"`
	IsCounted      bool      `json:"is_counted"`
	IsNumerator    *bool     `json:"is_numerator"`
	ValueSeconds   *float64  `json:"value_seconds"`
	Rule           *string   `json:"rule"`
	ExcludedReason *string   `json:"excluded_reason"`
	SourceURL      *string   `json:"source_url"`
	RecordAt       time.Time `json:"record_at"`
}

// Find asks the snapshot for the explanation of the metric, service and team that
// e names, in its days. Its error wraps an [Unknown] where there is no such.
func (e *Explanation) Find(ctx context.Context, snapshot Snapshot) error {
	for _, step := range []func(context.Context, Snapshot) error{e.check, e.findValue, e.findOptions, e.findRecords} {
		if err := step(ctx, snapshot); err != nil {
			return fmt.Errorf("explain %s: %w", e.Metric, err)
		}
	}
	return nil
}

// An Unknown says what the snapshot has not, though somebody asked for it.
type Unknown string

// Error returns it.
func (u Unknown) Error() string { return string(u) }

// check returns an error where the snapshot has no such metric, service or team,
// and finds what the metric is.
func (e *Explanation) check(ctx context.Context, snapshot Snapshot) error {
	metrics, err := columnOf(ctx, snapshot, `
		select distinct substring(function_name, length('explain_') + 1) from duckdb_functions()
		where schema_name = 'metrics' and starts_with(function_name, 'explain_') order by 1`)
	if err != nil {
		return err
	}
	if !slices.Contains(metrics, e.Metric) {
		return Unknown(fmt.Sprintf("there is no such metric%s; there are %s", strictyaml.DidYouMean(e.Metric, metrics), strings.Join(metrics, ", ")))
	}
	for _, named := range []struct{ kind, name, query string }{
		{"service", e.Service, "select service_id from core.services order by 1"},
		{"team", e.Team, "select distinct coalesce(team, 'no team') from core.services order by 1"},
	} {
		if named.name == "" {
			continue
		}
		known, err := columnOf(ctx, snapshot, named.query)
		if err != nil {
			return err
		}
		if !slices.Contains(known, named.name) {
			return Unknown(fmt.Sprintf("there is no %s %q%s", named.kind, named.name, strictyaml.DidYouMean(named.name, known)))
		}
	}
	definition, err := columnOf(ctx, snapshot, "select comment from duckdb_functions() where schema_name = 'metrics' and function_name = ?", e.Metric)
	if err != nil || len(definition) == 0 {
		return err
	}
	// The first paragraph says what a row is; the next what the metric is.
	if _, notes, found := strings.Cut(definition[0], "\n\n"); found {
		e.Definition, _, _ = strings.Cut(notes, "\n\n")
		// What the parameters can be is said to those who call the macro.
		if at := parameters.FindStringIndex(e.Definition); at != nil {
			e.Definition = strings.TrimSpace(e.Definition[:at[0]])
		}
	}
	return nil
}

// parameters begins the sentence about the parameters in the comment of a macro.
var parameters = regexp.MustCompile(`\bgrain\s+is\s+day\b|\bby_dimension\s+is\b`)

// columnOf returns the first column, a text, of the rows that query gives.
func columnOf(ctx context.Context, snapshot Snapshot, query string, args ...any) ([]string, error) {
	rows, err := snapshot.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var texts []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		texts = append(texts, text)
	}
	return texts, rows.Err()
}

// findValue finds the value in the row that reports print.
func (e *Explanation) findValue(ctx context.Context, snapshot Snapshot) error {
	filters, err := e.selectedBy("service", "team", "repository", "environment")
	if err != nil {
		return err
	}
	rows, err := snapshot.Query(ctx, `
		select value, unit, n from metrics.totals(?::timestamp, ?::timestamp, filters := `+selected+`) where metric = ?`,
		e.FromAt, e.ToAt, filters, e.Metric)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(&e.Value, &e.Unit, &e.N); err != nil {
			return err
		}
	}
	return rows.Err()
}

// findOptions finds the options in force, and for how many services.
func (e *Explanation) findOptions(ctx context.Context, snapshot Snapshot) error {
	filters, err := e.selectedBy("service", "team")
	if err != nil {
		return err
	}
	rows, err := snapshot.Query(ctx, `
		select definitions.option, definitions.value, count(*) from core.definitions as definitions
		join core.services as services on definitions.service_id = services.service_id
		where definitions.metric = ? and metrics.is_selected(`+selected+`, services.service_id, services.team, null, null)
		group by all order by all`, e.Metric, filters)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var option ExplainedOption
		if err := rows.Scan(&option.Option, &option.Value, &option.Services); err != nil {
			return err
		}
		e.Options = append(e.Options, option)
	}
	return rows.Err()
}

// findRecords finds the records, counted or not.
func (e *Explanation) findRecords(ctx context.Context, snapshot Snapshot) error {
	filters, err := e.selectedBy("service", "team", "repository", "environment")
	if err != nil {
		return err
	}
	query := fmt.Sprintf(`
		with explained as (
			select
				coalesce(service_id, '') as service_id, team, repository, environment, deployment_id, record,
				is_counted, is_numerator, value_seconds::double as value_seconds, rule, excluded_reason, source_url, record_at,
				case
					when is_counted and coalesce(is_numerator, true) then 'Counted'
					when is_counted then 'Counted in n only'
					when excluded_reason is not null then 'Left out: ' || excluded_reason
					else ''
				end as part
			from metrics.explain_%s(?::timestamp, ?::timestamp)
			where metrics.is_selected(%s, service_id, team, repository, environment)
		)

		select *, count(*) over (partition by part) as part_records
		from explained`, e.Metric, selected)
	args := []any{e.FromAt, e.ToAt, filters}
	if e.Window != nil {
		query += `
		where ? in ('', part)
		qualify row_number() over (partition by part order by record_at, deployment_id, record, service_id) between ? and ?`
		args = append(args, e.Window.Part, e.Window.First, e.Window.First+e.Window.Most-1)
	}
	query += `
		order by record_at, deployment_id, record, service_id`
	if e.Limit > 0 {
		query += fmt.Sprintf(" limit %d", e.Limit)
	}
	rows, err := snapshot.Query(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var r ExplainedRecord
		var part partOf
		if err := rows.Scan(&r.Service, &r.Team, &r.Repository, &r.Environment, &r.Deployment, &r.Record,
			&r.IsCounted, &r.IsNumerator, &r.ValueSeconds, &r.Rule, &r.ExcludedReason, &r.SourceURL, &r.RecordAt, &part.title, &part.records); err != nil {
			return err
		}
		e.Records, e.parts = append(e.Records, r), append(e.parts, part)
	}
	return rows.Err()
}

// An ExplainedPart is records that were treated alike.
type ExplainedPart struct {
	Title   string
	Count   int // of its records, those outside the window too
	Records []ExplainedRecord
}

// Parts sorts the records into those that count and, by reason, those left out.
func (e *Explanation) Parts() []ExplainedPart {
	var parts []ExplainedPart
	for i, record := range e.Records {
		of := e.parts[i]
		if of.title == "" {
			continue
		}
		at := slices.IndexFunc(parts, func(p ExplainedPart) bool { return p.Title == of.title })
		if at < 0 {
			at = len(parts)
			parts = append(parts, ExplainedPart{Title: of.title, Count: of.records})
		}
		parts[at].Records = append(parts[at].Records, record)
	}
	slices.SortStableFunc(parts, func(a, b ExplainedPart) int {
		return cmp.Or(strings.Compare(a.Title[:1], b.Title[:1]), strings.Compare(a.Title, b.Title))
	})
	return parts
}

// ShortRecord shortens a SHA and leaves the service, which stands beside it, out
// of a deployment's id.
func ShortRecord(record ExplainedRecord) string {
	if len(record.Record) == 40 && !strings.ContainsAny(record.Record, ":/") {
		return record.Record[:12]
	}
	return strings.TrimPrefix(record.Record, record.Service+"/")
}
