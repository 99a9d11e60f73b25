package main

import (
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
			defer p.progress.stop()
			collected, collectErr := p.collect(ctx, config, nil, false)
			if ctx.Err() != nil || !collected.isOpened {
				return collectErr
			}
			asOf, err := p.asOf("")
			if err != nil {
				return errors.Join(collectErr, err)
			}
			built, err := p.build(ctx, config, asOf)
			p.progress.stop()
			return errors.Join(collectErr, err, collected.print(p.stdout), built.print(p.stdout))
		},
	}
}
