package page

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"dorado/reports"
	"dorado/server/charts"
)

// An objective is what is left of an objective's error budget at the end of the range.
type objective struct {
	ID, Name   string
	Service    string
	Link       string // of the service
	Target     string
	Window     string
	Attainment string
	Remaining  string
	Share      float64 // of the budget that is left, from 0 to 1, for the bar
	Left       string  // as time
	BurnRate   string
	Exhaustion string
	State      string // within budget, overspent, or no data
	Source     *string
	Sort       string // what is left as a number
}

// slos is the page of error budgets.
type slos struct {
	*view
	Objectives []objective
	Figures    []figure
	Freezes    []freeze
	Alerts     []alert
	Findings   []finding
}

// A freeze is a time in which an error budget policy would have stopped releases.
type freeze struct {
	Objective, Service, Link string
	From                     time.Time
	Until                    *time.Time
	Lowest                   *float64
	Deployments, Failed      *int64
}

// LowestText writes how much of the budget was left at the worst.
func (f freeze) LowestText() string { return reports.Value(f.Lowest, "ratio") }

// An alert is a time in which a burn rate would have alerted somebody.
type alert struct {
	Objective, Severity string
	Fired               time.Time
	Ended               *time.Time
	Window              string
	BurnRate            string
}

// A finding is something wrong with a file of objectives.
type finding struct {
	Severity, Place, Problem string
}

func (s *Pages) slos(r *request) (string, any, error) {
	v := r.view
	v.Title, v.Page = "Error budgets", "slos"
	made := slos{view: v}
	spent := figure{Chart: charts.Chart{Title: "Minutes down by week", Kind: charts.KindStacked, Unit: "minutes"},
		Note: "Of all services with an objective of uptime: in incidents attributed to deployments, and otherwise."}
	left := figure{Chart: charts.Chart{Title: "Error budget left by day", Kind: charts.KindLines, Unit: "ratio"}}
	group, ctx := errgroup.WithContext(r.Context())
	first, last := v.Days.From, v.Days.To
	group.Go(func() (err error) {
		made.Objectives, err = findObjectives(ctx, r.snapshot, v, subject{})
		return err
	})
	group.Go(func() error {
		return spent.fill(ctx, r.snapshot, "week", []string{"by deployments", "otherwise"}, `
			select week, sum(minutes_down_by_deployments), sum(minutes_down_otherwise)
			from marts.error_budget_by_cause where week >= date_trunc('week', $1::date) and week <= $2::date group by week order by week`, first, last)
	})
	group.Go(func() error { return left.fillBudgets(ctx, r.snapshot, first, last) })
	group.Go(func() (err error) {
		made.Freezes, err = all(ctx, r.snapshot, func(rows *sql.Rows) (f freeze, err error) {
			var service *string
			err = rows.Scan(&f.Objective, &service, &f.From, &f.Until, &f.Lowest, &f.Deployments, &f.Failed)
			if service != nil {
				f.Service, f.Link = *service, v.ToService(*service)
			}
			return f, err
		}, `
			select objective_id, service_id, frozen_from, frozen_until, lowest_ratio, deployments, failed_deployments
			from marts.error_budget_freezes
			where frozen_from < $2::timestamp and coalesce(frozen_until, 'infinity'::timestamp) > $1::timestamp
			order by frozen_from desc`, v.Days.FromAt, v.Days.ToAt)
		return err
	})
	group.Go(func() (err error) {
		made.Alerts, err = all(ctx, r.snapshot, func(rows *sql.Rows) (a alert, err error) {
			var window, burn, threshold float64
			err = rows.Scan(&a.Objective, &a.Severity, &a.Fired, &a.Ended, &window, &burn, &threshold)
			a.Window, a.BurnRate = reports.Seconds(window), fmt.Sprintf("%.1f (from %.1f)", burn, threshold)
			return a, err
		}, `
			select objective_id, severity, fired_at, ended_at, long_seconds::double, long_burn_rate, threshold::double
			from marts.burn_rate_alerts where fired_at >= $1::timestamp and fired_at < $2::timestamp
			order by fired_at desc limit 100`, v.Days.FromAt, v.Days.ToAt)
		return err
	})
	group.Go(func() (err error) {
		made.Findings, err = all(ctx, r.snapshot, func(rows *sql.Rows) (f finding, err error) {
			err = rows.Scan(&f.Severity, &f.Place, &f.Problem)
			return f, err
		}, "select severity, path || ':' || line, problem from core.slo_findings order by finding_number limit 100")
		return err
	})
	if err := group.Wait(); err != nil {
		return "", nil, err
	}
	for _, drawn := range []figure{left, spent} {
		var err error
		if drawn.Drawing, err = drawn.SVG(); err != nil {
			return "", nil, err
		}
		if drawn.Drawing != "" {
			made.Figures = append(made.Figures, drawn)
		}
	}
	return "slos", made, nil
}

// fillBudgets fills a figure with what is left of the error budgets, the lowest
// ones where there are more than it has colours.
func (f *figure) fillBudgets(ctx context.Context, snapshot reports.Snapshot, first, last string) error {
	at := map[string]int{} // where a series is
	var days []time.Time
	_, err := all(ctx, snapshot, func(rows *sql.Rows) (_ struct{}, err error) {
		var id string
		var start time.Time
		var left *float64
		if err = rows.Scan(&start, &id, &left); err != nil {
			return
		}
		if len(days) == 0 || !days[len(days)-1].Equal(start) {
			days = append(days, start)
			f.Labels = append(f.Labels, label(start, "day"))
		}
		series, isKnown := at[id]
		if !isKnown {
			series = len(f.Series)
			at[id] = series
			f.Series = append(f.Series, charts.Series{Name: id})
		}
		for len(f.Series[series].Values) < len(days)-1 {
			f.Series[series].Values = append(f.Series[series].Values, nil)
		}
		f.Series[series].Values = append(f.Series[series].Values, left)
		return
	}, `
		with objectives as (
			select objective_id from marts.error_budget_daily where day between $1::date and $2::date and remaining_ratio is not null
			group by objective_id order by arg_max(remaining_ratio, day), objective_id limit 5
		)
		select day, objective_id, remaining_ratio from marts.error_budget_daily
		where day between $1::date and $2::date and objective_id in (from objectives) order by day, objective_id`, first, last)
	for i := range f.Series {
		for len(f.Series[i].Values) < len(days) {
			f.Series[i].Values = append(f.Series[i].Values, nil)
		}
	}
	return err
}

// findObjectives returns the objectives of a subject as they stand at the end of
// the range.
func findObjectives(ctx context.Context, snapshot reports.Snapshot, v *view, about subject) ([]objective, error) {
	return all(ctx, snapshot, func(rows *sql.Rows) (o objective, err error) {
		var service *string
		var target, attainment, remaining, minutes, burn, exhaustion *float64
		var isExhausted *bool
		err = rows.Scan(&o.ID, &o.Name, &service, &o.Window, &o.Source, &target, &attainment, &remaining, &minutes, &burn, &exhaustion, &isExhausted)
		if err != nil {
			return o, err
		}
		if service != nil {
			o.Service, o.Link = *service, v.ToService(*service)
		}
		o.Target = reports.NoData
		if target != nil {
			o.Target = fmt.Sprintf("%.6g %%", *target*100)
		}
		o.Attainment = reports.NoData
		if attainment != nil {
			o.Attainment = fmt.Sprintf("%.3f %%", *attainment*100)
		}
		o.Remaining, o.Left = reports.Value(remaining, "ratio"), reports.NoData
		if minutes != nil {
			o.Left = reports.Seconds(*minutes * 60)
		}
		o.BurnRate = reports.NoData
		if burn != nil {
			o.BurnRate = fmt.Sprintf("%.2f", *burn)
		}
		if remaining != nil {
			o.Share, o.Sort = min(max(*remaining, 0), 1), fmt.Sprint(*remaining)
		}
		if exhaustion != nil {
			o.Exhaustion = reports.Seconds(*exhaustion)
		}
		switch {
		case isExhausted == nil:
			o.State = reports.NoData
		case *isExhausted:
			o.State, o.Exhaustion = "overspent", "used up"
		default:
			o.State = "within budget"
		}
		o.Name = cmp.Or(o.Name, o.ID)
		return o, nil
	}, `
		with ends as (
			select objective_id, max(day) as day from marts.error_budget_daily
			where day between $1::date and $2::date group by objective_id
		)
		select
			slos.objective_id, coalesce(slos.slo || ': ' || slos.display_name, ''), slos.service_id,
			slos.window_count || ' ' || slos.window_unit || case when slos.window_count = 1 then '' else 's' end
				|| case when slos.is_rolling then ' rolling' else ' of the calendar' end,
			slos.source_url, coalesce(daily.target, slos.target), daily.attainment_ratio, daily.remaining_ratio,
			daily.remaining_minutes, daily.burn_rate, daily.seconds_to_exhaustion, daily.is_exhausted
		from core.slos as slos
		left join core.services as services on slos.service_id = services.service_id
		left join ends on slos.objective_id = ends.objective_id
		left join marts.error_budget_daily as daily on ends.objective_id = daily.objective_id and ends.day = daily.day
		where slos.is_newest
			and case $3::varchar when 'service' then slos.service_id = $4 when 'team' then coalesce(services.team, 'no team') = $4 else true end
		order by daily.remaining_ratio nulls last, slos.objective_id`, v.Days.From, v.Days.To, about.kind, about.name)
}
