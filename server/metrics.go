package server

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"dorado/server/wire"
)

// answerMetric answers a metric query.
func (s *Server) answerMetric(w http.ResponseWriter, r *http.Request) error {
	var query wire.MetricQuery
	if err := readJSON(r, maxSQLBytes, &query); err != nil {
		return err
	}
	metric, err := checkMetric(&query)
	if err != nil {
		return err
	}
	held, err := s.hold(r, query.DefinitionSet)
	if err != nil {
		return err
	}
	defer held.release()
	if query.From, query.To, err = held.rangeOf(query.From, query.To); err != nil {
		return err
	}
	text, args, err := metric.sql(query, held.timeZone)
	if err != nil {
		return err
	}
	return s.answer(w, r, held, query, s.rowsOf(held, text, args...), formats...)
}

// checkMetric returns the metric that a query is about, and fills in what it leaves out
// but for the range. Its error is a problem.
func checkMetric(query *wire.MetricQuery) (metric, error) {
	if query.Metric == "" {
		return metric{}, bad("name the metric; there are %s", strings.Join(Metrics(), ", "))
	}
	found, err := metricNamed(query.Metric)
	if err != nil {
		return metric{}, err
	}
	fill(&query.Grain, wire.GrainTotal)
	fill(&query.By, wire.DimensionNone)
	fill(&query.Statistic, found.statistics[0].column)
	if !slices.Contains(wire.Grains, query.Grain) {
		return metric{}, bad("grain is one of %s", strings.Join(wire.Grains, ", "))
	}
	if !slices.Contains(found.dimensions, query.By) {
		return metric{}, unprocessable(wire.ProblemBlank, "%s can be grouped by %s", found.name, strings.Join(found.dimensions, ", "))
	}
	if query.Statistic != wire.EveryStatistic && !slices.ContainsFunc(found.statistics, func(s statistic) bool { return s.column == query.Statistic }) {
		var names []string
		for _, one := range found.statistics {
			names = append(names, one.column)
		}
		return metric{}, unprocessable(wire.ProblemBlank, "%s has the statistics %s", found.name, strings.Join(names, ", "))
	}
	return found, nil
}

// rangeOf returns a range with the defaults of what is not given. Its error is a
// problem.
func (d *held) rangeOf(from, to time.Time) (time.Time, time.Time, error) {
	_, defaultTo := d.defaultRange()
	fill(&to, defaultTo)
	if from.IsZero() {
		end := to.In(d.timeZone)
		from = time.Date(end.Year(), end.Month(), end.Day()-defaultDays, end.Hour(), end.Minute(), end.Second(), end.Nanosecond(), d.timeZone)
	}
	from, to = from.UTC(), to.UTC()
	switch {
	case !from.Before(to):
		return from, to, bad("the range ends at %s, and begins at %s: from comes before to", to.Format(time.RFC3339), from.Format(time.RFC3339))
	case from.Year() < 1970 || to.Year() > 9999:
		return from, to, bad("the range lies between the years 1970 and 9999")
	}
	return from, to, nil
}

// sql returns the query that answers a metric query, with the range given.
//
// The main statistics of the DORA metrics come from metrics.dora, which has the period
// before, levels and scores. For all others the macro is called for the periods before
// too.
func (m metric) sql(query wire.MetricQuery, zone *time.Location) (string, []any, error) {
	filters, err := m.filtersOf(query.Filters)
	if err != nil {
		return "", nil, err
	}
	args := []any{query.From, query.To, query.Grain, query.By, filters}
	var parts []string
	wanted := m.statistics
	if query.Statistic != wire.EveryStatistic {
		wanted = slices.DeleteFunc(slices.Clone(m.statistics), func(s statistic) bool { return s.column != query.Statistic })
	}
	with := ""
	if m.hasLevel && wanted[0].column == m.statistics[0].column {
		parts = append(parts, fmt.Sprintf(`
		select
			period_start, period_end, is_complete, dimension, metric,
			case metric %s end as statistic,
			value, unit, n, lower_value, upper_value, previous_value, previous_n, is_enough, level, score, 0 as position
		from metrics.dora($1::timestamp, $2::timestamp, grain := $3, by_dimension := $4, filters := $5::json::map(varchar, varchar[]))
		where '%[2]s' in ('dora', metric)`, mainStatistics(), m.name))
		wanted = wanted[1:]
	}
	if len(wanted) > 0 {
		before, until, isShifted := previousRange(query, zone)
		args = append(args, before, until)
		with = fmt.Sprintf(`with
		periods as materialized (from metrics.%[1]s($1::timestamp, $2::timestamp, grain := $3, by_dimension := $4, filters := $5::json::map(varchar, varchar[]))),
		before as materialized (
			from metrics.%[1]s($6::timestamp, $7::timestamp, grain := $3, by_dimension := $4, filters := $5::json::map(varchar, varchar[]))
			where $3 <> 'total' or cast(timezone('%[2]s', timezone('UTC', $6::timestamp)) as date) >= (%[3]s)
		)`, m.name, zone, m.known)
		matches := "periods.dimension = before.dimension"
		if isShifted {
			matches += fmt.Sprintf(" and periods.period_start = cast(before.period_start + interval 1 %s as date)",
				map[string]string{wire.GrainQuarter: "quarter", wire.GrainMonth: "month", wire.GrainWeek: "week", wire.GrainDay: "day"}[query.Grain])
		}
		for _, one := range wanted {
			parts = append(parts, fmt.Sprintf(`
		select
			periods.period_start, periods.period_end, periods.is_complete, periods.dimension, '%[1]s' as metric, '%[2]s' as statistic,
			cast(periods.%[2]s as double) as value, '%[3]s' as unit, %[4]s as n, %[5]s as lower_value, %[6]s as upper_value,
			cast(before.%[2]s as double) as previous_value, %[7]s as previous_n,
			cast(null as boolean) as is_enough, cast(null as varchar) as level, cast(null as double) as score, %[8]d as position
		from periods
		left join before on %[9]s`, m.name, one.column, one.unit,
				column("periods", one.countColumn(m), "bigint"), column("periods", one.lower, "double"), column("periods", one.upper, "double"),
				column("before", one.countColumn(m), "bigint"), slices.Index(m.columns(), one.column), matches))
		}
	}
	text := fmt.Sprintf(`%s
	select
		timezone('UTC', timezone('%[2]s', cast(period_start as timestamp))) as period_start_at,
		timezone('UTC', timezone('%[2]s', cast(period_end as timestamp))) as period_end_at,
		is_complete, dimension, metric, statistic, cast(value as double) as value, unit, cast(n as bigint) as n,
		cast(lower_value as double) as lower_value, cast(upper_value as double) as upper_value,
		cast(previous_value as double) as previous_value, cast(previous_n as bigint) as previous_n, is_enough, level,
		cast(score as double) as score
	from (%[3]s
	)
	order by period_start, dimension, %[4]s, position`, with, zone, strings.Join(parts, "\n\t\tunion all"), metricPositions())
	return text, args, nil
}

// column returns a column of a table, NULL without one.
func column(table, name, kind string) string {
	if name == "" {
		return "cast(null as " + kind + ")"
	}
	return fmt.Sprintf("cast(%s.%s as %s)", table, name, kind)
}

// countColumn returns the column of n.
func (s statistic) countColumn(m metric) string {
	if s.n != "" {
		return s.n
	}
	return m.n
}

// columns returns the names of the metric's statistics.
func (m metric) columns() []string {
	names := make([]string, len(m.statistics))
	for i, one := range m.statistics {
		names[i] = one.column
	}
	return names
}

// mainStatistics returns the cases that name the main statistic of each DORA metric.
func mainStatistics() string {
	var cases []string
	for _, metric := range catalogue {
		if metric.hasLevel && metric.name != dora {
			cases = append(cases, fmt.Sprintf("when '%s' then '%s'", metric.name, metric.statistics[0].column))
		}
	}
	return strings.Join(cases, " ")
}

// metricPositions returns what the metrics are ordered by: their place in the catalogue.
func metricPositions() string {
	return "list_position(['" + strings.Join(Metrics(), "', '") + "'], metric)"
}

// previousRange returns the range of the periods before those of a query: for the grain
// total the same number of calendar days just before it, else one period more than its
// own, so that it is shifted by one.
func previousRange(query wire.MetricQuery, zone *time.Location) (from, to time.Time, isShifted bool) {
	first, end := query.From.In(zone), query.To.In(zone)
	day := time.Date(first.Year(), first.Month(), first.Day(), 0, 0, 0, 0, zone)
	switch query.Grain {
	case wire.GrainDay:
		return day.AddDate(0, 0, -1).UTC(), query.To, true
	case wire.GrainWeek:
		return day.AddDate(0, 0, -(int(day.Weekday())+6)%7-7).UTC(), query.To, true
	case wire.GrainMonth:
		return time.Date(day.Year(), day.Month()-1, 1, 0, 0, 0, 0, zone).UTC(), query.To, true
	case wire.GrainQuarter:
		return time.Date(day.Year(), (day.Month()-1)/3*3-2, 1, 0, 0, 0, 0, zone).UTC(), query.To, true
	}
	days := int(time.Date(end.Year(), end.Month(), end.Day(), 0, 0, 0, 0, time.UTC).Sub(
		time.Date(first.Year(), first.Month(), first.Day(), 0, 0, 0, 0, time.UTC)).Hours()) / 24
	return first.AddDate(0, 0, -max(days, 1)).UTC(), query.From, false
}

// filtersOf returns the filters of a query as the macros take them: JSON that can be
// cast to a map of lists. Its error is a problem where the metric does not know one of
// them.
func (m metric) filtersOf(filters wire.Filters) (string, error) {
	known := map[string][]string{}
	for _, dimension := range wire.FilterDimensions {
		values := filters.Of(dimension)
		if len(values) == 0 {
			continue
		}
		if !slices.Contains(m.filters(), dimension) {
			return "", unprocessable(wire.ProblemCannotFilter, "%s cannot be filtered by %s; it can by %s", m.name, dimension, strings.Join(m.filters(), ", "))
		}
		known[dimension] = values
	}
	encoded, err := json.Marshal(known)
	return string(encoded), err
}

// valuesOf returns the rows of a metric query for others of this package.
func (s *Server) valuesOf(ctx context.Context, held *held, query wire.MetricQuery) ([]wire.MetricRow, error) {
	metric, err := checkMetric(&query)
	if err != nil {
		return nil, err
	}
	if query.From, query.To, err = held.rangeOf(query.From, query.To); err != nil {
		return nil, err
	}
	text, args, err := metric.sql(query, held.timeZone)
	if err != nil {
		return nil, err
	}
	var rows []wire.MetricRow
	_, err = eachRow(ctx, held.metrics, text, args, func(scan func(...any) error) error {
		var row wire.MetricRow
		err := scan(&row.PeriodStartAt, &row.PeriodEndAt, &row.IsComplete, &row.Dimension, &row.Metric, &row.Statistic, &row.Value, &row.Unit,
			&row.N, &row.LowerValue, &row.UpperValue, &row.PreviousValue, &row.PreviousN, &row.IsEnough, &row.Level, &row.Score)
		rows = append(rows, row)
		return err
	})
	return rows, err
}
