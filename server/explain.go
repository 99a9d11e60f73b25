package server

import (
	"bufio"
	"context"
	"errors"
	"net/http"
	"reflect"
	"time"

	"dorado/reports"
	"dorado/server/wire"
	"dorado/warehouse/results"
)

// answerExplain answers with the records behind a number.
func (s *Server) answerExplain(w http.ResponseWriter, r *http.Request) error {
	asked, err := s.ask(r, append([]string{"metric", "from", "to", "limit", "definition_set"}, wire.FilterDimensions...)...)
	if err != nil {
		return err
	}
	defer asked.release()
	limit, err := asked.limit(int64(s.config.Limits.Rows))
	if err != nil {
		return err
	}
	name := asked.values.Get("metric")
	if name == "" {
		return bad("name the metric, such as metric=change_lead_time")
	}
	metric, err := metricNamed(name)
	if err != nil {
		return err
	}
	if _, err := metric.filtersOf(asked.selected()); err != nil {
		return err
	}
	find := func(ctx context.Context) (wire.Explanation, error) {
		return explain(ctx, asked.held, name, asked.from, asked.to, asked.selected(), limit)
	}
	return s.answer(w, r, asked.held, []any{name, asked.from, asked.to, asked.selected(), limit}, func(ctx context.Context, out *bufio.Writer, format string) (results.Copied, error) {
		if format == results.FormatJSON {
			return jsonOf(find)(ctx, out, format)
		}
		explained, err := find(ctx)
		if err != nil {
			return results.Copied{}, ours(err)
		}
		return writeStructs(out, format, explained.Records)
	}, formats...)
}

// explain returns the explanation of a metric that can be explained; its error may be a
// problem.
func explain(ctx context.Context, held *held, metric string, from, to time.Time, filters wire.Filters, limit int64) (wire.Explanation, error) {
	found := reports.Explanation{Days: reports.Days{FromAt: from, ToAt: to}, Metric: metric, Filters: reports.Filters{}, Limit: limit}
	for _, dimension := range wire.FilterDimensions {
		found.Filters[dimension] = filters.Of(dimension)
	}
	err := found.Find(ctx, held.metrics)
	var unknown reports.Unknown
	if errors.As(err, &unknown) {
		return wire.Explanation{}, unprocessable(wire.ProblemUnknownMetric, "%s cannot be explained: %s", metric, unknown)
	}
	if err != nil {
		return wire.Explanation{}, err
	}
	explained := wire.Explanation{Metric: found.Metric, FromAt: from, ToAt: to, Value: found.Value, Unit: found.Unit, N: found.N,
		Definition: found.Definition, Options: []wire.ExplainedOption{}, Records: make([]wire.ExplainedRecord, 0, len(found.Records))}
	for _, option := range found.Options {
		explained.Options = append(explained.Options, wire.ExplainedOption(option))
	}
	for _, record := range found.Records {
		made := wire.ExplainedRecord{Team: record.Team, Repository: record.Repository, Environment: record.Environment, DeploymentID: record.Deployment,
			Record: record.Record, IsCounted: record.IsCounted, IsNumerator: record.IsNumerator, ValueSeconds: record.ValueSeconds, Rule: record.Rule,
			ExcludedReason: record.ExcludedReason, SourceURL: record.SourceURL, RecordAt: record.RecordAt}
		if record.Service != "" {
			made.ServiceID = &record.Service
		}
		explained.Records = append(explained.Records, made)
	}
	if explained.Unit == "" { // nothing is known of the metric in the range
		explained.Unit = doraUnits()[metric]
		if explained.Unit == "" {
			explained.Unit = wire.UnitSeconds
		}
	}
	return explained, nil
}

// kinds are DuckDB's types of the fields of wire's structs.
var kinds = map[reflect.Type]string{
	reflect.TypeFor[string]():    "VARCHAR",
	reflect.TypeFor[bool]():      "BOOLEAN",
	reflect.TypeFor[float64]():   "DOUBLE",
	reflect.TypeFor[int64]():     "BIGINT",
	reflect.TypeFor[time.Time](): "TIMESTAMP",
}

// writeStructs writes structs of package wire as rows.
func writeStructs[T any](out *bufio.Writer, format string, rows []T) (results.Copied, error) {
	var columns []results.Column
	row := reflect.TypeFor[T]()
	for i := range row.NumField() {
		field := row.Field(i)
		kind := field.Type
		if kind.Kind() == reflect.Pointer {
			kind = kind.Elem()
		}
		columns = append(columns, results.Column{Name: field.Tag.Get("json"), Kind: kinds[kind]})
	}
	writer, err := results.NewWriter(out, format, columns)
	if err != nil {
		return results.Copied{}, err
	}
	values := make([]any, len(columns))
	for _, row := range rows {
		fields := reflect.ValueOf(row)
		for i := range values {
			values[i] = nil
			switch field := fields.Field(i); {
			case field.Kind() != reflect.Pointer:
				values[i] = field.Interface()
			case !field.IsNil():
				values[i] = field.Elem().Interface()
			}
		}
		if err := writer.Row(values); err != nil {
			return results.Copied{}, err
		}
	}
	return results.Copied{Rows: int64(len(rows))}, writer.End()
}
