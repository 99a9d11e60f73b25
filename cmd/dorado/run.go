package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"
)

func runCommand(p *program) *cobra.Command {
	return &cobra.Command{
		Use:   "run",
		Short: "Collect, build, check and publish: the nightly job",
		Long: `Collect what is new, build the numbers, run the checks and publish the snapshot.

On a terminal progress bars show how far it is; elsewhere a log line tells when
each part has ended. It may be stopped at any time and run again. Where a
collector fails the others go on and the numbers are built from what there is,
but the exit code is 0 only if all of it succeeded.`,
		Example: `  dorado run
  15 3 * * *  dorado run --config /etc/dorado/dorado.yaml --log-format json   # in a crontab`,
		Args: atMost(0),
		RunE: func(command *cobra.Command, _ []string) error {
			ctx := command.Context()
			config, err := p.config()
			if err != nil {
				return err
			}
			collected, built, err := p.nightly(ctx, config)
			return errors.Join(err, collected.print(p.stdout), built.print(p.stdout))
		},
	}
}

// nightly collects, builds and publishes. Where the raw store could not be opened, or
// the context has ended, nothing is built.
func (p *program) nightly(ctx context.Context, config *Config) (collected collected, built built, err error) {
	defer p.progress.stop()
	collected, collectErr := p.collect(ctx, config, nil, false)
	if ctx.Err() != nil || !collected.isOpened {
		return collected, built, collectErr
	}
	asOf, err := p.asOf("")
	if err == nil {
		built, err = p.build(ctx, config, asOf)
	}
	return collected, built, errors.Join(collectErr, err)
}
