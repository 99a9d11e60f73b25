package main

import (
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// A program is one run of dorado: what its commands share.
type program struct {
	stdin  io.Reader
	stdout io.Writer // results
	stderr io.Writer // everything else
	now    func() time.Time
	pause  time.Duration // how long sources wait after the first failure of a request; 0: as long as servers of others may expect

	configFile string
	logFormat  choice
	verbose    bool

	definitionSet string // of commands that read a snapshot; "" for the configuration's own definitions

	logger   *slog.Logger // set, like progress, before a command runs
	progress *progress
}

// rootCommand returns the command dorado with all commands below it.
func rootCommand(p *program) *cobra.Command {
	root := &cobra.Command{
		Use:   "dorado",
		Short: "DORA and reliability metrics, exact and explained",
		Long: `Dorado collects deployments and changes into DuckDB, computes the DORA metrics
with SQL, and publishes every build as a snapshot that anyone can query.`,
		Example: `  dorado run                   # collect, build and publish
  dorado query "from core.deployments limit 10"`,
		Args: cobra.ArbitraryArgs,
		RunE: groupHelp,
		PersistentPreRunE: func(*cobra.Command, []string) error {
			p.logger, p.progress = newOutput(p.stderr, p.logFormat.value, p.verbose)
			return nil
		},
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetFlagErrorFunc(func(command *cobra.Command, err error) error {
		return usageError{command: command.CommandPath(), problem: err.Error()}
	})
	p.logFormat = choice{value: "text", allowed: []string{"text", "json"}}
	flags := root.PersistentFlags()
	flags.StringVar(&p.configFile, "config", "dorado.yaml", "configuration `FILE`")
	flags.Var(&p.logFormat, "log-format", "how log lines on standard error are written")
	flags.BoolVarP(&p.verbose, "verbose", "v", false, "log every step instead of showing progress bars")
	root.AddCommand(
		collectCommand(p),
		buildCommand(p),
		runCommand(p),
		ingestCommand(p),
		queryCommand(p),
		reportCommand(p),
		explainCommand(p),
		compareCommand(p),
		exportCommand(p),
		backupCommand(p),
		restoreCommand(p),
		docsCommand(p),
		initCommand(p),
		demoCommand(p),
		sloCommand(p),
		servicesCommand(p),
		rulesCommand(p),
		serveCommand(p),
		tokenCommand(p),
		doctorCommand(p),
		configCommand(p),
		versionCommand(p),
	)
	return root
}

// groupHelp is the RunE of a command that only groups others.
func groupHelp(command *cobra.Command, args []string) error {
	if len(args) == 0 {
		return command.Help()
	}
	var names []string
	for _, other := range command.Commands() {
		names = append(names, other.Name())
	}
	return usageError{
		command: command.CommandPath(),
		problem: fmt.Sprintf("unknown command %q%s", args[0], didYouMean(args[0], names)),
	}
}

// A usageError is a mistake on the command line.
type usageError struct {
	command string // "dorado query"
	problem string
}

// Error returns one line that says where to find help.
func (e usageError) Error() string {
	return fmt.Sprintf("%s; see %s --help", e.problem, e.command)
}

// atMost lets a command take up to n arguments.
func atMost(n int) cobra.PositionalArgs {
	return func(command *cobra.Command, args []string) error {
		if len(args) <= n {
			return nil
		}
		return usageError{command: command.CommandPath(), problem: fmt.Sprintf("unexpected argument %q", args[n])}
	}
}

// A choice is a flag that takes one of a few words.
type choice struct {
	value   string
	allowed []string
}

// String returns the word chosen.
func (c *choice) String() string { return c.value }

// Type is how help shows the flag's value.
func (c *choice) Type() string { return strings.Join(c.allowed, "|") }

// Set takes the word given.
func (c *choice) Set(value string) error {
	if !slices.Contains(c.allowed, value) {
		return fmt.Errorf("it is one of %s", strings.Join(c.allowed, ", "))
	}
	c.value = value
	return nil
}
