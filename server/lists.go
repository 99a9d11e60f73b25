package server

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"dorado/server/wire"
)

// parameters are what a request says behind the question mark.
type parameters struct {
	values url.Values
}

// parametersOf returns the parameters of a request, which may have only those named.
// Its error is a problem.
func parametersOf(r *http.Request, known ...string) (parameters, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return parameters{}, bad("what follows the ? is not a query: %s", strings.TrimPrefix(err.Error(), "invalid "))
	}
	for name := range values {
		if !slices.Contains(known, name) {
			return parameters{}, bad("there is no parameter %q; there are %s", name, cmp.Or(strings.Join(known, ", "), "none"))
		}
	}
	return parameters{values}, nil
}

// instant returns a parameter that is an instant, the zero time without one.
func (p parameters) instant(name string) (time.Time, error) {
	text := p.values.Get(name)
	if text == "" {
		return time.Time{}, nil
	}
	instant, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, bad("%s is not an instant such as 2026-01-31T00:00:00Z (a + in it is written %%2B)", name)
	}
	return instant, nil
}

// timeRange returns the range of the parameters from and to.
func (p parameters) timeRange(held *held) (from, to time.Time, err error) {
	if from, err = p.instant("from"); err != nil {
		return from, to, err
	}
	if to, err = p.instant("to"); err != nil {
		return from, to, err
	}
	return held.rangeOf(from, to)
}

// limit returns the parameter limit, most without one.
func (p parameters) limit(most int64) (int64, error) {
	text := p.values.Get("limit")
	if text == "" {
		return most, nil
	}
	limit, err := strconv.ParseInt(text, 10, 64)
	if err != nil || limit < 1 {
		return 0, bad("limit is how many rows are wanted: 1 or more")
	}
	return min(limit, most), nil
}

// selected returns the parameters that filter.
func (p parameters) selected() wire.Filters {
	return wire.Filters{Service: p.values[wire.DimensionService], Team: p.values[wire.DimensionTeam],
		Repository: p.values[wire.DimensionRepository], Environment: p.values[wire.DimensionEnvironment]}
}

// An asking is what a request for a list asks of a snapshot, which is released with it.
type asking struct {
	parameters
	*held
	filters  string // as metrics.is_selected takes them, when cast from JSON
	from, to time.Time
}

// ask returns what a request for a list asks for, which may have the parameters named.
// Its error is a problem.
func (s *Server) ask(r *http.Request, known ...string) (asking, error) {
	var asked asking
	var err error
	if asked.parameters, err = parametersOf(r, known...); err != nil {
		return asked, err
	}
	if asked.filters, err = mapOf(asked.selected()); err != nil {
		return asked, err
	}
	if asked.held, err = s.hold(r, asked.values.Get("definition_set")); err != nil {
		return asked, err
	}
	if asked.from, asked.to, err = asked.timeRange(asked.held); err != nil {
		asked.release()
	}
	return asked, err
}

// mapOf returns filters as metrics.is_selected takes them, when cast from JSON.
func mapOf(filters wire.Filters) (string, error) {
	known := map[string][]string{}
	for _, dimension := range wire.FilterDimensions {
		if values := filters.Of(dimension); len(values) > 0 {
			known[dimension] = values
		}
	}
	encoded, err := json.Marshal(known)
	return string(encoded), err
}

// dimensionQueries say for each dimension what its values are, and what people read.
// Each has the filters as $1.
var dimensionQueries = map[string]string{
	wire.DimensionService: `
		select distinct services.service_id as value, services.service_id as text
		from core.services as services
		left join core.service_repositories as repositories on services.service_id = repositories.service_id
		left join core.deployments as deployments on services.service_id = deployments.service_id and $1 like '%"environment"%'
		where metrics.is_selected($1::json::map(varchar, varchar[]), services.service_id, services.team, repositories.repository, deployments.environment)
		order by value`,
	wire.DimensionTeam: `
		select distinct coalesce(services.team, 'no team') as value, coalesce(teams.title, services.team, 'no team') as text
		from core.services as services
		left join core.teams as teams on services.team = teams.team
		left join core.service_repositories as repositories on services.service_id = repositories.service_id
		left join core.deployments as deployments on services.service_id = deployments.service_id and $1 like '%"environment"%'
		where metrics.is_selected($1::json::map(varchar, varchar[]), services.service_id, services.team, repositories.repository, deployments.environment)
		order by value`,
	wire.DimensionRepository: `
		select distinct repositories.repository as value, repositories.repository as text
		from core.service_repositories as repositories
		join core.services as services on repositories.service_id = services.service_id
		left join core.deployments as deployments on services.service_id = deployments.service_id and $1 like '%"environment"%'
		where metrics.is_selected($1::json::map(varchar, varchar[]), services.service_id, services.team, repositories.repository, deployments.environment)
		order by value`,
	wire.DimensionEnvironment: `
		select distinct deployments.environment as value, deployments.environment as text
		from core.deployments as deployments
		join core.services as services on deployments.service_id = services.service_id
		where
			deployments.environment is not null
			and metrics.is_selected($1::json::map(varchar, varchar[]), services.service_id, services.team, deployments.repository, deployments.environment)
		order by value`,
}

// answerDimension lists the values of a dimension.
func (s *Server) answerDimension(w http.ResponseWriter, r *http.Request) error {
	query, isKnown := dimensionQueries[r.PathValue("dimension")]
	if !isKnown {
		return newProblem(http.StatusNotFound, wire.ProblemBlank, "there is no such dimension; there are %s", strings.Join(wire.FilterDimensions, ", "))
	}
	asked, err := s.ask(r, wire.FilterDimensions...)
	if err != nil {
		return err
	}
	defer asked.release()
	return s.answer(w, r, asked.held, asked.filters, s.rowsOf(asked.held, query, asked.filters), formats...)
}

// annotationsQuery has the range as $1 and $2, the filters as $3 and the kinds as $4.
//
// What has no length and lies in the range is in it, and what overlaps it.
const annotationsQuery = `
	with happened as (
		select
			deployments.deployment_id as annotation_id,
			case
				when coalesce(outcomes.is_failed, deployments.status = 'failure') then 'failed_deployment'
				when outcomes.is_rollback then 'rollback'
				else 'deployment'
			end as kind,
			deployments.finished_at as started_at,
			cast(null as timestamp) as ended_at,
			deployments.service_id || ' ' || coalesce(deployments.version, left(deployments.sha, 7), deployments.status) as title,
			coalesce(outcomes.failure_reason, deployments.status) || case when deployments.sha is not null then ', ' || deployments.sha else '' end as text,
			deployments.service_id,
			deployments.repository,
			deployments.environment,
			deployments.source_url
		from core.deployments as deployments
		left join core.deployment_outcomes as outcomes on deployments.deployment_id = outcomes.deployment_id
		where deployments.is_production and deployments.finished_at >= $1::timestamp and deployments.finished_at < $2::timestamp
		union all
		select
			incident_id, 'incident', triggered_at, resolved_at, title,
			concat_ws(', ', urgency, priority, status), service_id, null, null, source_url
		from core.incidents
		where is_qualifying and triggered_at < $2::timestamp and coalesce(resolved_at, $2::timestamp) >= $1::timestamp
		union all
		select
			objective_id || ' ' || strftime(frozen_from, '%Y-%m-%dT%H:%M:%SZ'), 'freeze', frozen_from, frozen_until,
			'error budget of ' || slo || ' overspent', days || ' days', service_id, null, null, null
		from marts.error_budget_freezes
		where frozen_from < $2::timestamp and coalesce(frozen_until, $2::timestamp) >= $1::timestamp
	)

	select
		happened.annotation_id, happened.kind, happened.started_at, happened.ended_at, happened.title, happened.text,
		concat_ws(',', happened.kind, happened.service_id, services.team, happened.environment) as tags,
		happened.service_id, services.team, happened.environment, happened.source_url
	from happened
	left join core.services as services on happened.service_id = services.service_id
	where
		list_contains($4::json::varchar[], happened.kind)
		and metrics.is_selected($3::json::map(varchar, varchar[]), happened.service_id, services.team, happened.repository, happened.environment)
	order by happened.started_at, happened.annotation_id`

// answerAnnotations lists what happened in a range.
func (s *Server) answerAnnotations(w http.ResponseWriter, r *http.Request) error {
	asked, err := s.ask(r, append([]string{"kind", "from", "to", "limit"}, wire.FilterDimensions...)...)
	if err != nil {
		return err
	}
	defer asked.release()
	kinds := asked.values["kind"]
	for _, kind := range kinds {
		if !slices.Contains(wire.AnnotationKinds, kind) {
			return bad("kind is one of %s", strings.Join(wire.AnnotationKinds, ", "))
		}
	}
	if len(kinds) == 0 {
		kinds = wire.AnnotationKinds
	}
	limit, err := asked.limit(int64(s.config.Limits.Rows))
	if err != nil {
		return err
	}
	encoded, err := json.Marshal(kinds)
	if err != nil {
		return err
	}
	return s.answer(w, r, asked.held, []any{asked.from, asked.to, asked.filters, kinds, limit},
		s.rowsOf(asked.held, fmt.Sprintf("%s\n\tlimit %d", annotationsQuery, limit), asked.from, asked.to, asked.filters, string(encoded)), formats...)
}

// slosQuery has the range as $1 and $2 and the filters as $3. Each objective is as it
// stood on the last day of the range, or the last before its end that is known.
const slosQuery = `
	with last_days as (
		select budgets.objective_id, max(budgets.day) as day
		from marts.error_budget_daily as budgets
		join core.days as days on budgets.day = days.day
		where days.started_at < $2::timestamp and days.ended_at > $1::timestamp
		group by budgets.objective_id
	)

	select
		slos.objective_id, slos.slo, slos.display_name as title, slos.service_id, services.team,
		slos.window_count || ' ' || slos.window_unit || case when slos.window_count = 1 then '' else 's' end
			|| case when slos.is_rolling then ' rolling' else ' of the calendar' end as time_window,
		cast(coalesce(budgets.target, slos.target) as double) as target,
		cast(budgets.attainment_ratio as double) as attainment_ratio,
		cast(budgets.remaining_ratio as double) as remaining_ratio,
		cast(budgets.remaining_minutes as double) as remaining_minutes,
		cast(budgets.burn_rate as double) as burn_rate,
		cast(budgets.seconds_to_exhaustion as double) as seconds_to_exhaustion,
		budgets.is_exhausted,
		exists (
			from marts.error_budget_freezes as freezes
			where freezes.objective_id = slos.objective_id and freezes.frozen_from < $2::timestamp
				and coalesce(freezes.frozen_until >= $2::timestamp, true)
		) as is_frozen
	from core.slos as slos
	left join core.services as services on slos.service_id = services.service_id
	left join last_days on slos.objective_id = last_days.objective_id
	left join marts.error_budget_daily as budgets
		on slos.objective_id = budgets.objective_id and last_days.day = budgets.day
	where slos.is_newest and metrics.is_selected($3::json::map(varchar, varchar[]), slos.service_id, services.team, null, null)
	order by slos.service_id, slos.objective_id`

// answerSLOs lists the objectives and how they stand.
func (s *Server) answerSLOs(w http.ResponseWriter, r *http.Request) error {
	asked, err := s.ask(r, "from", "to", wire.DimensionService, wire.DimensionTeam)
	if err != nil {
		return err
	}
	defer asked.release()
	return s.answer(w, r, asked.held, []any{asked.from, asked.to, asked.filters}, s.rowsOf(asked.held, slosQuery, asked.from, asked.to, asked.filters), formats...)
}

// answerSchema lists what SQL can name.
func (s *Server) answerSchema(w http.ResponseWriter, r *http.Request) error {
	held, err := s.hold(r, "")
	if err != nil {
		return err
	}
	defer held.release()
	return s.answer(w, r, held, "schema", jsonOf(func(ctx context.Context) (wire.Schema, error) { return schema(ctx, held) }), formats[0])
}

// schema returns the tables and macros of the schemas that SQL can read.
func schema(ctx context.Context, held *held) (wire.Schema, error) {
	found := wire.Schema{Tables: []wire.SchemaTable{}, Macros: []wire.SchemaMacro{}}
	_, err := eachRow(ctx, held.metrics, `
		with tables as (
			select schema_name, table_name, comment from duckdb_tables() where database_name = 'snapshot'
			union all
			select schema_name, view_name, comment from duckdb_views() where database_name = 'snapshot'
		)
		select columns.schema_name, columns.table_name, tables.comment, columns.column_name, columns.data_type, columns.comment
		from duckdb_columns() as columns
		join tables on columns.schema_name = tables.schema_name and columns.table_name = tables.table_name
		where columns.database_name = 'snapshot' and columns.schema_name in ('core', 'marts')
		order by columns.schema_name, columns.table_name, columns.column_index`, nil,
		func(scan func(...any) error) error {
			var table wire.SchemaTable
			var column wire.SchemaColumn
			if err := scan(&table.Schema, &table.Name, &table.Description, &column.Name, &column.Type, &column.Description); err != nil {
				return err
			}
			last := len(found.Tables) - 1
			if last < 0 || found.Tables[last].Schema != table.Schema || found.Tables[last].Name != table.Name {
				found.Tables = append(found.Tables, table)
				last++
			}
			found.Tables[last].Columns = append(found.Tables[last].Columns, column)
			return nil
		})
	if err != nil {
		return wire.Schema{}, err
	}
	_, err = eachRow(ctx, held.metrics, `
		select schema_name, function_name, array_to_string(parameters, ', '), function_type = 'table_macro', comment
		from duckdb_functions() where database_name = 'snapshot' and schema_name = 'metrics' order by all`, nil,
		func(scan func(...any) error) error {
			var macro wire.SchemaMacro
			if err := scan(&macro.Schema, &macro.Name, &macro.Parameters, &macro.IsTable, &macro.Description); err != nil {
				return err
			}
			if macro.Description != nil {
				// The header names the defaults too, which DuckDB does not list.
				if _, line, isThere := strings.Cut(*macro.Description, "parameters: "); isThere {
					macro.Parameters, _, _ = strings.Cut(line, "\n")
				}
				if _, line, isThere := strings.Cut(*macro.Description, "example: "); isThere {
					example, _, _ := strings.Cut(line, "\n")
					macro.Example = &example
				}
			}
			found.Macros = append(found.Macros, macro)
			return nil
		})
	return found, err
}
