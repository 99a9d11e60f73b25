package main

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"dorado/server"
	"dorado/server/wire"
	"dorado/warehouse"
)

func serveCommand(p *program) *cobra.Command {
	listen := ""
	command := &cobra.Command{
		Use:   "serve",
		Short: "Serve the newest snapshot over HTTP",
		Long: `Answer questions about the newest snapshot over HTTP until it is stopped, and go
over to each new snapshot without failing a request. A snapshot that cannot be read
leaves the one before in place. Several may serve one warehouse, on several machines.
In a browser the address shows the numbers as pages.

The key server of the configuration says where it listens, who may ask what, and what
queries may use. Without it only this machine can ask, without a token.

It also takes webhooks of GitHub and PagerDuty (server.webhooks) and records (of
bearers of tokens with the scope ingest), and keeps them on disk until the next run.
With the key schedule it collects and builds by itself, as dorado run does; without
it cron runs that beside it.`,
		Example: `  dorado serve
  curl http://127.0.0.1:8920/api/v1/metrics
  curl -H 'Content-Type: application/json' -d '{"metric": "dora"}' http://127.0.0.1:8920/api/v1/metrics/query`,
		Args: atMost(0),
		RunE: func(command *cobra.Command, _ []string) error {
			config, err := p.config()
			if err != nil {
				return err
			}
			config.Server.Listen = cmp.Or(listen, config.Server.Listen)
			for _, wrong := range config.Server.Check() {
				return usageError{command: command.CommandPath(), problem: "--listen: " + wrong.Text}
			}
			return p.serve(command.Context(), config, func(address net.Addr) {
				p.logger.Info("serving", "address", address.String(), "tls", config.Server.TLS.CertificateFile != "", "warehouse", config.Warehouse.Path)
			})
		},
	}
	command.Flags().StringVar(&listen, "listen", "", "`ADDRESS` and port instead of server.listen")
	return command
}

// serve serves until ctx ends, and calls serving when it listens.
func (p *program) serve(ctx context.Context, config *Config, serving func(net.Addr)) error {
	options := server.Options{Config: config.Server, Warehouse: config.Warehouse.Path, Version: buildVersion(), Logger: p.logger}
	options.Sets = map[string]string{}
	for set := range config.DefinitionSets {
		options.Sets[set] = warehouse.SetFolder(config.Warehouse.Path, set)
	}
	if err := p.receive(config, &options); err != nil {
		return err
	}
	scheduled, err := p.schedule(config, &options)
	if err != nil {
		return err
	}
	made, err := server.New(ctx, options)
	if err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	group, ctx := errgroup.WithContext(ctx)
	if scheduled != nil {
		group.Go(func() error {
			if err := scheduled(ctx); ctx.Err() == nil {
				return err
			}
			return nil // it was stopped
		})
	}
	group.Go(func() error { return made.Run(ctx, serving) })
	return group.Wait()
}

func tokenCommand(p *program) *cobra.Command {
	group := &cobra.Command{
		Use:     "token",
		Short:   "Work with tokens for dorado serve",
		Long:    "Work with the bearer tokens of those who ask dorado serve.",
		Example: "  dorado token create grafana --scope metrics",
		Args:    cobra.ArbitraryArgs,
		RunE:    groupHelp,
	}
	group.AddCommand(tokenCreateCommand(p))
	return group
}

func tokenCreateCommand(p *program) *cobra.Command {
	var scopes []string
	command := &cobra.Command{
		Use:   "create NAME",
		Short: "Make a token and the line of the configuration for it",
		Long: `Make a new token, print it, and print the line to add under server.tokens in the
configuration, which has its hash only. The token is shown this once and kept nowhere.

The scopes are metrics (read metrics), sql (run SELECTs), ingest (send records) and
admin (all, and the server's own metrics).`,
		Example: `  dorado token create grafana --scope metrics --scope sql`,
		RunE: func(command *cobra.Command, args []string) error {
			switch {
			case len(args) == 0 || strings.TrimSpace(args[0]) == "":
				return usageError{command: command.CommandPath(), problem: "name who gets the token"}
			case len(args) > 1:
				return atMost(1)(command, args)
			case len(scopes) == 0:
				return usageError{command: command.CommandPath(), problem: "say what it may do with --scope " + strings.Join(wire.Scopes, "|")}
			}
			for _, scope := range scopes {
				if !slices.Contains(wire.Scopes, scope) {
					return usageError{command: command.CommandPath(), problem: fmt.Sprintf("--scope %s is not one of %s", scope, strings.Join(wire.Scopes, ", "))}
				}
			}
			token, hash := server.NewToken()
			_, err := fmt.Fprintf(p.stdout, "%s\n\nGive it to its bearer now; it is shown only once. Add this below server.tokens:\n\n    - {name: %q, hash: '%s', scopes: [%s]}\n",
				token, args[0], hash, strings.Join(scopes, ", "))
			return err
		},
	}
	command.Flags().StringSliceVar(&scopes, "scope", nil, "what the bearer may do, `SCOPE`; several may be given")
	return command
}

// validateServer checks what is said about the server.
func validateServer(v *validation, config server.Config) {
	for _, wrong := range config.Check() {
		v.add("server."+wrong.Path, "%s", wrong.Text)
	}
}

// placeServer turns the paths of files into paths as seen from here.
func placeServer(config *server.Config, folder string) {
	files := []*string{&config.TLS.CertificateFile, &config.TLS.KeyFile, &config.AuditFile}
	for i := range config.Webhooks.GitHub {
		files = append(files, &config.Webhooks.GitHub[i].SecretFile)
	}
	for i := range config.Webhooks.PagerDuty {
		files = append(files, &config.Webhooks.PagerDuty[i].SecretFile)
	}
	for _, path := range files {
		if *path != "" {
			*path = from(folder, *path)
		}
	}
}
