package grafana

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/config"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"dorado/grafana/servertest"
	"dorado/server/wire"
)

// frameOf returns the one frame of an answer.
func frameOf(t *testing.T, answer backend.DataResponse) *data.Frame {
	t.Helper()
	if answer.Error != nil || len(answer.Frames) != 1 {
		t.Fatalf("%d frames (%v)", len(answer.Frames), answer.Error)
	}
	return answer.Frames[0]
}

func titles(frame *data.Frame) []string {
	var names []string
	for _, field := range frame.Fields {
		name := field.Name
		if field.Config != nil && field.Config.DisplayNameFromDS != "" {
			name = field.Config.DisplayNameFromDS
		}
		names = append(names, name)
	}
	return names
}

func fieldNames(frame *data.Frame) []string {
	var names []string
	for _, field := range frame.Fields {
		names = append(names, field.Name)
	}
	return names
}

// hasNotice reports whether a notice of the frame has text.
func hasNotice(frame *data.Frame, text string) bool {
	return frame.Meta != nil && slices.ContainsFunc(frame.Meta.Notices, func(notice data.Notice) bool { return strings.Contains(notice.Text, text) })
}

func TestMetricSeries(t *testing.T) {
	plugin := open(t)
	for _, test := range []struct {
		name   string
		query  Query
		titles []string
		labels []data.Labels
		units  []string
	}{
		{"one", Query{Metric: "change_lead_time"}, []string{"Change lead time"}, []data.Labels{nil}, []string{"s"}},
		{"another statistic", Query{Metric: "change_lead_time", Statistic: "p90_seconds"}, []string{"90th percentile"}, []data.Labels{nil}, []string{"s"}},
		{"by service", Query{QueryType: QueryMetric, Metric: "change_fail_rate", By: "service"}, []string{"api", "web"},
			[]data.Labels{{"service": "api"}, {"service": "web"}}, []string{"percentunit", "percentunit"}},
		{"all statistics", Query{Metric: "change_lead_time", Statistic: "*"}, []string{"Median", "90th percentile"},
			[]data.Labels{{"statistic": "median_seconds"}, {"statistic": "p90_seconds"}}, []string{"s", "s"}},
		{"five metrics", Query{Metric: "dora"}, []string{"Deployment frequency", "Change fail rate"},
			[]data.Labels{{"metric": "deployment_frequency"}, {"metric": "change_fail_rate"}}, []string{"suffix:per day", "percentunit"}},
		{"compared", Query{Metric: "change_lead_time", By: "service", Compare: true}, []string{"api", "api, the period before", "web", "web, the period before"},
			[]data.Labels{{"service": "api"}, {"service": "api", "period": "previous"}, {"service": "web"}, {"service": "web", "period": "previous"}}, []string{"s", "s", "s", "s"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			frame := frameOf(t, plugin.askEvery(7*day, test.query))
			if got := titles(frame); !slices.Equal(got, append([]string{"time"}, test.titles...)) {
				t.Errorf("the fields are %q", got)
			}
			if frame.TimeSeriesSchema().Type != data.TimeSeriesTypeWide || frame.Meta.Type != data.FrameTypeTimeSeriesWide || frame.Rows() != 3 {
				t.Errorf("%d rows of type %s", frame.Rows(), frame.Meta.Type)
			}
			for i, field := range frame.Fields[1:] {
				if !field.Labels.Equals(test.labels[i]) || field.Config.Unit != test.units[i] {
					t.Errorf("field %d has labels %s and unit %s", i, field.Labels, field.Config.Unit)
				}
			}
		})
	}
}

func TestComparedSeriesIsDashedAndBeginsUnknown(t *testing.T) {
	frame := frameOf(t, open(t).askEvery(7*day, Query{Metric: "change_lead_time", Compare: true}))
	previous := frame.Fields[2]
	if _, isKnown := previous.ConcreteAt(0); isKnown {
		t.Error("the first period has one before")
	}
	now, _ := frame.Fields[1].FloatAt(1)
	before, _ := previous.FloatAt(1)
	if math.Abs(before-now*1.1) > 1e-6 {
		t.Errorf("before %v there was %v", now, before)
	}
	if previous.Config.Custom["lineStyle"] == nil {
		t.Error("it is not dashed")
	}
}

func TestIncompletePeriods(t *testing.T) {
	plugin := open(t)
	frame := frameOf(t, plugin.askEvery(30*day, Query{Metric: "change_lead_time"}))
	if !hasNotice(frame, "The month from 2026-05-04 is not complete") {
		t.Errorf("%+v", frame.Meta.Notices)
	}
	frame = frameOf(t, plugin.askEvery(7*day, Query{Metric: "change_lead_time"}))
	if len(frame.Meta.Notices) != 0 {
		t.Errorf("three whole weeks: %+v", frame.Meta.Notices)
	}
}

func TestGrain(t *testing.T) {
	for _, test := range []struct {
		grain    string
		interval time.Duration
		want     string
	}{
		{"", 0, wire.GrainDay}, {"", time.Minute, wire.GrainDay}, {GrainAuto, 6 * day, wire.GrainDay}, {GrainAuto, 7 * day, wire.GrainWeek}, {GrainAuto, 27 * day, wire.GrainWeek},
		{GrainAuto, 28 * day, wire.GrainMonth}, {GrainAuto, 400 * day, wire.GrainMonth}, {wire.GrainTotal, time.Minute, wire.GrainTotal}, {wire.GrainQuarter, time.Minute, wire.GrainQuarter},
	} {
		if got := (panelQuery{Query: Query{Grain: test.grain}, interval: test.interval}).grain(); got != test.want {
			t.Errorf("%q at %v is %s", test.grain, test.interval, got)
		}
	}
}

func TestMetricTable(t *testing.T) {
	plugin := open(t)
	frame := frameOf(t, plugin.ask(Query{Metric: "change_fail_rate", By: "service", Grain: wire.GrainTotal, Format: FormatTable}))
	want := []string{"service", "value", "n", "lower_value", "upper_value", "is_enough", "level", "score"}
	if got := fieldNames(frame); !slices.Equal(got, want) {
		t.Errorf("the columns are %q", got)
	}
	for _, field := range frame.Fields {
		switch field.Name {
		case "value", "lower_value", "upper_value":
			if field.Config.Unit != "percentunit" {
				t.Errorf("%s has the unit %q", field.Name, field.Config.Unit)
			}
		case "level":
			text, err := json.Marshal(field.Config.Mappings)
			if err != nil || !strings.Contains(string(text), `"elite"`) {
				t.Errorf("levels are shown as %s (%v)", text, err)
			}
		}
	}
	// Metrics of several units have their names and units beside them.
	frame = frameOf(t, plugin.ask(Query{Metric: "dora", Grain: wire.GrainTotal, Format: FormatTable, Compare: true}))
	want = []string{"metric", "statistic", "value", "unit", "n", "lower_value", "upper_value", "previous_value", "previous_n", "is_enough", "level", "score"}
	if got := fieldNames(frame); !slices.Equal(got, want) || frame.Fields[2].Config.Unit != "" {
		t.Errorf("the columns are %q", got)
	}
}

func TestMetricWithoutRows(t *testing.T) {
	plugin := open(t)
	nobody := wire.Filters{Service: []string{"nobody"}}
	frame := frameOf(t, plugin.ask(Query{Metric: "change_lead_time", Filters: nobody}))
	if frame.Rows() != 0 || frame.TimeSeriesSchema().Type != data.TimeSeriesTypeWide {
		t.Errorf("%v", frame)
	}
	frame = frameOf(t, plugin.ask(Query{Metric: "change_lead_time", Filters: nobody, Format: FormatTable}))
	if frame.Rows() != 0 || len(frame.Fields) == 0 {
		t.Errorf("%v", frame)
	}
}

func TestQuestion(t *testing.T) {
	plugin := open(t)
	plugin.context.DataSourceInstanceSettings.JSONData = []byte(`{"definitionSet": "strict"}`)
	for _, test := range []struct {
		name  string
		query Query
		want  wire.MetricQuery
	}{
		{"defaults", Query{Metric: "change_lead_time"}, wire.MetricQuery{Metric: "change_lead_time", Grain: "day", By: "none", DefinitionSet: "strict"}},
		{"all said", Query{Metric: "change_lead_time", Statistic: "p90_seconds", Grain: "week", By: "team", DefinitionSet: "lax", Filters: wire.Filters{Team: []string{"red"}, Environment: []string{"*"}, Service: []string{""}}},
			wire.MetricQuery{Metric: "change_lead_time", Statistic: "p90_seconds", Grain: "week", By: "team", DefinitionSet: "lax", Filters: wire.Filters{Team: []string{"red"}}}},
		{"the configuration's own", Query{Metric: "change_lead_time", DefinitionSet: OwnDefinitions}, wire.MetricQuery{Metric: "change_lead_time", Grain: "day", By: "none"}},
		{"ad hoc", Query{Metric: "change_lead_time", DefinitionSet: OwnDefinitions, Filters: wire.Filters{Team: []string{"red", "blue"}},
			AdHoc: []AdHocFilter{{Key: "team", Operator: "=|", Values: []string{"blue", "green"}}, {Key: "service", Operator: "=", Value: "api"}}},
			wire.MetricQuery{Metric: "change_lead_time", Grain: "day", By: "none", Filters: wire.Filters{Team: []string{"blue"}, Service: []string{"api"}}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			frameOf(t, plugin.ask(test.query))
			test.want.From, test.want.To = from, to
			got, want := marshal(t, plugin.server.LastMetricQuery()), marshal(t, test.want)
			if got != want {
				t.Errorf("asked %s\nnot   %s", got, want)
			}
		})
	}
}

func marshal(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestFiltersWithNothingInCommon(t *testing.T) {
	plugin := open(t)
	frame := frameOf(t, plugin.ask(Query{Metric: "change_lead_time", Filters: wire.Filters{Team: []string{"red"}}, AdHoc: []AdHocFilter{{Key: "team", Operator: "=", Value: "blue"}}}))
	if frame.Rows() != 0 || !hasNotice(frame, "have no value in common") || plugin.server.Contains(wire.PathMetricQuery) {
		t.Errorf("%v, asked %v", frame, plugin.server.Asked())
	}
}

func TestExplain(t *testing.T) {
	plugin := open(t)
	frame := frameOf(t, plugin.ask(Query{QueryType: QueryExplain, Metric: "change_lead_time", Filters: wire.Filters{Team: []string{"red"}}}))
	if frame.Rows() != 3 || !plugin.server.Contains("/explain?", "metric=change_lead_time", "team=red", "from=2026-05-04T00%3A00%3A00Z") {
		t.Errorf("%d records, asked %v", frame.Rows(), plugin.server.Asked())
	}
	custom := marshal(t, frame.Meta.Custom)
	for _, want := range []string{`"n":2`, `"value":13000`, `"definition":"The median`, `"lead_time.start"`} {
		if !strings.Contains(custom, want) {
			t.Errorf("the meta data is %s, without %s", custom, want)
		}
	}
	source, _ := frame.FieldByName("source_url")
	if len(source.Config.Links) != 1 {
		t.Error("the source is no link")
	}
	seconds, _ := frame.FieldByName("value_seconds")
	if _, isKnown := seconds.ConcreteAt(1); isKnown || seconds.Config.Unit != "s" {
		t.Error("a record without a value has one, or no unit")
	}

	frame = frameOf(t, plugin.ask(Query{QueryType: QueryExplain, Metric: "change_lead_time", Limit: 2}))
	if frame.Rows() != 2 || !hasNotice(frame, "Only the first 2 rows") {
		t.Errorf("%d records, %+v", frame.Rows(), frame.Meta.Notices)
	}
	frame = frameOf(t, plugin.ask(Query{QueryType: QueryExplain, Metric: "change_lead_time", OnlyExcluded: true, Limit: 2}))
	if frame.Rows() != 1 || hasNotice(frame, "Only") {
		t.Errorf("%d records are left out", frame.Rows())
	}
}

func TestSLOs(t *testing.T) {
	frame := frameOf(t, open(t).ask(Query{QueryType: QuerySLO}))
	remaining, _ := frame.FieldByName("remaining_ratio")
	if frame.Rows() != 1 || remaining.Config.Unit != "percentunit" || len(remaining.Config.Thresholds.Steps) != 3 {
		t.Errorf("%v", frame)
	}
	frame = frameOf(t, open(t).ask(Query{QueryType: QuerySLO, HideLevels: true}))
	if remaining, _ = frame.FieldByName("remaining_ratio"); remaining.Config.Thresholds != nil {
		t.Error("the levels are not hidden")
	}
}

func TestSQL(t *testing.T) {
	plugin := open(t)
	query := Query{QueryType: QuerySQL, SQL: "select $__timeGroup(a, '1 day') -- $__timeGroup\nwhere $__timeFilter(a)"}
	frame := frameOf(t, plugin.ask(query))
	want := "select time_bucket(INTERVAL '1 day', a) -- $__timeGroup\nwhere (a >= TIMESTAMP '2026-05-04 00:00:00' AND a < TIMESTAMP '2026-05-25 00:00:00')"
	if frame.Meta.ExecutedQueryString != want || plugin.server.LastSQL().SQL != want {
		t.Errorf("ran %q", frame.Meta.ExecutedQueryString)
	}
	if frame.Rows() != 20 || len(frame.Fields) != 3 {
		t.Errorf("%v", frame)
	}
	query.Format = FormatTimeSeries
	frame = frameOf(t, plugin.ask(query))
	if frame.Rows() != 10 || len(frame.Fields) != 3 || frame.Fields[2].Labels["service"] != "web" || frame.Meta.Type != data.FrameTypeTimeSeriesWide {
		t.Errorf("%v", frame)
	}
}

func TestRowLimit(t *testing.T) {
	plugin := open(t)
	query := Query{QueryType: QuerySQL, SQL: servertest.LongSQL}
	if frame := frameOf(t, plugin.ask(query)); frame.Rows() != 1000 || len(frame.Meta.Notices) != 0 {
		t.Errorf("%d rows, %+v", frame.Rows(), frame.Meta.Notices)
	}
	plugin.context.GrafanaConfig = config.NewGrafanaCfg(map[string]string{config.SQLRowLimit: "100"})
	if frame := frameOf(t, plugin.ask(query)); frame.Rows() != 100 || !hasNotice(frame, "Only the first 100 rows") || plugin.server.LastSQL().Limit != 100 {
		t.Errorf("%d rows, %+v", frame.Rows(), frame.Meta.Notices)
	}
	query.Limit = 10
	if frame := frameOf(t, plugin.ask(query)); frame.Rows() != 10 || !hasNotice(frame, "Only the first 10 rows") {
		t.Errorf("%d rows, %+v", frame.Rows(), frame.Meta.Notices)
	}
	plugin.context.GrafanaConfig = config.NewGrafanaCfg(map[string]string{config.SQLRowLimit: "5"})
	if frame := frameOf(t, plugin.ask(Query{Metric: "change_lead_time"})); frame.Rows() != 5 || !hasNotice(frame, "Only the first 5 rows") {
		t.Errorf("%d rows, %+v", frame.Rows(), frame.Meta.Notices)
	}
}

func TestAnnotations(t *testing.T) {
	plugin := open(t)
	frame := frameOf(t, plugin.ask(Query{QueryType: QueryAnnotation, Kinds: []string{wire.AnnotationIncident}, Filters: wire.Filters{Service: []string{"api"}}}))
	if got := fieldNames(frame); !slices.Equal(got, []string{"time", "timeEnd", "title", "text", "tags", "id", "kind"}) || frame.Rows() != 2 {
		t.Fatalf("%v", frame)
	}
	if !plugin.server.Contains("/annotations?", "kind=incident", "service=api") {
		t.Errorf("asked %v", plugin.server.Asked())
	}
	if end, _ := frame.Fields[1].ConcreteAt(1); !end.(time.Time).Equal(to) {
		t.Errorf("what is not over ends at %v", end)
	}
	if text, _ := frame.Fields[3].ConcreteAt(0); text != `disk &lt;full&gt; <a href="https://pagerduty.example/incidents/1" target="_blank" rel="noreferrer">Open the source</a>` {
		t.Errorf("the text is %s", text)
	}
	frame = frameOf(t, plugin.ask(Query{QueryType: QueryAnnotation, Kinds: []string{wire.AnnotationDeployment}}))
	if _, hasEnd := frame.Fields[1].ConcreteAt(0); hasEnd || frame.Rows() != 1 {
		t.Errorf("a deployment has a length: %v", frame)
	}
	frame = frameOf(t, plugin.ask(Query{QueryType: QueryAnnotation, Limit: 1}))
	if frame.Rows() != 1 || !hasNotice(frame, "Only the first 1 rows") {
		t.Errorf("%v", frame)
	}
}

func TestVariables(t *testing.T) {
	plugin := open(t)
	for _, test := range []struct {
		name   string
		query  Query
		texts  []string
		values []string
	}{
		{"a dimension", Query{Dimension: "service"}, []string{"API", "Web"}, []string{"api", "web"}},
		{"a dimension of a team", Query{Variable: VariableDimension, Dimension: "service", Filters: wire.Filters{Team: []string{"red"}}}, []string{"API"}, []string{"api"}},
		{"metrics", Query{Variable: VariableMetrics}, []string{"The five DORA metrics", "Change lead time", "Change fail rate", "Error budget"}, []string{"dora", "change_lead_time", "change_fail_rate", "error_budget"}},
		{"statistics", Query{Variable: VariableStatistics, Metric: "change_lead_time"}, []string{"Median", "90th percentile"}, []string{"median_seconds", "p90_seconds"}},
		{"definition sets", Query{Variable: VariableDefinitionSets}, []string{"strict"}, []string{"strict"}},
		{"SQL", Query{Variable: VariableSQL, SQL: servertest.LongSQL, Limit: 2}, []string{"0", "1"}, []string{"0", "1"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.query.QueryType = QueryVariable
			frame := frameOf(t, plugin.ask(test.query))
			for i, want := range [][]string{test.texts, test.values} {
				var got []string
				for row := range frame.Rows() {
					value, _ := frame.Fields[i].ConcreteAt(row)
					got = append(got, value.(string)) // Grafana cannot use numbers here
				}
				if !slices.Equal(got, want) {
					t.Errorf("%s are %q", frame.Fields[i].Name, got)
				}
			}
		})
	}
}

func TestUnits(t *testing.T) {
	for _, unit := range wire.Units {
		config := configOf(unit)
		if isPlain := unit == wire.UnitCount || unit == wire.UnitScore; config.Unit == "none" != (unit == wire.UnitCount) && !isPlain || config.Min == nil {
			t.Errorf("%s is shown as %q", unit, config.Unit)
		}
	}
}

func TestLevelsColourTheMainStatistic(t *testing.T) {
	plugin := open(t)
	steps := func(query Query) []data.Threshold {
		t.Helper()
		field := frameOf(t, plugin.askEvery(7*day, query)).Fields[1]
		if field.Config.Thresholds == nil {
			return nil
		}
		return field.Config.Thresholds.Steps
	}
	want := []data.Threshold{data.NewThreshold(math.Inf(-1), colourBest, ""), data.NewThreshold(86400, colourGood, ""),
		data.NewThreshold(7*86400, colourMiddle, ""), data.NewThreshold(30*86400, colourWorst, "")}
	if got := steps(Query{Metric: "change_lead_time"}); !slices.Equal(got, want) {
		t.Errorf("the steps are %v", got)
	}
	for name, query := range map[string]Query{
		"another statistic":     {Metric: "change_lead_time", Statistic: "p90_seconds"},
		"a metric without them": {Metric: "change_fail_rate"},
		"the panel has its own": {Metric: "change_lead_time", HideLevels: true},
	} {
		if got := steps(query); got != nil {
			t.Errorf("%s: the steps are %v", name, got)
		}
	}
	frame := frameOf(t, plugin.ask(Query{Metric: "change_lead_time", Format: FormatTable}))
	if value, _ := frame.FieldByName("value"); value.Config.Thresholds == nil {
		t.Error("the table has no colours")
	}
}

func TestThresholdsOfLevels(t *testing.T) {
	limits := func(given ...float64) (levels []wire.Level) {
		for i, name := range []string{"elite", "high", "medium"} {
			levels = append(levels, wire.Level{Level: name, Limit: &given[i]})
		}
		return append(levels, wire.Level{Level: "low"})
	}
	for _, test := range []struct {
		name           string
		levels         []wire.Level
		higherIsBetter bool
		want           []step // after the colour below all
	}{
		{"less is better", limits(1, 2, 3), false, []step{{1, colourGood}, {2, colourMiddle}, {3, colourWorst}}},
		{"medium cannot be had", limits(1, 2, 2), false, []step{{1, colourGood}, {2, colourWorst}}},
		{"more is better", limits(3, 2, 1), true, []step{{1, colourMiddle}, {2, colourGood}, {3, colourBest}}},
		{"medium cannot be had where more is better", limits(3, 2, 2), true, []step{{2, colourGood}, {3, colourBest}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			below := colourBest
			if test.higherIsBetter {
				below = colourWorst
			}
			if got, want := thresholdsOfLevels(test.levels, test.higherIsBetter), thresholds(below, test.want...); !slices.Equal(got.Steps, want.Steps) {
				t.Errorf("the steps are %v and should be %v", got.Steps, want.Steps)
			}
		})
	}
}
