package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"dorado/warehouse"
)

// version is this build's version, set by the linker (see Makefile).
var version string

func versionCommand(p *program) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the versions of dorado and of what it is made of",
		Long:    "Print the version of dorado, of Go and of DuckDB, and the platform it was built for.",
		Example: "  dorado version",
		Args:    atMost(0),
		RunE: func(command *cobra.Command, _ []string) error {
			engine, err := warehouse.EngineVersion(command.Context())
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(p.stdout, "dorado   %s\nGo       %s\nplatform %s/%s\nDuckDB   %s\n",
				buildVersion(), runtime.Version(), runtime.GOOS, runtime.GOARCH, engine)
			return err
		},
	}
}

// buildVersion returns the version the linker was told, else the one that Go
// found: of the module, or the commit.
func buildVersion() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			return "commit " + setting.Value
		}
	}
	return "unknown"
}
