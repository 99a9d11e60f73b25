package grafana

import (
	"context"
	"fmt"
	"html"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"dorado/grafana/frames"
	"dorado/grafana/macros"
	"dorado/server/wire"
)

// explain returns the records behind a metric. What the number is, and the
// definition in force, is the frame's meta data; the inspector and the query
// editor show it.
func (d *Datasource) explain(ctx context.Context, query panelQuery) (*data.Frame, error) {
	if query.Metric == "" {
		return nil, fmt.Errorf("the query names no metric")
	}
	parameters := query.parameters()
	parameters.Set("metric", query.Metric)
	setDefinitions(parameters, query)
	limit := query.limit()
	if limit > 0 && !query.OnlyExcluded {
		parameters.Set("limit", strconv.Itoa(limit+1)) // one more tells whether there are more
	}
	var explanation wire.Explanation
	if err := d.server.get(ctx, wire.PathExplain, parameters, &explanation); err != nil {
		return nil, err
	}
	records := explanation.Records
	if query.OnlyExcluded {
		records = nil
		for _, record := range explanation.Records {
			if !record.IsCounted {
				records = append(records, record)
			}
		}
	}
	isCut := limit > 0 && len(records) > limit
	if isCut {
		records = records[:limit]
	}
	frame := data.NewFrame(words(query.Metric),
		fieldOf(records, "record_at", func(r wire.ExplainedRecord) *time.Time { return &r.RecordAt }),
		fieldOf(records, "service_id", func(r wire.ExplainedRecord) *string { return r.ServiceID }),
		fieldOf(records, "record", func(r wire.ExplainedRecord) *string { return &r.Record }),
		fieldOf(records, "is_counted", func(r wire.ExplainedRecord) *bool { return &r.IsCounted }),
		fieldOf(records, "value_seconds", func(r wire.ExplainedRecord) *float64 { return r.ValueSeconds }),
		fieldOf(records, "excluded_reason", func(r wire.ExplainedRecord) *string { return r.ExcludedReason }),
		fieldOf(records, "rule", func(r wire.ExplainedRecord) *string { return r.Rule }),
		fieldOf(records, "source_url", func(r wire.ExplainedRecord) *string { return r.SourceURL }),
		fieldOf(records, "team", func(r wire.ExplainedRecord) *string { return r.Team }),
		fieldOf(records, "repository", func(r wire.ExplainedRecord) *string { return r.Repository }),
		fieldOf(records, "environment", func(r wire.ExplainedRecord) *string { return r.Environment }),
		fieldOf(records, "deployment_id", func(r wire.ExplainedRecord) *string { return r.DeploymentID }),
		fieldOf(records, "is_numerator", func(r wire.ExplainedRecord) *bool { return r.IsNumerator }),
	)
	dress(frame, map[string]column{
		"record_at":       {title: "Time"},
		"service_id":      {title: "Service"},
		"deployment_id":   {title: "Deployment"},
		"is_counted":      {title: "Counted"},
		"is_numerator":    {title: "In the numerator"},
		"value_seconds":   {title: "Value", config: *configOf(wire.UnitSeconds)},
		"excluded_reason": {title: "Left out because"},
		"source_url":      {title: "Source", config: data.FieldConfig{Links: link}},
	})
	frame.Meta = &data.FrameMeta{
		Type: data.FrameTypeTable, PreferredVisualization: data.VisTypeTable,
		Custom: map[string]any{"value": explanation.Value, "unit": explanation.Unit, "n": explanation.N, "definition": explanation.Definition, "options": explanation.Options},
	}
	cut(frame, isCut)
	return frame, nil
}

// fieldOf returns a field with one value of each row.
func fieldOf[R, T any](rows []R, name string, value func(R) *T) *data.Field {
	values := make([]*T, len(rows))
	for i, row := range rows {
		values[i] = value(row)
	}
	return data.NewField(name, nil, values)
}

func setDefinitions(parameters url.Values, query panelQuery) {
	if query.DefinitionSet != "" {
		parameters.Set("definition_set", query.DefinitionSet)
	}
}

// slos returns how every objective stands at the end of the range.
func (d *Datasource) slos(ctx context.Context, query panelQuery) (*data.Frame, error) {
	frame, isCut, err := d.server.rows(ctx, http.MethodGet, wire.PathSLOs, query.parameters(), nil, query.limit())
	if err != nil {
		return nil, err
	}
	ratio := data.FieldConfig{Unit: "percentunit"} // what remains can be below 0
	remaining, burn := ratio, *burnRate()
	if !query.HideLevels {
		remaining.Thresholds = thresholds(colourBroken, step{0, colourWorst}, step{0.25, colourBest})
		burn.Thresholds = thresholds(colourBest, step{1, colourWorst})
	}
	target := ratio
	target.SetDecimals(3)
	dress(frame, map[string]column{
		"objective_id":          {title: "Objective"},
		"slo":                   {title: "SLO"},
		"service_id":            {title: "Service"},
		"time_window":           {title: "Window"},
		"target":                {config: target},
		"attainment_ratio":      {title: "Attained", config: target},
		"remaining_ratio":       {title: "Budget left", config: remaining},
		"remaining_minutes":     {title: "Budget left, time", config: data.FieldConfig{Unit: "m"}},
		"burn_rate":             {config: burn},
		"seconds_to_exhaustion": {title: "Exhausted in", config: *configOf(wire.UnitSeconds)},
		"is_exhausted":          {title: "Exhausted"},
		"is_frozen":             {title: "Frozen"},
	})
	frame.Meta = &data.FrameMeta{Type: data.FrameTypeTable, PreferredVisualization: data.VisTypeTable}
	cut(frame, isCut)
	return frame, nil
}

// A step is where a colour begins.
type step struct {
	value  float64
	colour string
}

// thresholds returns the colour below all steps, then theirs.
func thresholds(below string, steps ...step) *data.ThresholdsConfig {
	config := &data.ThresholdsConfig{Mode: data.ThresholdsModeAbsolute, Steps: []data.Threshold{data.NewThreshold(math.Inf(-1), below, "")}}
	for _, step := range steps {
		config.Steps = append(config.Steps, data.NewThreshold(step.value, step.colour, ""))
	}
	return config
}

// sql returns the rows of one SELECT, after its macros are expanded.
func (d *Datasource) sql(ctx context.Context, query panelQuery) (*data.Frame, error) {
	panel := macros.Panel{From: query.from, To: query.to, Interval: query.interval, Filters: map[string][]string{}}
	for _, dimension := range wire.FilterDimensions {
		if values := query.Filters.Of(dimension); len(values) > 0 {
			panel.Filters[dimension] = values
		}
	}
	expanded, err := macros.Expand(query.SQL, panel)
	if err != nil {
		return nil, err
	}
	question := wire.SQLQuery{SQL: expanded, Limit: query.limit(), DefinitionSet: query.DefinitionSet}
	frame, isCut, err := d.server.rows(ctx, http.MethodPost, wire.PathQuery, nil, question, question.Limit)
	if err != nil {
		return nil, err
	}
	if query.Format == FormatTimeSeries {
		if frame, err = frames.Wide(frame); err != nil {
			return nil, err
		}
	}
	if frame.Meta == nil {
		frame.Meta = &data.FrameMeta{}
	}
	frame.Meta.ExecutedQueryString = expanded
	frame.Meta.PreferredVisualization = data.VisTypeTable
	if query.Format == FormatTimeSeries {
		frame.Meta.Type, frame.Meta.TypeVersion = data.FrameTypeTimeSeriesWide, data.FrameTypeVersion{0, 1}
		frame.Meta.PreferredVisualization = data.VisTypeGraph
	}
	cut(frame, isCut)
	return frame, nil
}

// annotations returns what happened, in the columns that Grafana looks for. What
// has a length is a region; what is not over reaches to the end of the range.
func (d *Datasource) annotations(ctx context.Context, query panelQuery) (*data.Frame, error) {
	parameters := query.parameters()
	for _, kind := range query.Kinds {
		parameters.Add("kind", kind)
	}
	limit := query.limit()
	if limit > 0 {
		parameters.Set("limit", strconv.Itoa(limit+1))
	}
	var found []wire.Annotation
	if err := d.server.get(ctx, wire.PathAnnotations, parameters, &found); err != nil {
		return nil, err
	}
	isCut := limit > 0 && len(found) > limit
	if isCut {
		found = found[:limit]
	}
	frame := data.NewFrame("annotations",
		fieldOf(found, "time", func(a wire.Annotation) *time.Time { return &a.StartedAt }),
		fieldOf(found, "timeEnd", func(a wire.Annotation) *time.Time {
			isLong := a.Kind == wire.AnnotationIncident || a.Kind == wire.AnnotationFreeze
			if a.EndedAt == nil && isLong {
				return &query.to
			}
			return a.EndedAt
		}),
		fieldOf(found, "title", func(a wire.Annotation) *string { return &a.Title }),
		fieldOf(found, "text", func(a wire.Annotation) *string { text := annotationText(a); return &text }),
		fieldOf(found, "tags", func(a wire.Annotation) *string { return &a.Tags }),
		fieldOf(found, "id", func(a wire.Annotation) *string { return &a.AnnotationID }),
		fieldOf(found, "kind", func(a wire.Annotation) *string { return &a.Kind }),
	)
	cut(frame, isCut)
	return frame, nil
}

// annotationText returns the HTML that Grafana shows of an annotation. There must
// be some: annotations without text are refused.
func annotationText(annotation wire.Annotation) string {
	text := annotation.Title
	if annotation.Text != nil && *annotation.Text != "" {
		text = *annotation.Text
	}
	text = html.EscapeString(text)
	if annotation.SourceURL != nil {
		text += fmt.Sprintf(` <a href="%s" target="_blank" rel="noreferrer">Open the source</a>`, html.EscapeString(*annotation.SourceURL))
	}
	return text
}

// variable returns the values of a dashboard variable, as text and value.
func (d *Datasource) variable(ctx context.Context, query panelQuery) (*data.Frame, error) {
	var values []wire.DimensionValue
	switch query.Variable {
	case VariableDimension, "":
		if query.Dimension == "" {
			return nil, fmt.Errorf("the variable names no dimension")
		}
		parameters := query.parameters()
		parameters.Del("from")
		parameters.Del("to")
		if err := d.server.get(ctx, wire.PathDimensions+url.PathEscape(query.Dimension), parameters, &values); err != nil {
			return nil, err
		}
	case VariableMetrics, VariableDefinitionSets:
		var catalogue wire.Catalogue
		if err := d.server.get(ctx, wire.PathMetrics, nil, &catalogue); err != nil {
			return nil, err
		}
		if query.Variable == VariableDefinitionSets {
			for _, set := range catalogue.DefinitionSets {
				values = append(values, wire.DimensionValue{Value: set, Text: set})
			}
			break
		}
		for _, metric := range catalogue.Metrics {
			values = append(values, wire.DimensionValue{Value: metric.Name, Text: metric.Title})
		}
	case VariableStatistics:
		metric, err := d.server.metric(ctx, query.Metric)
		if err != nil {
			return nil, err
		}
		for _, statistic := range metric.Statistics {
			values = append(values, wire.DimensionValue{Value: statistic.Name, Text: statistic.Title})
		}
	case VariableSQL:
		frame, err := d.sql(ctx, query)
		if err != nil {
			return nil, err
		}
		if values, err = variableRows(frame); err != nil {
			return nil, err
		}
	default:
		return nil, fmt.Errorf("a variable of %q cannot be made; there are %s, %s, %s, %s and %s", query.Variable,
			VariableDimension, VariableMetrics, VariableStatistics, VariableDefinitionSets, VariableSQL)
	}
	return data.NewFrame("",
		fieldOf(values, "text", func(value wire.DimensionValue) *string { return &value.Text }),
		fieldOf(values, "value", func(value wire.DimensionValue) *string { return &value.Value }),
	), nil
}

// variableRows returns the values of a SELECT: its columns value and text, else its
// first column. Null is no value.
func variableRows(frame *data.Frame) ([]wire.DimensionValue, error) {
	if len(frame.Fields) == 0 {
		return nil, fmt.Errorf("the query has no column")
	}
	value, _ := frame.FieldByName("value")
	text, _ := frame.FieldByName("text")
	if value == nil {
		value = frame.Fields[0]
	}
	if text == nil {
		text = value
	}
	var values []wire.DimensionValue
	for row := range frame.Rows() {
		at, isKnown := value.ConcreteAt(row)
		if !isKnown {
			continue
		}
		shown, isShown := text.ConcreteAt(row)
		if !isShown {
			shown = at
		}
		values = append(values, wire.DimensionValue{Value: fmt.Sprint(at), Text: fmt.Sprint(shown)})
	}
	return values, nil
}
