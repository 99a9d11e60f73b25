package grafana

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"dorado/server/wire"
)

const day = 24 * time.Hour

// grain returns the length of the periods that a query asks for.
func (q panelQuery) grain() string {
	switch {
	case q.Grain != "" && q.Grain != GrainAuto:
		return q.Grain
	case q.interval >= 28*day:
		return wire.GrainMonth
	case q.interval >= 7*day:
		return wire.GrainWeek
	}
	return wire.GrainDay
}

// metric returns one metric over the range, as time series or as a table.
func (d *Datasource) metric(ctx context.Context, query panelQuery) (*data.Frame, error) {
	if query.Metric == "" {
		return nil, fmt.Errorf("the query names no metric")
	}
	metric, err := d.server.metric(ctx, query.Metric)
	if err != nil {
		return nil, err
	}
	question := wire.MetricQuery{
		Metric: query.Metric, Statistic: query.Statistic, From: query.from.UTC(), To: query.to.UTC(),
		Grain: query.grain(), By: cmp.Or(query.By, wire.DimensionNone), Filters: query.Filters, DefinitionSet: query.DefinitionSet,
	}
	frame, isCut, err := d.server.rows(ctx, http.MethodPost, wire.PathMetricQuery, nil, question, query.rowLimit)
	if err != nil {
		return nil, err
	}
	rows, err := readMetricRows(frame)
	if err != nil {
		return nil, err
	}
	colours, err := d.levelColours(ctx, rows, query)
	if err != nil {
		return nil, err
	}
	switch query.Format {
	case FormatTimeSeries, "":
		frame = seriesOf(rows, metric, question, query, colours)
	case FormatTable:
		dressMetricTable(frame, rows, question, query, colours)
		frame.Meta = &data.FrameMeta{Type: data.FrameTypeTable, PreferredVisualization: data.VisTypeTable}
	default:
		return nil, fmt.Errorf("the format %q is none; there are %s and %s", query.Format, FormatTimeSeries, FormatTable)
	}
	frame.Name = metric.Title
	cut(frame, isCut)
	noteIncomplete(frame, rows, question.Grain)
	return frame, nil
}

// A metricRow is what the plugin reads of a [wire.MetricRow].
type metricRow struct {
	start                         time.Time
	isComplete                    bool
	group, metric, statistic      string
	unit                          string
	value, previous, lower, upper *float64
}

// A statisticKey names a statistic of a metric.
type statisticKey struct{ metric, statistic string }

func (r metricRow) key() statisticKey { return statisticKey{r.metric, r.statistic} }

// levelColours are where the colours of DORA's levels begin, of the statistics that have
// levels.
type levelColours map[statisticKey]*data.ThresholdsConfig

// levelColours returns the colours of the metrics in rows, none where the panel has its
// own.
func (d *Datasource) levelColours(ctx context.Context, rows []metricRow, query panelQuery) (levelColours, error) {
	found := levelColours{}
	asked := map[string]bool{}
	for _, row := range rows {
		if query.HideLevels || asked[row.metric] {
			continue
		}
		asked[row.metric] = true
		metric, err := d.server.metric(ctx, row.metric)
		if err != nil {
			return nil, err
		}
		for _, statistic := range metric.Statistics {
			if len(statistic.Levels) > 0 {
				found[statisticKey{row.metric, statistic.Name}] = thresholdsOfLevels(statistic.Levels, metric.Better == wire.BetterHigher)
			}
		}
	}
	return found, nil
}

// thresholdsOfLevels returns where the colours of levels, the best of which comes
// first, begin. Of levels with the same limit only the best can be had.
func thresholdsOfLevels(given []wire.Level, higherIsBetter bool) *data.ThresholdsConfig {
	ordered := slices.Clone(given)
	if higherIsBetter {
		slices.Reverse(ordered)
	}
	var steps []step
	for i, level := range ordered[1:] {
		begin := ordered[i].Limit // where the one before ends
		if higherIsBetter {
			begin = level.Limit
		}
		if len(steps) > 0 && steps[len(steps)-1].value == *begin {
			steps = steps[:len(steps)-1]
		}
		steps = append(steps, step{*begin, levels[level.Level].Color})
	}
	return thresholds(levels[ordered[0].Level].Color, steps...)
}

// readMetricRows reads the server's answer to a metric query.
func readMetricRows(frame *data.Frame) ([]metricRow, error) {
	fields := map[string]*data.Field{}
	for _, field := range frame.Fields {
		fields[field.Name] = field
	}
	for _, name := range []string{"period_start_at", "is_complete", "dimension", "metric", "statistic", "value", "unit", "lower_value", "upper_value", "previous_value"} {
		if fields[name] == nil {
			return nil, fmt.Errorf("the server's answer has no column %s; use a plugin and a server of the same version", name)
		}
	}
	number := func(name string, row int) *float64 {
		value, err := fields[name].FloatAt(row)
		if err != nil || math.IsNaN(value) {
			return nil
		}
		return &value
	}
	rows := make([]metricRow, frame.Rows())
	for i := range rows {
		text := func(name string) string {
			value, _ := fields[name].ConcreteAt(i)
			text, _ := value.(string)
			return text
		}
		start, _ := fields["period_start_at"].ConcreteAt(i)
		isComplete, _ := fields["is_complete"].ConcreteAt(i)
		rows[i] = metricRow{
			isComplete: isComplete == true, group: text("dimension"), metric: text("metric"), statistic: text("statistic"), unit: text("unit"),
			value: number("value", i), previous: number("previous_value", i), lower: number("lower_value", i), upper: number("upper_value", i),
		}
		var isTime bool
		if rows[i].start, isTime = start.(time.Time); !isTime {
			return nil, fmt.Errorf("row %d of the server's answer has no period_start_at", i+1)
		}
	}
	return rows, nil
}

// A seriesKey tells the series of a metric apart.
type seriesKey struct {
	group, metric, statistic string
	isPrevious               bool
}

// seriesOf returns a field for each group, metric and statistic of the rows, over
// their periods. A period without a row of a series is null there.
func seriesOf(rows []metricRow, metric wire.Metric, question wire.MetricQuery, query panelQuery, colours levelColours) *data.Frame {
	periods := map[time.Time]int{}
	for _, row := range rows {
		periods[row.start] = 0
	}
	times := slices.SortedFunc(maps.Keys(periods), time.Time.Compare)
	for i, at := range times {
		periods[at] = i
	}
	timeField := data.NewField("time", nil, times)
	frame := data.NewFrame("", timeField)
	frame.Meta = &data.FrameMeta{Type: data.FrameTypeTimeSeriesWide, TypeVersion: data.FrameTypeVersion{0, 1}, PreferredVisualization: data.VisTypeGraph}

	fields := map[seriesKey]*data.Field{}
	add := func(row metricRow, isPrevious bool, value *float64) {
		key := seriesKey{row.group, row.metric, row.statistic, isPrevious}
		field := fields[key]
		if field == nil {
			field = data.NewField(row.statistic, data.Labels{}, make([]*float64, len(times)))
			field.Config = configOfStatistic(row.statistic, row.unit)
			field.Config.Thresholds = colours[row.key()]
			name(field, row, metric, question)
			if isPrevious {
				// A chart draws it dashed; other panels pass over that.
				field.Labels["period"] = "previous"
				field.Config.DisplayNameFromDS += ", the period before"
				field.Config.Custom = map[string]any{"lineStyle": map[string]any{"fill": "dash", "dash": []int{4, 6}}}
			}
			fields[key] = field
			frame.Fields = append(frame.Fields, field)
		}
		field.Set(periods[row.start], value)
	}
	for _, row := range rows {
		add(row, false, row.value)
		if query.Compare {
			add(row, true, row.previous)
		}
	}
	if len(rows) == 0 {
		// A panel knows by this that there is nothing, and an alert that there is no data.
		frame.Fields = append(frame.Fields, data.NewField("value", nil, []*float64{}))
	}
	return frame
}

// name gives a field the labels that tell it from the others, and the name that a
// legend shows.
func name(field *data.Field, row metricRow, metric wire.Metric, question wire.MetricQuery) {
	title := metric.Title
	if row.metric != metric.Name {
		title = words(row.metric)
		field.Labels["metric"] = row.metric
	}
	statistic := words(row.statistic)
	for _, known := range metric.Statistics {
		if known.Name == row.statistic {
			statistic = known.Title
			field.Config.Description = known.Description
		}
	}
	hasMany := question.Statistic == wire.EveryStatistic
	isMain := len(metric.Statistics) == 0 || metric.Statistics[0].Name == row.statistic
	if !isMain && !hasMany && row.metric == metric.Name {
		title += ", " + strings.ToLower(statistic[:1]) + statistic[1:] // Change lead time, 90th percentile
	}
	if hasMany {
		field.Labels["statistic"] = row.statistic
	}
	if question.Statistic != "" { // the panel is about the metric, its series are about this
		title = statistic
	}
	if question.By != wire.DimensionNone {
		field.Labels[question.By] = row.group
		if hasMany || row.metric != metric.Name {
			title = row.group + ", " + title
		} else {
			title = row.group
		}
	}
	field.Config.DisplayNameFromDS = title
}

// dressMetricTable gives the columns of the rows names and units. The group's
// column has the dimension's name. Values of several units have none, but their
// column unit.
func dressMetricTable(frame *data.Frame, rows []metricRow, question wire.MetricQuery, query panelQuery, colours levelColours) {
	value := *configOf("")
	if len(rows) > 0 {
		value = *configOfStatistic(rows[0].statistic, rows[0].unit)
	}
	if len(rows) > 0 && !slices.ContainsFunc(rows, func(row metricRow) bool { return row.key() != rows[0].key() }) {
		value.Thresholds = colours[rows[0].key()]
	}
	hasOneUnit := !slices.ContainsFunc(rows, func(row metricRow) bool { return row.unit != rows[0].unit })
	if !hasOneUnit {
		value = data.FieldConfig{}
	}
	score := *configOf(wire.UnitScore)
	score.SetDecimals(1)
	level := data.FieldConfig{}
	if !query.HideLevels {
		level.Mappings = data.ValueMappings{levels}
	}
	hasOneMetric := !slices.ContainsFunc(rows, func(row metricRow) bool { return row.metric != rows[0].metric })
	hidePrevious := !query.Compare
	dress(frame, map[string]column{
		"period_start_at": {title: "Period", hide: question.Grain == wire.GrainTotal},
		"period_end_at":   {title: "Until", hide: question.Grain == wire.GrainTotal},
		"is_complete":     {title: "Complete", hide: question.Grain == wire.GrainTotal},
		"dimension":       {title: words(question.By), hide: question.By == wire.DimensionNone},
		"metric":          {hide: hasOneMetric && len(rows) > 0 && rows[0].metric == question.Metric},
		"statistic":       {hide: question.Statistic != wire.EveryStatistic && hasOneMetric},
		"value":           {config: value},
		"unit":            {hide: hasOneUnit},
		"n":               {title: "n", config: data.FieldConfig{Description: "How many records the value stands on"}},
		"lower_value":     {title: "Lower", config: withDescription(value, "The lower end of the 95 % interval")},
		"upper_value":     {title: "Upper", config: withDescription(value, "The upper end of the 95 % interval")},
		"previous_value":  {title: "Period before", config: value, hide: hidePrevious},
		"previous_n":      {title: "n of the period before", hide: hidePrevious},
		"is_enough":       {title: "Enough", config: data.FieldConfig{Description: "n is large enough for a level and a score"}},
		"level":           {config: level},
		"score":           {config: score},
	})
	for _, field := range frame.Fields {
		if field.Name == "dimension" {
			field.Name = question.By
		}
	}
}

func withDescription(config data.FieldConfig, text string) data.FieldConfig {
	config.Description = text
	return config
}

// noteIncomplete says which of the periods the range or the snapshot cuts short,
// so that nobody takes the fall at the end of a chart for one.
func noteIncomplete(frame *data.Frame, rows []metricRow, grain string) {
	if grain == wire.GrainTotal {
		return
	}
	short := map[string]bool{}
	for _, row := range rows {
		if !row.isComplete {
			short[row.start.Format(time.DateOnly)] = true
		}
	}
	for _, start := range slices.Sorted(maps.Keys(short)) {
		frame.AppendNotices(data.Notice{Severity: data.NoticeSeverityInfo,
			Text: fmt.Sprintf("The %s from %s is not complete: the range or the data ends within it, or begins.", grain, start)})
	}
}
