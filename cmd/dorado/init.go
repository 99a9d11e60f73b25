package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"dorado/models"
	"dorado/reports"
	"dorado/warehouse"
)

func initCommand(p *program) *cobra.Command {
	var asked questions
	command := &cobra.Command{
		Use:   "init",
		Short: "Write a configuration for an organisation from what is found there, and show first numbers",
		Long: `Ask where to look, or take it from the flags; read what GitHub and PagerDuty have of
the last days; propose services and the rules for their deployments, each with its
evidence; write all that to the configuration file, with comments; build, and print
first numbers. On a terminal everything that no flag says is asked for.

Tokens are read from environment variables, whose names are asked for, and are
never written anywhere. An existing configuration is not touched. What was read
stays in the warehouse, and the next run goes on from there.`,
		Example: `  dorado init
  dorado init --github acme --github-token-env GITHUB_TOKEN --pagerduty-token-env PAGERDUTY_TOKEN
  dorado init --github acme/checkout --github acme/search --days 30`,
		Args: atMost(0),
		RunE: func(command *cobra.Command, _ []string) error {
			if err := p.ask(&asked, command); err != nil {
				return err
			}
			return p.initialize(command.Context(), asked)
		},
	}
	flags := command.Flags()
	flags.StringArrayVar(&asked.GitHub, "github", nil, "`OWNER` whose repositories to read, or one owner/name; several are given by several flags")
	flags.StringVar(&asked.GitHubURL, "github-url", defaultBaseURL, "the REST API: of an Enterprise Server https://HOST/api/v3; `URL`")
	flags.StringVar(&asked.GitHubTokenEnv, "github-token-env", defaultTokenEnv, "environment `VARIABLE` with the token for GitHub")
	flags.StringVar(&asked.PagerDutyTokenEnv, "pagerduty-token-env", "", "environment `VARIABLE` with the API key for PagerDuty; without it incidents are left out")
	flags.StringVar(&asked.PagerDutyURL, "pagerduty-url", "", "PagerDuty's API where it is not the usual one; `URL`")
	flags.IntVar(&asked.Days, "days", 90, "how many `DAYS` back to read")
	flags.IntVar(&asked.MaxRequests, "max-requests", 1500, "stop asking GitHub after so many `REQUESTS`; the next run goes on")
	flags.StringVar(&asked.TimeZone, "timezone", defaultTimeZone, "IANA `NAME` of the zone whose days and weeks are counted")
	return command
}

// questions are what dorado init has to know.
type questions struct {
	GitHub            []string // owners, or owner/name
	GitHubURL         string
	GitHubTokenEnv    string
	PagerDutyTokenEnv string // "" without PagerDuty
	PagerDutyURL      string // "" for the usual one
	Days              int
	MaxRequests       int
	TimeZone          string
}

// ask asks on the terminal for what the flags do not say.
func (p *program) ask(asked *questions, command *cobra.Command) error {
	_, isTerminal := terminalWidth(p.stdin)
	answers := bufio.NewScanner(p.stdin)
	answer := func(flag, question, proposal string) (string, error) {
		if !isTerminal || command.Flags().Changed(flag) {
			return proposal, nil
		}
		if proposal != "" {
			question += " [" + proposal + "]"
		}
		if _, err := fmt.Fprint(p.stderr, question+": "); err != nil {
			return "", err
		}
		if !answers.Scan() {
			return "", cmp.Or(answers.Err(), errors.New("no answer"))
		}
		return cmp.Or(strings.TrimSpace(answers.Text()), proposal), nil
	}
	owners, err := answer("github", "GitHub organisation or user, or owner/name of repositories", strings.Join(asked.GitHub, " "))
	if err != nil {
		return err
	}
	asked.GitHub = strings.FieldsFunc(owners, func(r rune) bool { return r == ' ' || r == ',' })
	if asked.GitHubTokenEnv, err = answer("github-token-env", "Environment variable with the token for GitHub", asked.GitHubTokenEnv); err != nil {
		return err
	}
	const usualKey = "PAGERDUTY_TOKEN"
	if asked.PagerDutyTokenEnv == "" && os.Getenv(usualKey) != "" {
		asked.PagerDutyTokenEnv = usualKey
	}
	if asked.PagerDutyTokenEnv, err = answer("pagerduty-token-env", "Environment variable with the API key for PagerDuty, none to leave incidents out", asked.PagerDutyTokenEnv); err != nil {
		return err
	}
	if asked.PagerDutyTokenEnv == "none" {
		asked.PagerDutyTokenEnv = ""
	}
	if asked.TimeZone, err = answer("timezone", "Time zone whose days are counted, such as Europe/Berlin", asked.TimeZone); err != nil {
		return err
	}
	switch {
	case len(asked.GitHub) == 0:
		return usageError{command: command.CommandPath(), problem: "name the organisation with --github OWNER"}
	case asked.Days < 1:
		return usageError{command: command.CommandPath(), problem: "--days is at least 1"}
	case asked.MaxRequests < 0:
		return usageError{command: command.CommandPath(), problem: "--max-requests is at least 0, which is for no limit"}
	}
	return nil
}

// draftMark begins a configuration that dorado init has not finished, by which a
// later one knows that it may replace it.
const draftMark = "# dorado init has not finished this file: run it again.\n"

// initialize writes the configuration and shows first numbers.
func (p *program) initialize(ctx context.Context, asked questions) error {
	earlier, err := os.ReadFile(p.configFile)
	switch {
	case err == nil && !bytes.HasPrefix(earlier, []byte(draftMark)):
		return fmt.Errorf("there is a configuration at %s: change that one, or name another with --config", p.configFile)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("read the configuration: %w", err)
	}
	made := newProposal(asked, p.now())
	config, err := p.keepConfig(made, draftMark)
	if err != nil {
		return err
	}
	if err := p.say("Is everything within reach?"); err != nil {
		return err
	}
	if err := p.doctor(ctx); err != nil {
		return errors.Join(err, os.Remove(p.configFile)) // so that the next try is not held up by this one
	}
	if err := p.say("\nWhat is there? Reading %s.", count(asked.Days, "day", "days")); err != nil {
		return err
	}
	if err := p.propose(ctx, config, &made); err != nil {
		return err
	}
	if config, err = p.keepConfig(made, ""); err != nil {
		return err
	}
	if err := made.print(p.stdout); err != nil {
		return err
	}
	if err := p.firstNumbers(ctx, config, asked.Days); err != nil {
		return err
	}
	return p.say(`
The configuration is %[1]s: read it, mend what is wrong, and try its rules with
  dorado rules test --config %[1]s
Then, now and every night:
  dorado run --config %[1]s
To look at it in a browser, with the rows behind each number:
  dorado serve --config %[1]s`, p.configFile)
}

// say prints a line for whoever watches.
func (p *program) say(format string, args ...any) error {
	_, err := fmt.Fprintf(p.stdout, format+"\n", args...)
	return err
}

// keepConfig writes the configuration that is proposed, below a mark, and reads it
// as every command does.
func (p *program) keepConfig(made proposal, mark string) (*Config, error) {
	text, err := made.config()
	if err != nil {
		return nil, err
	}
	err = replaceFile(p.configFile, func(path string) error { return os.WriteFile(path, append([]byte(mark), text...), 0o600) })
	if err != nil {
		return nil, fmt.Errorf("write the configuration: %w", err)
	}
	return p.config()
}

// deployWorkflows matches the files of workflows whose names sound like deploying.
const deployWorkflows = `.*(deploy|release|publish|prod|ship|rollout).*`

// propose collects, and finds services, rules and evidence in what came.
func (p *program) propose(ctx context.Context, config *Config, made *proposal) error {
	defer p.progress.stop()
	if _, err := p.collect(ctx, config, nil, false); err != nil {
		return err
	}
	if err := p.findServices(ctx, config, made); err != nil {
		return err
	}
	undecided := made.undecided()
	if len(undecided) == 0 {
		return nil
	}
	// Runs cost requests of their own, so that they are read only where nothing
	// better is known of.
	wider := *config
	wider.Services = undecided
	if _, err := p.collect(ctx, &wider, []string{"github_workflow_runs"}, false); err != nil {
		return err
	}
	return p.findServices(ctx, config, made)
}

// findServices builds what was collected, without publishing it, and proposes
// services from that.
func (p *program) findServices(ctx context.Context, config *Config, made *proposal) error {
	since := p.now().UTC().AddDate(0, 0, -made.Days).Truncate(time.Second)
	var listed serviceList
	var tested rulesTest
	err := p.tryModels(ctx, config, "services", slices.Concat(listedModels, testedModels), func(ctx context.Context, db *warehouse.Database) (err error) {
		if listed, err = listServices(ctx, db); err != nil {
			return err
		}
		tested, err = readRulesTest(ctx, db, nil, since)
		return err
	})
	if err != nil {
		return fmt.Errorf("find services: %w", err)
	}
	made.find(listed, tested)
	return nil
}

// firstNumbers builds, publishes and reports of as many days as were read.
func (p *program) firstNumbers(ctx context.Context, config *Config, days int) error {
	asOf, err := p.asOf("")
	if err != nil {
		return err
	}
	built, err := p.build(ctx, config, asOf)
	p.progress.stop()
	if err != nil {
		return err
	}
	if err := p.say(""); err != nil {
		return err
	}
	if err := built.print(p.stdout); err != nil {
		return err
	}
	snapshot, err := p.openSnapshot(ctx)
	if err != nil {
		return err
	}
	numbers := reports.Report{By: "service"}
	numbers.Days, err = reports.NewDays(ctx, snapshot, "", "")
	if err == nil {
		numbers.Days = numbers.Length(days)
		numbers.Metrics, err = reports.Metrics(ctx, snapshot, numbers.Days, numbers.By)
	}
	if err = errors.Join(err, snapshot.Close()); err != nil {
		return err
	}
	return writeReport(numbers, p.stdout, "table")
}

// print lists the services that are proposed, and says what belongs to none.
func (m proposal) print(out io.Writer) error {
	services := newTable("services")
	services.AppendHeader(table.Row{"service", "team", "deployments", "evidence"})
	for _, service := range m.Services {
		services.AppendRow(table.Row{service.Name, service.Team, describeRules(service.Deployments), strings.Join(service.Evidence, "\n")})
	}
	_, err := fmt.Fprintf(out, "\n%s\n", services.Render())
	if err != nil || len(m.Unmapped) == 0 {
		return err
	}
	_, err = fmt.Fprintf(out, "%s named like none of these, so that no number of theirs has the incidents: the end of the configuration says what to do.\n",
		count(len(m.Unmapped), "PagerDuty service is", "PagerDuty services are"))
	return err
}

// describeRules says what rules take, the default ones for none.
func describeRules(rules []models.Rule) string {
	if len(rules) == 0 {
		return "default rules"
	}
	var lines []string
	for _, rule := range rules {
		lines = append(lines, describeRule(rule))
	}
	return strings.Join(lines, "\n")
}

// undecided returns the repositories in which nothing looks like a deployment, as
// services whose rules make their workflow runs be read.
func (m proposal) undecided() []models.Service {
	var found []models.Service
	for _, service := range m.Services {
		if service.isDecided {
			continue
		}
		wanted := models.Service{Name: service.Name, Deployments: []models.Rule{{Kind: models.KindWorkflowRun, Workflow: deployWorkflows}}}
		for _, repository := range service.Repositories {
			wanted.Repositories = append(wanted.Repositories, models.ServiceRepository{Name: repository})
		}
		found = append(found, wanted)
	}
	return slices.Clip(found)
}
