package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

func configCommand(p *program) *cobra.Command {
	group := &cobra.Command{
		Use:     "config",
		Short:   "Work with the configuration",
		Long:    "Work with the configuration, the file that --config names.",
		Example: "  dorado config check",
		Args:    cobra.ArbitraryArgs,
		RunE:    groupHelp,
	}
	group.AddCommand(configCheckCommand(p))
	return group
}

func configCheckCommand(p *program) *cobra.Command {
	return &cobra.Command{
		Use:   "check",
		Short: "Check the configuration and list everything wrong with it",
		Long: `Read the configuration as every other command does, and print everything that
is wrong with it, one line each. Nothing is asked of any server and no token is
needed.`,
		Example: `  dorado config check
  dorado config check --config /etc/dorado/dorado.yaml`,
		Args: atMost(0),
		RunE: func(*cobra.Command, []string) error {
			config, err := p.config()
			if err != nil {
				return err
			}
			var parts []string
			if config.GitHub != nil {
				parts = append(parts, count(len(config.GitHub.Repositories), "repository", "repositories"))
			}
			if len(config.PagerDuty) > 0 {
				parts = append(parts, count(len(config.PagerDuty), "PagerDuty account", "PagerDuty accounts"))
			}
			switch {
			case len(config.Services) > 0:
				parts = append(parts, count(len(config.Services), "service", "services"))
			case config.GitHub != nil:
				parts = append(parts, "every repository is a service")
			default:
				parts = append(parts, "every PagerDuty service is a service")
			}
			_, err = fmt.Fprintf(p.stdout, "%s: ok, %s\n", p.configFile, strings.Join(parts, ", "))
			return err
		},
	}
}

// count returns n with the noun that fits it.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
