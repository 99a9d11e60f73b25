package models

import (
	"context"
	"fmt"
	"slices"
	"strconv"
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
// NULL stands for every service that says nothing of its own.
func (s Settings) tables() []settingsTable {
	build := settingsTable{
		name:    "config.build",
		columns: "as_of timestamp, time_zone varchar",
		rows:    [][]any{{s.AsOf.UTC(), s.TimeZone}},
	}
	services := settingsTable{name: "config.services", columns: "service_id varchar, team varchar"}
	repositories := settingsTable{name: "config.service_repositories", columns: "service_id varchar, repository varchar"}
	definitions := settingsTable{
		name:    "config.definitions",
		columns: "service_id varchar, metric varchar, option varchar, value varchar",
		rows:    definitionsRows(nil, defaultDefinitions, s.Definitions),
	}
	for _, service := range s.Services {
		services.rows = append(services.rows, []any{service.Name, nullable(service.Team)})
		for _, repository := range service.Repositories {
			repositories.rows = append(repositories.rows, []any{service.Name, repository})
		}
		definitions.rows = append(definitions.rows, definitionsRows(service.Name, service.Definitions)...)
	}
	return []settingsTable{build, services, repositories, pagerDutyServicesTable(s.Services), rulesTable(s.Services), definitions}
}

// make creates the table and fills it.
func (t settingsTable) make(ctx context.Context, db *warehouse.Database) error {
	if err := db.Exec(ctx, fmt.Sprintf("create table %s (%s)", t.name, t.columns)); err != nil {
		return err
	}
	for _, row := range t.rows {
		places := strings.Join(slices.Repeat([]string{"?"}, len(row)), ", ")
		if err := db.Exec(ctx, fmt.Sprintf("insert into %s values (%s)", t.name, places), row...); err != nil {
			return err
		}
	}
	return nil
}

// defaultDefinitions are the options where nobody says otherwise.
var defaultDefinitions = Definitions{ChangeLeadTime: ChangeLeadTime{
	Start: "authored", MergeCommits: new(bool), Squash: "pull_request_commits", Base: "previous",
}}

// definitionsRows returns the options that the layers set, a later layer before
// an earlier one.
func definitionsRows(service any, layers ...Definitions) [][]any {
	values := map[string]string{}
	for _, layer := range layers {
		lead := layer.ChangeLeadTime
		for option, value := range map[string]string{"start": lead.Start, "squash": lead.Squash, "base": lead.Base} {
			if value != "" {
				values[option] = value
			}
		}
		if lead.MergeCommits != nil {
			values["merge_commits"] = strconv.FormatBool(*lead.MergeCommits)
		}
	}
	var rows [][]any
	for _, option := range []string{"start", "merge_commits", "squash", "base"} {
		if value, ok := values[option]; ok {
			rows = append(rows, []any{service, "change_lead_time", option, value})
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
