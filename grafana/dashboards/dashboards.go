// Package dashboards makes the dashboards that the plugin brings along.
//
// They are written in Go, so that what they share is said once, and kept as JSON
// in grafana/src/dashboards, which go generate writes anew and a test compares.
// A panel names a metric, a range and a grouping; what numbers mean is left to the
// server, how they look to the plugin.
package dashboards

import (
	"encoding/json"
	"fmt"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/variants"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"

	"dorado/grafana"
	"dorado/server/wire"
)

//go:generate go test -run TestDashboards . -update

// A Dashboard is a dashboard with the name of its file.
type Dashboard struct {
	File string // "overview.json"
	dashboard.Dashboard
}

// All returns all dashboards, in the order in which they are listed.
func All() ([]Dashboard, error) {
	var all []Dashboard
	for _, one := range []struct {
		file string
		make func() *board
	}{
		{"overview.json", overview},
		{"team.json", team},
		{"service.json", service},
		{"lead-time.json", leadTime},
		{"incidents.json", incidents},
		{"slos.json", slos},
		{"quality.json", quality},
	} {
		made, err := one.make().builder.Build()
		if err != nil {
			return nil, fmt.Errorf("make %s: %w", one.file, err)
		}
		all = append(all, Dashboard{File: one.file, Dashboard: made})
	}
	return all, nil
}

// pluginID is the plugin's, and so the type of its data sources.
const pluginID = "dorado-metrics-datasource"

// source is the data source that the reader has chosen.
var source = common.DataSourceRef{Type: cog.ToPtr(pluginID), Uid: cog.ToPtr("${datasource}")}

// A board is a dashboard that is being made.
type board struct {
	builder *dashboard.DashboardBuilder
	panels  uint32
}

// newBoard returns a dashboard with its variables and links, and no panel yet. Its
// days are UTC's, as the warehouse's are unless it says otherwise.
func newBoard(uid, title, description string, variables ...cog.Builder[dashboard.VariableModel]) *board {
	builder := dashboard.NewDashboardBuilder(title).
		Uid("dorado-"+uid).
		Description(description).
		Tags([]string{"dorado"}).
		Readonly().
		Timezone("utc").
		Time("now-90d/d", "now").
		Tooltip(dashboard.DashboardCursorSyncCrosshair).
		WithVariable(dashboard.NewDatasourceVariableBuilder("datasource").Label("Data source").Type(pluginID).
			Current(option("", "")))
	for _, variable := range variables {
		builder.WithVariable(variable)
	}
	builder.Link(dashboard.NewDashboardLinkBuilder("dorado").
		Type(dashboard.DashboardLinkTypeDashboards).
		Tags([]string{"dorado"}).
		AsDropdown(true).
		IncludeVars(true).
		KeepTime(true))
	return &board{builder: builder}
}

// annotations lets the reader draw what happened to what the variables select over the
// charts. None is shown at first: of many services they would cover the charts.
func (b *board) annotations(filters wire.Filters) *board {
	for _, one := range []struct {
		name, colour string
		kinds        []string
	}{
		{"Deployments", "blue", []string{wire.AnnotationDeployment}},
		{"Failed deployments", "orange", []string{wire.AnnotationFailedDeployment}},
		{"Rollbacks", "purple", []string{wire.AnnotationRollback}},
		{"Incidents", "red", []string{wire.AnnotationIncident}},
		{"Freezes", "yellow", []string{wire.AnnotationFreeze}},
	} {
		b.builder.Annotation(dashboard.NewAnnotationQueryBuilder().
			Name(one.name).
			Datasource(source).
			Enable(false).
			IconColor(one.colour).
			Target(target{grafana.Query{RefID: "Anno", QueryType: grafana.QueryAnnotation, Kinds: one.kinds, Filters: filters, Limit: 500}}))
	}
	return b
}

// row begins a group of panels.
func (b *board) row(title string) *board {
	b.panels++
	b.builder.WithRow(dashboard.NewRowBuilder(title).Id(b.panels))
	return b
}

// add adds a panel that is width columns of 24 wide and height lines high.
func (b *board) add(width, height uint32, panel panel) *board {
	b.panels++
	b.builder.WithPanel(panel.place(b.panels, width, height))
	return b
}

// option is the value that a variable has before anybody chooses one.
func option(text, value string) dashboard.VariableOption {
	return dashboard.VariableOption{
		Selected: cog.ToPtr(true),
		Text:     dashboard.StringOrArrayOfString{String: cog.ToPtr(text)},
		Value:    dashboard.StringOrArrayOfString{String: cog.ToPtr(value)},
	}
}

// Variables that select several values of a dimension, or, as all, whatever there is.
const (
	everyTeam        = "$team"
	everyService     = "$service"
	everyEnvironment = "$environment"
)

// several is a variable of several values of a dimension, of those that filters leave.
func several(dimension, label string, filters wire.Filters) cog.Builder[dashboard.VariableModel] {
	return one(dimension, label, filters).
		Multi(true).
		IncludeAll(true).
		AllValue(grafana.Every).
		Current(option("All", "$__all"))
}

// one is a variable of one value of a dimension.
func one(dimension, label string, filters wire.Filters) *dashboard.QueryVariableBuilder {
	query := grafana.Query{RefID: "variable", QueryType: grafana.QueryVariable, Variable: grafana.VariableDimension, Dimension: dimension, Filters: filters}
	return dashboard.NewQueryVariableBuilder(dimension).
		Label(label).
		Datasource(source).
		Query(dashboard.StringOrMap{Map: fields(query)}).
		Refresh(dashboard.VariableRefreshOnDashboardLoad).
		Sort(dashboard.VariableSortAlphabeticalAsc)
}

// A target is a query of a panel.
type target struct{ query grafana.Query }

// Build returns the query as Grafana keeps it.
func (t target) Build() (variants.Dataquery, error) {
	made := fields(t.query)
	made["datasource"] = source
	return variants.UnknownDataquery(made), nil
}

// fields returns a query as JSON has it.
func fields(query grafana.Query) map[string]any {
	text, err := json.Marshal(query)
	if err != nil {
		panic(fmt.Sprintf("a query cannot be written: %v", err)) // it has only texts and numbers
	}
	made := map[string]any{}
	if err := json.Unmarshal(text, &made); err != nil {
		panic(fmt.Sprintf("a query cannot be read: %v", err))
	}
	return made
}
