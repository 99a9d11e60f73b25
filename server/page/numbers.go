package page

import (
	"context"
	"database/sql"
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"dorado/reports"
	"dorado/server/charts"
)

// A subject is what numbers are about: everything, a team or a service.
type subject struct {
	kind string // service, team, or "" for everything
	name string
}

// Kind is what it is.
func (s subject) Kind() string { return s.kind }

// Name is its name.
func (s subject) Name() string { return s.name }

// filter returns the macros' argument filters, which as $3 takes the arguments
// after those of the range.
func (s subject) filter() (sql string, args []any) {
	switch s.kind {
	case "service":
		return "filters := map {'service': [$3]}", []any{s.name}
	case "team":
		return "filters := map {'team': [$3]}", []any{s.name}
	}
	return "filters := map {}", nil
}

// A tile shows one metric.
type tile struct {
	Metric   string
	Title    string
	Value    string
	Interval string // of a share
	N        string
	Level    string // elite, high, medium or low; "" where there is none
	Remark   string // why there is none
	Change   string // against the range before
	Verdict  string // better or worse
	Before   string
	Score    string
	Explain  string // the address of the records behind it
	Spark    template.HTML
}

// A figure is a chart with its legend and its numbers.
type figure struct {
	charts.Chart
	Drawing template.HTML
	Note    string
}

// Rows are the numbers of the chart as text, a row for each label.
func (f figure) Rows() [][]string {
	rows := make([][]string, len(f.Labels))
	for i, label := range f.Labels {
		rows[i] = []string{label}
		for _, series := range f.Series {
			rows[i] = append(rows[i], reports.Value(series.Values[i], f.Unit))
		}
	}
	return rows
}

// A swatch is an entry of a legend.
type swatch struct {
	Number int // of the colour
	Symbol string
	Name   string
}

// Legend names the series, unless it is only one.
func (f figure) Legend() []swatch {
	if len(f.Series) < 2 {
		return nil
	}
	var swatches []swatch
	for i, series := range f.Series {
		symbol := "■"
		if f.Kind == charts.KindLines {
			symbol = []string{"●", "■", "◆"}[i%3]
		}
		swatches = append(swatches, swatch{i%charts.MostSeries + 1, symbol, series.Name})
	}
	return swatches
}

// isLowerBetter says of metrics which way they are to go; others are neither good
// nor bad.
var isLowerBetter = map[string]bool{
	"deployment_frequency":            false,
	"change_lead_time":                true,
	"change_fail_rate":                true,
	"failed_deployment_recovery_time": true,
	"deployment_rework_rate":          true,
	"time_to_restore":                 true,
	"time_to_acknowledge":             true,
}

// verdict says whether a change is for the better.
func verdict(m reports.Metric) string {
	lower, isKnown := isLowerBetter[m.Metric]
	switch {
	case !isKnown || m.Value == nil || m.PreviousValue == nil || *m.Value == *m.PreviousValue:
		return ""
	case (*m.Value < *m.PreviousValue) == lower:
		return "better"
	default:
		return "worse"
	}
}

// newTile returns the tile of a metric.
func newTile(v *view, about subject, m reports.Metric, weekly map[string]series) (tile, error) {
	made := tile{
		Metric: m.Metric, Title: reports.Titles[m.Metric], Value: reports.Value(m.Value, m.Unit), N: reports.Count(m.N),
		Change: reports.Change(m.Value, m.PreviousValue, m.Unit), Verdict: verdict(m), Score: reports.Score(m.Score),
		Explain: v.To("/explain/"+m.Metric, about.kind, about.name),
	}
	if interval := strings.Trim(reports.Interval(m.LowerValue, m.UpperValue), " ()"); interval != "" && m.Value != nil {
		made.Interval = interval + " %"
	}
	if m.Level != nil {
		made.Level = *m.Level
	} else if !m.IsEnough {
		made.Remark = "not enough data for a level"
	}
	if m.PreviousValue != nil {
		made.Before = reports.Value(m.PreviousValue, m.Unit)
	}
	var err error
	trend := weekly[m.Metric]
	made.Spark, err = charts.Sparkline(made.Title, trend.labels, trend.values, m.Unit)
	return made, err
}

// A series is the values of a metric over the periods of a range.
type series struct {
	labels []string
	values []*float64
}

// grainOf returns how long the periods are that a range is drawn in.
func grainOf(days reports.Days) string {
	switch length := days.ToAt.Sub(days.FromAt); {
	case length <= 35*24*time.Hour:
		return "day"
	case length <= 400*24*time.Hour:
		return "week"
	default:
		return "month"
	}
}

// label writes the first day of a period.
func label(start time.Time, grain string) string {
	if grain == "month" {
		return start.Format("Jan 2006")
	}
	return start.Format("2 Jan")
}

// numbers are what an overview shows of a subject.
type numbers struct {
	metrics      []reports.Metric
	trends       map[string]series
	leadTimes    figure
	distribution figure
	deployments  figure
	failures     figure
	times        figure
}

// findNumbers asks for the numbers of a subject, at the same time where the machine
// has cores for it.
func findNumbers(ctx context.Context, snapshot reports.Snapshot, days reports.Days, about subject) (numbers, error) {
	var n numbers
	filter, filterArgs := about.filter()
	args := append([]any{days.FromAt, days.ToAt}, filterArgs...)
	grain := grainOf(days)
	n.leadTimes = figure{Chart: charts.Chart{Title: "Change lead time by " + grain, Kind: charts.KindLines, Unit: "seconds"}}
	n.distribution = figure{Chart: charts.Chart{Title: "Distribution of change lead time", Kind: charts.KindBars, Unit: "count"}, Note: "Changes by how long they took to production."}
	n.deployments = figure{Chart: charts.Chart{Title: "Deployments by " + grain, Kind: charts.KindBars, Unit: "count"}}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		n.metrics, err = all(ctx, snapshot, scanMetric, `
			select 'all', metric, value, unit, n, lower_value, upper_value, previous_value, previous_n, is_enough, level, score
			from metrics.dora($1::timestamp, $2::timestamp, `+filter+`)
			union all by name
			select 'all', metric, value, unit, n, previous_value, previous_n, true as is_enough
			from metrics.incident_times($1::timestamp, $2::timestamp, `+filter+`)`, args...)
		return err
	})
	group.Go(func() (err error) {
		n.trends, err = findTrends(ctx, snapshot, grain, filter, args)
		return err
	})
	group.Go(func() error {
		return n.leadTimes.fill(ctx, snapshot, grain, []string{"p50", "p75", "p90"}, `
			select period_start, median_seconds, p75_seconds, p90_seconds from metrics.change_lead_time($1::timestamp, $2::timestamp, grain := '`+grain+`', `+filter+`)
			where is_complete order by period_start`, args...)
	})
	group.Go(func() error {
		return n.deployments.fill(ctx, snapshot, grain, []string{"deployments"}, `
			select period_start, deployments from metrics.deployment_frequency($1::timestamp, $2::timestamp, grain := '`+grain+`', `+filter+`)
			where is_complete order by period_start`, args...)
	})
	group.Go(func() (err error) {
		n.distribution.Series = []charts.Series{{Name: "changes"}}
		_, err = all(ctx, snapshot, func(rows *sql.Rows) (_ struct{}, err error) {
			var lower float64
			var upper *float64
			var changes float64
			err = rows.Scan(&lower, &upper, &changes)
			n.distribution.Labels = append(n.distribution.Labels, span(lower, upper))
			n.distribution.Series[0].Values = append(n.distribution.Series[0].Values, &changes)
			return
		}, `
			select lower_seconds::double, upper_seconds::double, changes::double
			from metrics.change_lead_time_distribution($1::timestamp, $2::timestamp, `+filter+`) order by lower_seconds`, args...)
		return err
	})
	if err := group.Wait(); err != nil {
		return n, err
	}
	n.failures = of(n.trends, "Change fail rate and rework rate by "+grain, "ratio", "change_fail_rate", "deployment_rework_rate")
	n.times = of(n.trends, "Times to recover by "+grain, "seconds", "failed_deployment_recovery_time", "time_to_restore")
	for _, drawn := range []*figure{&n.leadTimes, &n.distribution, &n.deployments, &n.failures, &n.times} {
		var err error
		if drawn.Drawing, err = drawn.SVG(); err != nil {
			return n, err
		}
	}
	return n, nil
}

// findTrends returns each metric over the whole periods of the range.
func findTrends(ctx context.Context, snapshot reports.Snapshot, grain, filter string, args []any) (map[string]series, error) {
	trends := map[string]series{}
	_, err := all(ctx, snapshot, func(rows *sql.Rows) (_ struct{}, err error) {
		var metric string
		var start time.Time
		var value *float64
		if err = rows.Scan(&metric, &start, &value); err == nil {
			trend := trends[metric]
			trends[metric] = series{append(trend.labels, label(start, grain)), append(trend.values, value)}
		}
		return
	}, `
		select metric, period_start, value from metrics.totals($1::timestamp, $2::timestamp, grain := '`+grain+`', `+filter+`)
		where is_complete order by period_start`, args...)
	return trends, err
}

// of returns the figure of several trends. They have the same periods, but that one
// may begin later.
func of(trends map[string]series, title, unit string, metrics ...string) figure {
	made := figure{Chart: charts.Chart{Title: title, Kind: charts.KindLines, Unit: unit}}
	for _, metric := range metrics {
		if labels := trends[metric].labels; len(labels) > len(made.Labels) {
			made.Labels = labels
		}
	}
	for _, metric := range metrics {
		missing := len(made.Labels) - len(trends[metric].values)
		made.Series = append(made.Series, charts.Series{Name: reports.Titles[metric], Values: append(make([]*float64, missing), trends[metric].values...)})
	}
	return made
}

// fill fills a figure with rows of a period's first day and a value for each name.
func (f *figure) fill(ctx context.Context, snapshot reports.Snapshot, grain string, names []string, query string, args ...any) error {
	f.Series = make([]charts.Series, len(names))
	for i, name := range names {
		f.Series[i].Name = name
	}
	_, err := all(ctx, snapshot, func(rows *sql.Rows) (_ struct{}, err error) {
		var start time.Time
		values := make([]*float64, len(names))
		places := []any{&start}
		for i := range values {
			places = append(places, &values[i])
		}
		if err = rows.Scan(places...); err == nil {
			f.Labels = append(f.Labels, label(start, grain))
			for i, value := range values {
				f.Series[i].Values = append(f.Series[i].Values, value)
			}
		}
		return
	}, query, args...)
	return err
}

// span writes a span of time, short enough for the label of a bar: 1–4h, 4–24h, ≥30d.
func span(lower float64, upper *float64) string {
	const hour, day = 3600, 86400
	switch {
	case upper == nil:
		return fmt.Sprintf("≥%gd", lower/day)
	case lower == 0:
		return fmt.Sprintf("<%gh", *upper/hour)
	case lower < day:
		return fmt.Sprintf("%g–%gh", lower/hour, *upper/hour)
	default:
		return fmt.Sprintf("%g–%gd", lower/day, *upper/day)
	}
}

// all returns what scan makes of each row of a query.
func all[T any](ctx context.Context, snapshot reports.Snapshot, scan func(*sql.Rows) (T, error), query string, args ...any) ([]T, error) {
	rows, err := snapshot.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var made []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		made = append(made, one)
	}
	return made, rows.Err()
}

func scanMetric(rows *sql.Rows) (m reports.Metric, err error) {
	err = rows.Scan(&m.Group, &m.Metric, &m.Value, &m.Unit, &m.N, &m.LowerValue, &m.UpperValue,
		&m.PreviousValue, &m.PreviousN, &m.IsEnough, &m.Level, &m.Score)
	return m, err
}

// A row is a service or a team in a table.
type row struct {
	Name, Link   string
	Team, ToTeam string
	Cells        []cell
}

// A cell is a metric in a table.
type cell struct {
	Text  string
	Level string
	N     string
	Sort  string // the number that the column is sorted by; "" for none
}

// columns are the metrics of a table of services or teams.
var columns = []string{"deployment_frequency", "change_lead_time", "change_fail_rate", "failed_deployment_recovery_time",
	"deployment_rework_rate", "time_to_restore"}

// short are the metrics' names in the heads of tables.
var short = map[string]string{
	"deployment_frequency":            "Frequency",
	"change_lead_time":                "Lead time",
	"change_fail_rate":                "Fail rate",
	"failed_deployment_recovery_time": "Recovery",
	"deployment_rework_rate":          "Rework",
	"time_to_restore":                 "Restore",
}

// newRows returns the rows of a table by service or team.
func newRows(v *view, metrics []reports.Metric, teams map[string]string, by string) []row {
	var rows []row
	for _, m := range metrics {
		column := slices.Index(columns, m.Metric)
		if column < 0 {
			continue
		}
		if len(rows) == 0 || rows[len(rows)-1].Name != m.Group {
			made := row{Name: m.Group, Cells: make([]cell, len(columns))}
			for i := range made.Cells {
				made.Cells[i].Text = reports.NoData
			}
			if by == "service" {
				made.Link, made.Team = v.ToService(m.Group), teams[m.Group]
				if made.Team != "" {
					made.ToTeam = v.ToTeam(made.Team)
				}
			} else {
				made.Link = v.ToTeam(m.Group)
			}
			rows = append(rows, made)
		}
		filled := cell{Text: reports.Value(m.Value, m.Unit), N: reports.Count(m.N)}
		if m.Level != nil {
			filled.Level = *m.Level
		}
		if m.Value != nil {
			filled.Sort = fmt.Sprint(*m.Value)
		}
		rows[len(rows)-1].Cells[column] = filled
	}
	return rows
}

// throughput returns services or teams by how often they deploy and how often that
// fails, those with enough data.
func throughput(v *view, metrics []reports.Metric, teams map[string]string, by string) charts.Scatter {
	made := charts.Scatter{Title: "Deployment frequency (left to right) against change fail rate (upwards)", XUnit: "deployments_per_day", YUnit: "ratio"}
	frequency := map[string]float64{}
	for _, m := range metrics {
		if m.Metric == "deployment_frequency" && m.Value != nil && m.IsEnough {
			frequency[m.Group] = *m.Value
		}
	}
	for _, m := range metrics {
		often, isKnown := frequency[m.Group]
		if m.Metric != "change_fail_rate" || m.Value == nil || !m.IsEnough || !isKnown {
			continue
		}
		name, link := strings.ToLower(groupTitles[by][1]), v.ToTeam(m.Group)
		if by == "service" {
			name, link = teams[m.Group], v.ToService(m.Group)
		}
		at := slices.IndexFunc(made.Groups, func(g charts.PointGroup) bool { return g.Name == name })
		if at < 0 {
			at = len(made.Groups)
			made.Groups = append(made.Groups, charts.PointGroup{Name: name})
		}
		made.Groups[at].Points = append(made.Groups[at].Points, charts.Point{Name: m.Group, Link: link, X: often, Y: *m.Value})
	}
	if len(made.Groups) > charts.MostSeries { // more than there are colours
		one := charts.PointGroup{Name: "services"}
		for _, group := range made.Groups {
			one.Points = append(one.Points, group.Points...)
		}
		made.Groups = []charts.PointGroup{one}
	}
	return made
}
