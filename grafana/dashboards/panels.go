package dashboards

import (
	"github.com/grafana/grafana-foundation-sdk/go/barchart"
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/variants"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/table"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"

	"dorado/grafana"
	"dorado/server/wire"
)

// A panel is a panel that has no place yet.
type panel struct {
	place func(id, width, height uint32) cog.Builder[dashboard.Panel]
}

// A builder is what the builders of all kinds of panels have.
type builder[B any] interface {
	cog.Builder[dashboard.Panel]
	Id(uint32) B
	Title(string) B
	Description(string) B
	Datasource(common.DataSourceRef) B
	NoValue(string) B
	Span(uint32) B
	Height(uint32) B
	WithTarget(cog.Builder[variants.Dataquery]) B
}

// noData is what a panel says where there is nothing to show: not 0.
const noData = "No data"

// dressed returns a panel with what every panel has.
func dressed[B builder[B]](made B, title, description string, queries ...grafana.Query) panel {
	made.Title(title).Description(description).Datasource(source).NoValue(noData)
	for i, query := range queries {
		query.RefID = string(rune('A' + i))
		made.WithTarget(target{query})
	}
	return panel{func(id, width, height uint32) cog.Builder[dashboard.Panel] {
		return made.Id(id).Span(width).Height(height)
	}}
}

// metric asks for a statistic of a metric, "" for the main one.
func metric(name, statistic string, filters wire.Filters) grafana.Query {
	return grafana.Query{QueryType: grafana.QueryMetric, Metric: name, Statistic: statistic, Grain: grafana.GrainAuto, By: wire.DimensionNone, Filters: filters, Format: grafana.FormatTimeSeries}
}

// total is the query for the whole range instead of its periods.
func total(query grafana.Query) grafana.Query {
	query.Grain, query.Format = wire.GrainTotal, grafana.FormatTable
	return query
}

// by groups a query.
func by(dimension string, query grafana.Query) grafana.Query {
	query.By = dimension
	return query
}

// every asks for periods of one length whatever the width of the panel.
func every(grain string, query grafana.Query) grafana.Query {
	query.Grain = grain
	return query
}

// rows asks for the rows of one SELECT over the server's tables and macros, in which
// $__filters stands for the filters.
func rows(filters wire.Filters, sql string) grafana.Query {
	return grafana.Query{QueryType: grafana.QuerySQL, Filters: filters, SQL: sql, Format: grafana.FormatTable}
}

// number is one number of the whole range.
func number(title, description, unit string, query grafana.Query) panel {
	made := stat.NewPanelBuilder().
		Unit(unit).
		ReduceOptions(common.NewReduceDataOptionsBuilder().Calcs([]string{"lastNotNull"}).Fields("/^Value$/")).
		GraphMode(common.BigValueGraphModeNone).
		ColorMode(common.BigValueColorModeNone).
		TextMode(common.BigValueTextModeValue)
	return dressed(made, title, description, total(query))
}

// lines are series over time.
func lines(title, description, unit string, queries ...grafana.Query) panel {
	made := timeseries.NewPanelBuilder().
		Unit(unit).
		Min(0).
		LineWidth(2).
		FillOpacity(0).
		ShowPoints(common.VisibilityModeAuto).
		SpanNulls(common.BoolOrFloat64{Bool: cog.ToPtr(false)}).
		Tooltip(common.NewVizTooltipOptionsBuilder().Mode(common.TooltipDisplayModeMulti).Sort(common.SortOrderDescending)).
		Legend(legend())
	return dressed(made, title, description, queries...)
}

// stack are series over time as bars on each other.
func stack(title, description, unit string, queries ...grafana.Query) panel {
	made := timeseries.NewPanelBuilder().
		Unit(unit).
		Min(0).
		DrawStyle(common.GraphDrawStyleBars).
		LineWidth(1).
		FillOpacity(70).
		Stacking(common.NewStackingConfigBuilder().Mode(common.StackingModeNormal).Group("A")).
		Tooltip(common.NewVizTooltipOptionsBuilder().Mode(common.TooltipDisplayModeMulti).Sort(common.SortOrderDescending)).
		Legend(legend())
	return dressed(made, title, description, queries...)
}

// bars are the rows of a table, one bar each, named by a column: upright where the
// names are short.
func bars(title, description, unit, name string, orientation common.VizOrientation, query grafana.Query) panel {
	made := barchart.NewPanelBuilder().
		Unit(unit).
		Min(0).
		XField(name).
		Orientation(orientation).
		ShowValue(common.VisibilityModeNever).
		FillOpacity(70).
		Legend(legend())
	return dressed(made, title, description, query)
}

func legend() *common.VizLegendOptionsBuilder {
	return common.NewVizLegendOptionsBuilder().ShowLegend(true).DisplayMode(common.LegendDisplayModeList).Placement(common.LegendPlacementBottom)
}

// A look is how a column of a table looks, by its name.
type look struct {
	column     string
	properties []dashboard.DynamicConfigValue
}

// list is a table.
func list(title, description string, query grafana.Query, looks ...look) panel {
	made := table.NewPanelBuilder().ShowHeader(true).CellHeight(common.TableCellHeightSm).MinWidth(80).
		Footer(common.NewTableFooterOptionsBuilder().Show(false).Reducer([]string{})).
		OverrideByRegexp("/.*/", []dashboard.DynamicConfigValue{{Id: "noValue", Value: "–"}, {Id: "custom.wrapHeaderText", Value: true}}).
		OverrideByFieldType("time", []dashboard.DynamicConfigValue{{Id: "custom.width", Value: 160}})
	for _, look := range looks {
		made.OverrideByName(look.column, look.properties)
	}
	return dressed(made, title, description, query)
}

// wide gives a column that holds more than its title a width in pixels.
func wide(width int, column string) look {
	return look{column, []dashboard.DynamicConfigValue{{Id: "custom.width", Value: width}}}
}

// without leaves columns out that are in no one's way where there is room.
func without(columns ...string) []look {
	var looks []look
	for _, column := range columns {
		looks = append(looks, look{column, []dashboard.DynamicConfigValue{{Id: "custom.hideFrom", Value: map[string]bool{"viz": true, "legend": false, "tooltip": false}}}})
	}
	return looks
}

// in gives columns a unit.
func in(unit string, columns ...string) []look {
	var looks []look
	for _, column := range columns {
		looks = append(looks, look{column, []dashboard.DynamicConfigValue{{Id: "unit", Value: unit}}})
	}
	return looks
}

// Grafana's units.
const (
	seconds = "s"
	minutes = "m"
	ratio   = "percentunit"
	perDay  = "suffix:per day"
	plain   = "none"
)

// drill makes the values of a column lead to a dashboard that shows them, with the
// range and the data source as they are.
func drill(column, uid, variable string) look {
	return look{column, []dashboard.DynamicConfigValue{{Id: "links", Value: []map[string]any{{
		"title": "Show " + variable + " ${__value.text}",
		"url":   "/d/dorado-" + uid + "?var-" + variable + "=${__value.text}&var-datasource=${datasource}&${__url_time_range}",
	}}}}}
}

// address makes the values of a column open the page that they are the address of.
func address(column string) look {
	return look{column, []dashboard.DynamicConfigValue{
		{Id: "links", Value: []map[string]any{{"title": "Open the source", "url": "${__value.raw}", "targetBlank": true}}},
		{Id: "custom.width", Value: 180},
	}}
}

// budgets are what is left of every objective's error budget over time, which may be
// less than nothing.
func budgets(title, description string, query grafana.Query) panel {
	made := timeseries.NewPanelBuilder().
		Unit(ratio).
		Max(1).
		LineWidth(2).
		AxisCenteredZero(false).
		Thresholds(dashboard.NewThresholdsConfigBuilder().Mode(dashboard.ThresholdsModeAbsolute).Steps([]dashboard.Threshold{
			{Value: nil, Color: "red"}, {Value: cog.ToPtr(0.0), Color: "transparent"},
		})).
		ThresholdsStyle(common.NewGraphThresholdsStyleConfigBuilder().Mode(common.GraphThresholdsStyleModeArea)).
		Tooltip(common.NewVizTooltipOptionsBuilder().Mode(common.TooltipDisplayModeMulti)).
		Legend(legend())
	return dressed(made, title, description, by(wire.DimensionObjective, query))
}

// minutesDown shows what took services down, deployments or something else.
func minutesDown(filters wire.Filters) panel {
	query := rows(filters, `select
    cast(causes.week as timestamp) as time,
    sum(causes.minutes_down_by_deployments) as "by deployments",
    sum(causes.minutes_down_otherwise) as otherwise
from marts.error_budget_by_cause as causes
left join core.services as services
    on causes.service_id = services.service_id
where
    $__timeFilter(cast(causes.week as timestamp))
    and metrics.is_selected($__filters, causes.service_id, services.team, null, null)
group by causes.week
order by causes.week`)
	query.Format = grafana.FormatTimeSeries
	return stack("Minutes down by cause", "Minutes in which a qualifying incident was open, by week: inside incidents attributed to deployments, and all others.", minutes, query)
}
