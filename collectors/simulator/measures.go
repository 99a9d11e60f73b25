package simulator

import (
	"cmp"
	"slices"
	"time"
)

// A Measure is what a metric of a service must come to in a period.
type Measure struct {
	Service string
	Period  time.Time // its first day, UTC; of the whole range the day it begins
	Metric  string    // one of the five, time_to_restore, time_to_acknowledge, or a stage of pull requests such as pickup
	Count   int       // what it stands on: deployments, changes, incidents or pull requests
	Value   *float64  // deployments a day, a median in seconds, or a share; nil where it is not known
}

// Measures returns the metrics of every service and period of the range from one
// midnight (UTC) to another. A period is a day, week (from Monday), month or total. A
// service has a metric from the period on in which it first has a deployment or an
// incident; the stages of pull requests only where some are merged.
func (t Truth) Measures(from, to time.Time, grain string) []Measure {
	m := &measuring{from: from, to: to, grain: grain}
	first := map[[2]string]time.Time{} // period in which a service first has a deployment, a finished one or an incident
	begin := func(service, what string, at time.Time) {
		key := [2]string{service, what}
		if known, isKnown := first[key]; !isKnown || at.Before(known) {
			first[key] = at
		}
	}
	samples := map[[2]string][]sample{} // by service and metric
	note := func(service, metric string, at time.Time, value float64) {
		key := [2]string{service, metric}
		samples[key] = append(samples[key], sample{at, value})
	}
	for _, one := range t.Deployments {
		begin(one.Service, "success", one.FinishedAt)
		note(one.Service, "deployment_frequency", one.FinishedAt, 1)
		for _, change := range one.Changes {
			note(one.Service, "change_lead_time", one.FinishedAt, float64(change.Seconds))
		}
	}
	for _, one := range t.Outcomes() {
		begin(one.Service, "outcome", one.FinishedAt)
		note(one.Service, "change_fail_rate", one.FinishedAt, share(one.IsFailed()))
		note(one.Service, "deployment_rework_rate", one.FinishedAt, share(one.Rework != ""))
		if one.RecoveredAt != nil {
			note(one.Service, "failed_deployment_recovery_time", one.FinishedAt, one.RecoveredAt.Sub(one.FinishedAt).Seconds())
		}
	}
	for _, one := range t.Incidents {
		if !one.IsQualifying {
			continue
		}
		begin(one.Service, "incident", one.TriggeredAt)
		for metric, ended := range map[string]*time.Time{"time_to_restore": one.ResolvedAt, "time_to_acknowledge": one.AcknowledgedAt} {
			if ended != nil {
				note(one.Service, metric, *ended, ended.Sub(one.TriggeredAt).Seconds())
			}
		}
	}
	for _, one := range t.Stages() {
		begin(one.Service, "stages", one.MergedAt)
		for stage, seconds := range map[string]*int64{
			"coding": one.Coding, "pickup": one.Pickup, "review": one.Review, "merge": one.Merge, "deploy": one.Deploy, "total": one.Total,
		} {
			if seconds != nil {
				note(one.Service, stage, one.MergedAt, float64(*seconds))
			}
		}
		note(one.Service, "pull_requests", one.MergedAt, 1)
	}
	var measures []Measure
	for key, firstAt := range first {
		for _, metric := range metricsOf(key[1]) {
			measures = append(measures, m.measure(key[0], metric, firstAt, samples[[2]string{key[0], metric}])...)
		}
	}
	slices.SortFunc(measures, func(a, b Measure) int {
		return cmp.Or(cmp.Compare(a.Service, b.Service), a.Period.Compare(b.Period), cmp.Compare(a.Metric, b.Metric))
	})
	return measures
}

// metricsOf returns the metrics that a service has from its first success, finished
// deployment, incident or merged pull request on.
func metricsOf(beginning string) []string {
	switch beginning {
	case "success":
		return []string{"deployment_frequency", "change_lead_time"}
	case "outcome":
		return []string{"change_fail_rate", "deployment_rework_rate", "failed_deployment_recovery_time"}
	case "incident":
		return []string{"time_to_restore", "time_to_acknowledge"}
	default:
		return []string{"coding", "pickup", "review", "merge", "deploy", "total", "pull_requests"}
	}
}

// share returns 1 for what is part of a share, and 0 for what is not.
func share(isPart bool) float64 {
	if isPart {
		return 1
	}
	return 0
}

// A sample is what a metric is made of: the time of a change, say.
type sample struct {
	at    time.Time
	value float64
}

// A measuring is a range cut into periods.
type measuring struct {
	from, to time.Time
	grain    string
}

// start returns the first day of the period that holds an instant.
func (m *measuring) start(at time.Time) time.Time {
	day := at.Truncate(24 * time.Hour)
	switch m.grain {
	case "day":
		return day
	case "week":
		return day.AddDate(0, 0, -(int(day.Weekday())+6)%7)
	case "month":
		return day.AddDate(0, 0, 1-day.Day())
	default:
		return m.from
	}
}

// measure returns a metric of a service in every period from that of an instant on.
func (m *measuring) measure(service, metric string, firstAt time.Time, samples []sample) []Measure {
	days := map[time.Time]int{} // of the periods
	for day := m.from; day.Before(m.to); day = day.AddDate(0, 0, 1) {
		if !m.start(day).Before(m.start(firstAt)) {
			days[m.start(day)]++
		}
	}
	values := map[time.Time][]float64{}
	for _, one := range samples {
		if !one.at.Before(m.from) && one.at.Before(m.to) {
			values[m.start(one.at)] = append(values[m.start(one.at)], one.value)
		}
	}
	var measures []Measure
	for period, count := range days {
		found := values[period]
		one := Measure{Service: service, Period: period, Metric: metric, Count: len(found)}
		switch {
		case metric == "deployment_frequency":
			value := float64(len(found)) / float64(count)
			one.Value = &value
		case len(found) == 0:
		case metric == "change_fail_rate", metric == "deployment_rework_rate":
			sum := 0.0
			for _, value := range found {
				sum += value
			}
			value := sum / float64(len(found))
			one.Value = &value
		default:
			value := median(found)
			one.Value = &value
		}
		measures = append(measures, one)
	}
	return measures
}

// median returns the middle one, or the mean of the two in the middle.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}
