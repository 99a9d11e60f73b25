package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"dorado/models"
	"dorado/sql"
	"dorado/warehouse"
)

func rulesCommand(p *program) *cobra.Command {
	group := &cobra.Command{
		Use:     "rules",
		Short:   "Work with the rules that say what a deployment is",
		Long:    "Work with the rules that say what a deployment is: services[].deployments of the configuration.",
		Example: "  dorado rules test",
		Args:    cobra.ArbitraryArgs,
		RunE:    groupHelp,
	}
	group.AddCommand(rulesTestCommand(p))
	return group
}

func rulesTestCommand(p *program) *cobra.Command {
	since := "90d"
	format := choice{value: "table", allowed: []string{"table", "json"}}
	command := &cobra.Command{
		Use:   "test",
		Short: "Try the deployment rules on what was collected",
		Long: `Apply the deployment rules of the configuration to the raw store, in memory, and
print for each service what each rule takes, what no rule takes and why, and what
looks like a mistake: a pattern that takes nonprod too, a rule that never gets
anything because an earlier one does, or that matches nothing at all.

Nothing is published, so that rules can be changed and tried again.`,
		Example: `  dorado rules test
  dorado rules test --since 2026-01-01 --format json`,
		Args: atMost(0),
		RunE: func(command *cobra.Command, _ []string) error {
			from, err := p.sinceFlag(since)
			if err != nil {
				return usageError{command: command.CommandPath(), problem: err.Error()}
			}
			config, err := p.config()
			if err != nil {
				return err
			}
			defer p.progress.stop()
			tested, err := p.testRules(command.Context(), config, from)
			p.progress.stop()
			if err != nil {
				return err
			}
			if format.value == "json" {
				encoder := json.NewEncoder(p.stdout)
				encoder.SetIndent("", "  ")
				return encoder.Encode(tested)
			}
			return tested.write(p.stdout)
		},
	}
	command.Flags().StringVar(&since, "since", since, "look at records that started then or later; a number of days, or a `DAY`")
	command.Flags().Var(&format, "format", "how the result is printed")
	return command
}

// sinceFlag reads a number of days such as 90d, or a day, in UTC.
func (p *program) sinceFlag(given string) (time.Time, error) {
	if number, isDays := strings.CutSuffix(given, "d"); isDays {
		if days, err := strconv.Atoi(number); err == nil && days >= 0 {
			return p.now().UTC().AddDate(0, 0, -days).Truncate(time.Second), nil
		}
	}
	day, err := time.Parse(time.DateOnly, given)
	if err != nil {
		return time.Time{}, fmt.Errorf("--since %s is neither a number of days such as 90d nor a day such as 2026-01-31", given)
	}
	return day, nil
}

// A rulesTest is what the rules do.
type rulesTest struct {
	Since    time.Time      `json:"since"`
	Services []*serviceTest `json:"services"`
}

// A serviceTest is what the rules of one service do.
type serviceTest struct {
	Service   string      `json:"service_id"`
	IsDefault bool        `json:"has_default_rules"`
	Rules     []ruleTest  `json:"rules"`
	Unmatched []unmatched `json:"unmatched"`
	Warnings  []string    `json:"warnings"`
}

// A ruleTest is what one rule does.
type ruleTest struct {
	Position     int64      `json:"position"`
	Rule         string     `json:"rule"`
	Environments string     `json:"environments"`
	Taken        int64      `json:"taken"`
	Counted      int64      `json:"counted"`  // of those taken, the ones that are no deployments of another kind
	Shadowed     int64      `json:"shadowed"` // records that it matches and an earlier rule takes
	First        *time.Time `json:"first_at"`
	Last         *time.Time `json:"last_at"`
	Examples     string     `json:"examples"`

	rule models.Rule
}

// An unmatched is a group of records that no rule takes.
type unmatched struct {
	Kind    string    `json:"kind"`
	Group   string    `json:"group"`
	Records int64     `json:"records"`
	Last    time.Time `json:"last_at"`
	Example string    `json:"example"`
	Reason  string    `json:"reason"`
}

// testRules builds what the rules need, in memory, and asks it.
func (p *program) testRules(ctx context.Context, config *Config, from time.Time) (tested rulesTest, err error) {
	err = p.tryModels(ctx, config, "rules", testedModels, func(ctx context.Context, db *warehouse.Database) error {
		tested, err = readRulesTest(ctx, db, config.Services, from)
		return err
	})
	if err != nil {
		return tested, fmt.Errorf("rules test: %w", err)
	}
	return tested, nil
}

// tryModels builds the models named, and what they need, from what was collected,
// in memory, and lets read ask them.
func (p *program) tryModels(ctx context.Context, config *Config, name string, wanted []string, read func(context.Context, *warehouse.Database) error) error {
	definitions, err := models.Load(sql.Files)
	if err != nil {
		return err
	}
	if err := p.ensureTables(ctx, config); err != nil {
		return err
	}
	asOf, err := p.asOf("")
	if err != nil {
		return err
	}
	task := p.progress.start(name, "models")
	err = warehouse.Try(ctx, config.Warehouse.Path, func(ctx context.Context, db *warehouse.Database) error {
		if err := db.Limit(ctx, config.Warehouse.resources()); err != nil {
			return err
		}
		needed, err := models.Needed(ctx, db, definitions, wanted...)
		if err != nil {
			return err
		}
		_, err = models.Build(ctx, db, needed, config.settings(asOf), func(n, all int, name string) {
			task.expect(all)
			task.update(n)
			task.note(name)
		})
		if err != nil {
			return err
		}
		return read(ctx, db)
	})
	task.done(err)
	return err
}

// testedModels are what a rulesTest reads.
var testedModels = []string{"metrics.rule_results", "metrics.unmatched_records"}

// readRulesTest reads what the rules do from the testedModels.
func readRulesTest(ctx context.Context, db *warehouse.Database, services []models.Service, from time.Time) (rulesTest, error) {
	tested := rulesTest{Since: from}
	if err := errors.Join(tested.readRules(ctx, db, services), tested.readUnmatched(ctx, db)); err != nil {
		return tested, err
	}
	for _, service := range tested.Services {
		service.warn()
	}
	return tested, nil
}

// service returns the test of a service; those come in the order of their names.
func (t *rulesTest) service(name string) *serviceTest {
	if last := len(t.Services) - 1; last < 0 || t.Services[last].Service != name {
		t.Services = append(t.Services, &serviceTest{Service: name, Unmatched: []unmatched{}, Warnings: []string{}})
	}
	return t.Services[len(t.Services)-1]
}

// readRules reads what each rule takes.
func (t *rulesTest) readRules(ctx context.Context, db *warehouse.Database, services []models.Service) error {
	rules := map[string][]models.Rule{}
	for _, service := range services {
		rules[service.Name] = service.Deployments
	}
	rows, err := db.Query(ctx, `
		select service_id, rule_position, is_default, coalesce(environment, ''), taken, counted, shadowed, first_at, last_at, coalesce(examples, '')
		from metrics.rule_results(?::timestamp)`, t.Since)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var service string
		var isDefault bool
		var found ruleTest
		if err := rows.Scan(&service, &found.Position, &isDefault, &found.Environments, &found.Taken, &found.Counted,
			&found.Shadowed, &found.First, &found.Last, &found.Examples); err != nil {
			return err
		}
		own := rules[service]
		if isDefault {
			own = models.DefaultRules
		}
		found.rule = own[found.Position-1]
		found.Rule = describeRule(found.rule)
		test := t.service(service)
		test.IsDefault = isDefault
		test.Rules = append(test.Rules, found)
	}
	return rows.Err()
}

// readUnmatched reads what no rule takes.
func (t *rulesTest) readUnmatched(ctx context.Context, db *warehouse.Database) error {
	rows, err := db.Query(ctx, `
		select service_id, source, record_group, records, last_at, example, reason
		from metrics.unmatched_records(?::timestamp)`, t.Since)
	if err != nil {
		return err
	}
	defer rows.Close()
	tests := map[string]*serviceTest{}
	for _, test := range t.Services {
		tests[test.Service] = test
	}
	for rows.Next() {
		var service string
		var found unmatched
		if err := rows.Scan(&service, &found.Kind, &found.Group, &found.Records, &found.Last, &found.Example, &found.Reason); err != nil {
			return err
		}
		tests[service].Unmatched = append(tests[service].Unmatched, found)
	}
	return rows.Err()
}

// describeRule writes a rule as the configuration does.
func describeRule(rule models.Rule) string {
	parts := []string{rule.Kind}
	if rule.Environment != "" {
		parts = append(parts, "environment: "+rule.Environment)
	}
	for _, given := range rulePatterns(rule) {
		if given.pattern != "" {
			parts = append(parts, given.key+": "+given.pattern)
		}
	}
	if len(rule.Paths) > 0 {
		parts = append(parts, "paths: "+strings.Join(rule.Paths, ", "))
	}
	if rule.Production != nil {
		parts = append(parts, fmt.Sprintf("production: %t", *rule.Production))
	}
	return strings.Join(parts, ", ")
}

// write prints the test as text.
func (t rulesTest) write(out io.Writer) error {
	if len(t.Services) == 0 {
		_, err := fmt.Fprintln(out, "There is no service: collect first, or name services in the configuration.")
		return err
	}
	for i, service := range t.Services {
		if i > 0 {
			fmt.Fprintln(out)
		}
		if err := service.write(out, t.Since); err != nil {
			return err
		}
	}
	return nil
}

func (s *serviceTest) write(out io.Writer, since time.Time) error {
	origin := ""
	if s.IsDefault {
		origin = " (default rules)"
	}
	taken := newTable(fmt.Sprintf("%s%s, since %s", s.Service, origin, since.Format(time.DateOnly)))
	taken.AppendHeader(table.Row{"", "rule", "taken", "first", "last", "examples"})
	for _, rule := range s.Rules {
		taken.AppendRow(table.Row{rule.Position, rule.Rule, rule.Taken, dayOf(rule.First), dayOf(rule.Last), rule.Examples})
	}
	if _, err := fmt.Fprintln(out, taken.Render()); err != nil {
		return err
	}
	if len(s.Unmatched) > 0 {
		left := newTable("taken by no rule")
		left.AppendHeader(table.Row{"kind", "records", "of", "newest", "reason"})
		for _, group := range s.Unmatched {
			left.AppendRow(table.Row{group.Kind, group.Records, group.Group, dayOf(&group.Last) + " " + group.Example, group.Reason})
		}
		if _, err := fmt.Fprintln(out, left.Render()); err != nil {
			return err
		}
	}
	for _, warning := range s.Warnings {
		if _, err := fmt.Fprintln(out, "warning:", warning); err != nil {
			return err
		}
	}
	return nil
}

// dayOf writes the day of an instant, "" for none.
func dayOf(at *time.Time) string {
	if at == nil {
		return ""
	}
	return at.Format(time.DateOnly)
}
