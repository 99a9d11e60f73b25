package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"dorado/models"
	"dorado/reports"
	"dorado/warehouse"
)

func compareCommand(p *program) *cobra.Command {
	var from, to, asOf string
	by := choice{value: "service", allowed: []string{"service", "team", "repository", "environment", "none"}}
	format := choice{value: "table", allowed: []string{"table", "markdown", "json"}}
	command := &cobra.Command{
		Use:   "compare-definitions A.yaml B.yaml",
		Short: "Show what the numbers would be under other definitions",
		Long: `Build the numbers twice from what was collected, as each of two configurations
says, and print them side by side, under the definitions that differ. The raw
store is that of A. Nothing is published, and nothing is kept.

The range is that of dorado report.`,
		Example: `  dorado compare-definitions dorado.yaml proposed.yaml
  dorado compare-definitions dorado.yaml proposed.yaml --from 2026-01-01 --to 2026-03-31 --by team`,
		Args: func(command *cobra.Command, args []string) error {
			if len(args) < 2 {
				return usageError{command: command.CommandPath(), problem: "name two configurations, A.yaml and B.yaml"}
			}
			return atMost(2)(command, args)
		},
		RunE: func(command *cobra.Command, args []string) error {
			at, err := p.asOf(asOf)
			if err != nil {
				return usageError{command: command.CommandPath(), problem: err.Error()}
			}
			defer p.progress.stop()
			compared, err := p.compare(command.Context(), [2]string(args), at, from, to, by.value)
			p.progress.stop()
			if err != nil {
				return err
			}
			return compared.write(p.stdout, format.value)
		},
	}
	flags := command.Flags()
	rangeFlags(flags, &from, &to)
	flags.Var(&by, "by", "what the numbers are grouped by")
	flags.Var(&format, "format", "how the comparison is written")
	flags.StringVar(&asOf, "as-of", "", "`TIME` (RFC 3339) that both see nothing later than (default now)")
	return command
}

// A comparison is the numbers of a range of days under two configurations.
type comparison struct {
	reports.Days
	A           string                 `json:"a"` // the configuration's file
	B           string                 `json:"b"`
	By          string                 `json:"by"`
	Definitions []definitionDifference `json:"definitions"`
	Metrics     []metricDifference     `json:"metrics"`
}

// A definitionDifference is a definition that is not the same in both.
type definitionDifference struct {
	Definition string   `json:"definition"`
	A          *string  `json:"a"` // nil where A has no such thing
	B          *string  `json:"b"`
	Services   []string `json:"services"` // for which it differs
	IsForAll   bool     `json:"is_for_all"`
}

// A metricDifference is a metric of one group in both.
type metricDifference struct {
	Group  string   `json:"group"`
	Metric string   `json:"metric"`
	Unit   string   `json:"unit"`
	A      *float64 `json:"a"` // nil where it is not known
	NA     *int64   `json:"n_a"`
	B      *float64 `json:"b"`
	NB     *int64   `json:"n_b"`
}

// compare builds both configurations and compares the first to the last day.
func (p *program) compare(ctx context.Context, files [2]string, asOf time.Time, first, last, by string) (made comparison, err error) {
	made = comparison{A: files[0], B: files[1], By: by}
	var folder string
	var definitions [2][]definition
	var metrics [2][]metricDifference
	var configs [2]*Config
	for i, file := range files { // both before the first build, which takes long
		if configs[i], err = loadConfig(file, p.now()); err != nil {
			return made, err
		}
	}
	for i, config := range configs {
		file := files[i]
		if folder == "" {
			folder = config.Warehouse.Path
			if err := p.ensureTables(ctx, config); err != nil {
				return made, err
			}
		}
		snapshot, err := p.try(ctx, file, folder, config, asOf)
		if err != nil {
			return made, err
		}
		days, metricsErr := reports.NewDays(ctx, snapshot, first, last)
		if metricsErr == nil {
			metrics[i], metricsErr = metricsOf(ctx, snapshot, days, by)
		}
		var definitionsErr error
		definitions[i], definitionsErr = definitionsOf(ctx, snapshot, config)
		if err := errors.Join(metricsErr, definitionsErr, snapshot.Close()); err != nil {
			return made, fmt.Errorf("%s: %w", file, err)
		}
		if i == 0 {
			made.Days = days
		}
	}
	made.Definitions = differentDefinitions(definitions[0], definitions[1])
	made.Metrics = sideBySide(metrics[0], metrics[1])
	return made, nil
}

// try builds the snapshot of a configuration without publishing it.
func (p *program) try(ctx context.Context, file, folder string, config *Config, asOf time.Time) (*warehouse.Snapshot, error) {
	task := p.progress.start(file, "models")
	var result models.Result
	snapshot, err := warehouse.TrySnapshot(ctx, folder, filling(config, asOf, task, &result))
	task.done(err)
	if err != nil {
		return nil, fmt.Errorf("build %s: %w", file, err)
	}
	return snapshot, nil
}

// metricsOf returns the metrics of the snapshot as those of A.
func metricsOf(ctx context.Context, snapshot *warehouse.Snapshot, days reports.Days, by string) ([]metricDifference, error) {
	rows, err := snapshot.Query(ctx, "select dimension, metric, unit, value, n from metrics.totals(?::timestamp, ?::timestamp, by_dimension := ?) order by 1, 2",
		days.FromAt, days.ToAt, by)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var metrics []metricDifference
	for rows.Next() {
		var m metricDifference
		if err := rows.Scan(&m.Group, &m.Metric, &m.Unit, &m.A, &m.NA); err != nil {
			return nil, err
		}
		metrics = append(metrics, m)
	}
	return metrics, rows.Err()
}

// sideBySide adds to the metrics of one snapshot those of another, by group and
// metric; a group that only one has stands alone.
func sideBySide(a, b []metricDifference) []metricDifference {
	both := slices.Clone(a)
	for _, other := range b {
		at := slices.IndexFunc(both, func(m metricDifference) bool { return m.Group == other.Group && m.Metric == other.Metric })
		if at < 0 {
			at = len(both)
			both = append(both, metricDifference{Group: other.Group, Metric: other.Metric, Unit: other.Unit})
		}
		both[at].B, both[at].NB = other.A, other.NA
	}
	slices.SortStableFunc(both, func(a, b metricDifference) int { return strings.Compare(a.Group, b.Group) })
	return both
}

// A definition is one thing that a configuration says of a service, or of all.
type definition struct {
	service, name, value string
}

// definitionsOf returns what the snapshot says of its own meaning, with the rules and
// the overrides of its configuration.
func definitionsOf(ctx context.Context, snapshot *warehouse.Snapshot, config *Config) ([]definition, error) {
	rows, err := snapshot.Query(ctx, `
		select '' as service_id, 'timezone' as name, time_zone as value from core.snapshot
		union all
		select service_id, metric || '.' || option, value from core.definitions
		union all
		select service_id, 'team', team from core.services where team is not null
		union all
		select service_id, 'repositories', string_agg(repository, ', ' order by repository) from core.service_repositories group by service_id
		union all
		select service_id, 'pagerduty_services', string_agg(pagerduty_service, ', ' order by pagerduty_service)
		from core.pagerduty_services where service_id is not null group by service_id
		union all
		select service_id, 'rules', '' from core.services
		order by 1, 2`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var definitions []definition
	for rows.Next() {
		var d definition
		if err := rows.Scan(&d.service, &d.name, &d.value); err != nil {
			return nil, err
		}
		if d.name == "rules" {
			definitions = append(definitions, rulesOf(config, d.service)...)
		} else {
			definitions = append(definitions, d)
		}
	}
	for _, override := range config.overrides {
		definitions = append(definitions, definition{
			name:  "override of " + strings.TrimSpace(override.Incident+" "+override.Deployment),
			value: override.Action,
		})
	}
	return definitions, rows.Err()
}

// rulesOf returns the rules that a service follows.
func rulesOf(config *Config, service string) []definition {
	deployments, incidents := models.DefaultRules, config.Incidents
	if len(incidents) == 0 {
		incidents = models.DefaultIncidentRules
	}
	if at := slices.IndexFunc(config.Services, func(s models.Service) bool { return s.Name == service }); at >= 0 {
		if own := config.Services[at].Deployments; len(own) > 0 {
			deployments = own
		}
		if own := config.Services[at].Incidents; len(own) > 0 {
			incidents = own
		}
	}
	var taken []string
	for _, rule := range incidents {
		taken = append(taken, describeIncidentRule(rule))
	}
	return []definition{
		{service, "deployments", describeRules(deployments)},
		{service, "incidents", strings.Join(taken, "\n")},
	}
}

// describeIncidentRule writes a rule as the configuration does, "all" for one that
// takes every incident.
func describeIncidentRule(rule models.IncidentRule) string {
	var parts []string
	for _, given := range []struct{ key, pattern string }{
		{"source", rule.Source}, {"urgency", rule.Urgency}, {"priority", rule.Priority},
		{"title", rule.Title}, {"label", rule.Label}, {"service", rule.Service},
	} {
		if given.pattern != "" {
			parts = append(parts, given.key+": "+given.pattern)
		}
	}
	if rule.Maintenance != nil {
		parts = append(parts, fmt.Sprintf("maintenance: %t", *rule.Maintenance))
	}
	if len(parts) == 0 {
		return "all"
	}
	return strings.Join(parts, ", ")
}

// differentDefinitions returns the definitions that differ, those that differ in
// the same way together.
func differentDefinitions(a, b []definition) []definitionDifference {
	type key struct{ service, name string }
	values := map[key][2]*string{}
	var keys []key
	services := map[string]bool{}
	for side, definitions := range [][]definition{a, b} {
		for _, d := range definitions {
			k := key{d.service, d.name}
			pair, isKnown := values[k]
			if !isKnown {
				keys = append(keys, k)
			}
			pair[side] = &d.value
			values[k] = pair
			services[d.service] = true
		}
	}
	delete(services, "")
	var different []definitionDifference
	for _, k := range keys {
		pair := values[k]
		if given(pair[0]) == given(pair[1]) {
			continue
		}
		at := slices.IndexFunc(different, func(d definitionDifference) bool {
			return d.Definition == k.name && given(d.A) == given(pair[0]) && given(d.B) == given(pair[1])
		})
		if at < 0 {
			at = len(different)
			different = append(different, definitionDifference{Definition: k.name, A: pair[0], B: pair[1]})
		}
		if k.service != "" {
			different[at].Services = append(different[at].Services, k.service)
		}
		different[at].IsForAll = k.service == "" || len(different[at].Services) == len(services)
	}
	return different
}

// write writes the comparison in one of the command's formats.
func (c comparison) write(out io.Writer, format string) error {
	if format == "json" {
		encoder := json.NewEncoder(out)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		return encoder.Encode(c)
	}
	definitions := newTable(fmt.Sprintf("A is %s, B is %s", c.A, c.B))
	definitions.AppendHeader(table.Row{"definition", "A", "B", "services"})
	for _, d := range c.Definitions {
		services := strings.Join(d.Services, ", ")
		if d.IsForAll {
			services = "all"
		}
		definitions.AppendRow(table.Row{d.Definition, given(d.A), given(d.B), services})
	}
	definitions.SetColumnConfigs([]table.ColumnConfig{{Number: 1, WidthMax: 40, WidthMaxEnforcer: text.WrapHard}, {Number: 4, WidthMax: 40, WidthMaxEnforcer: text.WrapSoft}})
	metrics := newTable(c.Days.String())
	metrics.AppendHeader(table.Row{c.By, "metric", "A", "n", "B", "n", "change"})
	metrics.SetColumnConfigs([]table.ColumnConfig{
		{Number: 1, AutoMerge: format == "table"},
		{Number: 3, Align: text.AlignRight, AlignHeader: text.AlignRight},
		{Number: 4, Align: text.AlignRight, AlignHeader: text.AlignRight},
		{Number: 5, Align: text.AlignRight, AlignHeader: text.AlignRight},
		{Number: 6, Align: text.AlignRight, AlignHeader: text.AlignRight},
		{Number: 7, Align: text.AlignRight, AlignHeader: text.AlignRight},
	})
	for _, m := range c.Metrics {
		title := reports.Titles[m.Metric]
		if title == "" {
			title = m.Metric
		}
		metrics.AppendRow(table.Row{m.Group, title, reports.Value(m.A, m.Unit), reports.Count(m.NA), reports.Value(m.B, m.Unit), reports.Count(m.NB), reports.Change(m.B, m.A, m.Unit)})
	}
	for i, part := range []table.Writer{definitions, metrics} {
		if i == 0 && len(c.Definitions) == 0 {
			if _, err := fmt.Fprintf(out, "No definition differs between %s and %s.\n\n", c.A, c.B); err != nil {
				return err
			}
			continue
		}
		rendered := part.Render()
		if format == "markdown" {
			rendered = part.RenderMarkdown()
		}
		if _, err := fmt.Fprintf(out, "%s\n", rendered); err != nil {
			return err
		}
	}
	return nil
}
