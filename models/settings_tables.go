package models

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"dorado/warehouse"
)

// A settingsTable is a part of the settings as a table of the schema config.
type settingsTable struct {
	name    string
	columns string
	rows    [][]any
}

// tables returns the settings as the models read them. A service_id that is
// NULL stands for every service that says nothing of its own; a definition with a
// team is for the services of the team only.
func (s Settings) tables() []settingsTable {
	teams := settingsTable{name: "config.teams", columns: "team varchar, time_zone varchar"}
	services := settingsTable{name: "config.services", columns: "service_id varchar, team varchar"}
	repositories := settingsTable{name: "config.service_repositories", columns: "service_id varchar, repository varchar, paths_pattern varchar"}
	definitions := settingsTable{
		name:    "config.definitions",
		columns: "service_id varchar, team varchar, metric varchar, option varchar, value varchar",
		rows:    definitionsRows(nil, nil, defaultDefinitions(), s.Definitions),
	}
	for _, team := range s.Teams {
		teams.rows = append(teams.rows, []any{team.Name, nullable(team.TimeZone)})
		definitions.rows = append(definitions.rows, definitionsRows(nil, team.Name, team.Definitions)...)
	}
	for _, service := range s.Services {
		services.rows = append(services.rows, []any{service.Name, nullable(service.Team)})
		for _, repository := range service.Repositories {
			repositories.rows = append(repositories.rows, []any{service.Name, repository.Name, nullable(pathsPattern(repository.Paths))})
		}
		definitions.rows = append(definitions.rows, definitionsRows(service.Name, nil, service.Definitions)...)
	}
	meaning := []settingsTable{teams, services, repositories, pagerDutyServicesTable(s.Services), incidentRulesTable(s.Incidents, s.Services), rulesTable(s.Services), definitions, overridesTable(s.Overrides)}
	return slices.Concat([]settingsTable{s.buildTable(meaning)}, meaning, s.Quality.tables())
}

// buildTable returns the settings of the build itself. tables are those that say
// what the numbers mean, and by whose hash numbers can be told apart that mean
// something else.
func (s Settings) buildTable(tables []settingsTable) settingsTable {
	hash := sha256.New()
	fmt.Fprintln(hash, s.TimeZone)
	for _, table := range tables {
		fmt.Fprintln(hash, table.name, table.columns)
		for _, row := range table.rows {
			fmt.Fprintf(hash, "%q\n", row)
		}
	}
	return settingsTable{
		name:    "config.build",
		columns: "as_of timestamp, time_zone varchar, definitions_hash varchar",
		rows:    [][]any{{s.AsOf.UTC(), s.TimeZone, hex.EncodeToString(hash.Sum(nil))[:12]}},
	}
}

// make creates the table and fills it.
func (t settingsTable) make(ctx context.Context, db *warehouse.Database) error {
	if err := db.Exec(ctx, fmt.Sprintf("create table %s (%s)", t.name, t.columns)); err != nil {
		return err
	}
	// Many rows a statement: one for each would take most of a small build's time.
	for rows := range slices.Chunk(t.rows, 100) {
		row := "(" + strings.Join(slices.Repeat([]string{"?"}, len(rows[0])), ", ") + ")"
		statement := fmt.Sprintf("insert into %s values %s", t.name, strings.Join(slices.Repeat([]string{row}, len(rows)), ", "))
		if err := db.Exec(ctx, statement, slices.Concat(rows...)...); err != nil {
			return err
		}
	}
	return nil
}

// defaultDefinitions returns the options where nobody says otherwise.
func defaultDefinitions() Definitions {
	defaults := Definitions{}
	for _, option := range Options() {
		if defaults[option.Metric] == nil {
			defaults[option.Metric] = map[string]any{}
		}
		defaults[option.Metric][option.Name] = option.Default
	}
	return defaults
}

// definitionsRows returns the options that the layers set, a later layer before
// an earlier one.
func definitionsRows(service, team any, layers ...Definitions) [][]any {
	var rows [][]any
	for _, option := range Options() {
		var value any
		for _, layer := range layers {
			if set := layer[option.Metric][option.Name]; set != nil {
				value = set
			}
		}
		if value != nil {
			rows = append(rows, []any{service, team, option.Metric, option.Name, fmt.Sprint(value)})
		}
	}
	return rows
}

// nullable returns nil for "".
func nullable(text string) any {
	if text == "" {
		return nil
	}
	return text
}
