// Package grafana is the backend of the Grafana data source: it asks `dorado
// serve` and answers with data frames that have units, labels and colours, so
// that a panel looks right at once. What a metric is, is left to the server;
// how queries are edited, to the frontend in src.
package grafana

import (
	"context"
	"fmt"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/datasource"
	"github.com/grafana/grafana-plugin-sdk-go/backend/instancemgmt"
)

// PluginID is the data source's id in Grafana: its type.
const PluginID = "dorado-metrics-datasource"

// Serve answers Grafana until it ends the process.
func Serve() error {
	if err := datasource.Manage(PluginID, New, datasource.ManageOpts{}); err != nil {
		return fmt.Errorf("serve %s: %w", PluginID, err)
	}
	return nil
}

// A Datasource answers for one data source that is set up in Grafana.
type Datasource struct {
	backend.CallResourceHandler
	settings settings
	server   *server
}

var (
	_ backend.QueryDataHandler      = (*Datasource)(nil)
	_ backend.CheckHealthHandler    = (*Datasource)(nil)
	_ backend.CallResourceHandler   = (*Datasource)(nil)
	_ instancemgmt.InstanceDisposer = (*Datasource)(nil)
)

// New returns a Datasource with the settings as they were saved. Settings that
// cannot work are no error here: Save & test and every query tell of them.
func New(ctx context.Context, saved backend.DataSourceInstanceSettings) (instancemgmt.Instance, error) {
	settings := readSettings(saved)
	server := newServer(ctx, saved, settings)
	return &Datasource{CallResourceHandler: resources(server), settings: settings, server: server}, nil
}

// Dispose lets connections go that nobody uses. Queries that run keep theirs: the
// SDK disposes of an instance 5 s after its settings were changed.
func (d *Datasource) Dispose() { d.server.client.CloseIdleConnections() }
