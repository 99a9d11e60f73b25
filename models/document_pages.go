package models

import (
	"encoding/csv"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/tools/txtar"
)

// generated begins every page.
const generated = "<!-- Written by dorado docs from the definitions in sql/. Change those, and run make docs. -->\n\n"

// metrics returns the macros that are metrics: those that have periods.
func (d *dictionary) metrics() []*Model {
	return slices.DeleteFunc(d.inLayer(Macros), func(m *Model) bool {
		return m.isScalar() || !slices.Contains(m.Header.Key, "period_start") && m.Name != "dora"
	})
}

func (d *dictionary) indexPage() string {
	var text strings.Builder
	text.WriteString(generated + "# Data dictionary\n\nA snapshot is one DuckDB file with three schemas. Everything below is made from the definitions themselves.\n\n")
	writeRow(&text, "schema", "what it holds", "how many")
	writeRow(&text, "---", "---", "---:")
	for _, schema := range []struct{ layer, meaning, page string }{
		{Core, "the entities: services, deployments, changes, incidents, …", "tables.md"},
		{Marts, "what panels read", "tables.md"},
		{Macros, "the metrics as table macros, and the functions they share", "metrics.md"},
	} {
		writeRow(&text, fmt.Sprintf("[`%s`](%s)", schema.layer, schema.page), schema.meaning, fmt.Sprint(len(d.inLayer(schema.layer))))
	}
	text.WriteString(`
- [Metrics](metrics.md): what each number means, its formula and a worked example
- [Tables](tables.md): every table and column with its unit, and what tells its rows apart
- [Checks](checks.md): what must hold for a snapshot to be published, or is warned of
- [Lineage](lineage.md): what is made from what
- [Sources](sources.md): what collectors store, and how it is renamed
- [Configuration](configuration.md): every option
- [HTTP API](api.md): what dorado serve answers

The guides are written by hand: [what the numbers mean](definitions.md), [getting started](getting-started.md), [what counts](rules.md),
[collecting](collecting.md), [operating](operating.md), [25 questions in SQL](cookbook.md), [performance](performance.md), and
[how to add a source, a metric, a table or a check](extending.md).

Names say their unit: ` + "`_seconds`, `_ratio` (0 to 1), `_at` (an instant in UTC), `_day` (a calendar day in the warehouse's time zone),\n`is_` and `has_` (true or false)" + `. NULL is what is not known, never 0.
`)
	return text.String()
}

func (d *dictionary) metricsPage() string {
	var text strings.Builder
	text.WriteString(generated + "# Metrics\n\nTable macros of the schema `metrics`: ask any of them in SQL, as its example shows.\n\n")
	metrics := d.metrics()
	for _, metric := range metrics {
		fmt.Fprintf(&text, "- [%s](#%s)\n", metric.Name, metric.Name)
	}
	for _, metric := range metrics {
		d.writeModel(&text, metric)
		d.writeFormula(&text, metric)
		d.writeExamples(&text, metric)
	}
	text.WriteString("\n# Other macros\n\nThe rows behind the metrics, and functions that they share.\n")
	for _, macro := range d.inLayer(Macros) {
		if slices.Contains(metrics, macro) {
			continue
		}
		d.writeModel(&text, macro)
		if macro.isScalar() {
			d.writeFormula(&text, macro)
		}
	}
	return text.String()
}

func (d *dictionary) tablesPage() string {
	var text strings.Builder
	text.WriteString(generated + "# Tables\n")
	for _, layer := range []string{Core, Marts} {
		fmt.Fprintf(&text, "\n# Schema %s\n\n", layer)
		for _, table := range d.inLayer(layer) {
			fmt.Fprintf(&text, "- [%s](#%s): %s\n", table, anchor(table.String()), table.Header.Description)
		}
		for _, table := range d.inLayer(layer) {
			d.writeModel(&text, table)
		}
	}
	return text.String()
}

func (d *dictionary) checksPage() string {
	var text strings.Builder
	text.WriteString(generated + "# Checks\n\nA check of severity error that does not hold keeps the snapshot from being published; one of severity warn is shown in\n`marts.checks`, where every check of a snapshot has its row.\n\n")
	writeRow(&text, "check", "severity", "what it claims")
	writeRow(&text, "---", "---", "---")
	for _, check := range d.inLayer(Checks) {
		severity := check.Header.Severity
		if severity == "" {
			severity = "error"
		}
		writeRow(&text, "`"+check.Name+"`", severity, check.Header.Description)
	}
	return text.String()
}

func (d *dictionary) lineagePage() string {
	var text strings.Builder
	text.WriteString(generated + "# Lineage\n\nAn arrow goes from what is read to what is made from it. `config` is the configuration, which all of `core` may read.\n")
	for _, graph := range []struct {
		title  string
		layers []string
	}{
		{"From core to marts and metrics", []string{Marts, Macros}},
		{"Inside core, from what sources stage", []string{Core}},
	} {
		fmt.Fprintf(&text, "\n## %s\n\n```mermaid\nflowchart LR\n", graph.title)
		for _, layer := range graph.layers {
			for _, model := range d.inLayer(layer) {
				for _, read := range d.reads[model] {
					if !strings.HasPrefix(read, "config.") && !d.isFunction(read) {
						fmt.Fprintf(&text, "    %s[%s] --> %s[%s]\n", node(read), read, node(model.String()), model)
					}
				}
			}
		}
		text.WriteString("```\n")
	}
	text.WriteString("\n## From raw to staging\n\n")
	writeRow(&text, "staging", "is made from")
	writeRow(&text, "---", "---")
	for _, model := range d.inLayer(Staging) {
		reads := slices.DeleteFunc(slices.Clone(d.reads[model]), func(read string) bool { return strings.HasPrefix(read, "config.") })
		writeRow(&text, "`"+model.String()+"`", "`"+strings.Join(reads, "`, `")+"`")
	}
	return text.String()
}

// isFunction reports whether name is a macro that gives a value: those are
// everywhere and would hide the rest.
func (d *dictionary) isFunction(name string) bool {
	return slices.ContainsFunc(d.models, func(m *Model) bool { return m.String() == name && m.isScalar() })
}

func (d *dictionary) sourcesPage() string {
	var text strings.Builder
	text.WriteString(generated + "# Sources\n\n# Schema staging\n\nViews that exist while a build runs: each renames and casts one raw table.\n")
	for _, view := range d.inLayer(Staging) {
		d.writeModel(&text, view)
	}
	text.WriteString("\n# Schema raw\n\nThe tables of the raw store, as the sources give their records.\n")
	for _, table := range d.raw {
		fmt.Fprintf(&text, "\n## %s\n\n", table)
		writeRow(&text, "column", "type")
		writeRow(&text, "---", "---")
		for _, column := range d.columns[table] {
			writeRow(&text, "`"+column.name+"`", strings.ToLower(column.kind))
		}
	}
	return text.String()
}

// writeModel writes what a model's header says, with the types of its columns.
func (d *dictionary) writeModel(text *strings.Builder, model *Model) {
	title := model.String()
	if model.Layer == Macros {
		title = model.Name
	}
	fmt.Fprintf(text, "\n## %s\n\n%s\n", title, model.Header.Description)
	for _, note := range model.Header.Notes {
		fmt.Fprintf(text, "\n%s\n", note)
	}
	if model.Header.Parameters != "" {
		fmt.Fprintf(text, "\nParameters: `%s`\n\n```sql\n%s\n```\n", model.Header.Parameters, model.Header.Example)
	}
	if len(model.Header.Columns) == 0 {
		return
	}
	text.WriteString("\n")
	writeRow(text, "column", "type", "unit", "meaning")
	writeRow(text, "---", "---", "---", "---")
	columns := d.columns[model.String()]
	for i, column := range model.Header.Columns {
		typed := typedColumn{name: column.Name}
		if i < len(columns) {
			typed = columns[i]
		}
		writeRow(text, "`"+column.Name+"`", strings.ToLower(typed.kind), unitOf(typed), column.Meaning)
	}
	fmt.Fprintf(text, "\nOne row for each: `%s`.", strings.Join(model.Header.Key, "`, `"))
	if reads := d.reads[model]; len(reads) > 0 {
		fmt.Fprintf(text, " Made from `%s`.", strings.Join(reads, "`, `"))
	}
	text.WriteString("\n")
}

// writeFormula writes the SELECT, folded.
func (d *dictionary) writeFormula(text *strings.Builder, model *Model) {
	fmt.Fprintf(text, "\n<details><summary>Formula: sql/%s</summary>\n\n```sql\n%s\n```\n\n</details>\n", model.Path, model.SQL)
}

// writeExamples writes the worked examples, folded: the rows given, and those
// that come out.
func (d *dictionary) writeExamples(text *strings.Builder, model *Model) {
	for _, example := range d.examples[model] {
		fmt.Fprintf(text, "\n<details><summary>Worked example: %s</summary>\n", strings.Join(strings.Fields(string(example.Comment)), " "))
		for _, part := range example.Files {
			d.writePart(text, part)
		}
		text.WriteString("\n</details>\n")
	}
}

func (d *dictionary) writePart(text *strings.Builder, part txtar.File) {
	name, isTable := strings.CutSuffix(part.Name, ".csv")
	switch {
	case name == "want":
		text.WriteString("\ngives\n\n")
	case isTable:
		fmt.Fprintf(text, "\n`%s`:\n\n", name)
	default:
		fmt.Fprintf(text, "\n```sql\n%s\n```\n", strings.TrimSpace(string(part.Data)))
		return
	}
	rows, err := csv.NewReader(strings.NewReader(string(part.Data))).ReadAll()
	if err != nil {
		fmt.Fprintf(text, "```\n%s```\n", part.Data)
		return
	}
	for i, row := range rows {
		writeRow(text, row...)
		if i == 0 {
			writeRow(text, slices.Repeat([]string{"---"}, len(row))...)
		}
	}
}

// writeRow writes a row of a Markdown table.
func writeRow(text *strings.Builder, cells ...string) {
	for i, cell := range cells {
		cells[i] = strings.ReplaceAll(strings.TrimSpace(cell), "|", `\|`)
	}
	text.WriteString("| " + strings.Join(cells, " | ") + " |\n")
}

// node is a table's name as Mermaid takes it.
func node(name string) string { return strings.ReplaceAll(name, ".", "_") }

// anchor is the link to a heading, as GitHub makes it.
func anchor(heading string) string { return strings.ReplaceAll(heading, ".", "") }
