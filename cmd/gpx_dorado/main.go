// Command gpx_dorado is the backend of the Grafana data source: Grafana starts
// it and asks it over gRPC. All it does is in package grafana.
package main

import (
	"fmt"
	"os"

	"dorado/grafana"
)

func main() {
	if err := grafana.Serve(); err != nil {
		fmt.Fprintln(os.Stderr, "gpx_dorado:", err)
		os.Exit(1)
	}
}
