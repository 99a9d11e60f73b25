package models

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"dorado/warehouse"
)

// sliQueriesHeader is the header of core.sli_query_values.
const sliQueriesHeader = `One row per value that the query of an objective gives, or one with what is wrong with the query.

A query is one SELECT over the tables of core and marts that do not depend on
objectives. It gives the columns happened_at and value; rows in which one of them is
NULL, or that lie after the as-of time, are left out. It is not trusted: it can read
nothing else, and has 30 seconds, 1 GB of memory and 1,000,000 rows. What is wrong
with it is a finding of its objective (core.slo_findings) and stops nothing.

objective_number  The objective, as in core.slos.
part              value, or total for the query of the total.
value_number      1 for the first value of the part; 0 for a problem.
happened_at       When it happened, or what it stands for began, UTC.
value             The value.
problem           What is wrong with the query; NULL where nothing is.

key: objective_number, part, value_number`

// The limits of a query of an objective.
const (
	sliQueryTime   = 30 * time.Second
	sliQueryMemory = "1GB"
	sliQueryRows   = 1_000_000
)

// sliQueriesStep returns core.sli_query_values, which comes after all that the
// queries may read.
func sliQueriesStep() *Model {
	model := step(Core, "sli_query_values", "models/sli_queries.go", sliQueriesHeader,
		"objective_number bigint, part varchar, value_number bigint, happened_at timestamp, value double, problem varchar",
		[]warehouse.Reference{{Schema: Core, Name: "slos"}, {Schema: "config", Name: "build"}}, fillSLIQueries)
	model.isLate = true
	return model
}

// An sliQuery is a query of an objective.
type sliQuery struct {
	objective int64
	part, sql string
}

// fillSLIQueries runs the queries one after the other.
func fillSLIQueries(ctx context.Context, db *warehouse.Database) error {
	queries, err := readSLIQueries(ctx, db)
	if err != nil {
		return fmt.Errorf("read the queries of objectives: %w", err)
	}
	for _, query := range queries {
		problem, err := query.run(ctx, db)
		if err == nil && problem != "" {
			err = db.Exec(ctx, "insert into core.sli_query_values values (?, ?, 0, null, null, ?)", query.objective, query.part, problem)
		}
		if err != nil {
			return fmt.Errorf("query of objective %d: %w", query.objective, err)
		}
	}
	return nil
}

// readSLIQueries returns the queries that objectives are measured by.
func readSLIQueries(ctx context.Context, db *warehouse.Database) (queries []sliQuery, err error) {
	rows, err := db.Query(ctx, `
		select objective_number, query, total_query
		from core.slos
		where is_newest and measured_by = 'sql'
		order by objective_number`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var objective int64
		var value, total sql.Null[string]
		if err := rows.Scan(&objective, &value, &total); err != nil {
			return nil, err
		}
		queries = append(queries, sliQuery{objective, "value", value.V})
		if total.Valid {
			queries = append(queries, sliQuery{objective, "total", total.V})
		}
	}
	return queries, rows.Err()
}

// run stores what the query gives, or returns what is wrong with it. The error is
// for what is not the query's fault.
func (q sliQuery) run(ctx context.Context, db *warehouse.Database) (problem string, err error) {
	if err := db.CheckQuery(ctx, q.sql, Core, Marts); err != nil {
		return oneLine(err), ctx.Err()
	}
	query := strings.TrimRight(strings.TrimSpace(q.sql), "; \n\t")
	columns, err := columnsOf(ctx, db, "(\n"+query+"\n)")
	if err != nil {
		return oneLine(err), ctx.Err()
	}
	if !slices.Contains(columns, "happened_at") || !slices.Contains(columns, "value") {
		return fmt.Sprintf("it gives the columns %s; happened_at and value are wanted", strings.Join(columns, ", ")), nil
	}
	err = db.ExecLimited(ctx, warehouse.Limits{Time: sliQueryTime, Memory: sliQueryMemory}, fmt.Sprintf(`
		insert into core.sli_query_values
		select ?, ?, row_number() over (order by happened_at, value), happened_at, value, null
		from (
			select cast(happened_at as timestamp) as happened_at, cast(value as double) as value
			from (
%s
			)
		)
		where
			happened_at <= (select as_of from config.build)
			and isfinite(value)
		limit %d`, query, sliQueryRows+1), q.objective, q.part)
	if err != nil {
		return oneLine(err), ctx.Err()
	}
	count, err := readNumbers(ctx, db, fmt.Sprintf("select count(*) from core.sli_query_values where objective_number = %d and part = %s", q.objective, quote(q.part)))
	if err != nil || count[0] <= sliQueryRows {
		return "", err
	}
	err = db.Exec(ctx, "delete from core.sli_query_values where objective_number = ? and part = ?", q.objective, q.part)
	return fmt.Sprintf("it gives more than %d rows: let it count them by hour or by day", sliQueryRows), err
}

// oneLine returns an error without the lines in which DuckDB shows the place.
func oneLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}
