package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"
)

func servicesCommand(p *program) *cobra.Command {
	format := choice{value: "table", allowed: []string{"table", "markdown", "json"}}
	command := &cobra.Command{
		Use:   "services",
		Short: "List the services, what belongs to them and why, and what belongs to none",
		Long: `List each service of the newest snapshot with its team, repositories, environments
(production ones with *) and PagerDuty services, each with where the mapping comes
from, whether catalog-info.yaml has an integration key of PagerDuty, and then what is mapped to no service and therefore in no number.

The configuration comes before catalog-info.yaml, that before CODEOWNERS, that
before the teams on GitHub, and that before the repository itself.`,
		Example: `  dorado services
  dorado services --format json`,
		Args: atMost(0),
		RunE: func(command *cobra.Command, _ []string) error {
			snapshot, err := p.openSnapshot(command.Context())
			if err != nil {
				return err
			}
			listed, err := listServices(command.Context(), snapshot)
			if err = errors.Join(err, snapshot.Close()); err != nil {
				return fmt.Errorf("services: %w", err)
			}
			return listed.write(p.stdout, format.value)
		},
	}
	command.Flags().Var(&format, "format", "how the list is printed")
	return command
}

// A serviceList is all services and what belongs to none.
type serviceList struct {
	Services []*listedService `json:"services"`
	Unmapped []unmappedThing  `json:"unmapped"`
}

// A listedService is a service and what belongs to it.
type listedService struct {
	Service  string    `json:"service_id"`
	MappedBy string    `json:"mapped_by"`
	Mappings []mapping `json:"mappings"`
}

// A mapping is a thing that belongs to a service, and why.
type mapping struct {
	Kind         string  `json:"kind"` // team, repository, environment, pagerduty_service or pagerduty_key
	Name         string  `json:"name"`
	MappedBy     *string `json:"mapped_by"`
	IsProduction *bool   `json:"is_production,omitempty"`
}

// An unmappedThing belongs to no service.
type unmappedThing struct {
	Kind    string `json:"kind"`
	Name    string `json:"name"`
	Records *int64 `json:"records"`
	Reason  string `json:"reason"`
}

// listedModels are what a serviceList reads.
var listedModels = []string{"core.service_mappings", "core.unmapped"}

// A querier can be asked in SQL: a snapshot, or a database that is being built.
type querier interface {
	Query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// listServices reads the list.
func listServices(ctx context.Context, db querier) (serviceList, error) {
	listed := serviceList{Services: []*listedService{}, Unmapped: []unmappedThing{}}
	rows, err := db.Query(ctx, "select service_id, kind, name, mapped_by, is_production from core.service_mappings")
	if err != nil {
		return listed, err
	}
	defer rows.Close()
	for rows.Next() {
		var service string
		var found mapping
		if err := rows.Scan(&service, &found.Kind, &found.Name, &found.MappedBy, &found.IsProduction); err != nil {
			return listed, err
		}
		if found.Kind == "service" {
			listed.Services = append(listed.Services, &listedService{Service: service, MappedBy: *found.MappedBy, Mappings: []mapping{}})
			continue
		}
		last := listed.Services[len(listed.Services)-1]
		last.Mappings = append(last.Mappings, found)
	}
	if err := rows.Err(); err != nil {
		return listed, err
	}
	left, err := db.Query(ctx, "select kind, name, records, reason from core.unmapped")
	if err != nil {
		return listed, err
	}
	defer left.Close()
	for left.Next() {
		var found unmappedThing
		if err := left.Scan(&found.Kind, &found.Name, &found.Records, &found.Reason); err != nil {
			return listed, err
		}
		listed.Unmapped = append(listed.Unmapped, found)
	}
	return listed, left.Err()
}

// write prints the list in one of the command's formats.
func (l serviceList) write(out io.Writer, format string) error {
	if format == "json" {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(l)
	}
	services := newTable("services")
	services.AppendHeader(table.Row{"service", "team", "repositories", "environments", "PagerDuty services", "PagerDuty key"})
	for _, service := range l.Services {
		services.AppendRow(table.Row{
			service.Service + " (" + service.MappedBy + ")",
			service.names("team"), service.names("repository"), service.names("environment"), service.names("pagerduty_service"), service.names("pagerduty_key"),
		})
		services.AppendSeparator()
	}
	unmapped := newTable("mapped to no service")
	unmapped.AppendHeader(table.Row{"kind", "name", "records", "reason"})
	for _, thing := range l.Unmapped {
		records := ""
		if thing.Records != nil {
			records = fmt.Sprint(*thing.Records)
		}
		unmapped.AppendRow(table.Row{strings.ReplaceAll(thing.Kind, "_", " "), thing.Name, records, thing.Reason})
	}
	render := table.Writer.Render
	if format == "markdown" {
		render = table.Writer.RenderMarkdown
	}
	if _, err := fmt.Fprintln(out, render(services)); err != nil {
		return err
	}
	if len(l.Unmapped) == 0 {
		_, err := fmt.Fprintln(out, "Everything that was collected belongs to a service.")
		return err
	}
	_, err := fmt.Fprintln(out, render(unmapped))
	return err
}

// names lists what of a kind belongs to the service, one a line.
func (s *listedService) names(kind string) string {
	var names []string
	for _, mapped := range s.Mappings {
		if mapped.Kind != kind {
			continue
		}
		name := mapped.Name
		if mapped.IsProduction != nil && *mapped.IsProduction {
			name += "*"
		}
		if mapped.MappedBy != nil {
			name += " (" + *mapped.MappedBy + ")"
		}
		names = append(names, name)
	}
	return strings.Join(names, "\n")
}
