package main

import (
	"bytes"
	"context"
	_ "embed" // for objectivesTemplate
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"text/template"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"dorado/collectors/github"
	"dorado/collectors/pagerduty"
	"dorado/collectors/simulator"
	"dorado/models"
	"dorado/reports"
)

func demoCommand(p *program) *cobra.Command {
	folder, seed, days, serve := "", uint64(0), 0, false
	command := &cobra.Command{
		Use:   "demo",
		Short: "Show the whole way on a simulated organisation",
		Long: `Make up an organisation of a few teams with half a year of history, serve it on
this machine as GitHub and PagerDuty would, and do the nightly job with it: collect,
build, check, publish, report; then show it in a browser until it is stopped. It needs
no token and no network, and leaves a configuration and a warehouse to explore in its
folder.`,
		Example: `  dorado demo
  dorado demo --folder /tmp/demo --seed 7`,
		Args: atMost(0),
		RunE: func(command *cobra.Command, _ []string) error {
			_, isTerminal := terminalWidth(p.stdout)
			return p.demo(command.Context(), folder, seed, days, serve || isTerminal && !command.Flags().Changed("serve"))
		},
	}
	command.Flags().StringVar(&folder, "folder", "demo", "where to leave the demo, in place of an earlier one; `DIR`")
	command.Flags().Uint64Var(&seed, "seed", 1, "another `NUMBER` makes another organisation")
	command.Flags().BoolVar(&serve, "serve", false, "show the pages in the end, until it is stopped (default on a terminal)")
	command.Flags().IntVar(&days, "days", 180, "a history of so many days, `NUMBER`; with fewer it is quicker")
	return command
}

// demoMark begins the configuration of a demo, by which a later one knows that
// it may remove the folder.
const demoMark = "# Made by dorado demo. Change it as you like; the next demo writes it anew.\n"

// demo makes a simulated organisation and does the nightly job with it.
func (p *program) demo(ctx context.Context, folder string, seed uint64, days int, serve bool) error {
	if days < 1 {
		return fmt.Errorf("demo: --days %d is too few: there is at least 1", days)
	}
	p.configFile = filepath.Join(folder, "dorado.yaml")
	if err := makeDemoFolder(folder, p.configFile); err != nil {
		return err
	}
	// Its clock stands where its history ends, so that nothing is older than it must be.
	end := p.now().UTC().Truncate(24 * time.Hour)
	p.now = func() time.Time { return end }
	organization := simulator.New(simulator.Options{Seed: seed, End: end, Days: days})
	fmt.Fprintf(p.stdout, "The simulated organisation %s has %d services of %d teams in %d repositories, and %d days of history.\n\n",
		organization.Name, len(organization.Services), len(organization.Teams), len(organization.Repositories), int(end.Sub(organization.Start).Hours()/24))
	address, stop, err := serveDemo(organization)
	if err != nil {
		return err
	}
	defer stop()
	text, err := demoConfig(organization, address)
	if err != nil {
		return err
	}
	text = append(text, "slos:\n  folder: "+objectivesFolder+"\n"...)
	if err := errors.Join(writeObjectives(organization, folder), os.WriteFile(p.configFile, text, 0o600)); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	config, err := p.config()
	if err != nil {
		return err
	}
	defer p.progress.stop()
	collected, err := p.collect(ctx, config, nil, false)
	if err != nil {
		return err
	}
	built, err := p.build(ctx, config, end)
	if err != nil {
		return err
	}
	p.progress.stop()
	if err := errors.Join(collected.print(p.stdout), built.print(p.stdout)); err != nil {
		return err
	}
	snapshot, err := p.openSnapshot(ctx)
	if err != nil {
		return err
	}
	report, err := reports.New(ctx, snapshot, "", "", "team")
	if err = errors.Join(err, snapshot.Close()); err != nil {
		return err
	}
	fmt.Fprintln(p.stdout)
	if err := writeReport(report, p.stdout, "table"); err != nil {
		return err
	}
	if _, err := fmt.Fprint(p.stdout, demoNext(folder, p.configFile)); err != nil || !serve {
		return err
	}
	return p.serveDemoPages(ctx, config)
}

// serveDemoPages serves the pages and the API until ctx ends, where it always does or,
// where another has that port, on any.
func (p *program) serveDemoPages(ctx context.Context, config *Config) error {
	serving := func(address net.Addr) {
		fmt.Fprintf(p.stdout, "\nOpen http://%s in a browser. Stop it with Ctrl-C.\n", address)
	}
	err := p.serve(ctx, config, serving)
	if errors.Is(err, syscall.EADDRINUSE) {
		config.Server.Listen = "127.0.0.1:0"
		err = p.serve(ctx, config, serving)
	}
	return err
}

// objectivesFolder is where a demo has its objectives, beside its configuration.
const objectivesFolder = "slo"

// objectivesTemplate are the objectives of services by their names.
//
//go:embed demo_objectives.yaml
var objectivesTemplate string

// writeObjectives writes objectives for all services of the organisation.
func writeObjectives(organization *simulator.Organization, folder string) error {
	var names []string
	for _, service := range organization.Services {
		names = append(names, service.Name)
	}
	made, err := template.New("").Parse(objectivesTemplate)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	if err := made.Execute(&text, names); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(folder, objectivesFolder), 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, objectivesFolder, "services.yaml"), text.Bytes(), 0o644)
}

// makeDemoFolder makes the folder, or empties it where an earlier demo made it.
func makeDemoFolder(folder, configFile string) error {
	earlier, err := os.ReadFile(configFile)
	switch {
	case err == nil && bytes.HasPrefix(earlier, []byte(demoMark)):
		if err := os.RemoveAll(filepath.Join(folder, defaultPath)); err != nil {
			return fmt.Errorf("demo: remove the earlier one: %w", err)
		}
	case err == nil:
		return fmt.Errorf("demo: %s is no demo's: name another folder with --folder", configFile)
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("demo: %w", err)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	return nil
}

// serveDemo serves the organisation on a free port of this machine until stop is
// called.
func serveDemo(organization *simulator.Organization) (address string, stop func(), err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, fmt.Errorf("demo: %w", err)
	}
	server := &http.Server{
		Handler:           simulator.Handler(organization, simulator.ServerOptions{RateLimit: -1}), // nobody waits an hour for a demo
		ReadHeaderTimeout: 10 * time.Second,
	}
	go func() { _ = server.Serve(listener) }() // it ends when it is closed
	return "http://" + listener.Addr().String(), func() { _ = server.Close() }, nil
}

// demoConfig returns the configuration of a demo.
func demoConfig(organization *simulator.Organization, address string) ([]byte, error) {
	var repositories []string
	for _, repository := range organization.Repositories {
		repositories = append(repositories, repository.FullName)
	}
	var services []models.Service
	for _, service := range organization.Services {
		made := models.Service{Name: service.Name, Team: service.Team}
		for _, repository := range service.Repositories {
			made.Repositories = append(made.Repositories, models.ServiceRepository{Name: repository, Paths: service.Paths})
		}
		switch {
		case service.Workflow != "":
			made.Deployments = []models.Rule{{Kind: models.KindWorkflowRun, Workflow: regexp.QuoteMeta(service.Workflow)}}
		case len(service.Paths) > 0: // others are deployed from its repository too
			made.Deployments = []models.Rule{{Kind: models.KindGitHubDeployment, Environment: regexp.QuoteMeta(service.Environments[0])}}
		}
		services = append(services, made)
	}
	text, err := yaml.MarshalWithOptions(struct {
		GitHub    github.Config      `yaml:"github"`
		PagerDuty []pagerduty.Config `yaml:"pagerduty"`
		Services  []models.Service   `yaml:"services"`
	}{
		github.Config{BaseURL: address, Repositories: repositories},
		[]pagerduty.Config{{BaseURL: address + "/pagerduty", Since: organization.Start, StoreNotes: true}},
		services,
	}, yaml.OmitEmpty(), yaml.OmitZero(), yaml.IndentSequence(true))
	if err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	return append([]byte(demoMark), text...), nil
}

// demoNext says what to try after the demo.
func demoNext(folder, configFile string) string {
	program := filepath.ToSlash(os.Args[0])
	if strings.HasPrefix(program, os.TempDir()) {
		program = "dorado"
	}
	return fmt.Sprintf(`
What to try next:
  %[1]s serve --config %[3]s   # the pages, the API, and what Grafana asks
  %[1]s report --config %[3]s --by service
  %[1]s explain --config %[3]s change_fail_rate --team platform   # the records behind a number
  %[1]s query --config %[3]s "from metrics.change_lead_time(timestamp '2000-01-01', timestamp '2100-01-01', grain := 'month', by_dimension := 'team')"
  %[1]s query --config %[3]s "select * from core.changes where lead_time_seconds > 14 * 86400"
  any DuckDB: duckdb -readonly %[2]s

For an organisation of your own:
  %[1]s init --github OWNER
`, program, filepath.ToSlash(filepath.Join(folder, defaultPath, "current.duckdb")), filepath.ToSlash(configFile))
}
